package sysprobe

import (
	"context"
	"iter"
	"net/netip"
	"strconv"
	"time"
)

// NICAddrs reads the addresses of network interfaces. Open it once and take a
// snapshot at each gather. It is safe for concurrent use.
//
// A snapshot into the same AddrSnapshot allocates about a dozen small values, and
// two for each datagram of the kernel's answer, which holds hundreds of addresses.
// [NICWatch.Snapshot] allocates nothing.
type NICAddrs struct {
	client *nicAddrsClient
}

// OpenNICAddrs opens the kernel's address table of the namespace that c names.
// A nil c means defaults. It needs no privilege, except CAP_SYS_ADMIN where
// c.NetNS is set. Its error wraps [ErrNotSupported] on a system without a
// backend, fs.ErrNotExist where c.NetNS is no network namespace, and [ErrAccessDenied]
// where this process must not enter it.
func OpenNICAddrs(c *Config) (*NICAddrs, error) {
	client, err := configured(c, newNICAddrsClient)
	if err != nil {
		return nil, err
	}
	return &NICAddrs{client: client}, nil
}

// Snapshot reads every interface and its addresses into dst, whose memory it
// reuses. It leaves out interfaces that vanish meanwhile. After an error dst is
// empty. The error wraps [ErrInterrupted] where the tables changed during every
// attempt, that of ctx where it ended first, fs.ErrClosed after Close, and an
// errno or [ErrMalformed] where the kernel has no answer with a sense; rows without
// one among others are counted in dst. Where the kernel holds
// up a dump, behind the lock of rtnetlink, Snapshot returns at the end of ctx all
// the same; later snapshots then wait until the kernel is through with that dump.
//
// Addresses are read each time; interfaces where the kernel notified of a change
// since the previous snapshot, and at the latest after Config.WatchVerify. Their
// carrier and operational state might therefore be a second old: [NICStats] reads
// them each time.
func (n *NICAddrs) Snapshot(ctx context.Context, dst *AddrSnapshot) error {
	return n.client.snapshot(ctx, dst)
}

// Close releases the sockets, and ends a snapshot that waits for the kernel.
// Further calls of any method return an error that wraps fs.ErrClosed.
func (n *NICAddrs) Close() error { return n.client.close() }

// AddrSnapshot is one consistent view of all addresses of a namespace.
type AddrSnapshot struct {
	// Interfaces are in the order of their index, those without any address
	// included.
	Interfaces []InterfaceAddrs
	// Malformed counts what the kernel said of interfaces and addresses that could
	// not be decoded, and is left out. It is 0 on Linux and Windows, where such an
	// answer is an error.
	Malformed int `json:",omitzero"`
}

// All returns the addresses of all interfaces, each with its interface, in the
// order of Interfaces. An interface without an address has none. The pointers
// are valid until the next snapshot into s.
func (s *AddrSnapshot) All() iter.Seq2[*Link, *Addr] {
	return func(yield func(*Link, *Addr) bool) {
		for i := range s.Interfaces {
			row := &s.Interfaces[i]
			for n := range row.Addrs {
				if !yield(&row.Link, &row.Addrs[n]) {
					return
				}
			}
		}
	}
}

// rows gives access to the links.
func (s *AddrSnapshot) rows() linkRows {
	return linkRows{n: len(s.Interfaces), at: func(i int) *Link { return &s.Interfaces[i].Link }}
}

// InterfaceAddrs is an interface, with its link-layer address in Link, and its
// network addresses in kernel order: IPv4 before IPv6, and primary IPv4
// addresses before secondary ones.
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
	// Broadcast is the broadcast address that the kernel has, or the zero
	// netip.Addr; it is never computed.
	Broadcast netip.Addr
	// Peer is the other end of a point-to-point address, on any kind of
	// interface, or the zero netip.Addr.
	Peer netip.Addr
	// Label is the old alias name of an IPv4 address ("eth0:1"); the interface
	// name in most cases.
	Label string `json:",omitempty"`
	// Scope is how far the address is valid.
	Scope AddrScope
	// Flags are IFA_F_PERMANENT and the like.
	Flags AddrFlags
	// ValidLifetime and PreferredLifetime are the times that were left when the
	// kernel answered, in whole seconds; absent means forever.
	ValidLifetime     Opt[time.Duration]
	PreferredLifetime Opt[time.Duration]
	// RoutePriority is the metric of the route to the network of the address
	// (IFA_RT_PRIORITY).
	RoutePriority Opt[uint32]
	// Protocol is the source of the address: the kernel, a router
	// advertisement or a daemon (IFAPROT_*, Linux 5.18).
	Protocol Opt[uint8]
}

// String is the address as ip-address(8) shows it, without flags and lifetimes:
// "inet 192.0.2.1/24 brd 192.0.2.255 scope global". A zone stays.
func (a Addr) String() string {
	if !a.IP.IsValid() {
		return "none"
	}
	word := "inet"
	if a.IP.Is6() {
		word = "inet6"
	}
	s := word + " " + a.IP.String()
	if a.Peer.IsValid() {
		s += " peer " + a.Peer.String()
	}
	s += "/" + strconv.Itoa(a.PrefixLen)
	if a.Broadcast.IsValid() {
		s += " brd " + a.Broadcast.String()
	}
	return s + " scope " + a.Scope.String()
}

// Family returns the family of IP.
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

// Netmask returns PrefixLen as an address of the same family; the zero
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

// withZone adds the zone to a link-local IPv6 address.
func withZone(ip netip.Addr, name string) netip.Addr {
	if ip.Is6() && ip.IsLinkLocalUnicast() {
		return ip.WithZone(name)
	}
	return ip
}

// unsupportedNICAddrs is the client of a system that has no address table. The
// client of a system that can do a part embeds it.
type unsupportedNICAddrs struct{}

func (unsupportedNICAddrs) snapshot(context.Context, *AddrSnapshot) error { return ErrNotSupported }
func (unsupportedNICAddrs) close() error                                  { return ErrNotSupported }
