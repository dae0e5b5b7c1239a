package rib

import (
	"bytes"
	"encoding/binary"
	"errors"
	"net/netip"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"

	"telegraf-sysprobe/sysprobe/internal/decode"
	"telegraf-sysprobe/sysprobe/internal/opt"
	"telegraf-sysprobe/sysprobe/sysprobetest"
)

// pack lays a message out: the header, with the length, the version, the type
// and what set puts, and then sockaddrs.
func pack(l *Layout, order binary.ByteOrder, typ uint8, size int, set func([]byte), addrs ...[]byte) []byte {
	b := make([]byte, size)
	b[2], b[3] = l.version, typ
	set(b)
	for _, sa := range addrs {
		b = append(b, sa...)
		for length := max(len(sa), 1); length%l.align != 0 || length > len(sa) && len(sa) == 0; length++ {
			if b = append(b, 0); len(sa) == 0 && length%l.align == 0 {
				break
			}
		}
	}
	order.PutUint16(b, uint16(len(b)))
	return b
}

// inet is a sockaddr_in of that length.
func inet(length int, family byte, ip ...byte) []byte {
	b := make([]byte, max(16, length))
	b[0], b[1] = byte(length), family
	copy(b[4:], ip)
	return b[:length]
}

// addrMessage is a message about an address, with netmask, address and a third
// one.
func addrMessage(l *Layout, h *header, order binary.ByteOrder, typ uint8, addrs ...[]byte) []byte {
	return pack(l, order, typ, h.Size, func(b []byte) {
		order.PutUint32(b[h.Addrs.At:], 1<<rtaxNetmask|1<<rtaxIFA|1<<rtaxBRD)
		order.PutUint16(b[h.Index.At:], 7)
		if h.Length.Size > 0 {
			order.PutUint16(b[h.Length.At:], uint16(h.Size))
		}
	}, addrs...)
}

// TestAddressesOfEverySystem lays a message out for each system, architecture,
// type and byte order, NetBSD 8 among them, which was not recorded.
func TestAddressesOfEverySystem(t *testing.T) {
	want := Addr{
		Index: 7, IP: netip.MustParseAddr("192.0.2.5"), Mask: netip.MustParseAddr("255.255.254.0"), Bits: opt.Some(23),
		Dest: netip.MustParseAddr("192.0.3.255"),
	}
	types := 0
	for _, goos := range []string{"freebsd", "openbsd", "netbsd", "darwin"} {
		for _, goarch := range []string{"amd64", "arm64", "386", "arm"} {
			l, ok := LayoutOf(goos, goarch)
			if !ok {
				if goos != "darwin" {
					t.Errorf("no layout for %s/%s", goos, goarch)
				}
				continue
			}
			for typ, h := range l.addrs {
				types++
				for _, order := range []binary.ByteOrder{binary.LittleEndian, binary.BigEndian} {
					b := addrMessage(&l, &h, order, typ, inet(7, 0, 255, 255, 254), inet(16, 2, 192, 0, 2, 5), inet(16, 2, 192, 0, 3, 255))
					d := Decoder{Layout: l, Order: order}
					var got Message
					rest, err := d.Next(&got, append(b, 1, 2, 3))
					if diff := cmp.Diff(want, got.Addr, values); diff != "" || err != nil || len(rest) != 3 {
						t.Errorf("%s/%s type %#x, %v: %d left, error %v, address (-want +got):\n%s", goos, goarch, typ, order, len(rest), err, diff)
					}
					kind := KindNewAddr
					if typ == typeOldDelAddr || typ == typeNetDelAddr {
						kind = KindDelAddr
					}
					if got.Kind != kind || got.Type != typ {
						t.Errorf("%s/%s type %#x: kind %v, want %v", goos, goarch, typ, got.Kind, kind)
					}
				}
			}
		}
	}
	if types != 4*2+4*2+4*4+2*2 {
		t.Errorf("tried %d types", types)
	}
}

