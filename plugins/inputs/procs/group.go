package procs

import (
	"cmp"
	"fmt"
	"iter"
	"slices"
	"strings"

	"telegraf-sysprobe/plugins/internal/options"
	"telegraf-sysprobe/sysprobe"
)

// restGroup is the value of every key in the group of all that have none of
// their own. A process that is itself called so belongs there too: it would
// have the same series.
const restGroup = "other"

// groupKeyNames are the keys that the entries of the option group_by are made
// of.
func groupKeyNames() []string {
	return append([]string{"process_name", "user", patternKey, "exe"}, originKeys()...)
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
// max keys have a group, besides those that the configuration names; the rest share
// one. A key keeps its group while it has processes. A group without any keeps it
// for a while, and longer if no other key needs the place, so that a name that
// comes back finds its counters.
type grouping struct {
	keys  []string
	max   int
	named map[string]bool // the values of the key pattern that the configuration names

	groups     map[groupKey]*group
	rest       *group
	overflowed bool

	key        []byte // of the member at hand
	gather     int    // counts updates
	candidates map[groupKey]*candidate
	waiting    []waiting
	emitted    []*group // at first those that lost their place, for their last row
}

// candidate is a key that has no group of its own. It is kept while it has members.
type candidate struct {
	key    groupKey
	gather int    // the update that saw it last
	lives  int    // members that live, in that update
	home   *group // where its members go; nil for the rest
}

// waiting is a member whose key has no group yet.
type waiting struct {
	*candidate
	member
}

// group is what the processes of one key sum up to.
type group struct {
	key      groupKey
	lastUsed int  // the gather in which something was added last
	gathers  int  // in which something was added
	always   bool // it has a row even without processes
	sums
}

// keepsPlace is for how many gathers a group without processes keeps its place
// though another key needs it, if it had some in several gathers: services restart.
const keepsPlace = 30

// newGroupings parses the option group_by, for at most limit groups of each
// entry beside those of the named patterns. It returns an error that names the
// option, the entry and the remedy.
func newGroupings(groupBy []string, limit int, patterns []string) ([]*grouping, error) {
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
		g := newGrouping(keys, limit, patterns)
		if slices.ContainsFunc(groupings, func(o *grouping) bool { return o.name() == g.name() }) {
			return nil, fmt.Errorf("option group_by: entry %q is there twice; remove one", entry)
		}
		groupings = append(groupings, g)
	}
	return groupings, nil
}

// newGrouping returns a grouping by keys, with a group of each pattern if that is
// the only key.
func newGrouping(keys []string, limit int, patterns []string) *grouping {
	g := &grouping{
		keys: keys, max: limit, named: map[string]bool{}, groups: map[groupKey]*group{},
		candidates: map[groupKey]*candidate{},
		rest:       &group{key: groupKey(strings.Repeat("\x00"+restGroup, len(keys))[1:])},
	}
	g.groups[g.rest.key] = g.rest
	for _, pattern := range patterns {
		g.named[pattern] = true
		if len(keys) == 1 && keys[0] == patternKey {
			key := groupKey(pattern)
			if g.groups[key] == nil {
				g.groups[key] = &group{key: key}
			}
			g.groups[key].always = true
		}
	}
	return g
}

// counted reports whether a group of key counts against max.
func (g *grouping) counted(key groupKey) bool {
	if key == g.rest.key {
		return false
	}
	at := slices.Index(g.keys, patternKey)
	return at < 0 || !g.named[key.values()[at]]
}

// name spells the grouping as the option does.
func (g *grouping) name() string { return strings.Join(g.keys, "+") }

// hasKey reports whether the grouping has that key.
func (g *grouping) hasKey(key string) bool { return slices.Contains(g.keys, key) }

// needs is what a snapshot has to have for the keys.
func (g *grouping) needs() (want sysprobe.Fields) {
	if g.hasKey("user") {
		want |= sysprobe.WantStatus
	}
	if slices.ContainsFunc(originKeys(), g.hasKey) {
		want |= sysprobe.WantOrigin
	}
	return want
}

