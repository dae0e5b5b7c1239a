package rib

import (
	"encoding/binary"
	"errors"
	"net/netip"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"telegraf-sysprobe/sysprobe/internal/decode"
	"telegraf-sysprobe/sysprobe/internal/opt"
	"telegraf-sysprobe/sysprobe/sysprobetest"
)

var values = cmp.Options{
	cmpopts.EquateComparable(opt.Opt[uint32]{}, opt.Opt[uint64]{}, opt.Opt[int]{}, netip.Addr{}),
	cmpopts.EquateEmpty(),
}

// decoderOf returns a decoder for a recording, by its name.
func decoderOf(t testing.TB, name string) *Decoder {
	t.Helper()
	system := strings.TrimRight(strings.SplitN(name, "-", 2)[0], "0123456789")
	if system == "xnu" {
		system = "darwin"
	}
	l, ok := LayoutOf(system, "amd64")
	if !ok {
		t.Fatalf("no layout for %s", name)
	}
	return &Decoder{Layout: l, Order: binary.LittleEndian, Long: strings.Contains(name, "iflistl")}
}

// nic is what one interface was given.
type nic struct {
	index uint32
	name  string
	hw    string // the last byte of what its hardware address begins with
	flags uint32
	typ   uint8
	mtu   uint32
	state LinkState
	raw   int // of the link state, -1 where the system has none
	baud  uint64
	addrs []string // address/length, then ">" and a peer or "~" and a broadcast address
}

// addrsOf returns the addresses of n.
func (n nic) addrsOf() []Addr {
	var all []Addr
	for _, text := range n.addrs {
		a := Addr{Index: n.index}
		text, peer, _ := strings.Cut(text, ">")
		text, broadcast, _ := strings.Cut(text, "~")
		prefix := netip.MustParsePrefix(text)
		a.IP, a.Bits = prefix.Addr(), opt.Some(prefix.Bits())
		ones := slices.Repeat([]byte{0xff}, 16)
		whole, _ := netip.AddrFromSlice(ones[:a.IP.BitLen()/8])
		mask, err := whole.Prefix(prefix.Bits())
		if err != nil {
			panic(err)
		}
		a.Mask = mask.Addr()
		if peer != "" {
			a.Peer = netip.MustParseAddr(peer)
		}
		if broadcast != "" {
			a.Broadcast = netip.MustParseAddr(broadcast)
		}
		all = append(all, a)
	}
	return all
}

// system is what the recordings of a system have in common.
type system struct {
	hw   []byte // what hardware addresses begin with
	nics []nic
}

