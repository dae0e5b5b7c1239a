package rtnl_test

import (
	"encoding/binary"
	"encoding/hex"
	"errors"
	"net/netip"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"telegraf-sysprobe/sysprobe/internal/decode"
	"telegraf-sysprobe/sysprobe/internal/decode/nlmsg"
	"telegraf-sysprobe/sysprobe/internal/decode/rtnl"
	"telegraf-sysprobe/sysprobe/internal/opt"
	"telegraf-sysprobe/sysprobe/sysprobetest"
)

// order reads and writes numbers.
type order interface {
	binary.ByteOrder
	binary.AppendByteOrder
}

var orders = []order{binary.LittleEndian, binary.BigEndian}

// watched returns l as the kernel lists it with that many requests for all packets
// and for all multicast packets, and not held down.
func watched(l rtnl.Link, requests uint32) rtnl.Link {
	l.Promiscuity, l.AllMulti, l.ProtoDown = opt.Some(requests), opt.Some(requests), opt.Some(false)
	return l
}

// compareIP makes addresses comparable by cmp.
var compareIP = cmp.Comparer(func(a, b netip.Addr) bool { return a == b })

// octets reads hexadecimal digits, spaces between them or not.
func octets(tb testing.TB, text string) []byte {
	tb.Helper()
	b, err := hex.DecodeString(strings.ReplaceAll(text, " ", ""))
	if err != nil {
		tb.Fatal(err)
	}
	return b
}

func TestDecodeLinkFixtures(t *testing.T) {
	veth := watched(rtnl.Link{
		HardwareType: 1, Index: 4, Flags: 0x11043, Name: []byte("d0"), Alias: []byte("uplink to rack 7"),
		AltNames: [][]byte{[]byte("uplink0"), []byte("thisisaverylongaltname")}, Kind: []byte("veth"),
		PortKind:  []byte("bridge"),
		Broadcast: octets(t, "ffffffffffff"), MTU: 1500, Other: 3, Master: 2, OperState: 6,
		TxQueueLen: opt.Some[uint32](1000), Carrier: opt.Some(true), CarrierChanges: opt.Some[uint32](2),
		Stats: opt.Some(rtnl.Stats{}),
	}, 1)
	tests := map[string]rtnl.Link{
		"link-veth":       veth,
		"link-skip-stats": veth,
		"link-lo": watched(rtnl.Link{
			HardwareType: 772, Index: 1, Flags: 0x10049, Name: []byte("lo"), Address: make([]byte, 6), Broadcast: make([]byte, 6),
			MTU: 65536, TxQueueLen: opt.Some[uint32](1000), Carrier: opt.Some(true), CarrierChanges: opt.Some[uint32](0), Stats: opt.Some(rtnl.Stats{}),
		}, 0),
		"link-tun": watched(rtnl.Link{
			HardwareType: 0xfffe, Index: 5, Flags: 0x1091, Name: []byte("tun0"), Kind: []byte("tun"), MTU: 1500, OperState: 2,
			TxQueueLen: opt.Some[uint32](500), Carrier: opt.Some(false), CarrierChanges: opt.Some[uint32](1), Stats: opt.Some(rtnl.Stats{}),
		}, 0),
		"link-eth": watched(rtnl.Link{
			HardwareType: 1, Index: 6, Flags: 0x1002, Name: []byte("tap0"), Kind: []byte("tun"), Broadcast: octets(t, "ffffffffffff"),
			MTU: 1500, OperState: 2, TxQueueLen: opt.Some[uint32](1000),
			Carrier: opt.Some(false), CarrierChanges: opt.Some[uint32](1), Stats: opt.Some(rtnl.Stats{}),
		}, 0),
		"link-infiniband": {
			HardwareType: 32, Index: 7, Flags: 0x11043, Name: []byte("ib0"), MTU: 2044,
			Address:   octets(t, "80000048fe800000000000000002c90300a1b2c3"),
			Broadcast: octets(t, "00ffffffff12401bffff00000000000000000000"),
		},
		"link-longest-address": {
			HardwareType: 0xfffe, Index: 8, Flags: 1, Name: []byte("max0"),
			Address: octets(t, "000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f"),
		},
		"link-short-address": {HardwareType: 778, Index: 9, Flags: 0x81, Name: []byte("gre1"), Address: octets(t, "063d29")},
		"link-bond":          {HardwareType: 1, Index: 12, Flags: 0x11443, Name: []byte("bond0"), Kind: []byte("bond")},
		"link-bond-slave":    {HardwareType: 1, Index: 13, Flags: 0x1803, Name: []byte("eth1"), PortKind: []byte("bond"), Master: 12},
		"link-vlan":          {HardwareType: 1, Index: 14, Flags: 0x11043, Name: []byte("eth0.100"), Kind: []byte("vlan"), Other: 2},
		"link-ipvlan": {
			HardwareType: 1, Index: 15, Flags: 0x110c3, Name: []byte("ipvl0"), Kind: []byte("ipvlan"), Other: 2,
			OtherNetNSID: opt.Some[int32](5),
		},
		"link-gre": {
			HardwareType: 778, Index: 16, Flags: 0x100d1, Name: []byte("gre1"), Kind: []byte("gre"),
			Address: octets(t, "c0000201"), Broadcast: octets(t, "c0000202"),
		},
		"link-stats32": {HardwareType: 1, Index: 10, Flags: 0x1003, Name: []byte("old0"), Stats: opt.Some(numbered)},
		"link-future":  {HardwareType: 1, Index: 11, Flags: 0x1003, Name: []byte("new0"), MTU: 1500, Stats: opt.Some(numbered24)},
	}
	for fixture := range sysprobetest.HexDir(t, "wire", "rtnl") {
		want, ok := tests[fixture]
		if !ok && strings.HasPrefix(fixture, "link-") {
			t.Errorf("fixture %s has no expectation", fixture)
		}
		if !ok {
			continue
		}
		t.Run(fixture, func(t *testing.T) {
			var got rtnl.Link
			if err := rtnl.DecodeLink(sysprobetest.Messages(t, "rtnl", fixture)[0].Data, binary.LittleEndian, &got); err != nil {
				t.Fatal(err)
			}
			opts := []cmp.Option{cmpopts.EquateEmpty(), cmpopts.IgnoreFields(rtnl.Link{}, "KindData", "PortData"), values} // see TestDecodeDetail
			if want.Address == nil && got.Address != nil {                                                                 // random of each veth and tap
				if len(got.Address) != 6 {
					t.Errorf("address of %d octets, want 6", len(got.Address))
				}
				opts = append(opts, cmpopts.IgnoreFields(rtnl.Link{}, "Address"))
			}
			if want.Stats == opt.Some(rtnl.Stats{}) && got.Stats.Known() { // whatever passed
				opts = append(opts, cmpopts.IgnoreFields(rtnl.Link{}, "Stats"))
			}
			if diff := cmp.Diff(want, got, opts...); diff != "" {
				t.Errorf("link (-want +got):\n%s", diff)
			}
		})
	}
}