// TestNetmasks is about the forms of a netmask: cut at its last one, of no
// length, of any family, with a hole.
func TestNetmasks(t *testing.T) {
	l, _ := LayoutOf("darwin", "arm64")
	h := l.addrs[typeOldAddr]
	for name, tt := range map[string]struct {
		mask []byte
		want string
		bits opt.Opt[int]
	}{
		"length 0":         {nil, "0.0.0.0", opt.Some(0)},
		"length 4":         {inet(4, 0), "0.0.0.0", opt.Some(0)},
		"length 5":         {inet(5, 0, 255), "255.0.0.0", opt.Some(8)},
		"length 7":         {inet(7, 0, 255, 255, 255), "255.255.255.0", opt.Some(24)},
		"length 8":         {inet(8, 0, 255, 255, 255, 240), "255.255.255.240", opt.Some(28)},
		"length 16":        {inet(16, 2, 255, 255, 255, 255, 9, 9), "255.255.255.255", opt.Some(32)},
		"family 255":       {inet(7, 255, 255, 255), "255.255.0.0", opt.Some(16)},
		"family of IPv6":   {inet(7, 30, 255, 255), "255.255.0.0", opt.Some(16)},
		"a hole":           {inet(8, 0, 255, 0, 255, 0), "255.0.255.0", opt.Opt[int]{}},
		"a hole in a byte": {inet(8, 0, 255, 0xfd), "255.253.0.0", opt.Opt[int]{}},
	} {
		if tt.mask == nil {
			tt.mask = []byte{0, 0, 0, 0} // a sockaddr of length 0 takes one unit
		}
		b := addrMessage(&l, &h, binary.LittleEndian, typeOldAddr, tt.mask, inet(16, 2, 10, 1, 2, 3), inet(16, 2, 10, 1, 2, 3))
		d := Decoder{Layout: l, Order: binary.LittleEndian}
		var got Message
		_, err := d.Next(&got, b)
		if err != nil || got.Addr.Mask.String() != tt.want || got.Addr.Bits != tt.bits || got.Addr.IP.String() != "10.1.2.3" {
			t.Errorf("%s: %v, %v, address %v, error %v", name, got.Addr.Mask, got.Addr.Bits, got.Addr.IP, err)
		}
	}
}

// TestPsutil2711MaskStaysWithItsAddress is psutil's bugs 2711 and 2940: the mask
// of one address leaked into the next, which had none.
func TestPsutil2711MaskStaysWithItsAddress(t *testing.T) {
	l, _ := LayoutOf("darwin", "arm64")
	h := l.addrs[typeOldAddr]
	d := Decoder{Layout: l, Order: binary.LittleEndian}
	with := addrMessage(&l, &h, d.Order, typeOldAddr, inet(7, 0, 255, 255, 255), inet(16, 2, 10, 1, 2, 3), inet(16, 2, 10, 1, 2, 255))
	without := pack(&l, d.Order, typeOldAddr, h.Size, func(b []byte) { d.Order.PutUint32(b[h.Addrs.At:], 1<<rtaxIFA) }, inet(16, 2, 10, 9, 9, 9))
	var m Message
	rest, err := d.Next(&m, append(with, without...))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := d.Next(&m, rest); err != nil || m.Addr.Mask.IsValid() || m.Addr.Bits.Known() || m.Addr.Dest.IsValid() {
		t.Errorf("mask %v, destination %v, error %v", m.Addr.Mask, m.Addr.Dest, err)
	}
}

