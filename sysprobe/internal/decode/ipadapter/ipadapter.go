// Package ipadapter decodes what the IP helper of Windows returns: the list of
// IP_ADAPTER_ADDRESSES of GetAdaptersAddresses, and the rows of MIB_IF_TABLE2
// of GetIfTable2.
//
// The structures are described by tables of offsets, one for programs of 64 and
// one for those of 32 bits. Pointers in a list are addresses of the buffer that
// it is in, so that a list is decoded together with its address.
package ipadapter

import (
	"encoding/binary"
	"net/netip"

	"telegraf-sysprobe/sysprobe/internal/decode"
)

// Adapter is one IP_ADAPTER_ADDRESSES. Byte slices are parts of the list, not
// copies.
type Adapter struct {
	// Index is that of the interface for IPv4, and for IPv6 where it has no IPv4.
	Index uint32
	// LUID is the NET_LUID of the interface.
	LUID uint64
	// GUID is the text in AdapterName. Name, the friendly name, and Description are
	// UTF-16. Each is empty where the pointer to it leads out of the list, or the
	// text has no end.
	GUID, Name, Description []byte
	// HardwareAddr has at most 8 bytes here; that of a Row has all.
	HardwareAddr []byte
	// Flags are IP_ADAPTER_* of ipifcons.h, Type is an IF_TYPE_*, OperStatus an
	// IF_OPER_STATUS.
	Flags, Type, OperStatus uint32
	// MTU is in bytes.
	MTU uint32
	// TransmitSpeed and ReceiveSpeed are in bit/s; all ones where not known.
	TransmitSpeed, ReceiveSpeed uint64
}

// Address is one IP_ADAPTER_UNICAST_ADDRESS.
type Address struct {
	// IP has no zone.
	IP netip.Addr
	// Bits is the length of the prefix of the network.
	Bits uint8
	// PrefixOrigin and SuffixOrigin are NL_PREFIX_ORIGIN and NL_SUFFIX_ORIGIN,
	// DADState is an NL_DAD_STATE.
	PrefixOrigin, SuffixOrigin Origin
	DADState                   DADState
	// Valid and Preferred are what is left of the lifetimes, in seconds; Forever
	// where they do not end.
	Valid, Preferred uint32
}

// Forever is the lifetime of what does not end.
const Forever = 0xffffffff

// Origin is where a prefix or the rest of an address comes from.
type Origin uint32

// The origins (nldef.h). The last two are of suffixes, and OriginRouter is of
// prefixes only: the numbers overlap.
const (
	OriginManual    Origin = 1
	OriginWellKnown Origin = 2
	OriginDHCP      Origin = 3
	OriginRouter    Origin = 4 // of a prefix: a router advertised it
	OriginLinkLayer Origin = 4 // of a suffix: the link-layer address
	OriginRandom    Origin = 5
)

// DADState is the state of the detection of duplicate addresses.
type DADState uint32

// The states (nldef.h).
const (
	DADInvalid DADState = iota
	DADTentative
	DADDuplicate
	DADDeprecated
	DADPreferred
)

// format names what is decoded in errors.
const format = "list of adapters"

// DecodeList decodes the list of GetAdaptersAddresses that is in b and was written
// to the address base, for a program whose pointers have wordSize bytes, 4 or 8. It
// calls adapter for each adapter, and after it address for each of its unicast
// addresses. It leaves out addresses of families other than IPv4 and IPv6.
//
// It returns an error that wraps decode.ErrMalformed where a pointer leads out of
// the list, a record is shorter than the layout, or the list has a loop; the
// calls before that were for whole records.
func DecodeList(b []byte, base uint64, wordSize int, adapter func(*Adapter), address func(*Address)) error {
	l := list{bytes: b, base: base, layout: layoutOf(wordSize)}
	var at Adapter
	return l.each(0, l.layout.adapter.size, func(r decode.Record) (uint64, error) {
		l.adapter(&at, r)
		adapter(&at)
		if err := l.addresses(r.Uint(l.layout.adapter.unicast), address); err != nil {
			return 0, err
		}
		return r.Uint(l.layout.adapter.next), nil
	})
}

// list is a list that is decoded, with the address that it had.
type list struct {
	bytes  []byte
	base   uint64
	layout *layout
}

// each calls f for the records of a chain, which begins at the offset first.
// F returns the pointer to the next one, 0 at the end.
func (l *list) each(first, size int, f func(decode.Record) (next uint64, err error)) error {
	left := len(l.bytes) / size // no chain of records that do not overlap has more
	for off := first; ; left-- {
		if left == 0 {
			return &decode.Error{Format: format, Offset: off, Reason: "the chain has a loop, or no room for its records"}
		}
		r := decode.NewRecord(l.bytes[off:], binary.LittleEndian)
		if length := r.Uint(l.layout.length); r.Len() < size || length < uint64(size) {
			return &decode.Error{Format: format, Offset: off, Reason: "the record is shorter than its layout"}
		}
		next, err := f(r)
		if err != nil || next == 0 {
			return err
		}
		var inside bool
		if off, inside = l.offset(next); !inside {
			return &decode.Error{Format: format, Offset: off, Reason: "the next record is not in the list"}
		}
	}
}

