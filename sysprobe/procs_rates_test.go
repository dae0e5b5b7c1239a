package sysprobe

import (
	"math"
	"slices"
	"testing"
	"time"
)

// at is when a made-up sweep was taken.
func at(seconds float64) time.Time {
	return time.Unix(1700000000, 0).Add(time.Duration(seconds * float64(time.Second)))
}

// TestCancelledWrites takes writes off that never reached a disk.
func TestCancelledWrites(t *testing.T) {
	var rates ProcRates
	var total, cancelled uint64
	for i, step := range []struct {
		written, cancelled uint64
		want               Opt[float64]
	}{
		{100 << 20, 90 << 20, Opt[float64]{}},
		{20 << 20, 20 << 20, Some(0.0)},
		{20 << 20, 5 << 20, Some(float64(15 << 20))},
		{1 << 20, 30 << 20, Some(0.0)}, // of what another process wrote
		{1 << 20, 0, Some(float64(1 << 20))},
	} {
		total, cancelled = total+step.written, cancelled+step.cancelled
		p := Proc{ID: ProcID{PID: 1}, IO: Some(ProcIO{WriteBytes: Some(total), CancelledWriteBytes: Some(cancelled)})}
		if got := rates.Update(&ProcSnapshot{Procs: []Proc{p}, Taken: at(float64(i))}, nil)[0].WriteBytes; got != step.want {
			t.Errorf("step %d: %v bytes a second, want %v", i, got, step.want)
		}
	}
}

func TestProcRates(t *testing.T) {
	id := ProcID{PID: 100, Start: 1}
	sample := func(cpu time.Duration, faults, switched, read uint64) Proc {
		return Proc{
			ID: id, UserTime: cpu / 2, SystemTime: cpu / 2, MinorFaults: faults, MajorFaults: faults,
			Switches: Some(ProcSwitches{switched, switched}),
			IO:       Some(ProcIO{ReadBytes: Some(read)}),
		}
	}
	var rates ProcRates
	update := func(seconds float64, procs ...Proc) []ProcRate {
		return rates.Update(&ProcSnapshot{Procs: procs, Taken: at(seconds)}, nil)
	}
	if got := update(0, sample(time.Second, 10, 100, 1000)); len(got) != 1 || got[0] != (ProcRate{}) {
		t.Errorf("first sweep: %+v, want one without facts", got)
	}
	got := update(2, Proc{ID: ProcID{PID: 1}}, sample(9*time.Second, 20, 300, 5000), Proc{ID: ProcID{PID: 200}})
	if len(got) != 3 || got[0] != (ProcRate{}) || got[2] != (ProcRate{}) {
		t.Fatalf("second sweep: %+v, want facts of the second only", got)
	}
	want := ProcRate{CPU: Some(400.0), Faults: Some(10.0), Switches: Some(200.0), ReadBytes: Some(2000.0)}
	if got[1] != want {
		t.Errorf("rates %+v, want %+v", got[1], want)
	}
	if rates.Created() != 2 || rates.Exited() != 0 {
		t.Errorf("%d created, %d exited, want 2 and 0", rates.Created(), rates.Exited())
	}

	t.Run("a counter that goes backwards", func(t *testing.T) {
		got := update(4, sample(8*time.Second, 30, 200, 9000))[0]
		want := ProcRate{Faults: Some(10.0), ReadBytes: Some(2000.0)}
		if got != want {
			t.Errorf("rates %+v, want %+v", got, want)
		}
		if rates.Exited() != 2 {
			t.Errorf("%d exited, want 2", rates.Exited())
		}
	})
	t.Run("facts that are not read any more", func(t *testing.T) {
		p := sample(10*time.Second, 30, 0, 0)
		p.Switches, p.IO = Opt[ProcSwitches]{}, Opt[ProcIO]{}
		got := update(6, p)[0]
		if want := (ProcRate{CPU: Some(100.0), Faults: Some(0.0)}); got != want {
			t.Errorf("rates %+v, want %+v", got, want)
		}
	})
	t.Run("no time has passed", func(t *testing.T) {
		if got := update(6, sample(11*time.Second, 40, 0, 0))[0]; got != (ProcRate{}) {
			t.Errorf("rates %+v, want none", got)
		}
	})
	t.Run("F01 a PID used again", func(t *testing.T) {
		created, exited := rates.Created(), rates.Exited()
		p := sample(20*time.Second, 50, 0, 0)
		p.ID.Start = 2
		if got := update(8, p)[0]; got != (ProcRate{}) {
			t.Errorf("rates %+v of a new process", got)
		}
		if rates.Created() != created+1 || rates.Exited() != exited+1 {
			t.Errorf("%d created, %d exited, want one more each", rates.Created()-created, rates.Exited()-exited)
		}
	})
}

