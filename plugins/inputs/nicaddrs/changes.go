package nicaddrs

import (
	"net/netip"

	"telegraf-sysprobe/sysprobe"
)

// changeCounter counts the addresses that came and went between gathers. It
// knows the interfaces of the last gather of their namespace only, so that it
// does not grow where interfaces come and go.
type changeCounter struct {
	interfaces map[interfaceKey]*history
}

// interfaceKey is what tells two series of nicaddrs_interface apart.
type interfaceKey struct{ netns, name string }

// history is what was seen of one interface.
type history struct {
	changes int64
	seen    map[identity]bool // true: in this gather too
	current bool
}

// identity is what makes an address another one: its lifetimes and flags do
// not.
type identity struct {
	ip, peer netip.Addr
	bits     int
	hardware sysprobe.HardwareAddr
}

// count returns how many addresses of the interface have come or gone since it
// was first counted.
func (c *changeCounter) count(netns, name string, addresses []address) int64 {
	key := interfaceKey{netns, name}
	h := c.interfaces[key]
	first := h == nil
	if first {
		h = &history{seen: map[identity]bool{}}
		if c.interfaces == nil {
			c.interfaces = map[interfaceKey]*history{}
		}
		c.interfaces[key] = h
	}
	h.current = true
	for i := range addresses {
		id := addresses[i].identity()
		if _, known := h.seen[id]; !known && !first {
			h.changes++
		}
		h.seen[id] = true
	}
	for id, here := range h.seen {
		if !here {
			delete(h.seen, id)
			h.changes++
			continue
		}
		h.seen[id] = false
	}
	return h.changes
}

// sweep forgets the interfaces of netns that were not counted since the last
// sweep. A namespace that could not be read is not to be swept.
func (c *changeCounter) sweep(netns string) {
	for key, h := range c.interfaces {
		if key.netns != netns {
			continue
		}
		if !h.current {
			delete(c.interfaces, key)
		}
		h.current = false
	}
}

// keep forgets the namespaces for which reads is false.
func (c *changeCounter) keep(reads func(netns string) bool) {
	for key := range c.interfaces {
		if !reads(key.netns) {
			delete(c.interfaces, key)
		}
	}
}
