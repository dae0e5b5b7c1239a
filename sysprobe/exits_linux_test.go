package sysprobe

import (
	"context"
	"errors"
	"fmt"
	"math"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
	"strconv"
	"sync"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"telegraf-sysprobe/sysprobe/internal/sys/procconn"
	"telegraf-sysprobe/sysprobe/sysprobetest"
)

// connectorNetNS is the network namespace of an ancestor in which exits can be
// heard, or empty where they can in the own one, or in none.
var connectorNetNS = sync.OnceValue(func() string {
	heard := func(path string) bool {
		exits, err := OpenExits(&Config{NetNS: path})
		return err == nil && exits.Close() == nil
	}
	if heard("") {
		return ""
	}
	procs, err := OpenProcs(nil)
	if err != nil {
		return ""
	}
	defer procs.Close() //nolint:errcheck // it was read only
	for pid := int32(os.Getppid()); pid > 0; {
		if path := netNSOf(pid); heard(path) {
			return path
		}
		p, err := procs.Lookup(context.Background(), pid, 0)
		if err != nil {
			break
		}
		pid = p.PPID
	}
	return ""
})

func netNSOf(pid int32) string { return fmt.Sprintf("/proc/%d/ns/net", pid) }

// openExits opens exits for the time of the test. It skips the test where a
// container or a missing privilege keeps the events away.
func openExits(t testing.TB, change func(*Config)) *Exits {
	t.Helper()
	cfg := &Config{NetNS: connectorNetNS()}
	if change != nil {
		change(cfg)
	}
	exits, err := OpenExits(cfg)
	if errors.Is(err, ErrNotSupported) || errors.Is(err, ErrAccessDenied) {
		t.Skipf("needs the events of processes: %v", err)
	}
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := exits.Close(); err != nil {
			t.Error(err)
		}
	})
	return exits
}

// dead is a zombie child of the test and the span in which it died, at most
// some milliseconds.
type dead struct {
	pid        int32
	from, till time.Time
}

