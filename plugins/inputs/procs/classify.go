package procs

import (
	"cmp"
	"slices"
	"sort"

	"telegraf-sysprobe/sysprobe"
)

// none is the index of no condition.
const none = -1

// classifier finds the first condition that each process of a snapshot meets,
// for itself or as a child of one that does.
type classifier struct {
	found  []int // index of the condition that each row meets
	below  []int // generations below the nearest match
	family family
}

// reset prepares for the rows of another snapshot.
func (c *classifier) reset(s *sysprobe.ProcSnapshot) { c.family.reset(s) }

// classify returns the index of the first condition that each row meets; none
// for rows that the filters leave out. There is a row for each process of the
// snapshot. The slice, which is empty without conditions, is valid until the
// next call.
func (c *classifier) classify(rows []row, conditions []condition) []int {
	c.found = c.found[:0]
	if len(conditions) == 0 {
		return nil
	}
	for range rows {
		c.found = append(c.found, none)
	}
	for i := range conditions {
		condition := &conditions[i]
		if condition.children != 0 {
			c.addFamilies(i, condition, rows)
			continue
		}
		for at := range rows {
			if c.found[at] == none && rows[at].chosen && condition.match(&rows[at]) {
				c.found[at] = i
			}
		}
	}
	return c.found
}

// firstMatch returns the index of the first condition that m meets for itself.
func firstMatch(conditions []condition, m member) int {
	return slices.IndexFunc(conditions, func(condition condition) bool { return condition.match(m) })
}

// addFamilies gives the condition with index i the rows that meet it, and their
// children. A process that is left out, or of another condition, can still have
// children in this one.
func (c *classifier) addFamilies(i int, condition *condition, rows []row) {
	c.below = c.below[:0]
	for at := range rows {
		if condition.match(&rows[at]) {
			c.below = append(c.below, 0)
		} else {
			c.below = append(c.below, unknownBelow)
		}
	}
	c.family.descend(c.below)
	for at, below := range c.below {
		if c.found[at] == none && rows[at].chosen && below >= 0 && (condition.children < 0 || below <= condition.children) {
			c.found[at] = i
		}
	}
}

// What a distance below a match is until it is known, and while it is looked
// for.
const (
	unknownBelow = -2 - iota
	walkingBelow
)

// family knows the parents of the processes of one snapshot.
type family struct {
	snapshot *sysprobe.ProcSnapshot
	parents  []int // index of the parent of each, or none
	path     []int
}

// reset prepares for another snapshot.
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

// findParents fills f.parents, once a snapshot.
func (f *family) findParents() {
	procs := f.snapshot.Procs
	for i := len(f.parents); i < len(procs); i++ {
		f.parents = append(f.parents, indexOfParent(f.snapshot, &procs[i]))
	}
}

// indexOfParent returns the index of the parent of p in s, or none.
func indexOfParent(s *sysprobe.ProcSnapshot, p *sysprobe.Proc) int {
	parent := s.Parent(p)
	if parent == nil {
		return none
	}
	at, _ := sort.Find(len(s.Procs), func(i int) int { return cmp.Compare(parent.ID.PID, s.Procs[i].ID.PID) })
	return at
}
