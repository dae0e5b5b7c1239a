package rib

import (
	"math/bits"
	"net/netip"

	"telegraf-sysprobe/sysprobe/internal/decode"
	"telegraf-sysprobe/sysprobe/internal/opt"
)

// Places of sockaddrs in a message, in whose order those that it has follow each
// other: net/route.h.
const (
	rtaxNetmask = 2
	rtaxIFP     = 4
	rtaxIFA     = 5
	rtaxBRD     = 7
	rtaxMax     = 8 // of those that are about interfaces
)

// Address families that are the same on all systems.
const (
	familyInet = 2
	familyLink = 18
)

// sockaddrs are those of a message, nil where it has none.
type sockaddrs [rtaxMax][]byte

// sockaddrs splits b, which begins at offset of its message and has the
// sockaddrs whose bits are set in mask.
func (d *Decoder) sockaddrs(to *sockaddrs, mask uint32, b []byte, offset int) error {
	for i := range to {
		if mask>>i&1 == 0 {
			continue
		}
		if len(b) == 0 {
			return &decode.Error{Format: "routing message", Offset: offset, Reason: "a sockaddr is missing"}
		}
		length := int(b[0])
		if length > len(b) {
			return &decode.Error{Format: "routing message", Offset: offset, Reason: "a sockaddr is longer than the message"}
		}
		to[i] = b[:length:length]
		unit := max(length, 1) + d.Layout.align - 1
		unit = min(unit-unit%d.Layout.align, len(b))
		b, offset = b[unit:], offset+unit
	}
	return nil
}

// addr decodes a message about an address.
func (d *Decoder) addr(a *Addr, h *header, r decode.Record, b []byte) error {
	size, err := headerOf(h, r)
	if err != nil {
		return err
	}
	a.Index = uint32(r.Uint(h.Index))
	var addrs sockaddrs
	mask := uint32(r.Uint(h.Addrs))
	if err := d.sockaddrs(&addrs, mask, b[size:], size); err != nil {
		return err
	}
	sa := addrs[rtaxIFA]
	if len(sa) < 2 {
		return nil
	}
	family := sa[1]
	if family == familyLink {
		_, a.HWAddr, _ = splitLink(sa)
		return nil
	}
	a.IP = d.ip(sa, family)
	a.Dest = d.ip(addrs[rtaxBRD], family)
	if mask>>rtaxNetmask&1 != 0 && a.IP.IsValid() {
		a.Mask, a.Bits = netmask(addrs[rtaxNetmask], a.IP.Is4())
	}
	return nil
}

// ip returns the address of a sockaddr of that family; the zero Addr where it is
// of another one or cut.
func (d *Decoder) ip(sa []byte, family uint8) netip.Addr {
	switch {
	case len(sa) < 2 || sa[1] != family:
	case family == familyInet && len(sa) >= 8:
		return netip.AddrFrom4([4]byte(sa[4:8]))
	case family == d.Layout.inet6 && len(sa) >= 24:
		ip := [16]byte(sa[8:24])
		if d.Layout.embedsScope && ip[0] == 0xfe && ip[1]&0xc0 == 0x80 {
			ip[2], ip[3] = 0, 0
		}
		return netip.AddrFrom16(ip)
	}
	return netip.Addr{}
}

// netmask returns the mask of a sockaddr and how many ones it begins with. The
// kernel cuts zeros off its end, and its family says nothing.
func netmask(sa []byte, is4 bool) (netip.Addr, opt.Opt[int]) {
	var mask [16]byte
	if is4 {
		copy(mask[:4], sa[min(4, len(sa)):])
	} else {
		copy(mask[:], sa[min(8, len(sa)):])
	}
	ones, set := 0, 0
	for i, b := range mask {
		set += bits.OnesCount8(b)
		if ones == 8*i {
			ones += bits.LeadingZeros8(^b)
		}
	}
	length := opt.SomeIf(ones, ones == set)
	if is4 {
		return netip.AddrFrom4([4]byte(mask[:4])), length
	}
	return netip.AddrFrom16(mask), length
}

// splitLink returns the name and the hardware address of a sockaddr_dl, and
// whether it is long enough for them. Behind them may be a selector.
func splitLink(sa []byte) (name, hw []byte, ok bool) {
	const begin = 8 // sdl_data
	if len(sa) < begin || sa[1] != familyLink {
		return nil, nil, true
	}
	nameLength, hwLength := int(sa[5]), int(sa[6])
	data := sa[begin:]
	if nameLength+hwLength > len(data) {
		return nil, nil, false
	}
	end := nameLength + hwLength
	return data[:nameLength:nameLength], data[nameLength:end:end], true
}
