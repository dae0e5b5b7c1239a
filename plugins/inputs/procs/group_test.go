package procs

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"telegraf-sysprobe/sysprobe"
)

// TestGroupInvariants lets processes come, work, change their names and go,
// far more names than there is room for, and holds every grouping to its
// promises: each process is in exactly one group, there are not more groups
// than max_groups and the rest, no counter runs backwards, and all groups
// together have all CPU time there ever was.
func TestGroupInvariants(t *testing.T) {
	groupings, err := newGroupings([]string{"process_name", "user", "user+process_name"}, 4, nil)
	if err != nil {
		t.Fatal(err)
	}
	random := rand.New(rand.NewPCG(1, 2))
	past := history{updates: 1} // processes of the first update bring what they did
	var worked time.Duration    // by all so far
	ledgers := make([]ledger, len(groupings))
	procs := map[int32]*sysprobe.Proc{}
	for gather := range 400 {
		for pid := range int32(30) {
			p := procs[pid]
			switch {
			case p == nil && random.IntN(3) == 0:
				p = &sysprobe.Proc{ID: sysprobe.ProcID{PID: pid, Start: uint64(gather)}, PPID: random.Int32N(3), Name: fmt.Sprint("n", random.IntN(9))}
				procs[pid] = p
			case p == nil:
				continue
			case random.IntN(10) == 0:
				delete(procs, pid)
				continue
			case random.IntN(10) == 0:
				p.Name = fmt.Sprint("n", random.IntN(9))
			}
			more := time.Duration(random.IntN(100))
			p.UserTime += more
			worked += more
		}
		var s sysprobe.ProcSnapshot
		for pid := range int32(30) {
			if p := procs[pid]; p != nil {
				s.Procs = append(s.Procs, *p)
			}
		}
		deltas := past.update(&s)
		workers := make([]member, 0, len(s.Procs))
		for i := range s.Procs {
			workers = append(workers, worker{&s.Procs[i], &deltas[i]})
		}
		for i, g := range groupings {
			ledgers[i].check(t, g, workers, worked)
			if t.Failed() {
				t.Fatalf("in gather %d", gather)
			}
		}
	}
	if worked == 0 {
		t.Fatal("no process worked")
	}
}

// worker is a process whose user is its PPID.
type worker struct {
	proc  *sysprobe.Proc
	delta *counters
}

func (w worker) text(fact string) (string, bool) {
	if fact == "user" {
		return fmt.Sprint(w.proc.PPID), true
	}
	return w.proc.Name, true
}

func (w worker) addTo(s *sums) { s.add(w.proc, w.delta) }
func (worker) lives() bool     { return true }

// ledger keeps what a grouping had before an update.
type ledger struct {
	groups  map[*group]uint64
	dropped uint64 // CPU time of groups that made room for others
}

// check updates g and holds it to its promises.
func (l *ledger) check(t *testing.T, g *grouping, workers []member, worked time.Duration) {
	t.Helper()
	processes := 0
	for _, group := range g.update(slices.Values(workers)) {
		processes += group.processes
	}
	if processes != len(workers) {
		t.Errorf("%s: %d processes in groups, want %d", g.name(), processes, len(workers))
	}
	if len(g.groups) > g.max+1 {
		t.Errorf("%s: %d groups, want at most %d and the rest", g.name(), len(g.groups), g.max)
	}
	now := map[*group]uint64{}
	sum := uint64(0)
	for _, group := range g.groups {
		now[group] = group.counters.value[counterUser]
		sum += now[group]
	}
	for group, before := range l.groups {
		after, kept := now[group]
		if !kept {
			l.dropped += before
		} else if after < before {
			t.Errorf("%s: counter of %v ran back from %d to %d", g.name(), group.key, before, after)
		}
	}
	l.groups = now
	if sum+l.dropped != uint64(worked) {
		t.Errorf("%s: groups have %d ns and dropped ones had %d, want %d in all", g.name(), sum, l.dropped, worked)
	}
}
