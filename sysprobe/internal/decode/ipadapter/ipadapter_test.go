package ipadapter

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"net/netip"
	"strings"
	"testing"
	"unicode/utf16"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"telegraf-sysprobe/sysprobe/internal/decode"
)

// base is where the lists of these tests are in memory: above 4 GiB where
// pointers can be.
func base(wordSize int) uint64 {
	if wordSize == 4 {
		return 0x00c31000
	}
	return 0x000001c5_00c31000
}

// builder writes a list.
type builder struct {
	b        []byte
	wordSize int
	layout   *layout
	link     int // of the pointer to the next adapter; -1 before the first
}

func newBuilder(wordSize int) *builder {
	return &builder{wordSize: wordSize, layout: layoutOf(wordSize), link: -1}
}

// put writes a number at a field of the record at off.
func (w *builder) put(off int, f decode.Field, n uint64) {
	var b [8]byte
	binary.LittleEndian.PutUint64(b[:], n)
	copy(w.b[off+f.At:][:f.Size], b[:])
}

// add appends bytes at a multiple of 8 and returns their address.
func (w *builder) add(b []byte) uint64 {
	w.b = append(w.b, make([]byte, -len(w.b)&7)...)
	w.b = append(w.b, b...)
	return base(w.wordSize) + uint64(len(w.b)-len(b))
}

// utf16z is a text with its NUL.
func utf16z(s string) []byte {
	var b []byte
	for _, u := range append(utf16.Encode([]rune(s)), 0) {
		b = binary.LittleEndian.AppendUint16(b, u)
	}
	return b
}

// adapter appends an adapter, and returns the offset of its record.
func (w *builder) adapter(a *Adapter, name string, addrs ...Address) int {
	at := &w.layout.adapter
	off := int(w.add(make([]byte, at.size)) - base(w.wordSize))
	if w.link >= 0 {
		w.put(w.link, at.next, base(w.wordSize)+uint64(off))
	}
	w.link = off
	w.put(off, w.layout.length, uint64(at.size))
	for f, n := range map[decode.Field]uint64{
		at.index: uint64(a.Index), at.luid: a.LUID, at.flags: uint64(a.Flags), at.ifType: uint64(a.Type),
		at.operStatus: uint64(a.OperStatus), at.mtu: uint64(a.MTU), at.transmitSpeed: a.TransmitSpeed,
		at.receiveSpeed: a.ReceiveSpeed, at.hardwareAddrLen: uint64(len(a.HardwareAddr)),
		at.adapterName: w.add(append(bytes.Clone(a.GUID), 0)), at.friendlyName: w.add(utf16z(name)),
		at.description: w.add(utf16z("device of " + name)),
	} {
		w.put(off, f, n)
	}
	copy(w.b[off+at.hardwareAddr.At:], a.HardwareAddr)
	record, field := off, at.unicast
	for i := range addrs {
		next := w.address(&addrs[i])
		w.put(record, field, next)
		record, field = int(next-base(w.wordSize)), w.layout.unicast.next
	}
	return off
}

// address appends an address and returns where it is.
func (w *builder) address(a *Address) uint64 {
	at := &w.layout.unicast
	pointer := w.add(make([]byte, at.size))
	off := int(pointer - base(w.wordSize))
	sockaddr := make([]byte, 16)
	binary.LittleEndian.PutUint16(sockaddr, familyInet)
	if octets := a.IP.AsSlice(); a.IP.Is6() {
		sockaddr = append(sockaddr, make([]byte, 12)...)
		binary.LittleEndian.PutUint16(sockaddr, familyInet6)
		copy(sockaddr[8:], octets)
	} else {
		copy(sockaddr[4:], octets)
	}
	for f, n := range map[decode.Field]uint64{
		w.layout.length: uint64(at.size), at.address: w.add(sockaddr), at.addressLen: uint64(len(sockaddr)),
		at.prefixOrigin: uint64(a.PrefixOrigin), at.suffixOrigin: uint64(a.SuffixOrigin), at.dadState: uint64(a.DADState),
		at.valid: uint64(a.Valid), at.preferred: uint64(a.Preferred), at.prefixLen: uint64(a.Bits),
	} {
		w.put(off, f, n)
	}
	return pointer
}