func TestProcRatesCountWhatNoSnapshotSaw(t *testing.T) {
	var rates ProcRates
	id := func(pid int32) ProcID { return ProcID{PID: pid, Start: 1} }
	rates.Update(&ProcSnapshot{Taken: at(0), Procs: []Proc{{ID: id(1)}, {ID: id(2)}}}, []ExitedProcs{{Count: 100}})
	rates.Update(&ProcSnapshot{Taken: at(1), Procs: []Proc{{ID: id(1)}, {ID: id(5)}}}, []ExitedProcs{
		{ID: id(2), Seen: true, Count: 1}, // among the rows that went
		{ID: id(3), Count: 1},
		{Count: 30},
		{Count: 7},
	})
	if rates.Created() != 1+38 || rates.Exited() != 1+38 || rates.ShortLived() != 38 {
		t.Errorf("%d created, %d exited, %d short-lived, want 39, 39, 38", rates.Created(), rates.Exited(), rates.ShortLived())
	}
}

// TestProcRatesUseTheMonotonicClock steps the wall clock, which has no part
// in the elapsed time, while the monotonic clock goes on.
func TestProcRatesUseTheMonotonicClock(t *testing.T) {
	var rates ProcRates
	begin := time.Now()
	snapshot := ProcSnapshot{Taken: begin, Procs: []Proc{{ID: ProcID{PID: 1}}}}
	rates.Update(&snapshot, nil)
	snapshot.Taken = begin.Add(2 * time.Second)
	snapshot.BootTime = begin.Add(time.Hour)
	snapshot.Procs[0].UserTime = time.Second
	if got := rates.Update(&snapshot, nil)[0].CPU.Or(-1); math.Abs(got-50) > 1e-9 {
		t.Errorf("F04: %v %%, want 50", got)
	}
}

// TestMatchByID pairs lists in which processes stay, come, go, and are followed
// by another one with their PID.
func TestMatchByID(t *testing.T) {
	rows := func(ids ...ProcID) (procs []Proc) {
		for _, id := range ids {
			procs = append(procs, Proc{ID: id})
		}
		return procs
	}
	old := rows(ProcID{1, 1}, ProcID{3, 1}, ProcID{5, 1}, ProcID{8, 1}, ProcID{9, 1})
	now := rows(ProcID{2, 1}, ProcID{3, 1}, ProcID{5, 7}, ProcID{6, 1}, ProcID{9, 1}, ProcID{10, 1})
	var got [][2]ProcID
	for before, p := range MatchByID(old, now, (*Proc).identity, (*Proc).identity) {
		var pair [2]ProcID
		if before != nil {
			pair[0] = before.ID
		}
		if p != nil {
			pair[1] = p.ID
		}
		got = append(got, pair)
	}
	want := [][2]ProcID{
		{{1, 1}, {}},
		{{}, {2, 1}},
		{{3, 1}, {3, 1}},
		{{}, {5, 7}},
		{{5, 1}, {}},
		{{}, {6, 1}},
		{{8, 1}, {}},
		{{9, 1}, {9, 1}},
		{{}, {10, 1}},
	}
	if !slices.Equal(got, want) {
		t.Errorf("pairs %v, want %v", got, want)
	}
	for range MatchByID(old, now, (*Proc).identity, (*Proc).identity) {
		break // an iteration can end anywhere
	}
}
