package zombies

import (
	"cmp"
	"slices"
	"time"

	"telegraf-sysprobe/plugins/internal/proctable"
	"telegraf-sysprobe/sysprobe"
)

// named remembers the rows of zombies_parent from one gather to the next: each
// parent keeps its rank among parents with otherwise equal tags, and a row that is
// sent no more leaves one with 0. The zero value is ready.
type named struct {
	tagWith []string
	slots   proctable.Slots
	since   map[sysprobe.ProcID]int // the gather in which the counters of a parent began
	rows    []parentRow             // of the last gather that were not the last ones
	taken   time.Time               // of the last gather
	hadRest bool                    // the last gather had a row of the others
}

// update gives the rows their ranks, and returns them by age, with a last row of
// each parent that the gather before named and this one does not: it reaped its
// zombies, ended, has another name by now, or others have more. Lives says which
// processes there are.
func (n *named) update(taken time.Time, tracker *sysprobe.ZombieTracker, rows []parentRow, lives func(sysprobe.ProcID) bool) []parentRow {
	n.slots.Begin(lives)
	n.note(tracker, lives)
	sortByAge(rows)
	for i := range rows {
		p := &rows[i]
		p.rank = n.slots.Rank([]byte(p.series(n.tagWith)), p.ID, n.since[p.ID])
	}
	counted := map[sysprobe.ProcID]sysprobe.ZombieParent{}
	for _, p := range slices.Concat(tracker.Parents(), tracker.Left()) {
		counted[p.ID] = p
	}
	var last []parentRow
	for _, before := range n.rows {
		if slices.ContainsFunc(rows, func(p parentRow) bool { return p.sameSeries(&before, n.tagWith) }) {
			continue
		}
		before.ZombieParent = counted[before.ID]
		before.exhaustion = sysprobe.Opt[float64]{}
		before.Count, before.old, before.Oldest = 0, 0, sysprobe.Opt[time.Duration]{}
		last = append(last, before)
	}
	n.rows, n.taken = slices.Clone(rows), taken
	rows = append(rows, last...)
	sortByAge(rows)
	return rows
}

// sortByAge sorts rows by the age of the parents.
func sortByAge(rows []parentRow) {
	slices.SortStableFunc(rows, func(a, b parentRow) int {
		return cmp.Or(cmp.Compare(a.ID.Start, b.ID.Start), cmp.Compare(a.ID.PID, b.ID.PID))
	})
}

// growth returns by how many zombies a second p grew since the row of the last
// gather; 0 where there was none.
func (n *named) growth(p *candidate, at time.Time) float64 {
	for i := range n.rows {
		if n.rows[i].ID == p.ID {
			last := growth{at: n.taken, count: n.rows[i].Count}
			return last.update(at, p.Count)
		}
	}
	return 0
}

// note remembers in which gather the counters of each parent began.
func (n *named) note(tracker *sysprobe.ZombieTracker, lives func(sysprobe.ProcID) bool) {
	if n.since == nil {
		n.since = map[sysprobe.ProcID]int{}
	}
	has := map[sysprobe.ProcID]bool{}
	for _, p := range tracker.Parents() {
		has[p.ID] = true
		if n.since[p.ID] == 0 {
			n.since[p.ID] = n.slots.Gather()
		}
	}
	for id := range n.since {
		if !has[id] && !lives(id) {
			delete(n.since, id)
		}
	}
}

// rest returns the row of the parents that have none of their own, the last time
// with 0; nil where there is no row.
func (n *named) rest(rest restRow) *restRow {
	had := n.hadRest
	n.hadRest = rest.parents > 0
	if !had && !n.hadRest {
		return nil
	}
	return &rest
}

// sameSeries reports whether p and other have the same tags.
func (p *parentRow) sameSeries(other *parentRow, tagWith []string) bool {
	return p.rank == other.rank && p.series(tagWith) == other.series(tagWith)
}
