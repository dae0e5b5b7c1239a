package procs

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"telegraf-sysprobe/plugins/internal/options"
)

// restGroup is the value of every key in the group of all that have none of
// their own. A process that is itself called so belongs there too: it would
// have the same series.
const restGroup = "other"

// groupKeyNames are the keys that the entries of the option group_by are made
// of.
func groupKeyNames() []string {
	return append([]string{"process_name", "user", patternKey}, originKeys()...)
}

// patternKey is the key whose values are the tables of the option
// group_pattern.
const patternKey = "pattern"

// groupKey holds the values of the keys of a grouping, NUL between them: no
// value has one.
type groupKey string

// values returns the values in the order of the keys.
func (k groupKey) values() []string { return strings.Split(string(k), "\x00") }

// grouping divides processes into groups: every one into exactly one. At most
// max keys have a group; the rest share one. A key keeps its group while it has
// processes and, until another key needs the place, afterwards, so that the
// counters of a group never run backwards.
type grouping struct {
	keys []string
	max  int
	fds  bool // sum up open files

	groups     map[groupKey]*group
	rest       *group
	overflowed bool

	key     []byte // of the row at hand
	gather  int    // how many there were
	waiting []waiting
	counts  map[groupKey]int
	emitted []*group
}

// waiting is a row whose key has no group yet.
type waiting struct {
	key groupKey
	row *row
}

// group is what the processes of one key sum up to.
type group struct {
	key      groupKey
	lastUsed int // the gather in which it last had a process
	sums
}

// newGroupings parses the option group_by, for groups with the sums that the
// option group_details names.
func newGroupings(groupBy, details []string, limit int) ([]*grouping, error) {
	var groupings []*grouping
	for _, entry := range groupBy {
		keys := strings.Split(entry, "+")
		for i, key := range keys {
			keys[i] = strings.TrimSpace(key)
		}
		if err := options.Words("group_by", keys, groupKeyNames()); err != nil {
			return nil, fmt.Errorf("%w (in %q)", err, entry)
		}
		slices.Sort(keys) // the order of tags means nothing
		g := &grouping{keys: keys, max: limit, fds: slices.Contains(details, "fds"), groups: map[groupKey]*group{}, counts: map[groupKey]int{}}
		g.rest = &group{key: groupKey(strings.Repeat("\x00"+restGroup, len(keys))[1:])}
		g.groups[g.rest.key] = g.rest
		if slices.ContainsFunc(groupings, func(o *grouping) bool { return o.name() == g.name() }) {
			return nil, fmt.Errorf("option group_by: entry %q is there twice; remove one", entry)
		}
		groupings = append(groupings, g)
	}
	return groupings, nil
}

// name spells the grouping as the option does.
func (g *grouping) name() string { return strings.Join(g.keys, "+") }

// hasKey says whether the grouping has that key.
func (g *grouping) hasKey(key string) bool { return slices.Contains(g.keys, key) }

// update sums up all rows and returns, by key, the groups that have some and,
// once, those that have none any more. The slice is valid until the next
// update.
func (g *grouping) update(value func(key string, r *row) string, all ...[]row) []*group {
	g.gather++
	for _, existing := range g.groups {
		existing.empty()
	}
	g.waiting = g.waiting[:0]
	for _, rows := range all {
		for i := range rows {
			g.place(&rows[i], value)
		}
	}
	g.settle()
	g.emitted = g.emitted[:0]
	for _, existing := range g.groups {
		if existing.lastUsed >= g.gather-1 && existing.lastUsed > 0 {
			g.emitted = append(g.emitted, existing)
		}
	}
	slices.SortFunc(g.emitted, func(a, b *group) int { return cmp.Compare(a.key, b.key) })
	return g.emitted
}

// place puts r into its group, or lets it wait for one.
func (g *grouping) place(r *row, value func(key string, r *row) string) {
	g.key = g.key[:0]
	for n, name := range g.keys {
		if n > 0 {
			g.key = append(g.key, 0)
		}
		g.key = append(g.key, value(name, r)...)
	}
	if home := g.groups[groupKey(g.key)]; home != nil {
		g.add(home, r)
	} else {
		g.waiting = append(g.waiting, waiting{groupKey(g.key), r})
	}
}

// settle gives the waiting keys with most processes a group of their own as far
// as there is room, and puts the others into the rest.
func (g *grouping) settle() {
	clear(g.counts)
	for _, w := range g.waiting {
		n := g.counts[w.key]
		if !w.row.gone {
			n++
		}
		g.counts[w.key] = n
	}
	keys := make([]groupKey, 0, len(g.counts))
	for key := range g.counts {
		keys = append(keys, key)
	}
	slices.SortFunc(keys, func(a, b groupKey) int {
		return cmp.Or(cmp.Compare(g.counts[b], g.counts[a]), cmp.Compare(a, b))
	})
	room := g.makeRoom(len(keys))
	for _, key := range keys[:room] {
		g.groups[key] = &group{key: key}
	}
	g.overflowed = room < len(keys)
	for _, w := range g.waiting {
		home := g.groups[w.key]
		if home == nil {
			home = g.rest
		}
		g.add(home, w.row)
	}
}

// makeRoom returns for how many of the wanted new groups there is room, after
// it dropped groups without processes as needed, those longest without first.
func (g *grouping) makeRoom(wanted int) int {
	room := g.max - (len(g.groups) - 1)
	if room >= wanted {
		return wanted
	}
	var idle []*group
	for _, existing := range g.groups {
		if existing.count == 0 && existing != g.rest {
			idle = append(idle, existing)
		}
	}
	slices.SortFunc(idle, func(a, b *group) int {
		return cmp.Or(cmp.Compare(a.lastUsed, b.lastUsed), cmp.Compare(a.key, b.key))
	})
	for _, unused := range idle[:min(len(idle), wanted-room)] {
		delete(g.groups, unused.key)
		room++
	}
	return min(room, wanted)
}

// add puts r into home.
func (g *grouping) add(home *group, r *row) {
	home.lastUsed = g.gather
	home.add(r, g.fds)
}
