package proctable

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"

	"telegraf-sysprobe/sysprobe"
)

// TestSlotsAreOfOneProcess lets processes come, go, change their names and be
// left out. A series might go from one process to another only if that began
// after the last row of the first: all that its counters have is then new. A
// process with a row in two gathers keeps its rank, and ranks are bounded.
func TestSlotsAreOfOneProcess(t *testing.T) {
	type process struct {
		id          sysprobe.ProcID
		since, name int
		rank, at    int // of the last row
	}
	type row struct {
		id sysprobe.ProcID
		at int
	}
	random := rand.New(rand.NewPCG(3, 4))
	var slots Slots
	var alive []*process
	last := map[string]row{} // of each series
	highest, handed := 0, 0
	for gather := 1; gather <= 3000; gather++ {
		slots.Begin(nil)
		alive = slices.DeleteFunc(alive, func(*process) bool { return random.IntN(8) == 0 })
		for len(alive) < 12 && random.IntN(3) > 0 {
			id := sysprobe.ProcID{PID: int32(random.IntN(20)), Start: uint64(gather*100 + len(alive))}
			alive = append(alive, &process{id: id, since: gather, name: random.IntN(3)})
		}
		taken := map[string]bool{}
		for _, p := range alive {
			if random.IntN(8) == 0 {
				p.name, p.at = random.IntN(3), 0
			}
			if random.IntN(10) == 0 {
				continue
			}
			rank := slots.Rank(fmt.Append(nil, p.name), p.id, p.since)
			if p.at == gather-1 && p.at > 0 && rank != p.rank {
				t.Fatalf("gather %d: a process goes from rank %d to %d", gather, p.rank, rank)
			}
			p.rank, p.at = rank, gather
			series := fmt.Sprint(p.name, " ", rank)
			if taken[series] {
				t.Fatalf("gather %d: two processes in series %s", gather, series)
			}
			taken[series] = true
			if before, known := last[series]; known && before.id != p.id {
				if handed++; p.since <= before.at {
					t.Fatalf("gather %d: series %s had its last row in gather %d, and goes to a process of gather %d", gather, series, before.at, p.since)
				}
			}
			last[series] = row{p.id, gather}
			highest = max(highest, rank)
		}
	}
	if highest > 24 || handed == 0 {
		t.Errorf("%d ranks for at most 12 processes, %d of which got a series of another one", highest, handed)
	}
}

func TestSlotsForgetSeries(t *testing.T) {
	var slots Slots
	for gather := range 2 * forgetAfter {
		slots.Begin(nil)
		slots.Rank(fmt.Append(nil, "run-", gather), sysprobe.ProcID{PID: 1, Start: uint64(gather)}, slots.Gather())
	}
	if n := len(slots.series); n > forgetAfter+2 {
		t.Errorf("%d series are remembered", n)
	}
}

func TestSlotsKeep(t *testing.T) {
	var slots Slots
	lives := func(id sysprobe.ProcID) bool { return id.PID == 1 }
	rank := func(pid int32) int { return slots.Rank(nil, sysprobe.ProcID{PID: pid}, slots.Gather()) }
	slots.Begin(lives)
	if first, second := rank(1), rank(2); first != 1 || second != 2 {
		t.Errorf("ranks %d and %d", first, second)
	}
	slots.Begin(lives)
	slots.Begin(lives)
	if another, first := rank(3), rank(1); another != 2 || first != 1 {
		t.Errorf("a new process has rank %d, the one that lives %d, want 2 and 1", another, first)
	}
}