// TestPsutil663PeerIsNoBroadcast is psutil's bug 663.
func TestPsutil663PeerIsNoBroadcast(t *testing.T) {
	dest := netip.MustParseAddr("172.16.0.2")
	for flags, want := range map[uint32]Addr{
		FlagPointToPoint:                 {Dest: dest, Peer: dest},
		FlagBroadcast:                    {Dest: dest, Broadcast: dest},
		FlagPointToPoint | FlagBroadcast: {Dest: dest, Peer: dest},
		0x8:                              {Dest: dest}, // a loopback
	} {
		got := Addr{Dest: dest, Broadcast: dest, Peer: dest}
		if got.Settle(flags); !cmp.Equal(want, got, values) {
			t.Errorf("flags %#x: broadcast %v, peer %v", flags, got.Broadcast, got.Peer)
		}
	}
}

// TestI09HardwareAddress is acceptance case I09: the hardware address follows
// the name, whatever the length of either, and a selector may follow it.
func TestI09HardwareAddress(t *testing.T) {
	l, _ := LayoutOf("darwin", "arm64")
	h := l.links[typeInfo]
	d := Decoder{Layout: l, Order: binary.LittleEndian}
	for _, tt := range []struct {
		name, hw, selector string
		extra              int
	}{
		{"en0", "\x02\x00\x00\x00\x00\x01", "", 0},
		{"lo0", "", "", 0},
		{"", "\x01", "", 0},
		{"a-name-of-15-by", "\x02\x00\x00\x00\x00\x01\x02\x03", "sel", 9},
		{"ib0", string(bytes.Repeat([]byte{7}, 20)), "", 3},
	} {
		sa := slices.Concat([]byte{0, familyLink, 4, 0, 6, byte(len(tt.name)), byte(len(tt.hw)), byte(len(tt.selector))},
			[]byte(tt.name), []byte(tt.hw), []byte(tt.selector), make([]byte, tt.extra))
		sa[0] = byte(len(sa))
		b := pack(&l, d.Order, typeInfo, h.Size, func(b []byte) { d.Order.PutUint32(b[h.Addrs.At:], 1<<rtaxIFP) }, sa)
		var m Message
		if _, err := d.Next(&m, b); err != nil || string(m.Link.Name) != tt.name || string(m.Link.HWAddr) != tt.hw {
			t.Errorf("%+v: name %q, address %x, error %v", tt, m.Link.Name, m.Link.HWAddr, err)
		}
		b[h.Size+5] = 255 // a length of a name that lies
		if _, err := d.Next(&m, b); !errors.Is(err, decode.ErrMalformed) {
			t.Errorf("%+v: error %v", tt, err)
		}
	}
}

func TestAnnounce(t *testing.T) {
	for goos, typ := range map[string]uint8{"freebsd": 0x11, "openbsd": 0x0f, "netbsd": 0x10} {
		l, _ := LayoutOf(goos, "amd64")
		a := l.announce
		for what, kind := range map[uint16]Kind{0: KindArrived, 1: KindDeparted, 2: KindOther} {
			for _, order := range []binary.ByteOrder{binary.LittleEndian, binary.BigEndian} {
				b := pack(&l, order, typ, a.Size, func(b []byte) {
					order.PutUint16(b[a.Index.At:], 7)
					order.PutUint16(b[a.What.At:], what)
					copy(b[a.Name.At:], "tap7")
				})
				d := Decoder{Layout: l, Order: order}
				var m Message
				if _, err := d.Next(&m, b); err != nil || m.Kind != kind || m.Link.Index != 7 || string(m.Link.Name) != "tap7" {
					t.Errorf("%s: %+v, error %v", goos, m, err)
				}
				order.PutUint16(b, uint16(a.Size-1))
				if _, err := d.Next(&m, b[:a.Size-1]); !errors.Is(err, decode.ErrMalformed) {
					t.Errorf("%s: cut: error %v", goos, err)
				}
			}
		}
	}
}

