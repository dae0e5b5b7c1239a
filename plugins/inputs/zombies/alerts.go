package zombies

import (
	"cmp"
	"slices"
	"time"

	"telegraf-sysprobe/sysprobe"
)

// clearsBelow is the part of a limit below which an alert is over, so that what
// hovers about the limit does not raise one after the other.
const clearsBelow = 0.5

// alert is the measurement zombie_event: a parent exceeds a limit, or does not
// any more.
type alert struct {
	of           string // count, age or rate
	exceeded     bool
	parent       string // its tag
	pid          int32
	value, limit float64
}

// alerts finds out when parents cross limits.
type alerts struct {
	limits  []limit
	last    time.Time
	parents map[sysprobe.ProcID]*watched
}

// limit is what a parent may have: zombies, an age of the oldest in seconds, or
// a growth of their number in zombies per minute.
type limit struct {
	of    string
	value float64
}

// watched is a parent that has zombies, or had some in the gather before.
type watched struct {
	name     string
	id       sysprobe.ProcID
	count    int
	values   map[string]float64
	exceeded map[string]bool
}

// newAlerts returns alerts for the limits that are not 0.
func newAlerts(count int, age time.Duration, rate float64) alerts {
	limits := []limit{{"count", float64(count)}, {"age", age.Seconds()}, {"rate", rate}}
	return alerts{
		limits:  slices.DeleteFunc(limits, func(l limit) bool { return l.value == 0 }),
		parents: map[sysprobe.ProcID]*watched{},
	}
}

// update returns the alerts of a gather, those of older parents first. Parents
// are those that have zombies; the number of those of all others is 0.
func (a *alerts) update(taken time.Time, parents []sysprobe.ZombieParent) []alert {
	if len(a.limits) == 0 {
		return nil
	}
	minutes := taken.Sub(a.last).Minutes()
	started := !a.last.IsZero()
	a.last = taken
	before := map[sysprobe.ProcID]int{}
	for id, w := range a.parents {
		before[id] = w.count
		w.count, w.values = 0, nil
	}
	for _, p := range parents {
		w := a.parents[p.ID]
		if w == nil {
			w = &watched{id: p.ID, exceeded: map[string]bool{}}
			a.parents[p.ID] = w
		}
		w.name, w.count = parentTag(p.Proc), p.Count
		w.values = map[string]float64{"count": float64(p.Count), "age": p.Oldest.Or(0).Seconds()}
		if started && minutes > 0 {
			w.values["rate"] = float64(p.Count-before[p.ID]) / minutes
		}
	}
	return a.judge()
}

// judge compares the parents with the limits, and forgets those that have no
// zombies any more, and so no alert.
func (a *alerts) judge() []alert {
	var found []alert
	for _, w := range a.sorted() {
		for _, l := range a.limits {
			value := w.values[l.of]
			exceeded := value >= l.value || w.exceeded[l.of] && value >= clearsBelow*l.value
			if exceeded != w.exceeded[l.of] {
				found = append(found, alert{l.of, exceeded, w.name, w.id.PID, value, l.value})
			}
			if exceeded {
				w.exceeded[l.of] = true
			} else {
				delete(w.exceeded, l.of)
			}
		}
		if w.count == 0 {
			delete(a.parents, w.id)
		}
	}
	return found
}

// sorted returns the parents, the oldest first.
func (a *alerts) sorted() []*watched {
	var all []*watched
	for _, w := range a.parents {
		all = append(all, w)
	}
	slices.SortFunc(all, func(x, y *watched) int {
		return cmp.Or(cmp.Compare(x.id.Start, y.id.Start), cmp.Compare(x.id.PID, y.id.PID))
	})
	return all
}
