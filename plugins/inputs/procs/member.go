package procs

import (
	"cmp"
	"strconv"

	"telegraf-sysprobe/sysprobe"
)

// member is what tables choose from and groups sum up: a process of the
// snapshot, or processes that exited since the snapshot before.
type member interface {
	// text is the fact with that name: a key of groups, or a list of a
	// Condition. It is false where the fact is not known.
	text(fact string) (string, bool)
	// addTo adds the member to a sum.
	addTo(s *sums)
	// lives is false for processes that exited.
	lives() bool
}

// originKeys are the names of the facts in a sysprobe.Origin.
func originKeys() []string { return []string{"cgroup", "unit", "slice", "container", "runtime", "pod"} }

// originText is the fact of o with that name; false where it is not known, or
// empty.
func originText(fact string, o *sysprobe.Origin) (text string, known bool) {
	if o == nil {
		return "", false
	}
	switch fact {
	case "cgroup":
		text = o.Cgroup
	case "unit":
		text = o.Unit
	case "slice":
		text = o.Slice
	case "container":
		text = o.Container
	case "runtime":
		text = o.Runtime
	case "pod":
		text = o.Pod
	}
	return text, text != ""
}

// patternText is the name of the table of the option group_pattern with that
// index; false where there is none.
func (l *plan) patternText(pattern int) (string, bool) {
	if pattern == none {
		return "", false
	}
	return l.patterns[pattern].as, true
}

// selectionName is the name of the table of the option select with that index: its
// number, from 1, where it has none.
func (l *plan) selectionName(table int) string {
	return cmp.Or(l.selection[table].as, strconv.Itoa(table+1))
}

// patternNames are the names of the tables of the option group_pattern that have
// one.
func (l *plan) patternNames() (names []string) {
	for i := range l.patterns {
		if l.patterns[i].capture == nil {
			names = append(names, l.patterns[i].as)
		}
	}
	return names
}
