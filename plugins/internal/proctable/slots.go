package proctable

import "telegraf-sysprobe/sysprobe"

// Slots gives processes whose tags are equal ranks that they keep: a series with
// such a rank is of one process, as long as that lives, so that its counters only
// grow. A rank that is free goes only to a process that came after the last row of
// the process before it: what its counters have more is then its own work. There
// are as many ranks as there were such processes at one time. The zero value is
// ready.
type Slots struct {
	gather int
	series map[string]*ranks
}

// ranks are those of one series, from 1.
type ranks struct {
	holders  map[sysprobe.ProcID]int // index in slots
	slots    []slot
	lastUsed int // the last gather in which one was used
}

// slot is a rank.
type slot struct {
	lastUsed int // the last gather in which it was used
	held     bool
}

// forgetAfter is after how many gathers a series is forgotten that no process has
// a rank in: rates over a longer gap are of no use.
const forgetAfter = 360

// Begin begins the next gather. Processes that had no rank in the last one lose it,
// except for those that keep returns true for; keep can be nil.
func (s *Slots) Begin(keep func(sysprobe.ProcID) bool) {
	for name, of := range s.series {
		for id, at := range of.holders {
			if of.slots[at].lastUsed < s.gather && (keep == nil || !keep(id)) {
				of.slots[at].held = false
				delete(of.holders, id)
			}
		}
		if len(of.holders) == 0 && s.gather-of.lastUsed > forgetAfter {
			delete(s.series, name)
		}
	}
	s.gather++
}

// Gather returns the number of the gather, from 1.
func (s *Slots) Gather() int { return s.gather }

// Rank returns the rank of a process in a series, from 1. Since is the gather in
// which its counters were first seen, in any series.
func (s *Slots) Rank(series []byte, id sysprobe.ProcID, since int) int {
	of := s.series[string(series)]
	if of == nil {
		if s.series == nil {
			s.series = map[string]*ranks{}
		}
		of = &ranks{holders: map[sysprobe.ProcID]int{}}
		s.series[string(series)] = of
	}
	at, held := of.holders[id]
	if !held {
		at = of.free(since)
		of.holders[id] = at
	}
	of.slots[at], of.lastUsed = slot{s.gather, true}, s.gather
	return at + 1
}

// free returns the first slot without a holder that was last used before the
// gather since, or a new one.
func (r *ranks) free(since int) int {
	for at, slot := range r.slots {
		if !slot.held && slot.lastUsed < since {
			return at
		}
	}
	r.slots = append(r.slots, slot{})
	return len(r.slots) - 1
}
