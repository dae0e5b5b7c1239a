package rtnl

import (
	"encoding/binary"
	"math"
	"net/netip"

	"telegraf-sysprobe/sysprobe/internal/decode"
	"telegraf-sysprobe/sysprobe/internal/decode/nlmsg"
	"telegraf-sysprobe/sysprobe/internal/opt"
)

// Forever is the lifetime of an address without one (INFINITY_LIFE_TIME of
// net/addrconf.h).
const Forever = math.MaxUint32

// Addr is an RTM_NEWADDR message: struct ifaddrmsg and its attributes. Byte
// slices point into what was decoded.
type Addr struct {
	Family    uint8 // AF_*
	PrefixLen uint8
	Scope     uint8 // RT_SCOPE_*
	Index     uint32
	Flags     uint32 // IFA_F_*

	// Address is that of the other end where Local is valid and differs, and the
	// interface's own otherwise. Each is invalid where the kernel sent none, or
	// one of another size than the family's.
	Address, Local, Broadcast netip.Addr
	Label                     []byte

	// Valid and Preferred are lifetimes in seconds.
	Valid, Preferred uint32

	RoutePriority opt.Opt[uint32]
	Protocol      opt.Opt[uint8] // IFAPROT_*
}

// AppendGetAddr appends the body of an RTM_GETADDR dump request for the
// addresses of all families.
func AppendGetAddr(b []byte) []byte {
	return append(b, make([]byte, 8)...) // struct ifaddrmsg, AF_UNSPEC
}

// DecodeAddr decodes the body of an RTM_NEWADDR message. Its error wraps
// decode.ErrMalformed; the Addr is then of no use.
func DecodeAddr(b []byte, order binary.ByteOrder) (Addr, error) {
	c := decode.NewCursor(b, order, "rtnetlink address")
	d := Addr{
		Family:    c.Uint8(),
		PrefixLen: c.Uint8(),
		Flags:     uint32(c.Uint8()),
		Scope:     c.Uint8(),
		Index:     c.Uint32(),
		Valid:     Forever,
		Preferred: Forever,
	}
	for a := nlmsg.AttrsOf(c); a.Next(); {
		d.attr(c, &a)
	}
	return d, c.Err()
}

// attr reads one attribute of an address.
func (d *Addr) attr(c *decode.Cursor, a *nlmsg.Attrs) {
	switch a.Type {
	case attrAddrAddress:
		d.Address = d.ip(c)
	case attrAddrLocal:
		d.Local = d.ip(c)
	case attrAddrBroadcast:
		d.Broadcast = d.ip(c)
	case attrAddrLabel:
		d.Label = a.Text()
	case attrAddrFlags: // 32 bits, of which the header has the low 8
		d.Flags = c.Uint32()
	case attrAddrCacheInfo: // struct ifa_cacheinfo
		d.Preferred, d.Valid = c.Uint32(), c.Uint32()
	case attrAddrRoutePriority:
		d.RoutePriority = opt.Some(c.Uint32())
	case attrAddrProtocol:
		d.Protocol = opt.Some(c.Uint8())
	}
}

// ip reads an address of the size that the family has.
func (d *Addr) ip(c *decode.Cursor) netip.Addr {
	switch d.Family {
	case FamilyInet:
		ip, _ := netip.AddrFromSlice(c.Bytes(4)) // the Cursor has the error
		return ip
	case FamilyInet6:
		ip, _ := netip.AddrFromSlice(c.Bytes(16)) // the Cursor has the error
		return ip
	default:
		return netip.Addr{}
	}
}
