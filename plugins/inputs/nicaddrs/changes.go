package nicaddrs

import (
	"cmp"
	"net/netip"
	"slices"
	"sync"

	"telegraf-sysprobe/sysprobe"
)

// changeCounter counts the addresses that were added and removed, on each
// interface: those of events or, without events, those that differ from the gather
// before. It forgets an interface when that is gone, so that it does not grow
// where interfaces come and go. It is safe for concurrent use.
type changeCounter struct {
	byEvents bool

	mu     sync.Mutex      // guards what follows
	round  int64           // number of the gather
	known  map[string]bool // namespaces of which any further interface has been added
	series map[seriesKey]*series
	links  map[linkKey]*past // without events
}

// seriesKey identifies a series of nicaddrs_interface.
type seriesKey struct{ netns, name string }

// series is what is known of a series.
type series struct {
	changes int64
	round   int64 // the last gather with a row of it, or else the one before the first event
	sent    bool  // there was a row
}

// linkKey identifies an interface, also when it is renamed.
type linkKey struct {
	netns string
	index int
}

// past is what is known of an interface.
type past struct {
	name  string
	round int64 // the last gather that had it
	seen  map[identity]int64
}

// identity identifies an address of an interface: not by lifetimes and flags, which
// change.
type identity struct {
	ip, peer netip.Addr
	bits     int
	hardware sysprobe.HardwareAddr
}

// last is the last row of a series.
type last struct {
	seriesKey

	changes int64
}

// begin begins a gather.
func (c *changeCounter) begin() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.round++
	c.make()
}

// come takes a namespace, with all that is in it, for one that has been added.
func (c *changeCounter) come(netns string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.make()
	c.known[netns] = true
}

// make makes the maps. The caller has locked c.
func (c *changeCounter) make() {
	if c.series == nil {
		c.known, c.series, c.links = map[string]bool{}, map[seriesKey]*series{}, map[linkKey]*past{}
	}
}

// at returns a series. The caller has locked c.
func (c *changeCounter) at(key seriesKey) *series {
	s := c.series[key]
	if s == nil {
		s = &series{round: c.round}
		c.make()
		c.series[key] = s
	}
	return s
}

// note counts an event. A link-layer address that another takes the place of
// counts as one that was removed and one that was added.
func (c *changeCounter) note(netns string, e *sysprobe.NICEvent) {
	var changes int64
	switch e.Kind {
	case sysprobe.NICAddressAdded, sysprobe.NICAddressRemoved:
		changes = 1
	case sysprobe.NICMAC:
		for _, address := range []string{e.Old, e.New} {
			if address != "" {
				changes++
			}
		}
	default:
		return
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	c.at(seriesKey{netns, e.Interface}).changes += changes
}

// count returns how many addresses of the interface, which have passed the
// options, were added or removed under its present name.
func (c *changeCounter) count(netns string, l *sysprobe.Link, addresses []address) int64 {
	c.mu.Lock()
	defer c.mu.Unlock()
	s := c.at(seriesKey{netns, l.Name})
	s.round, s.sent = c.round, true
	if !c.byEvents {
		s.changes += c.diff(linkKey{netns, l.Index}, l.Name, addresses)
	}
	return s.changes
}

// diff returns how many addresses differ from the gather before. Of an interface
// that was not in it, no event would be about the link-layer address.
func (c *changeCounter) diff(key linkKey, name string, addresses []address) (changes int64) {
	p := c.links[key]
	added := p == nil
	if added {
		p = &past{seen: map[identity]int64{}}
		c.links[key] = p
	}
	p.name, p.round = name, c.round
	for i := range addresses {
		id := addresses[i].identity()
		if _, known := p.seen[id]; !known && (!added || c.known[key.netns] && id.ip.IsValid()) {
			changes++
		}
		p.seen[id] = c.round
	}
	for id, round := range p.seen {
		if round != c.round {
			delete(p.seen, id)
			changes++
		}
	}
	return changes
}

// end ends a gather, which read the namespaces in read. It returns the last rows
// of the series whose interface is gone, in order: those without a row in this
// gather whose namespace was read, or is not there.
func (c *changeCounter) end(read map[string]bool, there func(netns string) bool) (rows []last) {
	c.mu.Lock()
	defer c.mu.Unlock()
	readOrGone := func(netns string) bool { return read[netns] || !there(netns) }
	for netns := range read {
		c.known[netns] = true
	}
	for netns := range c.known {
		if !there(netns) {
			delete(c.known, netns)
		}
	}
	for key, p := range c.links {
		if p.round == c.round || !readOrGone(key.netns) {
			continue
		}
		for id := range p.seen {
			if id.ip.IsValid() {
				c.at(seriesKey{key.netns, p.name}).changes++
			}
		}
		delete(c.links, key)
	}
	for key, s := range c.series {
		switch {
		case s.round == c.round || !readOrGone(key.netns):
		case s.sent:
			rows = append(rows, last{key, s.changes})
			delete(c.series, key)
		case s.round < c.round-1: // came and went between gathers
			delete(c.series, key)
		}
	}
	slices.SortFunc(rows, func(a, b last) int { return cmp.Or(cmp.Compare(a.netns, b.netns), cmp.Compare(a.name, b.name)) })
	return rows
}
