package drivers

import (
	"errors"
	"fmt"
	"io"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"telegraf-sysprobe/sysprobe"
	"telegraf-sysprobe/sysprobe/sysprobetest"
)

// stats is a handle that is open for the time of a test.
type stats struct {
	*sysprobe.NICStats

	snapshot sysprobe.LinkSnapshot
}

func openStats(t *testing.T) *stats {
	t.Helper()
	h, err := sysprobe.OpenNICStats(nil)
	if err != nil {
		t.Fatal(err)
	}
	closeAfter(t, h)
	return &stats{NICStats: h}
}

func closeAfter(t *testing.T, c io.Closer) {
	t.Helper()
	t.Cleanup(func() {
		if err := c.Close(); err != nil {
			t.Error(err)
		}
	})
}

// all reads every interface, by name.
func (s *stats) all(t *testing.T) map[string]sysprobe.LinkStats {
	t.Helper()
	if err := errors.Join(s.Snapshot(t.Context(), &s.snapshot, sysprobe.WantLinkModes), s.snapshot.Ethtool); err != nil {
		t.Fatal(err)
	}
	if s.snapshot.Denied != 0 || s.snapshot.Failed != 0 {
		t.Errorf("%d facts denied, %d failed; want none", s.snapshot.Denied, s.snapshot.Failed)
	}
	links := map[string]sysprobe.LinkStats{}
	for _, l := range s.snapshot.Links {
		links[l.Link.Name] = l
	}
	return links
}

// up sets interfaces up and waits for their carrier.
func up(t *testing.T, s *stats, names ...string) {
	t.Helper()
	for _, name := range names {
		run(t, "ip link set "+name+" up")
	}
	sysprobetest.Eventually(t, func() string {
		links := s.all(t)
		for _, name := range names {
			if l := links[name].Link; !l.Flags.IsUp() || l.Carrier != sysprobe.Some(true) {
				return fmt.Sprintf("%s: flags %v, carrier %v", name, l.Flags, l.Carrier)
			}
		}
		return ""
	})
}

// told is what ethtool(8) says of a link.
type told struct {
	Speed, Duplex, Autoneg, Port string
	Max                          string // the fastest mode that both ends name
	Degraded                     string // below it
}

// toldBy takes what ethtool(8) printed.
func toldBy(t *testing.T, text string) told {
	t.Helper()
	line := func(name string) string {
		m := regexp.MustCompile(`(?m)^\s*` + name + `: (.*)$`).FindStringSubmatch(text)
		if m == nil {
			return ""
		}
		return strings.TrimSpace(m[1])
	}
	w := told{Speed: line("Speed"), Duplex: line("Duplex"), Autoneg: line("Auto-negotiation"), Port: line("Port")}
	ours, peers := modes(text, "Supported link modes"), modes(text, "Link partner advertised link modes")
	best, full := 0, false
	for _, mode := range ours {
		m := regexp.MustCompile(`^(\d+)base.*?(/Half)?$`).FindStringSubmatch(mode)
		if m == nil || len(peers) > 0 && !slices.Contains(peers, mode) {
			continue
		}
		speed, err := strconv.Atoi(m[1])
		if err != nil {
			t.Fatal(err)
		}
		if speed > best {
			best, full = speed, false
		}
		full = full || speed == best && m[2] == ""
	}
	if best > 0 {
		w.Max = strconv.Itoa(best)
		speed, known := strings.CutSuffix(w.Speed, "Mb/s")
		below, err := strconv.Atoi(speed)
		if known && err == nil && line("Link detected") == "yes" && (w.Autoneg == "on" || len(peers) > 0) {
			w.Degraded = strconv.FormatBool(below < best || w.Duplex == "Half" && full)
		}
	}
	return w
}

// value is what ethtool(8) prints after a heading, and below it.
func value(text, heading string) string {
	m := regexp.MustCompile(`(?m)^\t` + heading + `:(.*(?:\n\t .*)*)`).FindStringSubmatch(text)
	if m == nil {
		return ""
	}
	return strings.Trim(m[1], " []")
}

