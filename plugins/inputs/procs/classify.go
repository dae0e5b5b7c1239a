package procs

import (
	"cmp"
	"slices"
	"sort"

	"telegraf-sysprobe/sysprobe"
)

// classifier finds the first condition that each process of a sweep meets, for
// itself or as a child of one that does.
type classifier struct {
	conditions []condition
	found      []int
	below      []int // generations below the nearest match
	family     family
}

// none is the index of no condition.
const none = -1

// needs is what the conditions look at in rows of a sweep.
func (c *classifier) needs() (want sysprobe.Fields) {
	for i := range c.conditions {
		want |= c.conditions[i].needs
	}
	return want
}

// update returns, in the order of s.Procs, the index of the first condition
// that each process meets; none of those that rows, in the same order, leaves
// out. The slice is valid until the next update.
func (c *classifier) update(s *sysprobe.ProcSnapshot, f facts, rows []row) []int {
	c.found = c.found[:0]
	for range s.Procs {
		c.found = append(c.found, none)
	}
	c.family.reset(s)
	for i := range c.conditions {
		condition := &c.conditions[i]
		if condition.children != 0 {
			c.addFamilies(i, f, rows)
			continue
		}
		for row := range s.Procs {
			if c.found[row] == none && rows[row].chosen && condition.match(f, &s.Procs[row]) {
				c.found[row] = i
			}
		}
	}
	return c.found
}

// last returns the index of the first condition that a process met which
// ended. Who its parents were is not known.
func (c *classifier) last(f facts, proc *sysprobe.Proc) int {
	return slices.IndexFunc(c.conditions, func(condition condition) bool { return condition.match(f, proc) })
}

// addFamilies gives condition i the processes that meet it, and their children.
// A process that is left out, or of another condition, can still have children
// in this one.
func (c *classifier) addFamilies(i int, f facts, rows []row) {
	condition, procs := &c.conditions[i], c.family.snapshot.Procs
	c.below = c.below[:0]
	for row := range procs {
		if condition.match(f, &procs[row]) {
			c.below = append(c.below, 0)
		} else {
			c.below = append(c.below, unknownBelow)
		}
	}
	c.family.descend(c.below)
	for row, below := range c.below {
		if c.found[row] == none && rows[row].chosen && below >= 0 && (condition.children < 0 || below <= condition.children) {
			c.found[row] = i
		}
	}
}

// What a distance below a match is until it is known, and while it is looked
// for.
const (
	unknownBelow = -2 - iota
	walkingBelow
)

// family knows the parents of the processes of one sweep.
type family struct {
	snapshot *sysprobe.ProcSnapshot
	parents  []int // index of the parent of each, or none
	path     []int
}

// reset prepares for another sweep.
func (f *family) reset(s *sysprobe.ProcSnapshot) { f.snapshot, f.parents = s, f.parents[:0] }

// descend replaces each unknownBelow of below, in which 0 is a match, by how
// many generations the process is below the nearest match; none where it is
// below none.
func (f *family) descend(below []int) {
	f.findParents()
	for row := range below {
		// Up to where it is known, then down again.
		f.path = f.path[:0]
		up := row
		for ; up != none && below[up] == unknownBelow; up = f.parents[up] {
			below[up] = walkingBelow
			f.path = append(f.path, up)
		}
		distance := none
		if up != none && below[up] != walkingBelow { // not a loop
			distance = below[up]
		}
		for _, row := range slices.Backward(f.path) {
			if distance != none {
				distance++
			}
			below[row] = distance
		}
	}
}

// findParents fills f.parents, once a sweep.
func (f *family) findParents() {
	procs := f.snapshot.Procs
	for i := len(f.parents); i < len(procs); i++ {
		index := none
		if parent := f.snapshot.Parent(&procs[i]); parent != nil {
			index, _ = sort.Find(len(procs), func(at int) int { return cmp.Compare(parent.ID.PID, procs[at].ID.PID) })
		}
		f.parents = append(f.parents, index)
	}
}
