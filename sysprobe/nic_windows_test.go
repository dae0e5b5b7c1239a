package sysprobe

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"net"
	"net/netip"
	"os"
	"slices"
	"testing"

	gocmp "github.com/google/go-cmp/cmp"
)

// linkWords is what two sources agree on about an interface.
type linkWords struct {
	Index     int
	Name      string
	MTU       int
	Hardware  string
	Addresses []string // with prefix length and broadcast address
}

// sortWords orders interfaces by index, and addresses by text.
func sortWords(all []linkWords) []linkWords {
	for i := range all {
		slices.Sort(all[i].Addresses)
	}
	slices.SortFunc(all, func(a, b linkWords) int { return cmp.Compare(a.Index, b.Index) })
	return all
}

// addressWords is an address as linkWords has it.
func addressWords(ip netip.Addr, bits int, broadcast string) string {
	return fmt.Sprintf("%s/%d %s", ip.WithZone(""), bits, broadcast)
}

// ownWords are those of package sysprobe.
func ownWords(t *testing.T, withBroadcast bool) []linkWords {
	t.Helper()
	interfaces, err := Interfaces(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	var all []linkWords
	for i := range interfaces {
		l := &interfaces[i].Link
		words := linkWords{Index: l.Index, Name: l.Name, MTU: int(l.MTU), Hardware: l.HardwareAddr.String()}
		for _, a := range interfaces[i].Addrs {
			broadcast := ""
			if withBroadcast && a.Broadcast.IsValid() {
				broadcast = a.Broadcast.String()
			}
			words.Addresses = append(words.Addresses, addressWords(a.IP, a.PrefixLen, broadcast))
		}
		all = append(all, words)
	}
	return sortWords(all)
}

// TestInterfacesAgainstStandardLibrary compares with package net, which lists the
// interfaces that IP is bound to.
func TestInterfacesAgainstStandardLibrary(t *testing.T) {
	interfaces, err := net.Interfaces()
	if err != nil {
		t.Fatal(err)
	}
	var want []linkWords
	for _, i := range interfaces {
		addrs, err := i.Addrs()
		if err != nil {
			t.Fatal(err)
		}
		words := linkWords{Index: i.Index, Name: i.Name, MTU: i.MTU, Hardware: HardwareAddrFrom(i.HardwareAddr).String()}
		for _, a := range addrs {
			prefix := netip.MustParsePrefix(a.String())
			words.Addresses = append(words.Addresses, addressWords(prefix.Addr(), prefix.Bits(), ""))
		}
		want = append(want, words)
	}
	got := slices.DeleteFunc(ownWords(t, false), func(l linkWords) bool {
		return !slices.ContainsFunc(interfaces, func(i net.Interface) bool { return i.Index == l.Index })
	})
	if diff := gocmp.Diff(sortWords(want), got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

// ipLink is an interface as ip -json -details -statistics address shows it.
type ipLink struct {
	Index     int                               `json:"ifindex"`
	Name      string                            `json:"ifname"`
	MTU       int                               `json:"mtu"`
	Flags     []string                          `json:"flags"`
	Hardware  string                            `json:"address"`
	LinkType  string                            `json:"link_type"`
	Addresses []ipAddress                       `json:"addr_info"`
	Stats     map[string]struct{ Bytes uint64 } `json:"stats64"`
}

// ipAddress is an address there.
type ipAddress struct {
	Local string `json:"local"`
	Bits  int    `json:"prefixlen"`
	Peer  string `json:"address"`
}

// outside returns what ip(8) says of the interfaces, where the tests run under Wine
// in a network namespace of Linux.
func outside(t *testing.T) []ipLink {
	t.Helper()
	name := os.Getenv("SYSPROBE_TEST_IP_JSON")
	if name == "" {
		t.Skip("needs the interfaces of Linux below Wine: run make wine")
	}
	b, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	var links []ipLink
	if err := json.Unmarshal(b, &links); err != nil || len(links) < 3 {
		t.Fatalf("%d interfaces, %v", len(links), err)
	}
	return links
}

// TestInterfacesAgainstLinux compares with ip -json. Wine knows no broadcast
// addresses of Linux and shows no peers.
func TestInterfacesAgainstLinux(t *testing.T) {
	var want []linkWords
	for _, l := range outside(t) {
		words := linkWords{Index: l.Index, Name: l.Name, MTU: l.MTU, Hardware: l.Hardware}
		if l.LinkType != "ether" { // the tunnel has none, and loopback has zeros
			words.Hardware = ""
		}
		loopback := slices.Contains(l.Flags, "LOOPBACK")
		for _, a := range l.Addresses {
			prefix := netip.PrefixFrom(netip.MustParseAddr(a.Local), a.Bits)
			broadcast := ""
			if prefix.Addr().Is4() && a.Bits < 31 && !loopback {
				last := prefix.Masked().Addr()
				for next := last; prefix.Contains(next); next = next.Next() {
					last = next
				}
				broadcast = last.String()
			}
			words.Addresses = append(words.Addresses, addressWords(prefix.Addr(), a.Bits, broadcast))
		}
		want = append(want, words)
	}
	if diff := gocmp.Diff(sortWords(want), ownWords(t, true)); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

// TestLinksAgainstLinux compares state and counters with ip -json. To Wine every
// interface that is up is running. Linux itself sends packets through all but
// loopback meanwhile.
func TestLinksAgainstLinux(t *testing.T) {
	want := outside(t)
	links, err := Links(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if len(links) != len(want) {
		t.Fatalf("%d interfaces, want %d", len(links), len(want))
	}
	slices.SortFunc(want, func(a, b ipLink) int { return cmp.Compare(a.Index, b.Index) })
	kinds := map[string]string{"loopback": "loopback", "ether": "ether"}
	for i, l := range links {
		w := want[i]
		counters := l.Counters.Or(LinkCounters{})
		switch {
		case l.Link.Name != w.Name, l.Link.Index != w.Index, int(l.Link.MTU) != w.MTU:
			t.Errorf("%+v, want %+v", l.Link, w)
		case l.Link.Flags.IsUp() != slices.Contains(w.Flags, "UP"):
			t.Errorf("%s: flags %v, want %v", w.Name, l.Link.Flags, w.Flags)
		case kinds[w.LinkType] != "" && l.Link.Kind != kinds[w.LinkType]:
			t.Errorf("%s: kind %s, want %s", w.Name, l.Link.Kind, w.LinkType)
		case counters.RxBytes.Or(0) < w.Stats["rx"].Bytes, counters.TxBytes.Or(0) < w.Stats["tx"].Bytes,
			w.LinkType == "loopback" && counters.RxBytes != counters.TxBytes: // other tests send there
			t.Errorf("%s: %v and %v bytes, want %v", w.Name, counters.RxBytes, counters.TxBytes, w.Stats)
		case l.Link.GUID == "", l.Link.LUID == 0, l.Link.Description == "":
			t.Errorf("%s: GUID %q, LUID %v, description %q", w.Name, l.Link.GUID, l.Link.LUID, l.Link.Description)
		}
	}
}

// TestNICHandles is about the life of the handles.
func TestNICHandles(t *testing.T) {
	addrs, err := OpenNICAddrs(nil)
	if err != nil {
		t.Fatal(err)
	}
	stats, err := OpenNICStats(nil)
	if err != nil {
		t.Fatal(err)
	}
	ended, cancel := context.WithCancel(t.Context())
	cancel()
	var a AddrSnapshot
	var l LinkSnapshot
	for _, tt := range []struct {
		name string
		err  error
		want error
	}{
		{"addresses", addrs.Snapshot(t.Context(), &a), nil},
		{"links", stats.Snapshot(t.Context(), &l, WantLinkDetail|WantFEC), nil},
		{"cancelled addresses", addrs.Snapshot(ended, &a), context.Canceled},
		{"cancelled links", stats.Snapshot(ended, &l, 0), context.Canceled},
		{"close addresses", addrs.Close(), nil},
		{"close links", stats.Close(), nil},
		{"close addresses again", addrs.Close(), fs.ErrClosed},
		{"close links again", stats.Close(), fs.ErrClosed},
		{"closed addresses", addrs.Snapshot(t.Context(), &a), fs.ErrClosed},
		{"closed links", stats.Snapshot(t.Context(), &l, 0), fs.ErrClosed},
	} {
		if !errors.Is(tt.err, tt.want) {
			t.Errorf("%s: %v, want %v", tt.name, tt.err, tt.want)
		}
	}
	if len(a.Interfaces) > 0 || len(l.Links) > 0 {
		t.Error("a snapshot is not empty after an error")
	}
	if _, err := OpenNICAddrs(&Config{NetNS: "blue"}); !errors.Is(err, ErrNotSupported) {
		t.Errorf("a namespace: %v, want ErrNotSupported", err)
	}
}

// BenchmarkInterfaces also is of package net, for comparison.
func BenchmarkInterfaces(b *testing.B) {
	b.Run("sysprobe", func(b *testing.B) {
		b.ReportAllocs()
		h, err := OpenNICAddrs(nil)
		if err != nil {
			b.Fatal(err)
		}
		defer h.Close() //nolint:errcheck // it was read only
		var s AddrSnapshot
		for b.Loop() {
			if err := h.Snapshot(context.Background(), &s); err != nil {
				b.Fatal(err)
			}
		}
	})
	b.Run("net", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			interfaces, err := net.Interfaces()
			if err != nil {
				b.Fatal(err)
			}
			for _, i := range interfaces {
				if _, err := i.Addrs(); err != nil {
					b.Fatal(err)
				}
			}
		}
	})
}