// decoded is what a list holds.
type decoded struct {
	Adapter

	Name, Description string
	Addresses         []Address
}

// decodeAll decodes the list of w.
func (w *builder) decodeAll() ([]decoded, error) {
	var all []decoded
	err := DecodeList(w.b, base(w.wordSize), w.wordSize, func(a *Adapter) {
		all = append(all, decoded{Adapter: *a, Name: decode.UTF16(a.Name), Description: decode.UTF16(a.Description)})
		all[len(all)-1].Adapter.Name, all[len(all)-1].Adapter.Description = nil, nil
	}, func(a *Address) { all[len(all)-1].Addresses = append(all[len(all)-1].Addresses, *a) })
	return all, err
}

// examples are two adapters, the second of which has an empty address and none of
// IP, as I02 has it.
func examples() (ethernet, virtual Adapter, addrs []Address) {
	ethernet = Adapter{
		Index: 7, LUID: 0x0006000000000000, GUID: []byte("{4D36E972-E325-11CE-BFC1-08002BE10318}"),
		HardwareAddr: []byte{0xaa, 0xbb, 0xcc, 0xdd, 0xee, 0xff}, Flags: 0x1c5, Type: 6, OperStatus: 1, MTU: 1500,
		TransmitSpeed: 10_000_000_000, ReceiveSpeed: 2_500_000_000,
	}
	virtual = Adapter{Index: 12, Type: 131, OperStatus: 6, MTU: 1280, TransmitSpeed: 1<<64 - 1, ReceiveSpeed: 1<<64 - 1}
	addrs = []Address{
		{
			IP: netip.MustParseAddr("192.0.2.7"), Bits: 24, PrefixOrigin: OriginDHCP, SuffixOrigin: OriginDHCP,
			DADState: DADPreferred, Valid: 3600, Preferred: 1800,
		},
		{
			IP: netip.MustParseAddr("fe80::1"), Bits: 64, PrefixOrigin: OriginWellKnown, SuffixOrigin: OriginLinkLayer,
			DADState: DADTentative, Valid: Forever, Preferred: Forever,
		},
	}
	return ethernet, virtual, addrs
}

var equal = cmp.Options{cmp.Comparer(func(a, b netip.Addr) bool { return a == b }), cmpopts.EquateEmpty()}

func TestDecodeList(t *testing.T) {
	long := strings.Repeat("網", 256)
	for _, wordSize := range []int{4, 8} {
		t.Run(fmt.Sprintf("I01 I02 I08 with %d bytes a word", wordSize), func(t *testing.T) {
			w := newBuilder(wordSize)
			ethernet, virtual, addrs := examples()
			w.adapter(&ethernet, "Ethernet 2", addrs...)
			w.adapter(&virtual, long)
			got, err := w.decodeAll()
			want := []decoded{
				{Adapter: ethernet, Name: "Ethernet 2", Description: "device of Ethernet 2", Addresses: addrs},
				{Adapter: virtual, Name: long, Description: "device of " + long},
			}
			if diff := cmp.Diff(want, got, equal); diff != "" || err != nil {
				t.Errorf("%v (-want +got):\n%s", err, diff)
			}
		})
	}
}

// TestIndexOfIPv6 is an adapter without IPv4.
func TestIndexOfIPv6(t *testing.T) {
	w := newBuilder(8)
	off := w.adapter(&Adapter{}, "x")
	w.put(off, w.layout.adapter.index6, 9)
	if got, err := w.decodeAll(); err != nil || got[0].Index != 9 {
		t.Errorf("%+v, %v, want index 9", got, err)
	}
}

