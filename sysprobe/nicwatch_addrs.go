package sysprobe

import (
	"sort"
	"time"
)

// place is the position at which the kernel inserts a new address. IPv4 comes
// before IPv6. A primary IPv4 address comes behind the last primary one of the same
// or a narrower scope, a secondary one last (__inet_insert_ifa of
// net/ipv4/devinet.c). An IPv6 address comes before the first of the same or a
// narrower scope (ipv6_link_dev_addr of net/ipv6/addrconf.c).
func (i *InterfaceAddrs) place(a *Addr) int {
	inet6 := sort.Search(len(i.Addrs), func(at int) bool { return i.Addrs[at].Family() == FamilyInet6 })
	if a.Family() == FamilyInet6 {
		for inet6 < len(i.Addrs) && i.Addrs[inet6].reach() > a.reach() {
			inet6++
		}
		return inet6
	}
	if a.Flags&AddrSecondary != 0 {
		return inet6
	}
	for at := inet6; at > 0; at-- {
		if b := &i.Addrs[at-1]; b.Flags&AddrSecondary == 0 && a.Scope <= b.Scope {
			return at
		}
	}
	return 0
}

// reach is ipv6_addr_src_scope, which depends on the address and not on the scope
// that was configured: global, site-local (deprecated by RFC 3879), or link-local,
// as the loopback address is too.
func (a *Addr) reach() int {
	switch octets := a.IP.As16(); {
	case a.IP.IsLinkLocalUnicast() || a.IP.IsLoopback():
		return 2
	case octets[0] == 0xfe && octets[1]&0xc0 == 0xc0:
		return 5
	default:
		return 14
	}
}

// age subtracts d from the lifetimes.
func (a *Addr) age(d time.Duration) {
	a.ValidLifetime = aged(a.ValidLifetime, d)
	a.PreferredLifetime = aged(a.PreferredLifetime, d)
}

// aged is the rest of a lifetime after d.
func aged(lifetime Opt[time.Duration], d time.Duration) Opt[time.Duration] {
	left, known := lifetime.Get()
	return someIf(left-d, known)
}

// settle subtracts d from the lifetimes, and makes them whole seconds, as in the
// kernel, of which none is negative.
func (a *Addr) settle(d time.Duration) {
	a.age(d)
	for _, lifetime := range []*Opt[time.Duration]{&a.ValidLifetime, &a.PreferredLifetime} {
		if left, known := lifetime.Get(); known {
			*lifetime = Some(max(left.Truncate(time.Second), 0))
		}
	}
}
