package sysprobe

import (
	"net/netip"
	"time"
)

// NICAddrs reads the addresses of network interfaces. Open it once and take a
// snapshot at each gather. It is safe for concurrent use.
type NICAddrs struct {
	client *nicAddrsClient
}

// OpenNICAddrs opens the kernel's address table of the namespace that c names.
// A nil c means defaults. It needs no privilege, except CAP_SYS_ADMIN where
// c.NetNS is set. It returns an error that answers to [ErrNotSupported] on a
// system without a backend, to fs.ErrNotExist where c.NetNS is not there, and
// to [ErrAccessDenied] where it may not be entered.
func OpenNICAddrs(c *Config) (*NICAddrs, error) {
	client, err := newNICAddrsClient(c.withDefaults())
	if err != nil {
		return nil, err
	}
	return &NICAddrs{client: client}, nil
}

// Snapshot reads every interface and its addresses into dst, whose memory it
// reuses. Rows of interfaces that vanish meanwhile are dropped. It returns
// [ErrInterrupted] where the tables changed during every attempt, and any
// other error where there is no answer at all; dst is then empty.
//
// Addresses are always read; interfaces only where the kernel told of a change
// since the snapshot before, or at the latest after Config.WatchVerify. Their
// carrier and operational state can so be a second old: [NICStats] reads them
// each time.
func (n *NICAddrs) Snapshot(dst *AddrSnapshot) error { return n.client.snapshot(dst) }

// Close releases the sockets. Further snapshots fail.
func (n *NICAddrs) Close() error { return n.client.close() }

// AddrSnapshot is one consistent view of all addresses of a namespace.
type AddrSnapshot struct {
	// Interfaces are in the order of their index, those without any address
	// included.
	Interfaces []InterfaceAddrs
}

// InterfaceAddrs is an interface, with its link-layer address in Link, and its
// network addresses in kernel order: of IPv4 the primaries come before the
// secondaries.
type InterfaceAddrs struct {
	Link  Link
	Addrs []Addr
}

// Addr is one IPv4 or IPv6 address of an interface (RTM_NEWADDR).
type Addr struct {
	// IP is the interface's own address. A link-local IPv6 address carries the
	// interface name as its zone.
	IP netip.Addr
	// PrefixLen is the number of network bits.
	PrefixLen int
	// Broadcast is there only if the kernel has one; it is never computed.
	Broadcast netip.Addr
	// Peer is the other end of a point-to-point address, on any kind of
	// interface.
	Peer netip.Addr
	// Label is the old alias name of an IPv4 address ("eth0:1"); the interface
	// name in most cases.
	Label string `json:",omitempty"`
	// Scope says how far the address is valid.
	Scope AddrScope
	// Flags are IFA_F_PERMANENT and the like.
	Flags AddrFlags
	// ValidLifetime and PreferredLifetime are what was left when the kernel
	// answered; absent means forever. Whole seconds.
	ValidLifetime     Opt[time.Duration]
	PreferredLifetime Opt[time.Duration]
	// RoutePriority is the metric of the prefix route (IFA_RT_PRIORITY).
	RoutePriority Opt[uint32]
	// Protocol says who added the address (IFAPROT_*, Linux 5.18).
	Protocol Opt[uint8]
}

// Family is the family of IP.
func (a Addr) Family() Family {
	switch {
	case a.IP.Is4():
		return FamilyInet
	case a.IP.Is6():
		return FamilyInet6
	default:
		return FamilyUnspec
	}
}

// Netmask spells PrefixLen as an address of the same family; the zero
// netip.Addr where IP is not valid or PrefixLen does not fit it.
func (a Addr) Netmask() netip.Addr {
	if a.PrefixLen < 0 || a.PrefixLen > a.IP.BitLen() {
		return netip.Addr{}
	}
	var octets [16]byte
	for i := range octets {
		ones := min(max(a.PrefixLen-8*i, 0), 8)
		octets[i] = ^byte(0xff >> ones)
	}
	mask, _ := netip.AddrFromSlice(octets[:a.IP.BitLen()/8]) // 0 octets give the zero Addr
	return mask
}
