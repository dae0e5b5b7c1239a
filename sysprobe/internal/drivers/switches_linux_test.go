package drivers

import (
	"errors"
	"os/exec"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"telegraf-sysprobe/sysprobe"
)

// switchesOf reads, through a handle that has no earlier answers, what wakes the
// machine and which private flags each interface has.
func switchesOf(t *testing.T) map[string]sysprobe.LinkStats {
	t.Helper()
	s := openStats(t)
	if err := errors.Join(s.Snapshot(t.Context(), &s.snapshot, sysprobe.WantWakeOnLAN|sysprobe.WantPrivateFlags), s.snapshot.Ethtool); err != nil {
		t.Fatal(err)
	}
	if s.snapshot.Denied+s.snapshot.Failed+s.snapshot.Late > 0 {
		t.Errorf("%d denied, %d failed, %d late; want none", s.snapshot.Denied, s.snapshot.Failed, s.snapshot.Late)
	}
	links := map[string]sysprobe.LinkStats{}
	for _, l := range s.snapshot.Links {
		links[l.Link.Name] = l
	}
	return links
}

// wakeLetters are those of ethtool(8), in the order of the bits WAKE_*.
const wakeLetters = "pumbagsf"

// wakeOf is what ethtool(8) prints of the events that wake the machine, "" where the
// driver does not know of any.
func wakeOf(t *testing.T, name string) string {
	t.Helper()
	on := regexp.MustCompile(`(?m)^\s*Wake-on: (\w+)$`).FindStringSubmatch(run(t, "ethtool "+name))
	if on == nil {
		return ""
	}
	return on[1]
}

// spelledWake is what ethtool(8) would print of l.
func spelledWake(l sysprobe.LinkStats) string {
	events, known := l.WakeOnLAN.Get()
	switch {
	case !known:
		return ""
	case events == 0:
		return "d"
	}
	var letters strings.Builder
	for bit, letter := range wakeLetters {
		if events&(1<<bit) != 0 {
			letters.WriteRune(letter)
		}
	}
	return letters.String()
}

// TestWakeOnLANOfCards compares what wakes the machine with what ethtool(8) says,
// before and after each event is switched on.
func TestWakeOnLANOfCards(t *testing.T) {
	needPCI(t)
	compared := 0
	for _, card := range cards(t) {
		before := wakeOf(t, card)
		for _, set := range append([]string{""}, strings.Split(wakeLetters+"d", "")...) {
			if set != "" && exec.Command("ethtool", "-s", card, "wol", set).Run() != nil {
				continue // the card cannot do that
			}
			want := wakeOf(t, card)
			if got := spelledWake(switchesOf(t)[card]); got != want {
				t.Errorf("%s after wol %q: %q, want %q", card, set, got, want)
			}
			if want != "" && want != "d" {
				compared++
			}
		}
		if before != "" {
			run(t, "ethtool -s "+card+" wol "+before)
		}
	}
	if compared == 0 {
		t.Error("no card can wake the machine")
	}
}

// TestPrivateFlagsOfCards compares the private flags with what ethtool(8) says,
// before and after each is switched.
func TestPrivateFlagsOfCards(t *testing.T) {
	needPCI(t)
	flagsOf := func(card string) (flags []sysprobe.PrivateFlag) {
		out, err := exec.Command("ethtool", "--show-priv-flags", card).Output()
		if err != nil {
			return nil // the driver has none
		}
		for _, m := range regexp.MustCompile(`(?m)^(.+?)\s*: (on|off)$`).FindAllStringSubmatch(string(out), -1) {
			flags = append(flags, sysprobe.PrivateFlag{Name: m[1], On: m[2] == "on"})
		}
		slices.SortFunc(flags, func(a, b sysprobe.PrivateFlag) int { return strings.Compare(a.Name, b.Name) })
		return flags
	}
	compared := 0
	for _, card := range cards(t) {
		agree := func(when string) {
			want := flagsOf(card)
			if diff := cmp.Diff(want, switchesOf(t)[card].PrivateFlags, cmpopts.EquateEmpty()); diff != "" {
				t.Errorf("%s %s (-ethtool +sysprobe):\n%s", card, when, diff)
			}
			compared += len(want)
		}
		agree("at first")
		for _, f := range flagsOf(card) {
			words := map[bool]string{false: "off", true: "on"}
			if exec.Command("ethtool", "--set-priv-flags", card, f.Name, words[!f.On]).Run() != nil {
				continue // the card cannot do that
			}
			agree(f.Name + " " + words[!f.On])
			run(t, "ethtool --set-priv-flags "+card+" "+f.Name+" "+words[f.On])
		}
	}
	if compared == 0 {
		t.Error("no card has private flags")
	}
}