// systems are what was configured, by the first part of the names of recordings.
var systems = map[string]system{
	"freebsd13": {[]byte{0x02, 0xa0, 0xb1, 0xc2, 0xd3}, []nic{
		{1, "lo0", "", 0x8049, 24, 16384, LinkUp, 2, 0, []string{"127.0.0.1/8", "::1/128", "fe80::1/64"}},
		{2, "em0", "\x01", 0x8843, 6, 1500, LinkUp, 2, 1e9, []string{
			"192.0.2.5/24~192.0.2.255", "10.20.30.40/28~10.20.30.47", "2001:db8:12::34/64", "fe80::a0:b1ff:fec2:d301/64",
		}},
		{3, "em1", "\x02", 0x8843, 6, 1500, LinkDown, 1, 1e8, []string{"198.51.100.1/23~198.51.101.255"}},
		{4, "em2", "\x03", 0x8843, 6, 9000, LinkUp, 2, 25e9, []string{"2001:db8:ffff::1/96", "fe80::a0:b1ff:fec2:d303/64"}},
		{5, "em3", "\x04", 0x8843, 6, 1500, LinkUp, 2, 1e8, nil},
		{6, "em4", "\x05", 0x8843, 6, 1500, LinkUp, 2, 400e9, nil},
		{7, "gif0", "", 0x8011, 240, 1280, LinkUnknown, 0, 0, []string{"172.16.0.1/32>172.16.0.2"}},
		{8, "vlan0", "", 0x8002, 135, 1500, LinkUnknown, 0, 0, nil},
		{9, "bridge0", "", 0x8802, 209, 1500, LinkUnknown, 0, 0, nil},
	}},
	"openbsd65": {[]byte{0x02, 0xb0, 0xc1, 0xd2, 0xe3}, []nic{
		{1, "lo0", "", 0x8049, 24, 32768, LinkUnknown, 0, 0, []string{"127.0.0.1/8"}},
		{2, "em0", "\x01", 0x8843, 6, 1500, LinkUpFullDuplex, 6, 1e9, []string{
			"192.0.2.5/24~192.0.2.255", "10.20.30.40/28~10.20.30.47", "2001:db8:12::34/64", "fe80::b0:c1ff:fed2:e301/64",
		}},
		{3, "em1", "\x02", 0x8802, 6, 9000, LinkDown, 2, 0, []string{"198.51.100.1/23~198.51.101.255"}},
		{4, "ix0", "\x03", 0x8843, 6, 1500, LinkUpFullDuplex, 6, 25e9, nil},
		{5, "re0", "\x04", 0x8843, 6, 1500, LinkUpHalfDuplex, 5, 1e8, nil},
		{6, "gif0", "", 0x8051, 240, 1280, LinkUp, 4, 0, []string{"172.16.0.1/32>172.16.0.2"}},
	}},
	"netbsd79934": {nil, []nic{
		{1, "lo0", "", 0x8049, 24, 33624, LinkUnknown, 0, 0, []string{"::1/128", "127.0.0.1/8"}},
		{2, "shmif0", "", 0x8843, 6, 1400, LinkUnknown, 0, 1e7, []string{
			"192.0.2.5/24~192.0.2.255", "10.20.30.40/28~10.20.30.47", "2001:db8:12::34/64",
		}},
		{3, "shmif1", "", 0x8802, 6, 1500, LinkUnknown, 0, 1e7, nil},
		{4, "tap0", "", 0x8843, 6, 1500, LinkUnknown, 0, 1e7, []string{"203.0.113.1/25~203.0.113.127", "2001:db8:ffff::1/96"}},
		{5, "tap1", "", 0x8802, 6, 1500, LinkUnknown, 0, 1e7, nil},
		{6, "gif0", "", 0x8011, 240, 1280, LinkUnknown, 0, 0, []string{"172.16.0.1/32>172.16.0.2"}},
		{7, "bridge0", "", 0, 209, 1500, LinkUnknown, 0, 0, nil},
		{8, "agr0", "", 0x8802, 1, 0, LinkUnknown, 0, 0, nil},
	}},
	"xnu11417": {[]byte{0x02, 0xc0, 0xd1, 0xe2, 0xf3}, []nic{
		{1, "lo0", "", 0x8049, 24, 16384, LinkUnknown, -1, 0, []string{"127.0.0.1/8", "::1/128"}},
		{4, "en0", "\x01", 0x8843, 6, 1500, LinkUnknown, -1, 1e9, []string{
			"192.0.2.5/24~192.0.2.255", "10.20.30.40/28~10.20.30.47", "2001:db8:12::34/64", "fe80::c0:d1ff:fee2:f301/64",
		}},
		{5, "en5", "\x02", 0x8802, 6, 9000, LinkUnknown, -1, 0, []string{"198.51.100.1/23~198.51.101.255"}},
		{7, "en7", "\x03", 0x8843, 6, 1500, LinkUnknown, -1, 0, nil}, // of 10 Gbit/s
		{9, "utun0", "", 0x8051, 1, 1280, LinkUnknown, -1, 0, []string{"172.16.0.1/32>172.16.0.2"}},
	}},
}

