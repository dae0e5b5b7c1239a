// Package rib decodes the routing messages of FreeBSD, OpenBSD, NetBSD and
// macOS that are about interfaces and addresses: those that sysctl(3) returns
// for NET_RT_IFLIST, NET_RT_IFLISTL and NET_RT_IFLIST2, and those that a routing
// socket reads (route(4)).
package rib

import (
	"encoding/binary"
	"net/netip"

	"telegraf-sysprobe/sysprobe/internal/decode"
	"telegraf-sysprobe/sysprobe/internal/opt"
)

// Flags of interfaces that decide what an address has: net/if.h.
const (
	FlagBroadcast    = 0x2
	FlagPointToPoint = 0x10
)

// Kind is what a message is about.
type Kind uint8

// Kinds.
const (
	KindOther    Kind = iota // a type that is not about interfaces and addresses
	KindLink                 // an interface is there, or changed
	KindNewAddr              // an address is there
	KindDelAddr              // an address is gone
	KindArrived              // an interface was made
	KindDeparted             // an interface is gone
	KindLost                 // messages were dropped before this one
)

// Message is one routing message. Byte slices are parts of what was decoded, not
// copies.
type Message struct {
	Kind Kind
	// Type is the number of the kernel: RTM_*.
	Type uint8
	// Link is set for KindLink; for KindArrived and KindDeparted, it has Index
	// and Name.
	Link Link
	// Addr is set for KindNewAddr and KindDelAddr.
	Addr Addr
}

// Link is an interface.
type Link struct {
	Index uint32
	Name  []byte
	// HWAddr is empty where the interface has no hardware address.
	HWAddr []byte
	// Flags are IFF_*, Type IFT_* of the system.
	Flags uint32
	Type  uint8
	MTU   opt.Opt[uint32]
	// State is LinkUnknown for a number that the decoder does not know, which
	// RawState has. macOS does not say it.
	State    LinkState
	RawState opt.Opt[uint32]
	// Baudrate is in bit/s, absent where the driver set none and where it is
	// more than the kernel's number can say.
	Baudrate opt.Opt[uint64]
	Counters Counters
}

// Counters are those of an interface.
type Counters struct {
	InPackets, InErrors, OutPackets, OutErrors opt.Opt[uint64]
	Collisions, InBytes, OutBytes              opt.Opt[uint64]
	InMulticast, OutMulticast                  opt.Opt[uint64]
	InDrops, OutDrops, NoProto                 opt.Opt[uint64]
	// Wraps32 means that the counters have 32 bits.
	Wraps32 bool
	// BytesRounded means that the kernel rounds InBytes and OutBytes down to
	// 1,024 and cuts them to 32 bits, for programs that are not Apple's.
	BytesRounded bool
}

// LinkState is whether an interface has a carrier.
type LinkState uint8

// States of a link. OpenBSD may say the duplex mode with it.
const (
	LinkUnknown LinkState = iota
	LinkDown
	LinkUp
	LinkUpHalfDuplex
	LinkUpFullDuplex
)

var (
	upDown        = [...]LinkState{1: LinkDown, 2: LinkUp}
	openbsdStates = [...]LinkState{2: LinkDown, 3: LinkDown, 4: LinkUp, 5: LinkUpHalfDuplex, 6: LinkUpFullDuplex}
)

// Addr is a network address of an interface.
type Addr struct {
	Index uint32
	// IP is the address, without a zone. It is the zero Addr for another family
	// than those of IP: NetBSD sends the hardware address of each interface,
	// which HWAddr then is.
	IP     netip.Addr
	HWAddr []byte
	// Mask is the zero Addr where the message has none. Bits is its length,
	// absent where its ones are not at its start.
	Mask netip.Addr
	Bits opt.Opt[int]
	// Dest is the broadcast address or that of the peer: the flags of the
	// interface say which. See Settle.
	Dest, Broadcast, Peer netip.Addr
}

// Settle sets Broadcast or Peer from Dest by the flags of the interface.
func (a *Addr) Settle(flags uint32) {
	a.Broadcast, a.Peer = netip.Addr{}, netip.Addr{}
	switch {
	case flags&FlagPointToPoint != 0:
		a.Peer = a.Dest
	case flags&FlagBroadcast != 0:
		a.Broadcast = a.Dest
	}
}

// Table is what a dump says.
type Table struct {
	Links []Link
	// Addrs are the addresses of IP, settled.
	Addrs []Addr
	// Malformed counts the messages that make no sense.
	Malformed int
}

// Decoder decodes the messages of one system.
type Decoder struct {
	// Layout is that of the system; see LayoutOf.
	Layout Layout
	// Order is the byte order of the machine.
	Order binary.ByteOrder
	// Long means that the messages are those of NET_RT_IFLISTL of FreeBSD, whose
	// types are the same.
	Long bool
}

