package sysprobe

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"net/netip"
	"strings"
	"testing"
	"time"
	"unicode/utf16"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"telegraf-sysprobe/sysprobe/internal/decode/ipadapter"
)

// utf16le is a text as Windows has it.
func utf16le(s string) []byte {
	var b []byte
	for _, u := range utf16.Encode([]rune(s)) {
		b = binary.LittleEndian.AppendUint16(b, u)
	}
	return b
}

// ethernetRow is a card that works.
func ethernetRow(index uint32, name string) *ipadapter.Row {
	return &ipadapter.Row{
		LUID: uint64(6)<<48 | uint64(index)<<24, Index: index, GUID: []byte("0123456789abcdef"), Alias: utf16le(name),
		Description:  utf16le("Intel(R) I210 Gigabit Network Connection"),
		HardwareAddr: []byte{0xaa, 0xbb, 0xcc, 0xdd, 0xee, 0xff}, PermanentAddr: []byte{2, 3, 4, 5, 6, 7},
		MTU: 1500, Type: 6, Access: ipadapter.AccessBroadcast, OperStatus: 1, AdminStatus: ipadapter.AdminUp,
		MediaState: ipadapter.MediaConnected, Hardware: true, TransmitSpeed: 1e10, ReceiveSpeed: 25e8,
	}
}

// TestLinkOfRow has interfaces as the table of interfaces shows them.
func TestLinkOfRow(t *testing.T) {
	long := strings.Repeat("網", 256)
	texts := newRowTexts()
	for _, tt := range []struct {
		name   string
		change func(r *ipadapter.Row)
		check  func(l *Link) bool
	}{
		{"I01 hardware address of 6 bytes, lower-case as on every system", func(*ipadapter.Row) {}, func(l *Link) bool {
			return bytes.Equal(l.HardwareAddr.Bytes(), []byte{0xaa, 0xbb, 0xcc, 0xdd, 0xee, 0xff}) &&
				l.HardwareAddr.String() == "aa:bb:cc:dd:ee:ff" && l.PermanentAddr.String() == "02:03:04:05:06:07"
		}},
		{"I01 of 20 bytes", func(r *ipadapter.Row) { r.HardwareAddr = make([]byte, 20) }, func(l *Link) bool {
			return l.HardwareAddr.Len() == 20
		}},
		{"I02 without a hardware address", func(r *ipadapter.Row) { r.HardwareAddr = nil }, func(l *Link) bool {
			return l.HardwareAddr.Len() == 0 && l.Name == "Ethernet"
		}},
		{"I06 up, administratively down", func(r *ipadapter.Row) { r.AdminStatus = 2 }, func(l *Link) bool {
			return !l.Flags.IsUp() && l.Flags&FlagUp == 0 && l.OperState == OperUp && !l.Carrier.Known()
		}},
		{"I06 down, administratively up", func(r *ipadapter.Row) { r.OperStatus = 2 }, func(l *Link) bool {
			return !l.Flags.IsUp() && l.Flags&FlagUp != 0 && l.OperState == OperDown
		}},
		{"I06 up", func(*ipadapter.Row) {}, func(l *Link) bool { return l.Flags.IsUp() }},
		{"I08 name of 256 characters", func(r *ipadapter.Row) { r.Alias = utf16le(long) }, func(l *Link) bool { return l.Name == long }},
		{"no name", func(r *ipadapter.Row) { r.Alias = nil }, func(l *Link) bool { return l.Name == l.GUID && l.GUID != "" }},
		{"cable unplugged", func(r *ipadapter.Row) { r.MediaState, r.OperStatus = ipadapter.MediaDisconnected, 2 }, func(l *Link) bool {
			return l.Carrier == Some(false) && l.Flags&FlagLowerUp == 0
		}},
		{"medium unknown", func(r *ipadapter.Row) { r.MediaState = 0 }, func(l *Link) bool { return !l.Carrier.Known() }},
		{"unknown states", func(r *ipadapter.Row) {
			r.OperStatus, r.AdminStatus, r.MediaState, r.Access, r.Type = 99, 99, 99, 99, 9999
		}, func(l *Link) bool {
			return l.OperState == OperUnknown && l.Flags == 0 && l.Kind == "9999" && !l.Carrier.Known()
		}},
		{"loopback", func(r *ipadapter.Row) { r.Type, r.Access, r.Hardware = 24, ipadapter.AccessLoopback, false }, func(l *Link) bool {
			return l.Kind == "loopback" && l.Flags&(FlagLoopback|FlagBroadcast) == FlagLoopback && l.Hardware == Some(false)
		}},
		{"point-to-point", func(r *ipadapter.Row) { r.Type, r.Access = 23, ipadapter.AccessPointToPoint }, func(l *Link) bool {
			return l.Kind == "ppp" && l.Flags&(FlagPointToPoint|FlagBroadcast) == FlagPointToPoint
		}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			r := ethernetRow(3, "Ethernet")
			tt.change(r)
			var l Link
			if texts.fill(&l, r); !tt.check(&l) {
				t.Errorf("%+v", l)
			}
		})
	}
}