// modes are those under a heading of ethtool(8).
func modes(text, heading string) []string {
	list := value(text, heading)
	if list == "Not reported" {
		return nil
	}
	return strings.Fields(list)
}

// endModes are the modes of an end of the link. What the kernel has in one set,
// ethtool(8) prints under several headings.
func endModes(text, end, autoneg string) []string {
	names := slices.Concat(modes(text, end+" ports"), modes(text, end+" link modes"), modes(text, end+" FEC modes"))
	names = append(names, map[string][]string{
		"Symmetric": {"Pause"}, "Transmit-only": {"Asym_Pause"}, "Symmetric Receive-only": {"Asym_Pause", "Pause"},
	}[value(text, end+" pause frame use")]...)
	if value(text, autoneg) == "Yes" {
		names = append(names, "Autoneg")
	}
	slices.Sort(names)
	return names
}

// connectors are modes that ethtool(8) prints of those supported only.
var connectors = []string{"TP", "AUI", "MII", "FIBRE", "BNC", "Backplane"}

// agreeOnModes compares the modes of both ends by their names. Ethtool(8) asks
// for lists, in which the kernel leaves out what is offered but not supported, as
// is pause by drivers that tell what is in the registers of the MII.
func agreeOnModes(t *testing.T, text string, l *sysprobe.LinkStats) {
	t.Helper()
	supported := strings.Split(l.Supported.String(), ",")
	for _, end := range []struct {
		name, autoneg string
		modes         sysprobe.LinkModes
	}{
		{"Supported", "Supports auto-negotiation", l.Supported},
		{"Advertised", "Advertised auto-negotiation", l.Advertised},
		{"Link partner advertised", "Link partner advertised auto-negotiation", l.Peer},
	} {
		got := slices.DeleteFunc(strings.Split(end.modes.String(), ","), func(name string) bool {
			return name == "" || end.name != "Supported" && slices.Contains(connectors, name) ||
				end.name == "Advertised" && !slices.Contains(supported, name)
		})
		slices.Sort(got)
		if diff := cmp.Diff(endModes(text, end.name, end.autoneg), got, cmpopts.EquateEmpty()); diff != "" {
			t.Errorf("%s: %s (-ethtool +sysprobe):\n%s\n%s", l.Link.Name, end.name, diff, text)
		}
	}
}

// spelled is l in the words of ethtool(8).
func spelled(l *sysprobe.LinkStats) told {
	var w told
	if speed, known := l.Speed.Get(); known {
		w.Speed = fmt.Sprintf("%dMb/s", speed)
	}
	w.Duplex = map[sysprobe.Duplex]string{sysprobe.DuplexHalf: "Half", sysprobe.DuplexFull: "Full"}[l.Duplex]
	if auto, known := l.Autoneg.Get(); known {
		w.Autoneg = map[bool]string{false: "off", true: "on"}[auto]
	}
	if port, known := l.Port.Get(); known {
		w.Port = map[sysprobe.Port]string{
			sysprobe.PortTP: "Twisted Pair", sysprobe.PortMII: "MII", sysprobe.PortOther: "Other", sysprobe.PortNone: "None",
		}[port]
	}
	if speed, known := l.SpeedMax.Get(); known {
		w.Max = strconv.Itoa(int(speed))
	}
	if worse, known := l.Degraded.Get(); known {
		w.Degraded = strconv.FormatBool(worse)
	}
	return w
}

// agree compares what sysprobe and ethtool(8) say of an interface.
func agree(t *testing.T, s *stats, name string) {
	t.Helper()
	l, text := s.all(t)[name], run(t, "ethtool "+name)
	agreeOnModes(t, text, &l)
	want, got := toldBy(t, text), spelled(&l)
	if strings.HasPrefix(want.Speed, "Unknown") {
		want.Speed = ""
	}
	if strings.HasPrefix(want.Duplex, "Unknown") {
		want.Duplex = ""
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("%s (-ethtool +sysprobe):\n%s", name, diff)
	}
}

