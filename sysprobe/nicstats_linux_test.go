//go:build linux

package sysprobe

import (
	"encoding/binary"
	"errors"
	"fmt"
	"net"
	"os"
	"strconv"
	"strings"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"telegraf-sysprobe/sysprobe/internal/decode/nlmsg"
	"telegraf-sysprobe/sysprobe/internal/decode/rtnl"
	"telegraf-sysprobe/sysprobe/internal/sys/ethtool"
	"telegraf-sysprobe/sysprobe/internal/sys/netns"
	"telegraf-sysprobe/sysprobe/internal/sys/nlconn"
	"telegraf-sysprobe/sysprobe/sysprobetest"
)

// find returns the row of an interface.
func (s *LinkSnapshot) find(tb testing.TB, name string) *LinkStats {
	tb.Helper()
	for i := range s.Links {
		if s.Links[i].Link.Name == name {
			return &s.Links[i]
		}
	}
	tb.Fatalf("no interface %q", name)
	return nil
}

// linkWant is what a test expects of an interface.
type linkWant struct {
	flags  string // as psutil has them: without lower_up
	up     bool
	mtu    uint32
	speed  uint32 // 0 for absent
	duplex Duplex
}

// check compares.
func (w linkWant) check(t *testing.T, l *LinkStats) {
	t.Helper()
	flags := strings.TrimSuffix(l.Link.Flags.String(), ",lower_up")
	got := linkWant{flags, l.Link.Flags.IsUp(), l.Link.MTU, l.Speed.Or(0), l.Duplex}
	if got != w {
		t.Errorf("%s: got %+v, want %+v", l.Link.Name, got, w)
	}
}

func TestNICStats(t *testing.T) {
	ns := newNetNSWithPair(t)
	ns.batch([]string{
		"link add half type veth peer name halfp",
		"link set half up", // and its peer down
		"link add br0 type bridge",
		"link set half master br0",
		"link set br0 up",
		"link set half nomaster",
		"tuntap add dev tun0 mode tun",
		"link set tun0 up",
		"link add ifb9 type ifb",
		"link add noisy type veth peer name quiet",
		"link set noisy up promisc on allmulticast on",
		"link set quiet up arp off mtu 9000",
		"link set noisy mtu 9000",
	})
	// The kernel takes up to a second to notice that a bridge has lost its last
	// port. One that never had a port has a carrier, for the kernel too.
	s := ns.snapshotLinks()
	for end := time.Now().Add(5 * time.Second); s.find(t, "br0").Link.Flags.IsUp() && time.Now().Before(end); {
		time.Sleep(50 * time.Millisecond)
		s = ns.snapshotLinks()
	}
	if s.Ethtool != nil || s.Denied != 0 || s.Failed != 0 {
		t.Errorf("ethtool: %v, %d denied, %d failed; want none", s.Ethtool, s.Denied, s.Failed)
	}
	tun := uint32(10000)
	if !kernelAtLeast(t, 6, 2) {
		tun = 10
	}
	for _, tt := range []struct {
		id, name string
		want     linkWant
	}{
		{"B01", "lo", linkWant{"up,loopback,running", true, 65536, 0, DuplexUnknown}},
		{"B02", "d0", linkWant{"up,broadcast,running,multicast", true, 1500, 10000, DuplexFull}},
		{"B03", "half", linkWant{"up,broadcast,multicast", false, 1500, 10000, DuplexFull}},
		{"B06", "tun0", linkWant{"up,pointopoint,noarp,multicast", false, 1500, tun, DuplexFull}},
		{"B07 B10", "noisy", linkWant{"up,broadcast,running,promisc,allmulti,multicast", true, 9000, 10000, DuplexFull}},
		{"B09", "quiet", linkWant{"up,broadcast,running,noarp,multicast", true, 9000, 10000, DuplexFull}},
		{"B23", "ifb9", linkWant{"broadcast,noarp", false, 1500, 0, DuplexUnknown}},
	} {
		t.Run(tt.id+" "+tt.name, func(t *testing.T) { tt.want.check(t, s.find(t, tt.name)) })
	}
	t.Run("B05 bridge without ports", func(t *testing.T) {
		if l := s.find(t, "br0").Link; l.Flags.IsUp() || l.Flags&FlagUp == 0 || l.Carrier != Some(false) || l.Kind != "bridge" {
			t.Errorf("flags %v, carrier %v, kind %s; want up without a carrier", l.Flags, l.Carrier, l.Kind)
		}
	})
	t.Run("B18 sysfs knows no speed of lo either, and is not asked", func(t *testing.T) {
		if text := ns.exec("sh", "-c", "cat /sys/class/net/lo/speed 2>/dev/null || echo none"); string(text) != "none\n" && string(text) != "-1\n" {
			t.Errorf("sysfs says %s: the case is no case any more", text)
		}
		if l := s.find(t, "lo"); l.Speed.Known() || l.Late {
			t.Errorf("speed %v, late %v; want none", l.Speed, l.Late)
		}
	})
	t.Run("B11 running is not what sysfs says", func(t *testing.T) {
		text := ns.exec("cat", "/sys/class/net/d0/flags")
		flags, err := strconv.ParseUint(strings.TrimSpace(string(text)), 0, 32)
		if err != nil {
			t.Fatal(err)
		}
		if LinkFlags(flags)&FlagRunning != 0 {
			t.Errorf("sysfs says %#x: the case is no case any more", flags)
		}
		if !s.find(t, "d0").Link.Flags.IsUp() {
			t.Error("d0 is not up and running")
		}
	})
}