// TestNextMalformed spoils the first message of a dump. All others stay, also where the
// length of that one is wrong.
func TestNextMalformed(t *testing.T) {
	for name, tt := range map[string]struct {
		file  string
		spoil func(b []byte)
		rest  bool
	}{
		"length 0":                          {"xnu11417-iflist2", func(b []byte) { b[0], b[1] = 0, 0 }, false},
		"length 3":                          {"xnu11417-iflist2", func(b []byte) { b[0], b[1] = 3, 0 }, false},
		"length beyond the end":             {"xnu11417-iflist2", func(b []byte) { b[1] = 0xff }, false},
		"length within the header":          {"xnu11417-iflist2", func(b []byte) { b[0], b[1] = 100, 0 }, true},
		"version of another system":         {"xnu11417-iflist2", func(b []byte) { b[2] = 4 }, true},
		"sockaddr of length 255":            {"xnu11417-iflist2", func(b []byte) { b[160] = 255 }, true},
		"more sockaddrs than there are":     {"xnu11417-iflist2", func(b []byte) { b[4] = 0xff }, true},
		"name longer than its sockaddr":     {"xnu11417-iflist2", func(b []byte) { b[165] = 200 }, true},
		"header longer than its message":    {"openbsd65-iflist", func(b []byte) { b[5] = 0xff }, true},
		"header of length 0":                {"openbsd65-iflist", func(b []byte) { b[4], b[5] = 0, 0 }, true},
		"header ends within its message":    {"freebsd13-iflistl", func(b []byte) { b[17] = 0xff }, true},
		"if_data begins behind its message": {"freebsd13-iflistl", func(b []byte) { b[19] = 0xff }, true},
	} {
		t.Run(name, func(t *testing.T) {
			b := sysprobetest.Hex(t, "wire", "rib", tt.file+".hex")
			first := int(binary.LittleEndian.Uint16(b))
			tt.spoil(b)
			d := decoderOf(t, tt.file)
			var m Message
			rest, err := d.Next(&m, b)
			var malformed *decode.Error
			if !errors.As(err, &malformed) || (len(rest) > 0) != tt.rest {
				t.Errorf("%d of %d bytes left behind %d, error %v", len(rest), len(b), first, err)
			}
			var whole, others Table
			if err := d.Dump(&whole, sysprobetest.Hex(t, "wire", "rib", tt.file+".hex")); err != nil {
				t.Fatal(err)
			}
			if err := d.Dump(&others, b); !errors.Is(err, decode.ErrMalformed) || others.Malformed != 1 {
				t.Errorf("%d messages make no sense, error %v", others.Malformed, err)
			}
			for i := range whole.Addrs { // those of the first interface lack its flags
				if whole.Addrs[i].Index == whole.Links[0].Index {
					whole.Addrs[i].Settle(0)
				}
			}
			if diff := cmp.Diff(Table{Links: whole.Links[1:], Addrs: whole.Addrs, Malformed: 1}, others, values); diff != "" {
				t.Errorf("the others (-want +got):\n%s", diff)
			}
		})
	}
}

// TestDumpLengthBeyondNext has a length that ends within the next message: that one is
// lost, and none behind it. Without a message that reaches to the end nothing is taken
// for one.
func TestDumpLengthBeyondNext(t *testing.T) {
	for _, name := range []string{"freebsd13-iflist", "freebsd13-iflistl", "openbsd65-iflist", "netbsd79934-iflist", "xnu11417-iflist2"} {
		b, d := sysprobetest.Hex(t, "wire", "rib", name+".hex"), decoderOf(t, name)
		var whole, got Table
		if err := d.Dump(&whole, b); err != nil {
			t.Fatal(err)
		}
		b[0] += 8
		err := d.Dump(&got, b)
		lost := len(whole.Links) + len(whole.Addrs) - len(got.Links) - len(got.Addrs)
		if !errors.Is(err, decode.ErrMalformed) || got.Malformed != 1 || lost > 1 {
			t.Errorf("%s: %d lost, %d make no sense, error %v", name, lost, got.Malformed, err)
		}
		b[1] = 0xff
		if err := d.Dump(&got, b[:len(b)-1]); !errors.Is(err, decode.ErrMalformed) || len(got.Links)+len(got.Addrs) > 0 || got.Malformed != 1 {
			t.Errorf("%s, cut: %+v, error %v", name, got, err)
		}
	}
}