// TestCards compares every card with what ethtool(8) says, and with what its
// emulator is known to be.
func TestCards(t *testing.T) {
	names, s := cards(t), openStats(t)
	up(t, s, names...)
	known := map[string]told{
		"e1000":     {"1000Mb/s", "Full", "on", "Twisted Pair", "1000", "false"},
		"e1000e":    {"1000Mb/s", "Full", "on", "Twisted Pair", "1000", "false"},
		"igb":       {"1000Mb/s", "Full", "on", "Twisted Pair", "1000", "false"},
		"rtl8139":   {"100Mb/s", "Full", "on", "MII", "100", "false"},
		"i82559c":   {"100Mb/s", "Full", "on", "MII", "100", "false"},
		"vmxnet3":   {"1000Mb/s", "Full", "off", "Twisted Pair", "10000", ""},
		"pcnet":     {"10Mb/s", "Half", "off", "Twisted Pair", "", ""},
		"virtio":    {"", "", "off", "Other", "", ""}, // told none
		"virtio25g": {"25000Mb/s", "Half", "off", "Other", "", ""},
	}
	for _, name := range names {
		t.Run(name, func(t *testing.T) {
			agree(t, s, name)
			l := s.all(t)[name]
			if diff := cmp.Diff(known[name], spelled(&l)); diff != "" {
				t.Errorf("(-known +sysprobe):\n%s", diff)
			}
			if l.Link.Kind != "ether" || !l.Counters.Known() {
				t.Errorf("kind %q, counters %v", l.Link.Kind, l.Counters)
			}
		})
	}
}

// TestForced forces what no other end wants.
func TestForced(t *testing.T) {
	needPCI(t)
	s := openStats(t)
	up(t, s, "e1000e")
	defer func() {
		run(t, "ethtool -s e1000e autoneg on")
		up(t, s, "e1000e")
	}()
	run(t, "ethtool -s e1000e speed 100 duplex half autoneg off")
	sysprobetest.Eventually(t, func() string {
		l := s.all(t)["e1000e"]
		return cmp.Diff(told{"100Mb/s", "Half", "off", "Twisted Pair", "1000", ""}, spelled(&l))
	})
	agree(t, s, "e1000e")
}

// TestCable pulls the cable of cards out.
func TestCable(t *testing.T) {
	needPCI(t) // and the monitor
	names, s, m := cards(t), openStats(t), openMonitor(t)
	up(t, s, names...)
	watch, err := sysprobe.OpenNICWatch(t.Context(), nil)
	if err != nil {
		t.Fatal(err)
	}
	closeAfter(t, watch)
	for _, name := range names {
		t.Run(name, func(t *testing.T) {
			if slices.Contains([]string{"e1000e", "pcnet", "i82559c"}, name) {
				t.Skip("needs a card that reports a carrier to its driver")
			}
			for _, in := range []bool{false, true} {
				m.plug(t, name, in)
				sysprobetest.Eventually(t, func() string {
					if l := s.all(t)[name]; l.Link.Flags.IsUp() != in || l.Link.Carrier != sysprobe.Some(in) {
						return fmt.Sprintf("cable in: %v; flags %v, carrier %v", in, l.Link.Flags, l.Link.Carrier)
					}
					return ""
				})
				want := map[bool]sysprobe.NICEventKind{false: sysprobe.NICLinkDown, true: sysprobe.NICLinkUp}[in]
				for e := range watch.Events() {
					if e.Interface == name && (e.Kind == sysprobe.NICLinkDown || e.Kind == sysprobe.NICLinkUp) {
						if e.Kind != want {
							t.Errorf("%v, want %v", e, want)
						}
						break
					}
				}
				agree(t, s, name)
			}
		})
	}
}
