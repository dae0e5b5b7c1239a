//go:build linux

package sysprobe

import (
	"errors"
	"net"
	"os"
	"strconv"
	"strings"
	"testing"
	"time"
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
	for _, tt := range []struct {
		id, name string
		want     linkWant
	}{
		{"B01", "lo", linkWant{"up,loopback,running", true, 65536, 0, DuplexUnknown}},
		{"B02", "d0", linkWant{"up,broadcast,running,multicast", true, 1500, 10000, DuplexFull}},
		{"B03", "half", linkWant{"up,broadcast,multicast", false, 1500, 10000, DuplexFull}},
		{"B06", "tun0", linkWant{"up,pointopoint,noarp,multicast", false, 1500, 10000, DuplexFull}},
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
	if !known || lo.RxPackets < 1 || lo.RxPackets != lo.TxPackets || lo.RxBytes < 1000 || lo.RxBytes != lo.TxBytes {
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

func TestNICStatsOfATap(t *testing.T) {
	ns := newNetNS(t)
	ns.ip("tuntap add dev tap0 mode tap")
	h, err := OpenNICStats(ns.config())
	if err != nil {
		t.Fatal(err)
	}
	closeAfter(t, h)
	var s LinkSnapshot
	for _, tt := range []struct {
		set    string
		speed  Opt[uint32]
		duplex Duplex
		auto   Opt[bool]
	}{
		{"speed 2500 duplex half autoneg off", Some[uint32](2500), DuplexHalf, Some(false)},
		{"speed 800000 duplex full autoneg on", Some[uint32](800000), DuplexFull, Some(true)},
		{"speed 65535 duplex full", Opt[uint32]{}, DuplexFull, Some(true)},
	} {
		t.Run(tt.set, func(t *testing.T) {
			ns.exec(append([]string{"ethtool", "-s", "tap0"}, strings.Fields(tt.set)...)...)
			if err := h.Snapshot(&s); err != nil {
				t.Fatal(err)
			}
			l := s.find(t, "tap0")
			if l.Speed != tt.speed || l.Duplex != tt.duplex || l.Autoneg != tt.auto || l.Port != Some(PortTP) {
				t.Errorf("speed %v, duplex %v, autoneg %v, port %v; want %v, %v, %v, tp",
					l.Speed, l.Duplex, l.Autoneg, l.Port, tt.speed, tt.duplex, tt.auto)
			}
			if l.SpeedMax.Known() || l.Degraded.Known() {
				t.Errorf("fastest %v, degraded %v; a tap names no modes", l.SpeedMax, l.Degraded)
			}
		})
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
		if err := h.Snapshot(&s); err != nil {
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