// TestAddrsOfAdapters has two adapters that are listed in another order than the
// interfaces, and an interface without one.
func TestAddrsOfAdapters(t *testing.T) {
	rows := adapterRows{texts: newRowTexts()}
	read := func() []InterfaceAddrs {
		rows.begin()
		rows.link(ethernetRow(9, "Ethernet"))
		loopback := ethernetRow(1, "Loopback Pseudo-Interface 1")
		loopback.Type, loopback.Access, loopback.HardwareAddr = windowsTypeLoopback, ipadapter.AccessLoopback, nil
		rows.link(loopback)
		rows.link(&ipadapter.Row{Index: 12, Alias: utf16le("empty")})
		rows.link(&ipadapter.Row{Index: 13, Alias: utf16le("Ethernet-WFP Native MAC Layer LightWeight Filter-0000"), Filter: true})
		rows.linked()
		rows.adapter(&ipadapter.Adapter{Index: 9})
		for _, a := range []ipadapter.Address{
			{
				IP: netip.MustParseAddr("fe80::1"), Bits: 64, PrefixOrigin: 2, SuffixOrigin: ipadapter.OriginLinkLayer,
				DADState: ipadapter.DADTentative, Valid: ipadapter.Forever, Preferred: ipadapter.Forever,
			},
			{IP: netip.MustParseAddr("192.0.2.7"), Bits: 24, PrefixOrigin: 3, SuffixOrigin: 3, DADState: ipadapter.DADPreferred, Valid: 3600, Preferred: 1800},
			{
				IP: netip.MustParseAddr("2001:db8::7"), Bits: 64, PrefixOrigin: ipadapter.OriginRouter, SuffixOrigin: ipadapter.OriginRandom,
				DADState: ipadapter.DADDeprecated, Valid: 60,
			},
			{IP: netip.MustParseAddr("192.0.2.8"), Bits: 32, DADState: ipadapter.DADDuplicate, Valid: ipadapter.Forever, Preferred: ipadapter.Forever},
		} {
			rows.address(&a)
		}
		rows.adapter(&ipadapter.Adapter{Index: 1})
		rows.address(&ipadapter.Address{
			IP: netip.MustParseAddr("127.0.0.1"), Bits: 8, DADState: ipadapter.DADPreferred, Valid: ipadapter.Forever, Preferred: ipadapter.Forever,
		})
		rows.adapter(&ipadapter.Adapter{Index: 77}) // came after the interfaces were listed
		rows.address(&ipadapter.Address{IP: netip.MustParseAddr("192.0.2.99"), Bits: 24})
		return rows.rows.Interfaces
	}
	read()
	got := read()
	hour := time.Hour
	want := []InterfaceAddrs{
		{Link: Link{Index: 1}, Addrs: []Addr{{IP: netip.MustParseAddr("127.0.0.1"), PrefixLen: 8, Scope: ScopeHost, Flags: AddrPreferred | AddrPermanent}}},
		{Link: Link{Index: 9}, Addrs: []Addr{
			{
				IP: netip.MustParseAddr("192.0.2.7"), PrefixLen: 24, Broadcast: netip.MustParseAddr("192.0.2.255"), Flags: AddrPreferred | AddrDHCP,
				ValidLifetime: Some(hour), PreferredLifetime: Some(hour / 2),
			},
			{IP: netip.MustParseAddr("192.0.2.8"), PrefixLen: 32, Flags: AddrDADFailed | AddrPermanent},
			{IP: netip.MustParseAddr("fe80::1%Ethernet"), PrefixLen: 64, Scope: ScopeLink, Flags: AddrTentative | AddrLinkLayer | AddrPermanent},
			{
				IP: netip.MustParseAddr("2001:db8::7"), PrefixLen: 64, Flags: AddrDeprecated | AddrRouter | AddrRandom,
				ValidLifetime: Some(time.Minute), PreferredLifetime: Some(time.Duration(0)),
			},
		}},
		{Link: Link{Index: 12}},
	}
	t.Run("I02 an interface without an address stays", func(t *testing.T) {
		if last := got[len(got)-1]; last.Link.Name != "empty" || last.Link.HardwareAddr.Len() != 0 || len(last.Addrs) != 0 {
			t.Errorf("%+v", last)
		}
	})
	diff := cmp.Diff(want, got, cmpopts.EquateEmpty(), cmp.Comparer(func(a, b Link) bool { return a.Index == b.Index }),
		cmpopts.EquateComparable(netip.Addr{}, Opt[time.Duration]{}, Opt[uint32]{}, Opt[uint8]{}))
	if diff != "" || rows.orphans != 1 {
		t.Errorf("%d orphans, want 1 (-want +got):\n%s", rows.orphans, diff)
	}
}