// update sums up all members and returns, by key, the groups that something was
// added to, those to which something was added for the last time in the update
// before, whose row has 0 processes, and those that always have a row. The slice is
// valid until the next update.
func (g *grouping) update(members iter.Seq[member]) []*group {
	g.gather++
	for _, existing := range g.groups {
		existing.empty()
	}
	g.waiting, g.emitted = g.waiting[:0], g.emitted[:0]
	for m := range members {
		g.place(m)
	}
	g.settle()
	for _, existing := range g.groups {
		if existing.always || g.wasUsed(existing) {
			g.emitted = append(g.emitted, existing)
		}
	}
	slices.SortFunc(g.emitted, func(a, b *group) int { return cmp.Compare(a.key, b.key) })
	return g.emitted
}

// wasUsed reports whether something was added in this update or in the one before.
func (g *grouping) wasUsed(existing *group) bool {
	return existing.lastUsed >= g.gather-1 && existing.lastUsed > 0
}

// place puts m into its group, or lets it wait for one.
func (g *grouping) place(m member) {
	g.key = g.key[:0]
	for n, name := range g.keys {
		if n > 0 {
			g.key = append(g.key, 0)
		}
		value, known := m.text(name)
		if !known {
			value = restGroup
		}
		g.key = append(g.key, value...)
	}
	if home := g.groups[groupKey(g.key)]; home != nil {
		g.add(home, m)
	} else {
		g.wait(m)
	}
}

// wait lets m wait for a group of the key at hand.
func (g *grouping) wait(m member) {
	c := g.candidates[groupKey(g.key)]
	if c == nil {
		c = &candidate{key: groupKey(g.key)}
		g.candidates[c.key] = c
	}
	if c.gather != g.gather {
		c.gather, c.lives = g.gather, 0
	}
	if m.lives() {
		c.lives++
	}
	g.waiting = append(g.waiting, waiting{c, m})
}

// settle gives the waiting keys with most processes a group of their own as far
// as there is room, and those that the configuration names in any case, and puts
// the others into the rest.
func (g *grouping) settle() {
	var wanted []*candidate
	for key, c := range g.candidates {
		switch {
		case c.gather != g.gather:
			delete(g.candidates, key)
		case g.counted(key):
			wanted = append(wanted, c)
		default:
			g.settleIn(c)
		}
	}
	slices.SortFunc(wanted, func(a, b *candidate) int {
		return cmp.Or(cmp.Compare(b.lives, a.lives), cmp.Compare(a.key, b.key))
	})
	room := g.makeRoom(len(wanted))
	for _, c := range wanted[:room] {
		g.settleIn(c)
	}
	g.overflowed = room < len(wanted)
	for _, w := range g.waiting {
		g.add(cmp.Or(w.home, g.rest), w.member)
	}
}

// settleIn gives a candidate its group.
func (g *grouping) settleIn(c *candidate) {
	c.home = &group{key: c.key}
	g.groups[c.key] = c.home
	delete(g.candidates, c.key)
}

// makeRoom returns for how many of the wanted new groups there is room, after
// it dropped groups without processes as needed, those longest without first. It
// notes the dropped ones that have a last row to send.
func (g *grouping) makeRoom(wanted int) int {
	if wanted == 0 {
		return 0
	}
	room := g.max
	var idle []*group
	for key, existing := range g.groups {
		if !g.counted(key) {
			continue
		}
		room--
		rests := g.gather - existing.lastUsed
		if rests > 0 && (existing.gathers < 2 || rests > keepsPlace) {
			idle = append(idle, existing)
		}
	}
	if room >= wanted {
		return wanted
	}
	slices.SortFunc(idle, func(a, b *group) int {
		return cmp.Or(cmp.Compare(a.lastUsed, b.lastUsed), cmp.Compare(a.key, b.key))
	})
	for _, unused := range idle[:min(len(idle), wanted-room)] {
		delete(g.groups, unused.key)
		if g.wasUsed(unused) {
			g.emitted = append(g.emitted, unused)
		}
		room++
	}
	return min(room, wanted)
}

// add puts m into home.
func (g *grouping) add(home *group, m member) {
	if home.lastUsed != g.gather {
		home.lastUsed = g.gather
		home.gathers++
	}
	m.addTo(&home.sums)
}
