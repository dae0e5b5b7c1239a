//go:build linux

package sysprobe

import (
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"net/netip"
	"os"
	"regexp"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/mdlayher/ethtool"
	"github.com/mdlayher/genetlink"
	"github.com/mdlayher/netlink"

	"telegraf-sysprobe/sysprobe/internal/decode"
	"telegraf-sysprobe/sysprobe/internal/decode/ethnl"
	"telegraf-sysprobe/sysprobe/internal/decode/nlmsg"
	"telegraf-sysprobe/sysprobe/sysprobetest"
)

// newNetNSWithEverything makes a namespace with each kind of interface and
// address at hand.
func newNetNSWithEverything(t *testing.T) *netNS {
	t.Helper()
	sysprobetest.NeedTool(t, "ethtool")
	ns := newNetNSWithPair(t)
	ns.batch([]string{
		"link add br0 type bridge",
		"link add vx0 type vxlan id 7 dstport 4789 remote 192.0.2.1",
		"link add mac0 link d0 type macvlan mode bridge",
		"tuntap add dev tun0 mode tun",
		"tuntap add dev tap0 mode tap",
		"link set tap0 master br0",
		"link set br0 up",
		"link set vx0 up",
		"link set mac0 up alias \"rack 7, port 9\"",
		"link set tun0 up txqueuelen 99",
		"link property add dev d0 altname uplink0",
		"addr add 10.1.2.3/24 brd + dev d0",
		"addr add 10.1.2.5/24 dev d0 label d0:1",
		"addr add 203.0.113.1 peer 203.0.113.9/32 dev d0",
		"addr add 192.0.2.7/32 dev br0",
		"addr add 198.51.100.1/25 brd 198.51.100.99 dev br0 valid_lft 1000 preferred_lft 500 metric 77",
		"addr add 10.8.0.1 peer 10.8.0.2 dev tun0",
		"addr add 2001:db8::5/64 dev mac0 nodad",
		"addr add 2001:db8:1::1 peer 2001:db8:1::2/128 dev d0 nodad",
		"addr add fd00::1/64 dev tun0",
	})
	ns.exec("ethtool", "-s", "tap0", "speed", "2500", "duplex", "half", "autoneg", "off")
	time.Sleep(1500 * time.Millisecond) // until states and duplicate address detection have settled
	return ns
}

// ipAddr is what ip -json says of an address.
type ipAddr struct {
	Local, Address, Broadcast, Label, Scope string
	PrefixLen                               int
	Metric                                  uint32
	Valid                                   uint32 `json:"valid_life_time"`
	Preferred                               uint32 `json:"preferred_life_time"`
	Secondary, Tentative, Deprecated        bool
	Dynamic                                 bool
}

// ipLink is what ip -json says of an interface.
type ipLink struct {
	Index     int    `json:"ifindex"`
	Name      string `json:"ifname"`
	Flags     []string
	MTU       uint32
	Master    string
	OperState string
	TxQLen    uint32
	Type      string `json:"link_type"`
	Address   string
	Broadcast string
	Peer      string `json:"link_pointtopoint"`
	Alias     string `json:"ifalias"`
	AltNames  []string
	Info      struct {
		Kind string `json:"info_kind"`
	} `json:"linkinfo"`
	Stats struct {
		RX map[string]uint64
		TX map[string]uint64
	} `json:"stats64"`
	Addrs []ipAddr `json:"addr_info"`
}

// ipJSON asks ip(8).
func (ns *netNS) ipJSON(args string) []ipLink {
	ns.tb.Helper()
	var all []ipLink
	if err := json.Unmarshal(ns.ip("-json "+args), &all); err != nil {
		ns.tb.Fatal(err)
	}
	return all
}

func TestOracleIPAddr(t *testing.T) {
	ns := newNetNSWithEverything(t)
	// A lifetime passes a full ten seconds, and a detection of duplicates ends, between two looks.
	sysprobetest.Eventually(t, func() string {
		want := map[string][]ipAddr{}
		for _, l := range ns.ipJSON("addr") {
			for _, a := range l.Addrs {
				a.Dynamic = false // the same as a lifetime
				a.Valid = a.Valid / 10
				a.Preferred = a.Preferred / 10
				want[l.Name] = append(want[l.Name], a)
			}
		}
		got := map[string][]ipAddr{}
		for _, i := range ns.snapshotAddrs().Interfaces {
			for _, a := range i.Addrs {
				got[i.Link.Name] = append(got[i.Link.Name], ipAddrOf(a))
			}
		}
		if len(got) < 6 {
			t.Fatalf("only %d interfaces have addresses", len(got))
		}
		if diff := cmp.Diff(want, got); diff != "" {
			return "addresses (-ip +sysprobe):\n" + diff
		}
		return ""
	})
}