// numbered holds the position of each counter, of 23.
var numbered = rtnl.Stats{
	RxPackets: 1, TxPackets: 2, RxBytes: 3, TxBytes: 4, RxErrors: 5, TxErrors: 6, RxDropped: 7, TxDropped: 8,
	Multicast: 9, Collisions: 10,
	RxLengthErrors: 11, RxOverErrors: 12, RxCRCErrors: 13, RxFrameErrors: 14, RxFIFOErrors: 15, RxMissedErrors: 16,
	TxAbortedErrors: 17, TxCarrierErrors: 18, TxFIFOErrors: 19, TxHeartbeatErrors: 20, TxWindowErrors: 21,
	RxCompressed: 22, TxCompressed: 23,
}

// numbered24 has the 24th too.
var numbered24 = func() rtnl.Stats {
	s := numbered
	s.RxNoHandler = 24
	return s
}()

// link lays out an RTM_NEWLINK body.
func link(order order, hardware uint16, index int32, flags uint32, attrs ...[]byte) []byte {
	b := order.AppendUint16(make([]byte, 2), hardware)
	b = order.AppendUint32(b, uint32(index))
	b = order.AppendUint32(b, flags)
	b = order.AppendUint32(b, 0)
	for _, a := range attrs {
		b = append(b, a...)
	}
	return b
}