// TestNICStatsOfInterfacesThatAreDown is about what the kernel has of them and
// shows neither in sysfs nor by ethtool(8).
func TestNICStatsOfInterfacesThatAreDown(t *testing.T) {
	ns := newNetNSWithPair(t)
	ns.batch([]string{
		"link add never type bridge",
		"link add idle type vxlan id 7 dstport 4789", "link set idle up", "link set idle down",
	})
	s := ns.snapshotLinks()
	for _, name := range []string{"never", "idle"} {
		if l := s.find(t, name).Link; l.Carrier.Known() {
			t.Errorf("%s: carrier %v, want none", name, l.Carrier)
		}
		if text := ns.exec("sh", "-c", "cat /sys/class/net/"+name+"/carrier 2>/dev/null || echo none"); string(text) != "none\n" {
			t.Errorf("%s: sysfs says %s: the case is no case any more", name, text)
		}
	}
	if l := s.find(t, "d0").Link; l.Carrier != Some(true) {
		t.Errorf("d0, which is up: carrier %v, want true", l.Carrier)
	}
}

func TestPermanentAddrIsOfHardware(t *testing.T) {
	r, octets := linkReader{names: interner{}}, []byte{192, 0, 2, 1}
	for _, tt := range []struct {
		name string
		raw  rtnl.Link
		want HardwareAddr
	}{
		{"a card", rtnl.Link{Permanent: octets}, HardwareAddrFrom(octets)},
		{"the end of a tunnel", rtnl.Link{Permanent: octets, Kind: []byte("gre")}, HardwareAddr{}},
		{"a port of a switch", rtnl.Link{Permanent: octets, Kind: []byte("dsa"), ParentDev: []byte("switch@0")}, HardwareAddrFrom(octets)},
	} {
		l := Link{PermanentAddr: HardwareAddrFrom([]byte{9})}
		if r.fill(&l, &tt.raw); l.PermanentAddr != tt.want {
			t.Errorf("%s: permanent address %q, want %q", tt.name, l.PermanentAddr, tt.want)
		}
	}
}

func TestNICStatsCountersAndMaster(t *testing.T) {
	ns := newNetNS(t)
	ns.batch([]string{
		"link set lo up", "link add br0 type bridge", "link add d0 type veth peer name d0p",
		"link set d0 master br0 alias uplink", "link set d0 up",
	})
	ns.do(func() error {
		conn, err := net.Dial("udp", "127.0.0.1:9")
		if err != nil {
			return err
		}
		_, err = conn.Write(make([]byte, 1000))
		return errors.Join(err, conn.Close())
	})
	s := ns.snapshotLinks()
	lo, known := s.find(t, "lo").Counters.Get()
	if !known || lo.RxPackets < 1 || lo.RxPackets != lo.TxPackets || lo.RxBytes.Or(0) < 1000 || lo.RxBytes != lo.TxBytes {
		t.Errorf("counters of lo after a datagram: %+v (%v)", lo, known)
	}
	d0, br0 := s.find(t, "d0").Link, s.find(t, "br0").Link
	if d0.MasterIndex != br0.Index || d0.MasterName != "br0" || d0.Alias != "uplink" || d0.Kind != "veth" {
		t.Errorf("master %d %q, alias %q, kind %q", d0.MasterIndex, d0.MasterName, d0.Alias, d0.Kind)
	}
	if br0.MasterIndex != 0 || br0.MasterName != "" {
		t.Errorf("br0 has master %d %q, want none", br0.MasterIndex, br0.MasterName)
	}
}

