package procs

import (
	"slices"

	"telegraf-sysprobe/sysprobe"
)

// history remembers the counters of every process, so that sums over processes
// that come and go only grow. The zero value is ready.
type history struct {
	want          sysprobe.Fields // the optional facts to sum up
	updates       int
	latest, spare []past
	deltas        []counters
}

// past holds the counters of one process as they were seen last.
type past struct {
	id    sysprobe.ProcID
	since int // the update that saw it first
	seen  counters
}

// update returns, in the order of s.Procs, what was added to the counters of
// each process since the last update; for a new process all that it has. In the
// first update no process is new: sums begin at 0 with the program, so that a
// database takes its restart for what it is. The slice is valid until the next
// update.
func (h *history) update(s *sysprobe.ProcSnapshot) []counters {
	h.updates++
	next, deltas := slices.Grow(h.spare[:0], len(s.Procs)), slices.Grow(h.deltas[:0], len(s.Procs))
	oldID := func(m *past) sysprobe.ProcID { return m.id }
	newID := func(p *sysprobe.Proc) sysprobe.ProcID { return p.ID }
	for before, p := range sysprobe.MatchByID(h.latest, s.Procs, oldID, newID) {
		if p == nil {
			continue // it exited
		}
		if before == nil {
			next = append(next, past{id: p.ID, since: h.updates})
		} else {
			next = append(next, *before)
		}
		now := countersOf(p, h.want)
		deltas = append(deltas, next[len(next)-1].seen.advance(&now, before == nil && h.updates > 1))
	}
	h.spare, h.latest, h.deltas = h.latest, next, deltas
	return deltas
}

// since returns the update that first saw the process with that index in the last
// snapshot, from 1.
func (h *history) since(i int) int { return h.latest[i].since }