func TestDecodeLinkInBothOrders(t *testing.T) {
	for _, order := range orders {
		t.Run(order.String(), func(t *testing.T) {
			u32 := func(typ uint16, n uint32) []byte { return nlmsg.AppendUint32(nil, order, typ, n) }
			attr := func(typ uint16, b []byte) []byte { return nlmsg.AppendAttr(nil, order, typ, b) }
			var counters []byte
			for i := range 24 {
				counters = order.AppendUint64(counters, uint64(i)+1)
			}
			b := link(order, 1, 258, 0x11043,
				attr(3, []byte("eth0\x00")), u32(4, 9000), u32(5, 77), u32(10, 3), u32(13, 1000), attr(16, []byte{6}),
				attr(18, attr(1, []byte("vlan\x00"))), attr(23, counters), attr(33, []byte{0}), u32(35, 4),
				attr(52, append(attr(53, []byte("a\x00")), attr(53, []byte("b\x00"))...)), attr(54, []byte{1, 2, 3, 4, 5, 6}),
				u32(30, 2), attr(39, []byte{1}), attr(55, append(u32(1, 0xff), u32(2, 0x28)...)), u32(61, 3),
				attr(56, []byte("0000:00:03.0\x00")), attr(57, []byte("pci\x00")),
				attr(7, make([]byte, 92)), // IFLA_STATS does not replace IFLA_STATS64
			)
			want := rtnl.Link{
				HardwareType: 1, Index: 258, Flags: 0x11043, Name: []byte("eth0"), MTU: 9000, Other: 77, Master: 3,
				TxQueueLen: opt.Some[uint32](1000), OperState: 6, Kind: []byte("vlan"), Stats: opt.Some(numbered24),
				Carrier: opt.Some(false), CarrierChanges: opt.Some[uint32](4),
				AltNames: [][]byte{[]byte("a"), []byte("b")}, Permanent: []byte{1, 2, 3, 4, 5, 6},
				ParentDev: []byte("0000:00:03.0"), ParentBus: []byte("pci"),
				Promiscuity: opt.Some[uint32](2), AllMulti: opt.Some[uint32](3), ProtoDown: opt.Some(true), ProtoDownReasons: opt.Some[uint32](0x28),
			}
			got := rtnl.Link{Name: []byte("before"), Alias: []byte("before"), AltNames: [][]byte{[]byte("before")}}
			if err := rtnl.DecodeLink(b, order, &got); err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(want, got, values); diff != "" {
				t.Errorf("A32 link, nothing of the one before (-want +got):\n%s", diff)
			}
		})
	}
}

func TestDecodeMalformed(t *testing.T) {
	order := binary.LittleEndian
	for name, attr := range map[string][]byte{
		"A31 attribute length 0":     {0, 0, 3, 0},
		"A31 attribute length 3":     {3, 0, 3, 0},
		"A31 attribute length 65535": {0xff, 0xff, 3, 0, 'x'},
		"A31 truncated tail":         {8, 0, 3},
		"A31 MTU of three octets":    {7, 0, 4, 0, 1, 2, 3, 0},
		"A31 short counters":         nlmsg.AppendAttr(nil, order, 23, make([]byte, 22*8)),
		"A31 nested beyond its end":  nlmsg.AppendAttr(nil, order, 18, []byte{8, 0, 1, 0, 'v', 0}),
	} {
		t.Run(name, func(t *testing.T) {
			var l rtnl.Link
			if err := rtnl.DecodeLink(link(order, 1, 1, 1, attr), order, &l); !errors.Is(err, decode.ErrMalformed) {
				t.Errorf("link: %v, want ErrMalformed", err)
			}
		})
	}
	var l rtnl.Link
	if err := rtnl.DecodeLink(make([]byte, 15), order, &l); !errors.Is(err, decode.ErrMalformed) {
		t.Errorf("A31 link without a whole header: %v, want ErrMalformed", err)
	}
	if _, err := rtnl.DecodeAddr(make([]byte, 7), order); !errors.Is(err, decode.ErrMalformed) {
		t.Errorf("A31 address without a whole header: %v, want ErrMalformed", err)
	}
	short := append([]byte{rtnl.FamilyInet6, 64, 0, 0, 1, 0, 0, 0}, nlmsg.AppendAttr(nil, order, 1, make([]byte, 15))...)
	if _, err := rtnl.DecodeAddr(short, order); !errors.Is(err, decode.ErrMalformed) {
		t.Errorf("A31 IPv6 address of 15 octets: %v, want ErrMalformed", err)
	}
}

