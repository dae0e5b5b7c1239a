//go:build linux

package sysprobe

import (
	"fmt"
	"net/netip"
	"os"
	"slices"
	"strings"
	"testing"
	"time"
	"unsafe"

	"github.com/google/go-cmp/cmp"
	"golang.org/x/sys/unix"
)

// find returns the row of an interface.
func (s *AddrSnapshot) find(tb testing.TB, name string) *InterfaceAddrs {
	tb.Helper()
	for i := range s.Interfaces {
		if s.Interfaces[i].Link.Name == name {
			return &s.Interfaces[i]
		}
	}
	tb.Fatalf("no interface %q", name)
	return nil
}

// texts spells the addresses of an interface, those that the kernel made of
// its hardware address excepted, as "IP/prefix brd B peer P".
func (s *AddrSnapshot) texts(tb testing.TB, name string) []string {
	tb.Helper()
	var all []string
	for _, a := range s.find(tb, name).Addrs {
		if a.IP.IsLinkLocalUnicast() {
			continue
		}
		text := fmt.Sprintf("%v/%d", a.IP, a.PrefixLen)
		if a.Broadcast.IsValid() {
			text += " brd " + a.Broadcast.String()
		}
		if a.Peer.IsValid() {
			text += " peer " + a.Peer.String()
		}
		all = append(all, text)
	}
	return all
}

// wantTexts compares texts.
func (s *AddrSnapshot) wantTexts(tb testing.TB, name string, want ...string) {
	tb.Helper()
	if diff := cmp.Diff(want, s.texts(tb, name)); diff != "" {
		tb.Errorf("addresses of %s (-want +got):\n%s", name, diff)
	}
}

// address returns the row of an address.
func (s *AddrSnapshot) address(tb testing.TB, ip string) Addr {
	tb.Helper()
	for _, i := range s.Interfaces {
		for _, a := range i.Addrs {
			if a.IP.WithZone("") == netip.MustParseAddr(ip) {
				return a
			}
		}
	}
	tb.Fatalf("no address %s", ip)
	return Addr{}
}