// makeDead makes a child that exits with 7. The end of the test reaps it.
func makeDead(t testing.TB) dead {
	t.Helper()
	d := dead{from: time.Now()}
	child, err := os.StartProcess("/bin/sh", []string{"sh", "-c", "exit 7"}, &os.ProcAttr{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { child.Wait() }) //nolint:errcheck // some tests reap it themselves
	d.pid = int32(child.Pid)
	if err := waitDead(child.Pid); err != nil {
		t.Fatal(err)
	}
	d.till = time.Now()
	return d
}

// gathering is what a plugin does at each gather.
type gathering struct {
	procs    *Procs
	exits    *Exits
	snapshot ProcSnapshot
	log      ExitLog
	tracker  ZombieTracker
}

// gather returns the zombies among those with the given PIDs, by PID.
func (g *gathering) gather(t testing.TB, pids ...int32) map[int32]Zombie {
	t.Helper()
	takeSnapshot(t, g.procs, &g.snapshot, 0)
	if err := g.exits.Read(&g.log); err != nil {
		t.Fatal(err)
	}
	g.tracker.Learn(&g.log)
	found := map[int32]Zombie{}
	for _, z := range g.tracker.Update(&g.snapshot) {
		if slices.Contains(pids, z.Proc.ID.PID) {
			found[z.Proc.ID.PID] = z
		}
	}
	return found
}

// exact says what is wrong with the age of a zombie that is to be exact: 50 ms
// beyond the span in which it died.
func (g *gathering) exact(z Zombie, from, till time.Time) string {
	const slack = 50 * time.Millisecond
	died := g.snapshot.Taken.Add(-z.Age.Or(math.MaxInt64))
	if z.Proc == nil || !z.Exact || died.Before(from.Add(-slack)) || died.After(till.Add(slack)) {
		return fmt.Sprintf("exact %v, died %v after %v, %v before %v", z.Exact, died.Sub(from), from, till.Sub(died), till)
	}
	return ""
}

func TestExitsOfRealZombies(t *testing.T) {
	early := makeDead(t)
	g := gathering{procs: openTable(t, ""), exits: openExits(t, nil)}
	g.gather(t)

	t.Run("E01 E02 E32 300 zombies, their ages and exit codes", func(t *testing.T) {
		var all []dead
		pids := []int32{early.pid}
		for range 300 {
			d := makeDead(t)
			all, pids = append(all, d), append(pids, d.pid)
		}
		// The kernel shows a zombie before it tells that it died.
		if found := g.gather(t, pids...); len(found) != len(pids) {
			t.Errorf("%d zombies at first, want %d", len(found), len(pids))
		}
		for range 2 {
			found := g.gather(t, pids...)
			if len(found) != len(pids) {
				t.Errorf("%d zombies, want %d", len(found), len(pids))
			}
			for _, d := range all {
				if wrong := g.exact(found[d.pid], d.from, d.till); wrong != "" {
					t.Errorf("zombie %d: %s", d.pid, wrong)
				}
				if z := found[d.pid]; z.Proc != nil && z.Proc.Exit.Or(0) != 7<<8 {
					t.Errorf("zombie %d ended with %+v, want exit code 7", d.pid, z.Proc.Exit)
				}
			}
			if z := found[early.pid]; z.Exact {
				t.Error("the age of the one who died before is exact")
			}
		}
	})
	t.Run("E16 a dead leader, and then the last thread", func(t *testing.T) {
		h := startHelper(t, nil, "dead-leader")
		if found := g.gather(t, h.pid()); len(found) != 0 {
			t.Errorf("zombies %v, want none while a thread lives", found)
		}
		time.Sleep(200 * time.Millisecond)
		from := time.Now()
		h.stdin.Close() //nolint:errcheck // a pipe
		if err := waitDead(int(h.pid())); err != nil {
			t.Fatal(err)
		}
		till := time.Now()
		sysprobetest.Eventually(t, func() string { return g.exact(g.gather(t, h.pid())[h.pid()], from, till) })
	})
	t.Run("E12 reaped", func(t *testing.T) {
		d := makeDead(t)
		if len(g.gather(t, d.pid)) != 1 {
			t.Fatal("no zombie")
		}
		if _, err := unix.Wait4(int(d.pid), nil, 0, nil); err != nil {
			t.Fatal(err)
		}
		if found := g.gather(t, d.pid); len(found) != 0 {
			t.Errorf("zombies %v, want none", found)
		}
	})
	t.Run("F01 another process has the PID", func(t *testing.T) {
		if unix.Access("/proc/sys/kernel/ns_last_pid", unix.W_OK) != nil {
			t.Skip("needs root")
		}
		d := makeDead(t)
		first := g.gather(t, d.pid)[d.pid].Proc.ID
		if _, err := unix.Wait4(int(d.pid), nil, 0, nil); err != nil {
			t.Fatal(err)
		}
		time.Sleep(20 * time.Millisecond) // two ticks: within one the start is the same
		next, err := startAs(int(d.pid))
		if err != nil {
			t.Skipf("needs a PID that another process took: %v", err)
		}
		t.Cleanup(func() { next.Wait() }) //nolint:errcheck // it was killed
		time.Sleep(20 * time.Millisecond)
		from := time.Now()
		if err := next.Kill(); err != nil {
			t.Fatal(err)
		}
		if err := waitDead(next.Pid); err != nil {
			t.Fatal(err)
		}
		till := time.Now()
		sysprobetest.Eventually(t, func() string {
			z := g.gather(t, d.pid)[d.pid]
			if z.Proc == nil || z.Proc.ID == first {
				return "it is not there"
			}
			return g.exact(z, from, till)
		})
	})
}

func TestExitsOverflow(t *testing.T) {
	openExits(t, nil) // or skip
	conn, err := procconn.Open(connectorNetNS(), 1)
	if err != nil {
		t.Fatal(err)
	}
	exits := &Exits{client: startExits((&Config{}).withDefaults(), conn)}
	t.Cleanup(func() {
		if err := exits.Close(); err != nil {
			t.Error(err)
		}
	})
	g := gathering{procs: openTable(t, ""), exits: exits}
	g.gather(t)

	exits.client.mu.Lock() // the goroutine stays out, and so the socket overflows
	var pids []int32
	for range 100 {
		pids = append(pids, makeDead(t).pid)
	}
	exits.client.mu.Unlock()
	found := g.gather(t, pids...)
	if len(found) != len(pids) {
		t.Errorf("%d zombies, want %d", len(found), len(pids))
	}
	for _, z := range found {
		if z.Exact {
			t.Errorf("the age of zombie %d is exact, though its exit may be one of those lost", z.Proc.ID.PID)
		}
	}
	t.Run("recovers", func(t *testing.T) {
		sysprobetest.Eventually(t, func() string { // others may exit meanwhile, and the socket holds two
			g.gather(t)
			d := makeDead(t)
			g.gather(t)
			return g.exact(g.gather(t, d.pid)[d.pid], d.from, d.till)
		})
	})
}

func TestExitsSteppedClock(t *testing.T) {
	var step time.Duration
	now := func() time.Time { return time.Now().Round(0).Add(step) } // and no monotonic reading
	procs, err := OpenProcs(&Config{Now: now})
	if err != nil {
		t.Fatal(err)
	}
	defer procs.Close() //nolint:errcheck // it was read only
	g := gathering{procs: procs, exits: openExits(t, func(c *Config) { c.Now = now })}
	d := makeDead(t)
	g.gather(t) // the kernel shows a zombie before it tells that it died
	for _, step = range []time.Duration{0, time.Hour, -time.Hour} {
		z := g.gather(t, d.pid)[d.pid]
		if wrong := g.exact(z, d.from.Add(step), d.till.Add(step)); wrong != "" {
			t.Errorf("F04 stepped by %v: %s", step, wrong)
		}
	}
}

// TestExitsWaitInTheTable has exits that nothing reads: the socket is emptied
// meanwhile.
func TestExitsWaitInTheTable(t *testing.T) {
	client := openExits(t, nil).client
	for range 2 {
		pid := makeDead(t).pid
		sysprobetest.Eventually(t, func() string {
			client.mu.Lock()
			defer client.mu.Unlock()
			if _, there := client.table[pid]; !there {
				return "the exit is not in the table"
			}
			return ""
		})
	}
}

func TestExitsLeaveNothing(t *testing.T) {
	openExits(t, nil) // or skip
	goroutines, files, wakes := runtime.NumGoroutine(), openFiles()["socket"], eventFDs(t)
	for range 20 {
		exits, err := OpenExits(&Config{NetNS: connectorNetNS()})
		if err != nil {
			t.Fatal(err)
		}
		makeDead(t)
		if err := exits.Close(); err != nil {
			t.Fatal(err)
		}
	}
	if n := openFiles()["socket"]; n != files {
		t.Errorf("%d sockets, want %d", n, files)
	}
	if n := eventFDs(t); n != wakes {
		t.Errorf("%d descriptors of eventfd(2), want %d", n, wakes)
	}
	sysprobetest.Eventually(t, func() string {
		if n := runtime.NumGoroutine(); n > goroutines {
			return fmt.Sprintf("%d goroutines, want %d", n, goroutines)
		}
		return ""
	})
}

// eventFDs counts the descriptors of eventfd(2) that this process has.
func eventFDs(t *testing.T) (n int) {
	t.Helper()
	links, err := filepath.Glob("/proc/self/fd/*")
	if err != nil {
		t.Fatal(err)
	}
	for _, link := range links {
		if name, err := os.Readlink(link); err == nil && name == "anon_inode:[eventfd]" {
			n++
		}
	}
	return n
}

// TestExitsStorm is about many more exits than there are zombies.
func TestExitsStorm(t *testing.T) {
	if testing.Short() {
		t.Skip("needs seconds: not with -short")
	}
	g := gathering{procs: openTable(t, ""), exits: openExits(t, nil)}
	g.gather(t)
	const exits = 10_000
	storm := exec.Command("/bin/sh", "-c", "i=0; while [ $i -lt "+strconv.Itoa(exits)+" ]; do (:); i=$((i+1)); done")
	if err := storm.Start(); err != nil {
		t.Fatal(err)
	}
	var all []dead
	var pids []int32
	for range 20 {
		d := makeDead(t)
		all, pids = append(all, d), append(pids, d.pid)
		time.Sleep(10 * time.Millisecond)
	}
	if err := storm.Wait(); err != nil {
		t.Fatal(err)
	}
	g.exits.client.mu.Lock()
	heard := len(g.exits.client.table)
	g.exits.client.mu.Unlock()
	if heard > maxExits {
		t.Errorf("%d exits kept, want at most %d", heard, maxExits)
	}
	g.gather(t)
	found := g.gather(t, pids...)
	for _, d := range all {
		if wrong := g.exact(found[d.pid], d.from, d.till); wrong != "" {
			t.Errorf("zombie %d: %s", d.pid, wrong)
		}
	}
	if len(g.tracker.exits) > 1000 {
		t.Errorf("the tracker keeps %d exits that are explained", len(g.tracker.exits))
	}
}