func TestDecodeAddrFixtures(t *testing.T) {
	ip := netip.MustParseAddr
	v4 := func(index uint32, prefix uint8, flags uint32, address, local, label string) rtnl.Addr {
		return rtnl.Addr{
			Family: rtnl.FamilyInet, PrefixLen: prefix, Index: index, Flags: flags, Address: ip(address), Local: ip(local),
			Label: []byte(label), Valid: rtnl.Forever, Preferred: rtnl.Forever,
		}
	}
	lo := v4(1, 8, 0x80, "127.0.0.1", "127.0.0.1", "lo")
	lo.Scope = 254
	withBroadcast := v4(4, 24, 0x80, "10.1.2.3", "10.1.2.3", "d0")
	withBroadcast.Broadcast = ip("10.1.2.255")
	mortal := v4(4, 25, 0, "198.51.100.1", "198.51.100.1", "d0")
	mortal.Valid, mortal.Preferred, mortal.RoutePriority = 1000, 500, opt.Some[uint32](77)
	v6 := func(index uint32, prefix uint8, flags uint32, address string) rtnl.Addr {
		return rtnl.Addr{
			Family: rtnl.FamilyInet6, PrefixLen: prefix, Index: index, Flags: flags, Address: ip(address),
			Valid: rtnl.Forever, Preferred: rtnl.Forever,
		}
	}
	lo6 := v6(1, 128, 0x80, "::1")
	lo6.Scope, lo6.Protocol = 254, opt.Some[uint8](1)
	peer6 := v6(4, 128, 0x82, "2001:db8:1::2")
	peer6.Local = ip("2001:db8:1::1")
	deprecated := v6(4, 64, 0x60, "2001:db8::5")
	deprecated.Valid, deprecated.Preferred = 100, 0

	for fixture, want := range map[string][]rtnl.Addr{
		"addr-ipv4": {
			lo,
			withBroadcast,
			v4(4, 32, 0x80, "192.0.2.7", "192.0.2.7", "d0"),
			v4(4, 32, 0x80, "203.0.113.9", "203.0.113.1", "d0"),
			mortal,
			v4(4, 24, 0x81, "10.1.2.5", "10.1.2.5", "d0"),
			v4(4, 24, 0x81, "10.1.2.4", "10.1.2.4", "d0:1"),
			v4(5, 32, 0x80, "10.8.0.2", "10.8.0.1", "tun0"),
		},
		"addr-ipv6": {lo6, peer6, deprecated, v6(5, 64, 0x80, "fd00::1")},
	} {
		t.Run(fixture+" A32 nothing of the row before", func(t *testing.T) {
			var got []rtnl.Addr
			for _, m := range sysprobetest.Messages(t, "rtnl", fixture) {
				a, err := rtnl.DecodeAddr(m.Data, binary.LittleEndian)
				if err != nil {
					t.Fatal(err)
				}
				if a.Scope != 253 { // link-local addresses come of random hardware addresses
					got = append(got, a)
				}
			}
			if diff := cmp.Diff(want, got, compareIP, values); diff != "" {
				t.Errorf("addresses (-want +got):\n%s", diff)
			}
		})
	}
}

func TestDecodeAddrInBothOrders(t *testing.T) {
	for _, order := range orders {
		t.Run(order.String(), func(t *testing.T) {
			b := order.AppendUint32([]byte{rtnl.FamilyInet, 24, 0x80, 253}, 258)
			b = nlmsg.AppendAttr(b, order, 1, []byte{10, 0, 0, 1})
			b = nlmsg.AppendUint32(b, order, 8, 0x280)
			b = nlmsg.AppendAttr(b, order, 6, order.AppendUint32(order.AppendUint32(nil, 10), 20))
			b = nlmsg.AppendUint32(b, order, 9, 1024)
			got, err := rtnl.DecodeAddr(b, order)
			if err != nil {
				t.Fatal(err)
			}
			want := rtnl.Addr{
				Family: rtnl.FamilyInet, PrefixLen: 24, Scope: 253, Index: 258, Flags: 0x280, Address: netip.MustParseAddr("10.0.0.1"),
				Preferred: 10, Valid: 20, RoutePriority: opt.Some[uint32](1024),
			}
			if diff := cmp.Diff(want, got, compareIP, values); diff != "" {
				t.Errorf("address (-want +got):\n%s", diff)
			}
		})
	}
}