func TestNICAddrsOfAPair(t *testing.T) {
	ns := newNetNSWithPair(t)
	ns.batch([]string{
		"link property add dev d0 altname thisisaverylongaltname",
		"addr add 10.1.2.3/24 brd + dev d0",
		"addr add 192.0.2.7/32 dev d0",
		"addr add 192.0.2.8/32 brd + dev d0",
		"addr add 172.16.0.1/0 dev d0",
		"addr add 10.9.9.9/8 brd 10.255.255.254 dev d0",
		"addr add 10.77.0.1/24 dev d0",
		"addr add 203.0.113.1 peer 203.0.113.9/32 dev d0",
		"addr add 10.1.2.5/24 dev d0",
		"addr add 10.1.2.4/24 dev d0 label d0:1",
		"addr add 2001:db8::5/64 dev d0 nodad",
		"addr add fc00::1/128 dev d0 nodad",
	})
	s := ns.snapshotAddrs()

	t.Run("A01 lo", func(t *testing.T) {
		s.wantTexts(t, "lo", "127.0.0.1/8", "::1/128")
		lo := s.find(t, "lo")
		if got := lo.Link.HardwareAddr.String(); got != "00:00:00:00:00:00" || lo.Link.Broadcast.Len() != 0 {
			t.Errorf("link-layer address %q, broadcast %q; want zeros and none", got, lo.Link.Broadcast)
		}
		for i, want := range []string{"255.0.0.0", "ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff"} {
			if got := lo.Addrs[i].Netmask().String(); got != want {
				t.Errorf("mask of %v = %s, want %s", lo.Addrs[i].IP, got, want)
			}
		}
	})
	t.Run("A02 A03 A04 A05 A07 A08 A09 A10 A13 in kernel order", func(t *testing.T) {
		s.wantTexts(t, "d0",
			"10.1.2.3/24 brd 10.1.2.255",   // A02
			"192.0.2.7/32", "192.0.2.8/32", // A05
			"172.16.0.1/0",                    // A07
			"10.9.9.9/8 brd 10.255.255.254",   // A08
			"10.77.0.1/24",                    // A04
			"203.0.113.1/32 peer 203.0.113.9", // A10
			"10.1.2.5/24", "10.1.2.4/24",      // A03, A09: secondaries after all primaries
			"fc00::1/128", "2001:db8::5/64", // A13
		)
	})
	t.Run("A03 secondary", func(t *testing.T) {
		if a := s.address(t, "10.1.2.5"); a.Flags&AddrSecondary == 0 {
			t.Errorf("flags %v, want secondary", a.Flags.Text(a.Family()))
		}
	})
	for ip, mask := range map[string]string{
		"10.1.2.3": "255.255.255.0", "172.16.0.1": "0.0.0.0", // A02, A07
		"2001:db8::5": "ffff:ffff:ffff:ffff::", "fc00::1": "ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff", // A13
	} {
		t.Run("A02 A07 A13 mask of "+ip, func(t *testing.T) {
			a := s.address(t, ip)
			if got := a.Netmask().String(); got != mask || a.IP.Zone() != "" {
				t.Errorf("mask %s, zone %q; want %s and none", got, a.IP.Zone(), mask)
			}
		})
	}
	t.Run("A09 label", func(t *testing.T) {
		if a := s.address(t, "10.1.2.4"); a.Label != "d0:1" {
			t.Errorf("label %q, want d0:1", a.Label)
		}
	})
	t.Run("A14 link-local has one zone", func(t *testing.T) {
		i := slices.IndexFunc(s.find(t, "d0").Addrs, func(a Addr) bool { return a.IP.IsLinkLocalUnicast() })
		if i < 0 {
			t.Fatal("d0 has no link-local address")
		}
		a := s.find(t, "d0").Addrs[i]
		if text := a.IP.String(); strings.Count(text, "%") != 1 || !strings.HasSuffix(text, "%d0") || a.Scope != ScopeLink {
			t.Errorf("%s with scope %v, want the zone d0 once and scope link", text, a.Scope)
		}
	})
	t.Run("A26 no interface for an alternative name", func(t *testing.T) {
		var names []string
		for _, i := range s.Interfaces {
			names = append(names, i.Link.Name)
		}
		slices.Sort(names)
		if diff := cmp.Diff([]string{"d0", "d0p", "lo"}, names); diff != "" {
			t.Errorf("names (-want +got):\n%s", diff)
		}
		if diff := cmp.Diff([]string{"thisisaverylongaltname"}, s.find(t, "d0").Link.AltNames); diff != "" {
			t.Errorf("alternative names (-want +got):\n%s", diff)
		}
	})
	t.Run("A36 every row", func(t *testing.T) { checkEveryAddr(t, s) })
	t.Run("B27 the names of addresses and stats are the same", func(t *testing.T) {
		var names, stats []string
		for _, i := range s.Interfaces {
			names = append(names, i.Link.Name)
		}
		for _, l := range ns.snapshotLinks().Links {
			stats = append(stats, l.Link.Name)
			if !l.Counters.Known() {
				t.Errorf("%s has no counters", l.Link.Name)
			}
		}
		if diff := cmp.Diff(names, stats); diff != "" {
			t.Errorf("names (-addresses +stats):\n%s", diff)
		}
	})
}

// checkEveryAddr checks what holds for any address of any machine.
func checkEveryAddr(t *testing.T, s *AddrSnapshot) {
	t.Helper()
	for _, i := range s.Interfaces {
		for _, a := range i.Addrs {
			if a.Broadcast.IsValid() && a.Peer.IsValid() {
				t.Errorf("%v has both broadcast %v and peer %v", a.IP, a.Broadcast, a.Peer)
			}
			if _, err := netip.ParseAddr(a.IP.WithZone("").String()); err != nil {
				t.Error(err)
			}
			if f := a.Family(); f != FamilyInet && f != FamilyInet6 {
				t.Errorf("%v is of family %v", a.IP, f)
			}
			if !a.Netmask().IsValid() {
				t.Errorf("%v/%d has no mask", a.IP, a.PrefixLen)
			}
		}
	}
}