// TestUnknownValues keeps numbers that no header has.
func TestUnknownValues(t *testing.T) {
	b := sysprobetest.Hex(t, "wire", "rib", "freebsd13-iflist-em0.hex")
	d := decoderOf(t, "freebsd13-iflist-em0")
	b[16+4] = 77 // ifi_link_state
	copy(b[16+16:], bytes.Repeat([]byte{0xff}, 8))
	var m Message
	rest, err := d.Next(&m, b)
	if err != nil || m.Link.State != LinkUnknown || m.Link.RawState != opt.Some[uint32](77) || m.Link.Baudrate.Known() {
		t.Errorf("state %v (%v), baudrate %v, error %v", m.Link.State, m.Link.RawState, m.Link.Baudrate, err)
	}
	rest[3] = 0xee
	if _, err := d.Next(&m, rest); err != nil || m.Kind != KindOther || m.Type != 0xee {
		t.Errorf("a type of a newer kernel: %+v, error %v", m, err)
	}
	rest[3] = typeOldAddr
	rest[20+8+8+1] = 99 // the family of the address
	if _, err := d.Next(&m, rest); err != nil || m.Addr.IP.IsValid() || m.Addr.Mask.IsValid() {
		t.Errorf("a family of a newer kernel: %+v, error %v", m.Addr, err)
	}
}

func FuzzRIB(f *testing.F) {
	names := []string{"freebsd13-iflist", "freebsd13-iflistl", "openbsd65-iflist", "netbsd79934-iflist", "xnu11417-iflist", "xnu11417-iflist2"}
	for i, name := range names {
		f.Add(sysprobetest.Hex(f, "wire", "rib", name+".hex")[:400], uint8(i), false)
	}
	f.Fuzz(func(t *testing.T, b []byte, which uint8, big bool) {
		d := decoderOf(t, names[int(which)%len(names)])
		if big {
			d.Order = binary.BigEndian
		}
		var table Table
		if err := d.Dump(&table, b); err != nil && !errors.Is(err, decode.ErrMalformed) {
			t.Fatal(err)
		}
		if minLength*(len(table.Links)+len(table.Addrs)) > len(b) {
			t.Fatalf("%d interfaces and %d addresses of %d bytes", len(table.Links), len(table.Addrs), len(b))
		}
		var m Message
		if rest, err := d.Next(&m, b); len(rest) >= len(b) && len(b) > 0 {
			t.Fatalf("%d of %d bytes left, error %v", len(rest), len(b), err)
		}
		for _, a := range table.Addrs {
			if n, ok := a.Bits.Get(); ok && (n < 0 || n > a.IP.BitLen()) {
				t.Fatalf("%v has a mask of %d bits", a.IP, n)
			}
		}
	})
}

// BenchmarkDump decodes 1,000 interfaces with 3,000 addresses.
func BenchmarkDump(b *testing.B) {
	for _, name := range []string{"freebsd13-iflist-em0", "openbsd65-iflist-index2", "netbsd79934-iflist-index2", "xnu11417-iflist2-index4"} {
		b.Run(name, func(b *testing.B) {
			one := sysprobetest.Hex(b, "wire", "rib", name+".hex")
			messages := 0
			for at := 0; at < len(one); messages++ {
				if messages == 4 { // an interface and three addresses
					one = one[:at]
					break
				}
				at += int(binary.LittleEndian.Uint16(one[at:]))
			}
			dump := bytes.Repeat(one, 1000)
			d := decoderOf(b, name)
			var table Table
			b.ReportAllocs()
			for b.Loop() {
				if err := d.Dump(&table, dump); err != nil || len(table.Links) != 1000 {
					b.Fatal(len(table.Links), len(table.Addrs), err)
				}
			}
		})
	}
}