func TestDecodeAddrOfOtherFamilies(t *testing.T) {
	b := nlmsg.AppendAttr([]byte{45, 0, 0, 0, 1, 0, 0, 0}, binary.LittleEndian, 2, []byte{8}) // AF_MCTP: one octet
	got, err := rtnl.DecodeAddr(b, binary.LittleEndian)
	if err != nil || got.Local.IsValid() {
		t.Errorf("got %v, %v; want no address and no error", got.Local, err)
	}
}

func TestRequests(t *testing.T) {
	for _, order := range orders {
		got := rtnl.AppendGetLink(nil, order, true)
		want := append(make([]byte, 16), nlmsg.AppendUint32(nil, order, 29, 8)...)
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("%v: link request (-want +got):\n%s", order, diff)
		}
		order.PutUint32(want[4:], 7)
		if diff := cmp.Diff(want, rtnl.AppendGetLinkOf(nil, order, 7, true)); diff != "" {
			t.Errorf("%v: request of one link (-want +got):\n%s", order, diff)
		}
		if diff := cmp.Diff(make([]byte, 16), rtnl.AppendGetLink(nil, order, false)); diff != "" {
			t.Errorf("%v: link request with counters (-want +got):\n%s", order, diff)
		}
	}
	if diff := cmp.Diff(make([]byte, 8), rtnl.AppendGetAddr(nil)); diff != "" {
		t.Errorf("address request (-want +got):\n%s", diff)
	}
}

func TestDecodeAllocatesNothing(t *testing.T) {
	linkBody, addrBody := sysprobetest.Messages(t, "rtnl", "link-veth")[0].Data, sysprobetest.Messages(t, "rtnl", "addr-ipv4")[1].Data
	var l rtnl.Link
	var err error
	got := testing.AllocsPerRun(100, func() {
		err = errors.Join(err, rtnl.DecodeLink(linkBody, binary.LittleEndian, &l))
		if _, e := rtnl.DecodeAddr(addrBody, binary.LittleEndian); e != nil {
			err = e
		}
	})
	if err != nil || got != 0 {
		t.Errorf("decoding a link and an address: %v allocations, err %v; want none", got, err)
	}
}

// FuzzDecodeLink checks that what is decoded lies within the bytes.
func FuzzDecodeLink(f *testing.F) {
	seed(f)
	f.Fuzz(func(t *testing.T, b []byte) {
		var l rtnl.Link
		if err := rtnl.DecodeLink(b, binary.LittleEndian, &l); err != nil {
			if !errors.Is(err, decode.ErrMalformed) {
				t.Fatalf("%v is not ErrMalformed", err)
			}
			return
		}
		total := len(l.Name) + len(l.Alias) + len(l.Kind) + len(l.Address) + len(l.Broadcast) + len(l.Permanent)
		for _, name := range l.AltNames {
			total += len(name)
		}
		if total > len(b) {
			t.Fatalf("%d bytes decoded out of %d", total, len(b))
		}
	})
}

// FuzzDecodeAddr checks that addresses are of the message's family.
func FuzzDecodeAddr(f *testing.F) {
	seed(f)
	f.Fuzz(func(t *testing.T, b []byte) {
		a, err := rtnl.DecodeAddr(b, binary.LittleEndian)
		if err != nil {
			if !errors.Is(err, decode.ErrMalformed) {
				t.Fatalf("%v is not ErrMalformed", err)
			}
			return
		}
		for _, ip := range []netip.Addr{a.Address, a.Local, a.Broadcast} {
			if ip.IsValid() && ip.Is4() != (a.Family == rtnl.FamilyInet) {
				t.Fatalf("%v is not of family %d", ip, a.Family)
			}
		}
	})
}

// seed adds the bodies of all fixtures.
func seed(f *testing.F) {
	f.Helper()
	for fixture := range sysprobetest.HexDir(f, "wire", "rtnl") {
		for _, m := range sysprobetest.Messages(f, "rtnl", fixture) {
			f.Add(m.Data)
		}
	}
}

func BenchmarkDecodeLink(b *testing.B) {
	body := sysprobetest.Messages(b, "rtnl", "link-skip-stats")[0].Data
	var l rtnl.Link
	b.ReportAllocs()
	for b.Loop() {
		if err := rtnl.DecodeLink(body, binary.LittleEndian, &l); err != nil {
			b.Fatal(err)
		}
	}
}