func TestNICAddrsOfATunnel(t *testing.T) {
	ns := newNetNS(t)
	ns.batch([]string{
		"tuntap add dev tun0 mode tun",
		"link set tun0 up",
		"addr add 10.8.0.1 peer 10.8.0.2 dev tun0",
		"addr add fd00::1/64 dev tun0",
	})
	s := ns.snapshotAddrs()
	t.Run("A11 A15 A16 addresses of tun0", func(t *testing.T) {
		s.wantTexts(t, "tun0", "10.8.0.1/32 peer 10.8.0.2", "fd00::1/64")
		tun := s.find(t, "tun0")
		if got := tun.Addrs[0].Netmask().String(); got != "255.255.255.255" {
			t.Errorf("A11 mask %s, want 255.255.255.255", got)
		}
		if tun.Link.HardwareAddr.Len() != 0 || tun.Link.HardwareAddr.String() != "" {
			t.Errorf("A16 link-layer address %q, want none", tun.Link.HardwareAddr)
		}
	})
	t.Run("A27 lo is down in a new namespace", func(t *testing.T) {
		s.wantTexts(t, "lo")
		lo := s.find(t, "lo").Link
		if lo.HardwareAddr.String() != "00:00:00:00:00:00" || lo.Flags.IsUp() || lo.Flags.String() != "loopback" || lo.MTU != 65536 {
			t.Errorf("address %q, flags %q, MTU %d; want zeros, loopback, 65536", lo.HardwareAddr, lo.Flags, lo.MTU)
		}
	})
}

func TestNICAddrsOfAnInterfaceThatIsDown(t *testing.T) {
	ns := newNetNS(t)
	ns.ip("link add c0 type veth peer name c0p")
	s := ns.snapshotAddrs()
	t.Run("A24 down and never addressed", func(t *testing.T) {
		s.wantTexts(t, "c0")
		if l := s.find(t, "c0").Link; l.HardwareAddr.Len() != 6 || l.Broadcast.String() != "ff:ff:ff:ff:ff:ff" {
			t.Errorf("address %q, broadcast %q; want one, and all ones", l.HardwareAddr, l.Broadcast)
		}
	})
}

func TestNICAddrsLinkTypes(t *testing.T) {
	ns := newNetNS(t)
	for _, tt := range []struct {
		name     string
		linkType int // ARPHRD_* that fixes the length of the address
		length   int
	}{
		{"A18 tunnel", unix.ARPHRD_TUNNEL, 4},
		{"A18 gre", unix.ARPHRD_IPGRE, 4},
		{"A19 localtlk", unix.ARPHRD_LOCALTLK, 1},
	} {
		t.Run(tt.name, func(t *testing.T) {
			name := strings.Fields(tt.name)[1]
			ns.do(func() error { return tunOfType(t, name, tt.linkType) })
			l := ns.snapshotAddrs().find(t, name).Link
			if l.HardwareAddr.Len() != tt.length || l.HardwareAddr.String() != "00:00:00:00:00:00" || int(l.HardwareType) != tt.linkType {
				t.Errorf("type %d, %d octets, %q; want %d, %d octets, padded to six",
					l.HardwareType, l.HardwareAddr.Len(), l.HardwareAddr, tt.linkType, tt.length)
			}
			if l.Broadcast.Len() != 0 && len(l.Broadcast.String()) != 17 {
				t.Errorf("broadcast %q, want it padded alike", l.Broadcast)
			}
		})
	}
}

// tunOfType makes a tun interface of a hardware type, for as long as the test
// runs.
func tunOfType(t *testing.T, name string, linkType int) error {
	fd, err := unix.Open("/dev/net/tun", unix.O_RDWR|unix.O_CLOEXEC, 0)
	if err != nil {
		return os.NewSyscallError("open", err)
	}
	t.Cleanup(func() {
		if err := unix.Close(fd); err != nil {
			t.Error(err)
		}
	})
	ifr, err := unix.NewIfreq(name)
	if err != nil {
		return err
	}
	ifr.SetUint16(unix.IFF_TUN | unix.IFF_NO_PI)
	if err := unix.IoctlIfreq(fd, unix.TUNSETIFF, ifr); err != nil {
		return os.NewSyscallError("TUNSETIFF", err)
	}
	return os.NewSyscallError("TUNSETLINK", unix.IoctlSetInt(fd, unix.TUNSETLINK, linkType))
}

func TestNICAddrsWithoutIPv6(t *testing.T) {
	ns := newNetNS(t)
	ns.exec("sysctl", "-qw", "net.ipv6.conf.all.disable_ipv6=1")
	ns.ip("link set lo up")
	t.Run("A34 IPv6 disabled", func(t *testing.T) { ns.snapshotAddrs().wantTexts(t, "lo", "127.0.0.1/8") })
}