// links returns what a dump has to say of the interfaces of s, apart from
// counters.
func (s system) links() []Link {
	var all []Link
	for _, n := range s.nics {
		l := Link{Index: n.index, Name: []byte(n.name), Flags: n.flags, Type: n.typ, MTU: opt.Some(n.mtu), State: n.state}
		l.RawState = opt.SomeIf(uint32(max(n.raw, 0)), n.raw >= 0)
		l.Baudrate = opt.SomeIf(n.baud, n.baud > 0)
		if n.name == "vlan0" {
			l.HWAddr = make([]byte, 6) // it has no parent
		}
		if n.hw != "" {
			l.HWAddr = append(slices.Clone(s.hw), n.hw...)
		}
		all = append(all, l)
	}
	return all
}

// keep returns what of the configuration of a system a dump was asked for.
func (s system) keep(recording string) system {
	_, asked, _ := strings.Cut(recording, "-")
	s.nics = slices.Clone(s.nics)
	for name, only := range map[string]string{"iflist-em0": "em0", "iflist2-index4": "en0", "iflist-index2": ""} {
		if asked != name {
			continue
		}
		s.nics = slices.DeleteFunc(s.nics, func(n nic) bool { return n.name != only && (only != "" || n.index != 2) })
	}
	for i := range s.nics {
		s.nics[i].addrs = slices.Clone(s.nics[i].addrs)
		s.nics[i].addrs = slices.DeleteFunc(s.nics[i].addrs, func(a string) bool {
			is6 := strings.Contains(a, ":")
			return strings.HasSuffix(asked, "-inet") && is6 || strings.HasSuffix(asked, "-inet6") && !is6
		})
	}
	return s
}

// TestDump holds every recording against what was configured.
func TestDump(t *testing.T) {
	for name, b := range sysprobetest.HexDir(t, "wire", "rib") {
		t.Run(name, func(t *testing.T) {
			var got Table
			if err := decoderOf(t, name).Dump(&got, b); err != nil {
				t.Fatal(err)
			}
			first, _, _ := strings.Cut(name, "-")
			want := systems[first].keep(name)
			var addrs []Addr
			for _, n := range want.nics {
				addrs = append(addrs, n.addrsOf()...)
			}
			for i := range got.Addrs {
				got.Addrs[i].Dest = netip.Addr{}
			}
			links := want.links()
			if first == "netbsd79934" {
				links, got.Addrs = settleNetBSD(t, name, links, &got)
			}
			for i := range got.Links {
				got.Links[i].Counters = Counters{}
				if string(got.Links[i].Name) == "bridge0" {
					got.Links[i].HWAddr = nil // a random one
				}
			}
			if diff := cmp.Diff(links, got.Links, values); diff != "" {
				t.Errorf("links (-want +got):\n%s", diff)
			}
			if diff := cmp.Diff(addrs, got.Addrs, values); diff != "" {
				t.Errorf("addresses (-want +got):\n%s", diff)
			}
		})
	}
}

// settleNetBSD takes out of what was configured the interfaces that NetBSD
// leaves out, for they have no address, and out of got what the kernel chose by
// itself: hardware addresses and those that are made of them.
func settleNetBSD(t *testing.T, name string, links []Link, got *Table) ([]Link, []Addr) {
	t.Helper()
	for i := range got.Links {
		got.Links[i].HWAddr = nil
	}
	links = slices.DeleteFunc(links, func(l Link) bool {
		return !slices.ContainsFunc(got.Links, func(g Link) bool { return g.Index == l.Index })
	})
	return links, slices.DeleteFunc(slices.Clone(got.Addrs), func(a Addr) bool {
		local := a.IP.IsLinkLocalUnicast()
		if b := a.IP.As16(); local && (b[2] != 0 || b[3] != 0) {
			t.Errorf("%s: %v has the index of its interface inside", name, a.IP)
		}
		return local
	})
}