// TestNICStatsOfATap sets what a tap takes for its own through ethtool, which
// is every number there is.
func TestNICStatsOfATap(t *testing.T) {
	if binary.NativeEndian.Uint16([]byte{0, 1}) == 1 {
		t.Skip("needs a little-endian machine: on others, ethtool(8) sets half duplex whatever its arguments are")
	}
	sysprobetest.NeedTool(t, "ethtool")
	ns := newNetNS(t)
	ns.ip("tuntap add dev tap0 mode tap")
	type told struct {
		Speed  Opt[uint32]
		Duplex Duplex
		Auto   Opt[bool]
		Port   Opt[Port]
	}
	tell := func(speed Opt[uint32], duplex Duplex, auto bool, port Port) told {
		return told{speed, duplex, Some(auto), Some(port)}
	}
	const half, full = DuplexHalf, DuplexFull
	none, mbit := Opt[uint32]{}, Some[uint32]
	tests := []struct {
		set  string
		want told
	}{
		{"speed 10 duplex half autoneg off port tp", tell(mbit(10), half, false, PortTP)},
		{"speed 100 duplex full autoneg on port aui", tell(mbit(100), full, true, PortAUI)},
		{"port mii", tell(mbit(100), full, true, PortMII)},
		{"port fibre autoneg off", tell(mbit(100), full, false, PortFibre)},
		{"port bnc", tell(mbit(100), full, false, PortBNC)},
		{"port da duplex half", tell(mbit(100), half, false, PortDA)},
		{"port tp duplex full autoneg on", tell(mbit(100), full, true, PortTP)},
		{"B15 speed 4294967295", tell(none, full, true, PortTP)},
		{"B17 speed 65535", tell(none, full, true, PortTP)},
		{"speed 0", tell(none, full, true, PortTP)},
	}
	for _, speed := range []uint32{1, 1000, 2500, 5000, 10000, 25000, 40000, 50000, 56000, 100000, 123456, 200000, 400000, 800000, 1600000} {
		tests = append(tests, struct {
			set  string
			want told
		}{fmt.Sprintf("speed %d", speed), tell(mbit(speed), full, true, PortTP)})
	}
	for _, tt := range tests {
		t.Run(tt.set, func(t *testing.T) {
			args := strings.Fields(tt.set)
			if strings.HasPrefix(args[0], "B") {
				args = args[1:]
			}
			ns.exec(append([]string{"ethtool", "-s", "tap0"}, args...)...)
			l := ns.snapshotLinks().find(t, "tap0") // a handle would remember the port
			if got := (told{l.Speed, l.Duplex, l.Autoneg, l.Port}); got != tt.want {
				t.Errorf("got %+v, want %+v", got, tt.want)
			}
			if l.SpeedMax.Known() || l.Degraded.Known() {
				t.Errorf("fastest %v, degraded %v; a tap names no modes", l.SpeedMax, l.Degraded)
			}
		})
	}
}

// linkInfoSet and linkModesSet are ETHTOOL_MSG_LINKINFO_SET and
// ETHTOOL_MSG_LINKMODES_SET.
const linkInfoSet, linkModesSet = 3, 5

// tapSetter returns what sets attributes of tap0, which is open, so that it has
// a carrier, as root alone may: whatever ethtool(8) has no words for.
func tapSetter(t *testing.T, ns *netNS) func(cmd uint8, attrs []byte) {
	t.Helper()
	ns.do(func() error {
		tap, err := unix.Open("/dev/net/tun", unix.O_RDWR|unix.O_CLOEXEC, 0)
		if err != nil {
			return os.NewSyscallError("open", err)
		}
		t.Cleanup(func() {
			if err := unix.Close(tap); err != nil {
				t.Error(err)
			}
		})
		ifr, err := unix.NewIfreq("tap0")
		if err != nil {
			return err
		}
		ifr.SetUint16(unix.IFF_TAP | unix.IFF_NO_PI)
		return os.NewSyscallError("ioctl", unix.IoctlIfreq(tap, unix.TUNSETIFF, ifr))
	})
	ns.ip("link set tap0 up")
	sock, family, err := ethtool.KernelOf(netns.Path(ns.name)).Dial()
	if err != nil {
		t.Fatal(err)
	}
	conn := nlconn.New(func() (nlconn.Socket, error) { return sock, nil })
	t.Cleanup(func() {
		if err := conn.Close(); err != nil {
			t.Error(err)
		}
	})
	order := binary.NativeEndian
	return func(cmd uint8, attrs []byte) {
		t.Helper()
		name := nlmsg.AppendAttr(nil, order, 2, []byte("tap0\x00"))
		body := nlmsg.AppendAttr([]byte{cmd, 1, 0, 0}, order, 1|0x8000, name)
		if err := conn.Set(t.Context(), family, append(body, attrs...)); err != nil {
			t.Fatal(err)
		}
	}
}