// offset returns the offset that a pointer leads to, and whether it is in the
// list.
func (l *list) offset(pointer uint64) (at int, inside bool) {
	off := pointer - l.base // wraps around below the base
	if pointer < l.base || off >= uint64(len(l.bytes)) {
		return 0, false
	}
	return int(off), true
}

// adapter fills a from r.
func (l *list) adapter(a *Adapter, r decode.Record) {
	at := &l.layout.adapter
	*a = Adapter{
		Index:         uint32(r.Uint(at.index)),
		LUID:          r.Uint(at.luid),
		Name:          l.text16(r.Uint(at.friendlyName)),
		Description:   l.text16(r.Uint(at.description)),
		Flags:         uint32(r.Uint(at.flags)),
		Type:          uint32(r.Uint(at.ifType)),
		OperStatus:    uint32(r.Uint(at.operStatus)),
		MTU:           uint32(r.Uint(at.mtu)),
		TransmitSpeed: r.Uint(at.transmitSpeed),
		ReceiveSpeed:  r.Uint(at.receiveSpeed),
	}
	if a.Index == 0 {
		a.Index = uint32(r.Uint(at.index6))
	}
	if off, inside := l.offset(r.Uint(at.adapterName)); inside {
		a.GUID = l.text8(off)
	}
	hw := r.Bytes(at.hardwareAddr)
	a.HardwareAddr = hw[:min(r.Uint(at.hardwareAddrLen), uint64(len(hw)))]
}

// text8 returns the bytes from off to a NUL; nil where there is none.
func (l *list) text8(off int) []byte {
	for i, c := range l.bytes[off:] {
		if c == 0 {
			return l.bytes[off : off+i : off+i]
		}
	}
	return nil
}

// text16 returns the UTF-16 that a pointer leads to, before its NUL; nil where
// that leads out of the list, or there is no NUL.
func (l *list) text16(pointer uint64) []byte {
	off, inside := l.offset(pointer)
	if !inside {
		return nil
	}
	text, ends := decode.BeforeNUL16(l.bytes[off:])
	if !ends {
		return nil
	}
	return text
}

// addresses calls f for each address of the chain that a pointer leads to.
func (l *list) addresses(pointer uint64, f func(*Address)) error {
	if pointer == 0 {
		return nil
	}
	first, inside := l.offset(pointer)
	if !inside {
		return &decode.Error{Format: format, Reason: "the first address is not in the list"}
	}
	at := &l.layout.unicast
	return l.each(first, at.size, func(r decode.Record) (uint64, error) {
		ip, err := l.socketAddress(r.Uint(at.address), r.Uint(at.addressLen))
		if err != nil {
			return 0, err
		}
		if !ip.IsValid() {
			return r.Uint(at.next), nil
		}
		f(&Address{
			IP:           ip,
			Bits:         uint8(r.Uint(at.prefixLen)),
			PrefixOrigin: Origin(r.Uint(at.prefixOrigin)),
			SuffixOrigin: Origin(r.Uint(at.suffixOrigin)),
			DADState:     DADState(r.Uint(at.dadState)),
			Valid:        uint32(r.Uint(at.valid)),
			Preferred:    uint32(r.Uint(at.preferred)),
		})
		return r.Uint(at.next), nil
	})
}

// Families of struct sockaddr (ws2def.h), and where an address is in it.
const (
	familyInet  = 2
	familyInet6 = 23
)

// socketAddress returns the address in the struct sockaddr of that length that a
// pointer leads to; the zero Addr where it is of another family.
func (l *list) socketAddress(pointer, length uint64) (netip.Addr, error) {
	off, inside := l.offset(pointer)
	if !inside || length > uint64(len(l.bytes)-off) {
		return netip.Addr{}, &decode.Error{Format: format, Offset: off, Reason: "an address is not in the list"}
	}
	r := decode.NewRecord(l.bytes[off:off+int(length)], binary.LittleEndian)
	var octets []byte
	switch r.Uint(decode.U16(0)) {
	case familyInet:
		octets = r.Bytes(decode.Text(4, 4))
	case familyInet6:
		octets = r.Bytes(decode.Text(8, 16))
	default:
		return netip.Addr{}, nil
	}
	ip, ok := netip.AddrFromSlice(octets)
	if !ok {
		return netip.Addr{}, &decode.Error{Format: format, Offset: off, Reason: "an address is shorter than its family"}
	}
	return ip, nil
}