// TestCounters holds the counters of the recordings whose interfaces were made
// by hand against what they were given.
func TestCounters(t *testing.T) {
	some := opt.Some[uint64]
	for name, want := range map[string]func(index uint64) Counters{
		"openbsd65-iflist": func(i uint64) Counters {
			return Counters{
				InPackets: some(1000 + i), InErrors: some(1), OutPackets: some(2000 + i), OutErrors: some(2), Collisions: some(4),
				InBytes: some(1<<32 + i), OutBytes: some(2<<32 + i), InMulticast: some(5), OutMulticast: some(6),
				InDrops: some(7), OutDrops: some(8), NoProto: some(9),
			}
		},
		"xnu11417-iflist": func(i uint64) Counters {
			return Counters{
				InPackets: some(1000 + i), InErrors: some(1), OutPackets: some(2000 + i), OutErrors: some(2), Collisions: some(4),
				InBytes: some(0x1000), OutBytes: some(0x56400), InMulticast: some(5), OutMulticast: some(6),
				InDrops: some(7), NoProto: some(9), Wraps32: true, BytesRounded: true,
			}
		},
		"xnu11417-iflist2": func(i uint64) Counters {
			return Counters{
				InPackets: some(1<<32 + 1000 + i), InErrors: some(1), OutPackets: some(2000 + i), OutErrors: some(2), Collisions: some(4),
				InBytes: some(0x1000), OutBytes: some(0x56400), InMulticast: some(5), OutMulticast: some(6),
				InDrops: some(7), NoProto: some(9), BytesRounded: true,
			}
		},
		"xnu11417-iflist2-apple": func(i uint64) Counters {
			return Counters{
				InPackets: some(1<<32 + 1000 + i), InErrors: some(1), OutPackets: some(2000 + i), OutErrors: some(2), Collisions: some(4),
				InBytes: some(0x300001234), OutBytes: some(0x56789), InMulticast: some(5), OutMulticast: some(6),
				InDrops: some(7), NoProto: some(9), BytesRounded: true,
			}
		},
	} {
		var got Table
		if err := decoderOf(t, name).Dump(&got, sysprobetest.Hex(t, "wire", "rib", name+".hex")); err != nil {
			t.Fatal(err)
		}
		for _, l := range got.Links {
			if diff := cmp.Diff(want(uint64(l.Index)), l.Counters, values); diff != "" {
				t.Errorf("%s: %s (-want +got):\n%s", name, l.Name, diff)
			}
		}
	}
}

// TestDumpForgets decodes into a table that held more.
func TestDumpForgets(t *testing.T) {
	var got Table
	d := decoderOf(t, "xnu11417-iflist2")
	for _, name := range []string{"xnu11417-iflist2", "xnu11417-iflist2-index4"} {
		if err := d.Dump(&got, sysprobetest.Hex(t, "wire", "rib", name+".hex")); err != nil {
			t.Fatal(err)
		}
	}
	if len(got.Links) != 1 || len(got.Addrs) != 4 {
		t.Errorf("%d interfaces, %d addresses, want 1, 4", len(got.Links), len(got.Addrs))
	}
}

// TestDumpCut cuts every recording at every byte: the messages before stay.
func TestDumpCut(t *testing.T) {
	for name, b := range sysprobetest.HexDir(t, "wire", "rib") {
		d := decoderOf(t, name)
		ends := map[int]bool{0: true}
		for at := 0; at < len(b); {
			at += int(binary.LittleEndian.Uint16(b[at:]))
			ends[at] = true
		}
		var got Table
		links, addrs := 0, 0
		for n := range len(b) {
			err := d.Dump(&got, b[:n])
			if ends[n] {
				links, addrs = len(got.Links), len(got.Addrs)
			}
			if (err == nil) != ends[n] || err != nil && !errors.Is(err, decode.ErrMalformed) || len(got.Links) != links || len(got.Addrs) != addrs {
				t.Fatalf("%s cut at %d: %d interfaces and %d addresses, want %d and %d; error %v",
					name, n, len(got.Links), len(got.Addrs), links, addrs, err)
			}
		}
	}
}