// TestNICStatsOfAnOpenTap is about what ethtool(8) cannot set.
func TestNICStatsOfAnOpenTap(t *testing.T) {
	ns := newNetNS(t)
	set := tapSetter(t, ns)
	h, err := OpenNICStats(ns.config())
	if err != nil {
		t.Fatal(err)
	}
	closeAfter(t, h)
	var s LinkSnapshot
	look := func() *LinkStats {
		t.Helper()
		if err := h.Snapshot(t.Context(), &s, ^LinkFacts(0)); err != nil {
			t.Fatal(err)
		}
		return s.find(t, "tap0")
	}
	order := binary.NativeEndian
	for i, port := range []Port{PortNone, PortOther, 77} {
		before := look().Port
		set(linkInfoSet, nlmsg.AppendAttr(nil, order, 2, []byte{byte(port)}))
		if got := look().Port; got != before {
			t.Errorf("port %v of a link that has not changed, want %v as before", got, before)
		}
		ns.ip("link set tap0 allmulticast " + []string{"on", "off"}[i%2])
		if got := look().Port; got != Some(port) {
			t.Errorf("port %v, want %v", got, port)
		}
	}
	for raw, want := range map[byte]Duplex{0: DuplexHalf, 1: DuplexFull, 255: DuplexUnknown} {
		set(linkModesSet, nlmsg.AppendAttr(nil, order, 6, []byte{raw}))
		if got := look().Duplex; got != want {
			t.Errorf("B19 duplex %d is %v, want %v", raw, got, want)
		}
	}
	// What it offers, since a tap supports no mode by name.
	modes := func(numbers ...int) []byte {
		words := make([]uint32, 4)
		for _, n := range numbers {
			words[n/32] |= 1 << (n % 32)
		}
		set := nlmsg.AppendUint32(nlmsg.AppendAttr(nil, order, 1, nil), order, 2, 92)
		var value []byte
		for _, w := range words[:3] {
			value = order.AppendUint32(value, w)
		}
		return nlmsg.AppendAttr(nil, order, 3|0x8000, nlmsg.AppendAttr(set, order, 4, value))
	}
	link := func(speed uint32, duplex byte) []byte {
		return nlmsg.AppendAttr(nlmsg.AppendUint32(nil, order, 5, speed), order, 6, []byte{duplex})
	}
	for _, tt := range []struct {
		name     string
		attrs    []byte
		modes    string
		max      uint32
		degraded bool
	}{
		{"at its best", append(modes(0, 1, 3, 5), link(1000, 1)...), "10baseT/Half,10baseT/Full,100baseT/Full,1000baseT/Full", 1000, false},
		{"below its best", append(modes(3, 5, 91), link(100, 1)...), "100baseT/Full,1000baseT/Full,100baseFX/Full", 1000, true},
		{"half duplex", append(modes(2, 3), link(100, 0)...), "100baseT/Half,100baseT/Full", 100, true},
		{"half is all there is", append(modes(2), link(100, 0)...), "100baseT/Half", 100, false},
	} {
		set(linkModesSet, nlmsg.AppendAttr(tt.attrs, order, 2, []byte{0}))
		if l := look(); l.SpeedMax != Some(tt.max) || l.Degraded.Known() {
			t.Errorf("%s, not negotiated: fastest %v, degraded %v; want %d and absent", tt.name, l.SpeedMax, l.Degraded, tt.max)
		}
		set(linkModesSet, nlmsg.AppendAttr(tt.attrs, order, 2, []byte{1}))
		l := look()
		if l.Advertised.String() != tt.modes || l.SpeedMax != Some(tt.max) || l.Degraded != Some(tt.degraded) {
			t.Errorf("%s: modes %v, fastest %v, degraded %v; want %s, %d, %v", tt.name, l.Advertised, l.SpeedMax, l.Degraded, tt.modes, tt.max, tt.degraded)
		}
	}
	ns.ip("link set tap0 down")
	if l := look(); l.Degraded.Known() || l.Link.Flags.IsUp() {
		t.Errorf("degraded %v of a link that is down", l.Degraded)
	}
}

func TestNICStatsRootsMoveNoNamespace(t *testing.T) {
	t.Run("B30 netlink answers for the namespace, wherever proc is mounted", func(t *testing.T) {
		h, err := OpenNICStats(&Config{ProcRoot: t.TempDir(), SysRoot: t.TempDir()})
		if err != nil {
			t.Fatal(err)
		}
		closeAfter(t, h)
		var s LinkSnapshot
		if err := h.Snapshot(t.Context(), &s, 0); err != nil {
			t.Fatal(err)
		}
		entries, err := os.ReadDir("/sys/class/net")
		if err != nil {
			t.Fatal(err)
		}
		if len(s.Links) == 0 || len(s.Links) > len(entries) {
			t.Errorf("%d links, want the %d of this namespace", len(s.Links), len(entries))
		}
	})
}