// ipAddrOf spells an address as ip(8) does, with lifetimes in tens of seconds.
func ipAddrOf(a Addr) ipAddr {
	text := func(ip netip.Addr) string {
		if !ip.IsValid() {
			return ""
		}
		return ip.WithZone("").String()
	}
	seconds := func(d Opt[time.Duration]) uint32 {
		if !d.Known() {
			return 0xffffffff / 10
		}
		return uint32(d.Or(0)/time.Second) / 10
	}
	return ipAddr{
		Local: text(a.IP), Address: text(a.Peer), Broadcast: text(a.Broadcast), Label: a.Label, Scope: a.Scope.String(),
		PrefixLen: a.PrefixLen, Metric: a.RoutePriority.Or(0), Valid: seconds(a.ValidLifetime), Preferred: seconds(a.PreferredLifetime),
		Secondary:  a.Family() == FamilyInet && a.Flags&AddrSecondary != 0,
		Tentative:  a.Flags&AddrTentative != 0,
		Deprecated: a.Flags&AddrDeprecated != 0,
	}
}

func TestOracleIPLink(t *testing.T) {
	ns := newNetNSWithEverything(t)
	// The kernel itself sends packets now and then, which count between two looks.
	sysprobetest.Eventually(t, func() string {
		if diff := diffIPLinks(ns.ipJSON("-s -s -d link"), ns.snapshotLinks().Links); diff != "" {
			return "links (-ip +sysprobe):\n" + diff
		}
		return ""
	})
}

// diffIPLinks compares what ip(8) said with links, in what both have.
func diffIPLinks(want []ipLink, links []LinkStats) string {
	var got []ipLink
	for i, l := range links {
		got = append(got, ipLinkOf(&l))
		if i >= len(want) {
			break
		}
		// ip(8) makes these of other facts: NO-CARRIER of up and not running,
		// M-DOWN of what the interface runs over.
		want[i].Flags = slices.DeleteFunc(want[i].Flags, func(f string) bool { return f == "NO-CARRIER" || f == "M-DOWN" })
		slices.Sort(want[i].Flags)
		if want[i].Info.Kind == "" { // ours is then that of the hardware
			want[i].Info.Kind = want[i].Type
		}
		if want[i].Type == "loopback" {
			want[i].Broadcast = "" // of no use, see A01
		}
		keepKeys(want[i].Stats.RX, got[i].Stats.RX)
		keepKeys(want[i].Stats.TX, got[i].Stats.TX)
	}
	return cmp.Diff(want, got)
}

// keepKeys removes from a what b has not.
func keepKeys(a, b map[string]uint64) {
	maps.DeleteFunc(a, func(k string, _ uint64) bool { _, ok := b[k]; return !ok })
}

// ipLinkOf spells a link as ip(8) does.
func ipLinkOf(l *LinkStats) ipLink {
	c, _ := l.Counters.Get()
	got := ipLink{
		Index: l.Link.Index, Name: l.Link.Name, MTU: l.Link.MTU, Master: l.Link.MasterName,
		OperState: strings.ToUpper(l.Link.OperState.String()), TxQLen: l.Link.TxQueueLen.Or(0),
		Type: hardwareTypeName(l.Link.HardwareType), Address: l.Link.HardwareAddr.String(), Broadcast: l.Link.Broadcast.String(),
		Alias: l.Link.Alias, AltNames: l.Link.AltNames,
	}
	got.Info.Kind = l.Link.Kind
	for f := range strings.SplitSeq(strings.ToUpper(l.Link.Flags.String()), ",") {
		if f != "RUNNING" { // NO-CARRIER says the opposite
			got.Flags = append(got.Flags, map[bool]string{true: "POINTOPOINT", false: f}[f == "POINTOPOINT"])
		}
	}
	slices.Sort(got.Flags)
	d, _ := c.Details.Get()
	got.Stats.RX = map[string]uint64{
		"bytes": c.RxBytes.Or(0), "packets": c.RxPackets, "errors": c.RxErrors, "dropped": c.RxDropped.Or(0), "over_errors": d.RxOverErrors,
		"multicast": c.Multicast.Or(0), "length_errors": d.RxLengthErrors, "crc_errors": d.RxCRCErrors, "frame_errors": d.RxFrameErrors,
		"fifo_errors": d.RxFIFOErrors, "missed_errors": d.RxMissedErrors,
	}
	got.Stats.TX = map[string]uint64{
		"bytes": c.TxBytes.Or(0), "packets": c.TxPackets, "errors": c.TxErrors, "dropped": c.TxDropped.Or(0),
		"carrier_errors": d.TxCarrierErrors, "collisions": c.Collisions.Or(0), "aborted_errors": d.TxAbortedErrors,
		"fifo_errors": d.TxFIFOErrors, "window_errors": d.TxWindowErrors, "heartbeat_errors": d.TxHeartbeatErrors,
		"carrier_changes": uint64(l.Link.CarrierChanges.Or(0)),
	}
	return got
}

