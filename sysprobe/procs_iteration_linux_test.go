package sysprobe

import (
	"cmp"
	"context"
	"errors"
	"slices"
	"testing"
	"time"

	"telegraf-sysprobe/sysprobe/sysprobetest"
)

// TestIterationIncludesZombies compares the processes of an iteration with the PIDs
// that there are before and after it, zombies among them, and picks the zombies out.
func TestIterationIncludesZombies(t *testing.T) {
	parent := startHelper(t, nil, "zombies", "3", "exit 7")
	var zombies []int32
	parent.answer(t, &zombies)
	before, err := PIDs(nil)
	check(t, err)
	var all, dead []int32
	for p, err := range Processes(t.Context(), 0) {
		check(t, err)
		all = append(all, p.ID.PID)
		if p.IsZombie() && p.PPID == parent.pid() { // the filter of a caller
			dead = append(dead, p.ID.PID)
		}
	}
	after, err := PIDs(nil)
	check(t, err)
	for _, pid := range before {
		if slices.Contains(after, pid) && !slices.Contains(all, pid) {
			t.Errorf("process %d is not in the iteration", pid)
		}
	}
	slices.Sort(zombies)
	if !slices.Equal(dead, zombies) {
		t.Errorf("zombies %v, want %v", dead, zombies)
	}
}

// TestIterationIsCancelled ends the context before the iteration, within it, and at
// its last process.
func TestIterationIsCancelled(t *testing.T) {
	tree := sysprobetest.NewProcTree(t)
	for pid := range 5 {
		tree.Add(sysprobetest.Process{PID: 10 + pid, Comm: "x"})
	}
	procs := openTable(t, tree.Root)
	for _, end := range []int{0, 1, 3, 5} {
		ctx, cancel := context.WithCancel(t.Context())
		if end == 0 {
			cancel()
		}
		var rows int
		var errs []error
		for p, err := range procs.All(ctx, 0) {
			if err != nil {
				errs = append(errs, err)
				continue
			}
			if rows++; p.ID.PID != int32(9+rows) {
				t.Errorf("process %d is the one at %d", p.ID.PID, rows)
			}
			if rows == end {
				cancel()
			}
		}
		cancel()
		var op *OpError
		switch {
		case rows != end:
			t.Errorf("%d processes, want %d", rows, end)
		case end == 5 && len(errs) > 0:
			t.Errorf("ended at the last process: %v", errs)
		case end < 5 && (len(errs) != 1 || !errors.Is(errs[0], context.Canceled) || !errors.As(errs[0], &op)):
			t.Errorf("ended after %d processes: %v, want an OpError with context.Canceled once", end, errs)
		}
	}
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	var last error
	for _, err := range Processes(ctx, 0) {
		cancel()
		last = err
	}
	if !errors.Is(last, context.Canceled) {
		t.Errorf("of this machine: %v, want context.Canceled", last)
	}
}

// TestIterationSkipsVanished has a process that vanishes after it was listed, and a
// zombie of which nothing is left but its stat.
func TestIterationSkipsVanished(t *testing.T) {
	tree := sysprobetest.NewProcTree(t)
	for _, p := range []sysprobetest.Process{{PID: 100}, {PID: 200}, {PID: 300, State: 'Z'}, {PID: 400}} {
		tree.Add(p)
	}
	tree.Remove("200/stat")
	tree.Remove("300/status")
	var pids []int32
	for p, err := range openTable(t, tree.Root).All(t.Context(), WantName|WantStatus|WantIO) {
		check(t, err)
		pids = append(pids, p.ID.PID)
	}
	if !slices.Equal(pids, []int32{1, 100, 300, 400}) && !slices.Equal(pids, []int32{100, 300, 400}) {
		t.Errorf("processes %v, want all but 200", pids)
	}
}

// TestIterationNoticesReuse is #2601 of psutil: the process that has the PID of another
// one is in the very next pass, and has no rates of the other.
func TestIterationNoticesReuse(t *testing.T) {
	tree := sysprobetest.NewProcTree(t)
	tree.Add(sysprobetest.Process{PID: 100, Comm: "first", Start: 500, UserTicks: 7})
	procs := openTable(t, tree.Root)
	var s ProcSnapshot
	var rates ProcRates
	takeSnapshot(t, procs, &s, 0)
	rates.Update(&s, nil)
	tree.Add(sysprobetest.Process{PID: 100, Comm: "second", Start: 900, UserTicks: 9})
	takeSnapshot(t, procs, &s, 0)
	rates.Update(&s, nil)
	p := s.Find(100)
	if p == nil || p.ID.Start != 900 || p.Comm != "second" || rates.Of(p.ID) != (ProcRate{}) || rates.Created() != 1 {
		t.Errorf("%+v with %+v, want the second process without rates", p, rates.Of(p.ID))
	}
	takeSnapshot(t, procs, &s, 0) // now the second one has rates
	rates.Update(&s, nil)
	if !rates.Of(p.ID).CPU.Known() {
		t.Error("no rates of the second process")
	}
	if old := rates.Of(ProcID{PID: 100, Start: 500}); old != (ProcRate{}) {
		t.Errorf("rates %+v of a process that is gone", old)
	}
}

// TestRatesSurviveSorting sorts the rows by what they use, as top(1) does.
func TestRatesSurviveSorting(t *testing.T) {
	var s ProcSnapshot
	var rates ProcRates
	for second := range 2 {
		s = ProcSnapshot{Taken: at(float64(second))}
		for pid := range int32(50) {
			used := time.Duration(pid*7%50) * time.Second / 100 * time.Duration(second)
			s.Procs = append(s.Procs, Proc{ID: ProcID{PID: pid, Start: uint64(pid)}, UserTime: used})
		}
		rates.Update(&s, nil)
	}
	slices.SortFunc(s.Procs, func(a, b Proc) int { return cmp.Compare(rates.Of(b.ID).CPU.Or(0), rates.Of(a.ID).CPU.Or(0)) })
	for i := range s.Procs {
		if got, want := rates.Of(s.Procs[i].ID).CPU, Some(float64(49-i)); got != want || s.Procs[i].ID.PID*7%50 != int32(49-i) {
			t.Errorf("row %d, process %d: %v %%, want %v", i, s.Procs[i].ID.PID, got, want)
		}
	}
}