// TestBroadcastOf has networks with and without a broadcast address.
func TestBroadcastOf(t *testing.T) {
	for _, tt := range []struct {
		ip    string
		bits  int
		flags LinkFlags
		mask  string
		want  string
	}{
		{"192.0.2.7", 24, FlagBroadcast, "255.255.255.0", "192.0.2.255"},
		{"192.0.2.7", 32, FlagBroadcast, "255.255.255.255", ""},
		{"192.0.2.7", 31, FlagBroadcast, "255.255.255.254", ""},
		{"192.0.2.6", 30, FlagBroadcast, "255.255.255.252", "192.0.2.7"},
		{"10.1.2.3", 12, FlagBroadcast, "255.240.0.0", "10.15.255.255"},
		{"192.0.2.7", 0, FlagBroadcast, "0.0.0.0", "255.255.255.255"},
		{"127.0.0.1", 8, FlagLoopback, "255.0.0.0", ""},
		{"10.9.0.1", 24, FlagPointToPoint, "255.255.255.0", ""},
		{"2001:db8::1", 24, FlagBroadcast, "ffff:ff00::", ""},
	} {
		t.Run(fmt.Sprintf("I03 %s/%d %v", tt.ip, tt.bits, tt.flags), func(t *testing.T) {
			a := addrOfWindows(&ipadapter.Address{IP: netip.MustParseAddr(tt.ip), Bits: uint8(tt.bits)}, &Link{Flags: tt.flags})
			got := ""
			if a.Broadcast.IsValid() {
				got = a.Broadcast.String()
			}
			if got != tt.want || a.Netmask().String() != tt.mask {
				t.Errorf("broadcast %q, mask %s, want %q, %s", got, a.Netmask(), tt.want, tt.mask)
			}
		})
	}
}

func TestScopeOf(t *testing.T) {
	for ip, want := range map[string]AddrScope{
		"127.0.0.1": ScopeHost, "::1": ScopeHost, "169.254.1.2": ScopeLink, "fe80::1": ScopeLink, "fec0::1": ScopeSite, "feff::1": ScopeSite,
		"fd00::1": ScopeGlobal, "192.0.2.1": ScopeGlobal, "2001:db8::1": ScopeGlobal,
	} {
		if got := scopeOf(netip.MustParseAddr(ip)); got != want {
			t.Errorf("%s: %v, want %v", ip, got, want)
		}
	}
}