// field finds a line of ethtool(8).
func field(text, name string) string {
	m := regexp.MustCompile(name + `: (.*)`).FindStringSubmatch(text)
	if m == nil {
		return ""
	}
	return m[1]
}

func TestOracleEthtool(t *testing.T) {
	ns := newNetNSWithEverything(t)
	for _, l := range ns.snapshotLinks().Links {
		t.Run(l.Link.Name, func(t *testing.T) {
			if l.Link.Name == "lo" || l.Link.Kind == "vxlan" { // ethtool(8) has nothing to say of them
				if l.Speed.Known() || l.Duplex != DuplexUnknown {
					t.Errorf("speed %v, duplex %v; want none", l.Speed, l.Duplex)
				}
				return
			}
			text := string(ns.exec("ethtool", l.Link.Name))
			speed := "Unknown!"
			if s, known := l.Speed.Get(); known {
				speed = strconv.FormatUint(uint64(s), 10) + "Mb/s"
			}
			if want := field(text, "Speed"); speed != want {
				t.Errorf("speed %q, ethtool says %q", speed, want)
			}
			duplex := l.Duplex.String()
			if want := strings.ToLower(field(text, "Duplex")); duplex != want && !strings.HasPrefix(want, duplex) {
				t.Errorf("duplex %q, ethtool says %q", duplex, want)
			}
			ports := map[Port]string{PortTP: "Twisted Pair", PortOther: "Other"}
			if want := field(text, "Port"); ports[l.Port.Or(PortNone)] != want {
				t.Errorf("port %v, ethtool says %q", l.Port, want)
			}
			auto := map[bool]string{true: "on", false: "off"}[l.Autoneg.Or(false)]
			if want := field(text, "Auto-negotiation"); auto != want {
				t.Errorf("autoneg %q, ethtool says %q", auto, want)
			}
		})
	}
}

// TestOracleEthtoolLibrary compares what we decode with what mdlayher/ethtool
// does, where no interface has link modes that it panics on.
func TestOracleEthtoolLibrary(t *testing.T) {
	ns := newNetNSWithEverything(t)
	var want, got []string
	ns.do(func() error {
		client, err := ethtool.New()
		if err != nil {
			return err
		}
		closeAfter(t, client)
		modes, err := client.LinkModes()
		if err != nil {
			return err
		}
		infos, err := client.LinkInfos()
		if err != nil {
			return err
		}
		for i, m := range modes {
			speed := speedOfKernel(uint32(m.SpeedMegabits)) // the library passes on SPEED_UNKNOWN
			duplex := duplexOfKernel(uint8(m.Duplex))
			want = append(want, fmt.Sprint(m.Interface.Name, speed, duplex, m.Autoneg != 0, uint8(infos[i].Port)))
		}
		return nil
	})
	for _, l := range ns.snapshotLinks().Links {
		if l.Autoneg.Known() {
			got = append(got, fmt.Sprint(l.Link.Name, l.Speed, l.Duplex, l.Autoneg.Or(false), uint8(l.Port.Or(0))))
		}
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("name, speed, duplex, autoneg, port (-library +sysprobe):\n%s", diff)
	}
	if len(got) < 5 {
		t.Errorf("only %d interfaces have link modes", len(got))
	}
}

// TestModesOfTheKernel compares the table of link modes with the names that
// the running kernel has for their bits.
func TestModesOfTheKernel(t *testing.T) {
	conn, err := genetlink.Dial(nil)
	if err != nil {
		t.Fatal(err)
	}
	closeAfter(t, conn)
	family, err := conn.GetFamily("ethtool")
	if err != nil {
		t.Fatal(err)
	}
	names, err := linkModeNames(conn, family.ID)
	if err != nil {
		t.Fatal(err)
	}
	fewest := 93
	if !kernelAtLeast(t, 6, 1) {
		fewest = 92 // without 10baseT1L
	}
	if len(names) < fewest {
		t.Fatalf("the kernel names %d link modes only", len(names))
	}
	for bit, name := range names {
		set := make(ethnl.Bitset, bit/32+1)
		set[bit/32] = 1 << (bit % 32)
		modes := ethnl.LinkModes{Supported: set}
		if bit > 120 && modes.Best().Speed == 0 {
			t.Logf("bit %d, %s, is newer than the table", bit, name)
			continue
		}
		if got := LinkMode(bit).String(); got != name {
			t.Errorf("bit %d is called %s, by the kernel %s", bit, got, name)
		}
		var want ethnl.Best
		if digits := regexp.MustCompile(`^(\d+)base`).FindStringSubmatch(name); digits != nil {
			speed, err := strconv.ParseUint(digits[1], 10, 32)
			if err != nil {
				t.Fatal(err)
			}
			want = ethnl.Best{Speed: uint32(speed), Full: !strings.HasSuffix(name, "/Half")}
		}
		if got := modes.Best(); got != want {
			t.Errorf("bit %d, %s: %+v, want %+v", bit, name, got, want)
		}
	}
}

