package sysprobe

import (
	"errors"
	"fmt"
	"testing"
	"time"

	"telegraf-sysprobe/sysprobe/sysprobetest"
)

func TestDetailCache(t *testing.T) {
	tree := sysprobetest.NewProcTree(t)
	now := time.Unix(1_700_000_000, 0)
	procs, err := OpenProcs(&Config{ProcRoot: tree.Root, Now: func() time.Time { return now }})
	check(t, err)
	defer procs.Close() //nolint:errcheck // a tree of files
	add := func(pid int, start uint64, cmdline string) {
		tree.Add(sysprobetest.Process{PID: pid, Comm: "x", Start: start, Cmdline: cmdline})
	}
	cache := NewDetailCache(procs, 2)
	var (
		s      ProcSnapshot
		execID = map[int32]uint64{}
		ran    = map[int32]uint64{}
		noTask bool
	)
	begin := func() {
		takeSnapshot(t, procs, &s, 0)
		for i := range s.Procs {
			if p := &s.Procs[i]; !noTask {
				p.Task = Some(ProcTask{ExecID: execID[p.ID.PID]})
				p.Switches = Some(ProcSwitches{Voluntary: ran[p.ID.PID]})
			}
		}
		cache.Begin(&s)
	}
	want := func(pid int32, want string) {
		t.Helper()
		if got, err := cache.Cmdline(t.Context(), s.Find(pid)); err != nil || fmt.Sprint(got) != want {
			t.Errorf("command line of %d: %v, %v, want %s", pid, got, err, want)
		}
	}

	add(10, 1, "one\x00")
	begin()
	want(10, "[one]")
	add(10, 1, "two\x00")
	begin()
	want(10, "[one]") // known
	execID[10]++
	begin()
	want(10, "[two]") // another program
	add(10, 1, "busy\x00")
	ran[10]++
	begin()
	want(10, "[busy]") // it ran, and wrote a title
	add(10, 1, "")
	ran[10]++
	begin()
	want(10, "[]") // in the middle of an exec
	add(10, 1, "three\x00")
	begin()
	want(10, "[three]")
	add(10, 1, "title\x00")
	now = now.Add(detailMaxAge)
	begin()
	want(10, "[title]") // it is time to look again
	now = now.Add(-time.Hour)
	add(10, 1, "later\x00")
	begin()
	want(10, "[later]") // the clock was stepped
	add(10, 2, "reused\x00")
	begin()
	want(10, "[reused]") // F01: another process

	for pid := 11; pid <= 13; pid++ {
		add(pid, 1, fmt.Sprintf("%d\x00", pid))
	}
	begin()
	for pid := int32(11); pid <= 13; pid++ {
		want(pid, fmt.Sprintf("[%d]", pid))
	}
	if cache.Len() != 2 {
		t.Errorf("%d in a cache of 2", cache.Len())
	}
	add(13, 1, "full\x00")
	want(13, "[full]") // beyond the limit

	for pid := 10; pid <= 12; pid++ {
		tree.Remove(fmt.Sprint(pid))
	}
	if _, err := cache.Cmdline(t.Context(), s.Find(12)); !errors.Is(err, ErrNoSuchProcess) {
		t.Errorf("error %v, want ErrNoSuchProcess", err)
	}
	begin()
	if cache.Len() != 0 {
		t.Errorf("%d in the cache after all ended", cache.Len())
	}
	noTask = true
	begin()
	want(13, "[full]")
	add(13, 1, "unknown\x00")
	want(13, "[unknown]") // without an exec ID
	if _, err := cache.Exe(t.Context(), s.Find(13)); !errors.Is(err, ErrNotSupported) {
		t.Errorf("error %v of a tree without exe", err)
	}
}
