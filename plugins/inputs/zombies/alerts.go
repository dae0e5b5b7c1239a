package zombies

import (
	"cmp"
	"slices"
	"time"

	"telegraf-sysprobe/plugins/internal/proctable"
	"telegraf-sysprobe/sysprobe"
)

// clearsBelow is the part of a limit below which an alert is over, so that a
// value that hovers about the limit does not raise one alert after the other.
const clearsBelow = 0.5

// alert is the measurement zombie_event: a parent begins or ceases to exceed a
// limit.
type alert struct {
	identity
	of           string // count, age or rate
	exceeded     bool
	pid          int32
	value, limit float64
}

// identity distinguishes the alerts of a parent from those of others. It lasts from
// the first limit that the parent exceeds to the last that it no longer exceeds,
// whatever it executes meanwhile.
type identity struct {
	place
	rank int // among parents with otherwise equal tags
}

// alerts finds out when parents cross limits.
type alerts struct {
	limits  []limit
	tagWith []string
	last    time.Time
	slots   proctable.Slots
	parents map[sysprobe.ProcID]*watched
}

// limit is the least value that raises an alert: a number of zombies, an age of
// the oldest in seconds, or a growth in zombies per minute.
type limit struct {
	of    string
	value float64
}

// watched is a parent that has zombies, or had some in the gather before.
type watched struct {
	identity
	candidate
	values   map[string]float64
	exceeded map[string]bool
}

// newAlerts returns alerts for the limits that are not 0.
func newAlerts(count int, age time.Duration, rate float64, tagWith []string) alerts {
	limits := []limit{{"count", float64(count)}, {"age", age.Seconds()}, {"rate", rate}}
	return alerts{
		limits:  slices.DeleteFunc(limits, func(l limit) bool { return l.value == 0 }),
		tagWith: tagWith,
		parents: map[sysprobe.ProcID]*watched{},
	}
}

// update returns the alerts of a gather, those of older parents first. Parents
// are all processes that have zombies, of which those count that min_age lets pass;
// whereIs looks up a parent whose alert is raised.
func (a *alerts) update(taken time.Time, parents []candidate, whereIs func(*sysprobe.Proc) place) []alert {
	if len(a.limits) == 0 {
		return nil
	}
	minutes := taken.Sub(a.last).Minutes()
	started := !a.last.IsZero()
	a.last = taken
	before := map[sysprobe.ProcID]int{}
	for id, w := range a.parents {
		before[id] = w.old
		w.Count, w.old, w.values = 0, 0, nil
	}
	for _, p := range parents {
		w := a.parents[p.ID]
		if w == nil {
			w = &watched{exceeded: map[string]bool{}}
			a.parents[p.ID] = w
		}
		w.candidate = p
		w.values = map[string]float64{"count": float64(p.old)}
		if p.old > 0 {
			w.values["age"] = p.Oldest.Or(0).Seconds()
		}
		if started && minutes > 0 {
			w.values["rate"] = float64(p.old-before[p.ID]) / minutes
		}
	}
	return a.judge(whereIs)
}

// judge compares the parents with the limits, and forgets those that have no
// zombies any more, and so no alert.
func (a *alerts) judge(whereIs func(*sysprobe.Proc) place) []alert {
	a.slots.Begin(func(id sysprobe.ProcID) bool { w := a.parents[id]; return w != nil && len(w.exceeded) > 0 })
	var found []alert
	for _, w := range a.sorted() {
		for _, l := range a.limits {
			value := w.values[l.of]
			exceeded := value >= l.value || w.exceeded[l.of] && value >= clearsBelow*l.value
			if exceeded == w.exceeded[l.of] {
				continue
			}
			if len(w.exceeded) == 0 {
				w.place = whereIs(w.Proc)
				w.rank = a.slots.Rank([]byte(w.series(a.tagWith)), w.ID, a.slots.Gather())
			}
			found = append(found, alert{w.identity, l.of, exceeded, w.ID.PID, value, l.value})
			if exceeded {
				w.exceeded[l.of] = true
			} else {
				delete(w.exceeded, l.of)
			}
		}
		if w.Count == 0 {
			delete(a.parents, w.ID)
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
		return cmp.Or(cmp.Compare(x.ID.Start, y.ID.Start), cmp.Compare(x.ID.PID, y.ID.PID))
	})
	return all
}