// Dump fills t with the interfaces and addresses of the answer b of sysctl(3),
// and forgets what t held. A message that makes no sense is left out, and makes
// Dump return an error that wraps decode.ErrMalformed; t has the others, behind one
// whose length is wrong those that reach up to the end of b.
func (d *Decoder) Dump(t *Table, b []byte) error {
	t.Links, t.Addrs, t.Malformed = t.Links[:0], t.Addrs[:0], 0
	var m Message
	var first error
	for len(b) > 0 {
		rest, err := d.Next(&m, b)
		if err != nil {
			if first == nil {
				first = err
			}
			t.Malformed++
			b = d.behind(b, rest)
			continue
		}
		b = rest
		switch {
		case m.Kind == KindLink:
			t.Links = append(t.Links, m.Link)
		case m.Kind == KindNewAddr && m.Addr.IP.IsValid():
			if last := len(t.Links) - 1; last >= 0 && t.Links[last].Index == m.Addr.Index {
				m.Addr.Settle(t.Links[last].Flags)
			}
			t.Addrs = append(t.Addrs, m.Addr)
		}
	}
	return first
}

// behind returns the messages behind the first one of b, which makes no sense: rest, if
// its length fits its type. If not, they begin at the first place where one about an
// interface or an address begins, and from which messages follow each other up to the end
// of b. There may be none.
func (d *Decoder) behind(b, rest []byte) []byte {
	if len(b) < minLength {
		return nil
	}
	if length, _ := d.fits(b); length > 0 {
		return rest
	}
	follow := make([]bool, len(b)+1) // from this place to the end
	follow[len(b)] = true
	begin := len(b)
	for at := len(b) - minLength; at > 0; at-- {
		length, known := d.fits(b[at:])
		if follow[at] = length > 0 && follow[at+length]; follow[at] && known {
			begin = at
		}
	}
	return b[begin:]
}

// fits returns the length of the first message of b, or 0 if its version is another one
// or its header is longer, and whether its type is that of an interface or an address.
func (d *Decoder) fits(b []byte) (length int, known bool) {
	length = int(d.Order.Uint16(b))
	links, addrs := d.headers()
	header := max(links[b[typeField[0].At]].Size, addrs[b[typeField[0].At]].Size)
	if b[versionField[0].At] != d.Layout.version || length < max(header, minLength) || length > len(b) {
		length = 0
	}
	return length, header > 0
}

// Next decodes the first message of b into m, and returns what follows it. It
// returns an error that wraps decode.ErrMalformed where that makes no sense;
// what follows is then empty unless the length of the message is right.
func (d *Decoder) Next(m *Message, b []byte) (rest []byte, err error) {
	*m = Message{}
	r := decode.NewRecord(b, d.Order)
	length := int(r.Uint(lengthField[0]))
	if !r.Has(typeField[0]) || length < minLength || length > len(b) {
		return nil, &decode.Error{Format: "routing message", Reason: "its length is wrong"}
	}
	b, rest = b[:length], b[length:]
	r = decode.NewRecord(b, d.Order)
	if r.Uint(versionField[0]) != uint64(d.Layout.version) {
		return rest, &decode.Error{Format: "routing message", Offset: versionField[0].At, Reason: "the version is unknown"}
	}
	m.Type = uint8(r.Uint(typeField[0]))
	return rest, d.message(m, r, b)
}

// headers returns the headers of messages about interfaces and addresses, by type.
func (d *Decoder) headers() (links, addrs map[uint8]header) {
	if d.Long {
		return d.Layout.longLinks, d.Layout.longAddrs
	}
	return d.Layout.links, d.Layout.addrs
}

// What all messages begin with.
var (
	lengthField  = [...]decode.Field{{At: 0, Size: 2}}
	versionField = [...]decode.Field{{At: 2, Size: 1}}
	typeField    = [...]decode.Field{{At: 3, Size: 1}}
)

// minLength is the length of what all messages begin with.
const minLength = 4

// message decodes the message b, which r reads, by its type.
func (d *Decoder) message(m *Message, r decode.Record, b []byte) error {
	l := &d.Layout
	links, addrs := d.headers()
	if h, ok := links[m.Type]; ok {
		m.Kind = KindLink
		return d.link(&m.Link, &h, r, b)
	}
	if h, ok := addrs[m.Type]; ok {
		m.Kind = KindNewAddr
		if l.deleted>>m.Type&1 != 0 {
			m.Kind = KindDelAddr
		}
		return d.addr(&m.Addr, &h, r, b)
	}
	if l.lostType != 0 && m.Type == l.lostType {
		m.Kind = KindLost
		return nil
	}
	if l.announceType == 0 || m.Type != l.announceType {
		return nil
	}
	m.Kind = KindArrived
	return m.decodeAnnounce(&l.announce, r)
}

// What if_announcemsghdr says.
const (
	whatArrival   = 0 // IFAN_ARRIVAL
	whatDeparture = 1 // IFAN_DEPARTURE
)

// decodeAnnounce decodes that an interface was made or is gone.
func (m *Message) decodeAnnounce(a *announce, r decode.Record) error {
	if r.Len() < a.Size {
		return &decode.Error{Format: "interface announcement", Offset: r.Len(), Reason: "shorter than its structure"}
	}
	m.Link.Index, m.Link.Name = uint32(r.Uint(a.Index)), r.Text(a.Name)
	switch r.Uint(a.What) {
	case whatArrival:
	case whatDeparture:
		m.Kind = KindDeparted
	default:
		m.Kind = KindOther
	}
	return nil
}
