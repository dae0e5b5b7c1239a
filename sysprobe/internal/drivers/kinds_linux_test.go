package drivers

import (
	"errors"
	"os/exec"
	"strings"
	"testing"

	"github.com/mdlayher/ethtool"
	"golang.org/x/sys/unix"

	"telegraf-sysprobe/sysprobe"
)

// makeKinds makes interfaces on top of others, or of nothing, those that this
// kernel has, until the end of the test. It returns their names.
func makeKinds(t *testing.T) []string {
	t.Helper()
	var names []string
	for _, kind := range []struct{ name, command string }{
		{"bond0", "link add bond0 type bond mode active-backup"},
		{"vlan7", "link add link e1000 name vlan7 type vlan id 7"},
		{"team0", "link add team0 type team"},
		{"wg0", "link add wg0 type wireguard"},
		{"ipvlan0", "link add link virtio name ipvlan0 type ipvlan"}, // not beside a macvlan
		{"macvlan0", "link add link e1000 name macvlan0 type macvlan"},
		{"gre7", "link add gre7 type gre local 192.0.2.1 remote 192.0.2.2"},
		{"sit7", "link add sit7 type sit local 192.0.2.1 remote 192.0.2.2"},
		{"vrf7", "link add vrf7 type vrf table 7"},
		{"dummy7", "link add dummy7 type dummy"}, // the last, see TestDumpThatFails
	} {
		exec.Command("ip", "link", "del", kind.name).Run() //nolint:errcheck // a driver makes its first one by itself
		if out, err := exec.Command("ip", strings.Fields(kind.command)...).CombinedOutput(); err != nil {
			t.Logf("ip %s: %s", kind.command, out)
			continue
		}
		t.Cleanup(func() { run(t, "ip link del "+kind.name) })
		names = append(names, kind.name)
	}
	return names
}

// TestKinds compares interfaces that are no cards with what ethtool(8) says. A
// bond and a VLAN have the speed of the card below.
func TestKinds(t *testing.T) {
	needPCI(t)
	s := openStats(t)
	up(t, s, "e1000", "rtl8139")
	names := makeKinds(t)
	run(t, "ip link set rtl8139 down")
	run(t, "ip link set rtl8139 master bond0")
	t.Cleanup(func() { run(t, "ip link set rtl8139 nomaster") })
	up(t, s, "bond0", "vlan7", "dummy7", "macvlan0")
	for _, name := range names {
		t.Run(name, func(t *testing.T) {
			if out, err := exec.Command("ethtool", name).CombinedOutput(); err != nil {
				l := s.all(t)[name]
				if got := spelled(&l); got != (told{}) {
					t.Errorf("%+v, and ethtool(8) has none: %s", got, out)
				}
				return
			}
			agree(t, s, name)
		})
	}
	links := s.all(t)
	for name, want := range map[string]told{
		"bond0":    {"100Mb/s", "Full", "off", "Other", "", ""},
		"vlan7":    {"1000Mb/s", "Full", "on", "Twisted Pair", "1000", "false"},
		"macvlan0": {"1000Mb/s", "Full", "on", "Twisted Pair", "1000", "false"},
	} {
		l := links[name]
		if got := spelled(&l); got.Speed != want.Speed || got.Duplex != want.Duplex {
			t.Errorf("%s: %+v, want %+v", name, got, want)
		}
	}
	for name, kind := range map[string]string{"bond0": "bond", "vlan7": "vlan", "team0": "team", "wg0": "wireguard", "dummy7": "dummy"} {
		if l, there := links[name]; there && l.Link.Kind != kind {
			t.Errorf("%s is of kind %q, want %q", name, l.Link.Kind, kind)
		}
	}
	if got := links["rtl8139"].Link.MasterName; got != "bond0" {
		t.Errorf("rtl8139 has master %q, want bond0", got)
	}
}

// TestDumpThatFails reads beside an interface without link modes that is the
// last one: Linux 5.10 fails the whole dump for it.
func TestDumpThatFails(t *testing.T) {
	needPCI(t)
	s := openStats(t)
	up(t, s, "e1000")
	makeKinds(t)
	client, err := ethtool.New()
	if err != nil {
		t.Fatal(err)
	}
	closeAfter(t, client)
	_, err = client.LinkModes()
	var release unix.Utsname
	if err := unix.Uname(&release); err != nil {
		t.Fatal(err)
	}
	if old := strings.HasPrefix(unix.ByteSliceToString(release.Release[:]), "5.10."); errors.Is(err, unix.EOPNOTSUPP) != old {
		t.Errorf("the dump of link modes returns %v on Linux %s", err, release.Release)
	}
	if got := s.all(t)["e1000"].Speed; got != sysprobe.Some[uint32](1000) {
		t.Errorf("speed %v, want 1000", got)
	}
}

// TestStateIsNotThatOfEthtool is about interfaces whose driver has no operation
// that tells the state of the link, which are not down for that.
func TestStateIsNotThatOfEthtool(t *testing.T) {
	needPCI(t)
	s := openStats(t)
	makeKinds(t)
	up(t, s, "dummy7", "pcnet")
	links := s.all(t)
	for _, name := range []string{"dummy7", "pcnet"} {
		if l := links[name].Link; !l.Flags.IsUp() || l.Carrier != sysprobe.Some(true) || l.OperState != sysprobe.OperUnknown {
			t.Errorf("%s: flags %v, carrier %v, state %v; want up with a carrier, and a state that is not known", name, l.Flags, l.Carrier, l.OperState)
		}
	}
}