func TestNICAddrsLifetimes(t *testing.T) {
	ns := newNetNS(t)
	ns.batch([]string{
		"link add d0 type veth peer name d0p",
		"link set d0 up",
		"addr add 2001:db8::7/64 dev d0",
		"addr add 2001:db8::8/64 dev d0 preferred_lft 0 valid_lft 100",
		"addr add 198.51.100.1/24 dev d0 valid_lft 1000 preferred_lft 500 metric 77",
	})
	s := ns.snapshotAddrs()
	t.Run("A35 tentative", func(t *testing.T) {
		a := s.address(t, "2001:db8::7")
		if a.Flags&AddrTentative == 0 || a.ValidLifetime.Known() || a.PreferredLifetime.Known() {
			t.Errorf("flags %s, lifetimes %v and %v; want tentative for ever", a.Flags.Text(a.Family()), a.ValidLifetime, a.PreferredLifetime)
		}
	})
	t.Run("A35 deprecated", func(t *testing.T) {
		a := s.address(t, "2001:db8::8")
		preferred, known := a.PreferredLifetime.Get()
		if a.Flags&AddrDeprecated == 0 || !known || preferred != 0 {
			t.Errorf("flags %s, preferred for %v (%v); want deprecated and 0", a.Flags.Text(a.Family()), preferred, known)
		}
	})
	t.Run("lifetimes and metric", func(t *testing.T) {
		a := s.address(t, "198.51.100.1")
		if valid := a.ValidLifetime.Or(0); valid < 990*time.Second || valid > 1000*time.Second {
			t.Errorf("valid for %v, want about 1000 s", valid)
		}
		if a.RoutePriority != Some[uint32](77) {
			t.Errorf("metric %v, want 77", a.RoutePriority)
		}
	})
}

func TestNICAddrs501(t *testing.T) {
	ns := newNetNS(t)
	ns.manyPairs(250)
	h, err := OpenNICAddrs(ns.config())
	if err != nil {
		t.Fatal(err)
	}
	closeAfter(t, h)
	var s AddrSnapshot
	t.Run("A33 501 interfaces, each once, in order", func(t *testing.T) {
		started := time.Now()
		if err := h.Snapshot(t.Context(), &s); err != nil {
			t.Fatal(err)
		}
		t.Logf("%d interfaces in %v", len(s.Interfaces), time.Since(started))
		if len(s.Interfaces) != 501 {
			t.Errorf("%d interfaces, want 501", len(s.Interfaces))
		}
		for i := 1; i < len(s.Interfaces); i++ {
			if s.Interfaces[i-1].Link.Index >= s.Interfaces[i].Link.Index {
				t.Errorf("index %d before %d", s.Interfaces[i-1].Link.Index, s.Interfaces[i].Link.Index)
			}
			if len(s.Interfaces[i].Addrs) != 2 {
				t.Errorf("%s has %d addresses, want 2", s.Interfaces[i].Link.Name, len(s.Interfaces[i].Addrs))
			}
		}
	})
	t.Run("B25 501 interfaces in stats", func(t *testing.T) {
		links := ns.snapshotLinks()
		if len(links.Links) != 501 || links.Ethtool != nil || links.Failed != 0 {
			t.Errorf("%d links, ethtool %v, %d failed; want 501", len(links.Links), links.Ethtool, links.Failed)
		}
	})
	t.Run("a snapshot reuses the memory of the one before", func(t *testing.T) {
		before := unsafe.SliceData(s.Interfaces)
		addrs := unsafe.SliceData(s.Interfaces[300].Addrs)
		perInterface := testing.AllocsPerRun(5, func() {
			if err := h.Snapshot(t.Context(), &s); err != nil {
				t.Error(err)
			}
		}) / 501
		if perInterface > 0.5 {
			t.Errorf("%.2f allocations an interface, want less than one in two", perInterface)
		}
		if unsafe.SliceData(s.Interfaces) != before || unsafe.SliceData(s.Interfaces[300].Addrs) != addrs {
			t.Error("the rows moved")
		}
	})
	t.Run("interfaces that go away leave nothing behind", func(t *testing.T) {
		ns.batch([]string{"link del v0", "link del v1"})
		if err := h.Snapshot(t.Context(), &s); err != nil {
			t.Fatal(err)
		}
		if len(s.Interfaces) != 497 {
			t.Errorf("%d interfaces, want 497", len(s.Interfaces))
		}
	})
}