func TestDecodeBadLists(t *testing.T) {
	for _, wordSize := range []int{4, 8} {
		l := layoutOf(wordSize)
		a, u := &l.adapter, &l.unicast
		for _, tt := range []struct {
			name     string
			damage   func(w *builder, off, unicast int)
			adapters int // decoded before the error
			err      bool
		}{
			{"next before the list", func(w *builder, off, _ int) { w.put(off, a.next, base(wordSize)-8) }, 1, true},
			{"next behind the list", func(w *builder, off, _ int) { w.put(off, a.next, base(wordSize)+uint64(len(w.b))) }, 1, true},
			{"next is itself", func(w *builder, off, _ int) { w.put(off, a.next, base(wordSize)) }, -1, true},
			{"next at the end", func(w *builder, off, _ int) { w.put(off, a.next, base(wordSize)+uint64(len(w.b)-8)) }, 1, true},
			{"short record", func(w *builder, off, _ int) { w.put(off, l.length, uint64(a.size-1)) }, 0, true},
			{"address before the list", func(w *builder, off, _ int) { w.put(off, a.unicast, 1) }, 1, true},
			{"addresses in a circle", func(w *builder, _, unicast int) { w.put(unicast, u.next, base(wordSize)+uint64(unicast)) }, 1, true},
			{"short address record", func(w *builder, _, unicast int) { w.put(unicast, l.length, 8) }, 1, true},
			{"sockaddr behind the list", func(w *builder, _, unicast int) { w.put(unicast, u.address, 1<<31) }, 1, true},
			{"sockaddr too long", func(w *builder, _, unicast int) { w.put(unicast, u.addressLen, 1<<31) }, 1, true},
			{"sockaddr too short", func(w *builder, _, unicast int) { w.put(unicast, u.addressLen, 6) }, 1, true},
			{"sockaddr without a family", func(w *builder, _, unicast int) { w.put(unicast, u.addressLen, 0) }, 2, false},
			{"name behind the list", func(w *builder, off, _ int) { w.put(off, a.friendlyName, 1<<31) }, 2, false},
			{"GUID behind the list", func(w *builder, off, _ int) { w.put(off, a.adapterName, 1<<31) }, 2, false},
			{"long hardware address", func(w *builder, off, _ int) { w.put(off, a.hardwareAddrLen, 1<<31) }, 2, false},
		} {
			w := newBuilder(wordSize)
			ethernet, virtual, addrs := examples()
			off := w.adapter(&ethernet, "Ethernet 2", addrs...)
			unicast := int(decode.NewRecord(w.b[off:], binary.LittleEndian).Uint(a.unicast) - base(wordSize))
			w.adapter(&virtual, "last")
			tt.damage(w, off, unicast)
			got, err := w.decodeAll()
			if errors.Is(err, decode.ErrMalformed) != tt.err || tt.adapters >= 0 && len(got) != tt.adapters {
				t.Errorf("%d bytes a word, %s: %d adapters, %v, want %d and malformed %v", wordSize, tt.name, len(got), err, tt.adapters, tt.err)
			}
		}
	}
}

// TestTextsWithoutEnd are at the end of a list.
func TestTextsWithoutEnd(t *testing.T) {
	w := newBuilder(8)
	off := w.adapter(&Adapter{Index: 1}, "x")
	w.put(off, w.layout.adapter.adapterName, w.add([]byte("abcdefgh")))
	w.put(off, w.layout.adapter.friendlyName, w.add([]byte("abcdefgh")))
	if got, err := w.decodeAll(); err != nil || len(got) != 1 || len(got[0].GUID) > 0 || got[0].Name != "" {
		t.Errorf("%+v, %v, want an adapter without name and GUID", got, err)
	}
}

func FuzzDecodeList(f *testing.F) {
	for _, wordSize := range []int{4, 8} {
		w := newBuilder(wordSize)
		ethernet, virtual, addrs := examples()
		w.adapter(&ethernet, "Ethernet 2", addrs...)
		w.adapter(&virtual, "last")
		f.Add(w.b, base(wordSize), wordSize == 4)
	}
	f.Fuzz(func(t *testing.T, b []byte, at uint64, short bool) {
		wordSize := 8
		if short {
			wordSize = 4
		}
		adapters, addresses := 0, 0
		err := DecodeList(b, at, wordSize, func(a *Adapter) {
			adapters++
			if len(a.HardwareAddr) > 8 || len(a.Name)%2 != 0 {
				t.Errorf("hardware address %x, name %x", a.HardwareAddr, a.Name)
			}
		}, func(a *Address) {
			addresses++
			if !a.IP.IsValid() {
				t.Error("an address is none")
			}
		})
		if adapters > len(b) || addresses > len(b)*len(b) || err != nil && !errors.Is(err, decode.ErrMalformed) {
			t.Errorf("%d adapters, %d addresses of %d bytes, %v", adapters, addresses, len(b), err)
		}
	})
}