// linkModeNames asks for the string set ETH_SS_LINK_MODES.
func linkModeNames(conn *genetlink.Conn, family uint16) (map[int]string, error) {
	const strsetGet, header, stringSets, stringSet, id, linkModes = 1, 1, 2, 1, 1, 9
	encoder := netlink.NewAttributeEncoder()
	encoder.Nested(header, func(*netlink.AttributeEncoder) error { return nil })
	encoder.Nested(stringSets, func(e *netlink.AttributeEncoder) error {
		e.Nested(stringSet, func(e *netlink.AttributeEncoder) error {
			e.Uint32(id, linkModes)
			return nil
		})
		return nil
	})
	body, err := encoder.Encode()
	if err != nil {
		return nil, err
	}
	request := genetlink.Message{Header: genetlink.Header{Command: strsetGet, Version: 1}, Data: body}
	replies, err := conn.Execute(request, family, netlink.Request)
	if err != nil {
		return nil, err
	}
	names := map[int]string{}
	c := decode.NewCursor(replies[0].Data, binary.NativeEndian, "string set")
	// ETHTOOL_A_STRSET_STRINGSETS, ..._STRINGSET, ..._STRINGS, ..._STRING
	eachAttr(c, []uint16{stringSets, stringSet, 3, 1}, func() {
		bit := -1
		for a := nlmsg.AttrsOf(c); a.Next(); {
			switch a.Type {
			case 1:
				bit = int(c.Uint32())
			case 2:
				names[bit] = string(a.Text())
			}
		}
	})
	return names, c.Err()
}

// eachAttr calls f inside each attribute that path leads to.
func eachAttr(c *decode.Cursor, path []uint16, f func()) {
	if len(path) == 0 {
		f()
		return
	}
	for a := nlmsg.AttrsOf(c); a.Next(); {
		if a.Type == path[0] {
			eachAttr(c, path[1:], f)
		}
	}
}

func TestSnapshotsLeakNothing(t *testing.T) {
	t.Run("K04 200 snapshots", func(t *testing.T) {
		ns := newNetNSWithPair(t)
		count := func() (fds, goroutines int) {
			entries, err := os.ReadDir("/proc/self/fd")
			if err != nil {
				t.Fatal(err)
			}
			return len(entries), runtime.NumGoroutine()
		}
		ns.snapshotLinks() // starts the runtime's poller
		fds, goroutines := count()
		for range 200 {
			ns.snapshotAddrs()
			ns.snapshotLinks()
			if h, err := OpenNICAddrs(&Config{NetNS: "/proc/self/status"}); err == nil {
				t.Fatal(errors.Join(errors.New("a file that is no namespace was entered"), h.Close()))
			}
		}
		deadline := time.Now().Add(5 * time.Second)
		nowFDs, nowGoroutines := count()
		for (nowFDs > fds || nowGoroutines > goroutines) && time.Now().Before(deadline) {
			time.Sleep(10 * time.Millisecond)
			nowFDs, nowGoroutines = count()
		}
		if nowFDs > fds || nowGoroutines > goroutines {
			t.Errorf("%d open files and %d goroutines, before %d and %d", nowFDs, nowGoroutines, fds, goroutines)
		}
	})
}

func TestSnapshotsAtOnce(t *testing.T) {
	t.Run("F12 goroutines share a handle", func(t *testing.T) {
		ns := newNetNSWithPair(t)
		addrs, err := OpenNICAddrs(ns.config())
		if err != nil {
			t.Fatal(err)
		}
		closeAfter(t, addrs)
		stats, err := OpenNICStats(ns.config())
		if err != nil {
			t.Fatal(err)
		}
		closeAfter(t, stats)
		var wg sync.WaitGroup
		for range 4 {
			wg.Go(func() {
				var a AddrSnapshot
				var l LinkSnapshot
				for range 20 {
					err := errors.Join(addrs.Snapshot(t.Context(), &a), stats.Snapshot(t.Context(), &l, 0))
					if err != nil || len(a.Interfaces) != 3 || len(l.Links) != 3 {
						t.Errorf("%d and %d interfaces, %v; want 3 and 3", len(a.Interfaces), len(l.Links), err)
					}
				}
			})
		}
		wg.Wait()
	})
}
