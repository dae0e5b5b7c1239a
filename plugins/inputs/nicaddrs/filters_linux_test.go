package nicaddrs

import (
	"fmt"
	"os"
	"os/exec"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/influxdata/telegraf/testutil"

	"telegraf-sysprobe/sysprobe/sysprobetest"
)

// awaitLink waits until an interface is up, which the kernel might delay for a
// second.
func awaitLink(t *testing.T, netns, name string) {
	t.Helper()
	sysprobetest.Eventually(t, func() string {
		out, err := exec.Command("ip", "-n", netns, "link", "show", name).CombinedOutput()
		if err != nil || !strings.Contains(string(out), "state UP") {
			return fmt.Sprintf("%s, error %v", out, err)
		}
		return ""
	})
}

// wantChanges compares the counters changes of a gather with those in want, from
// which it removes the interfaces that had their last row.
func wantChanges(t *testing.T, acc *testutil.Accumulator, want map[string]int64) {
	t.Helper()
	left := map[string]bool{}
	for _, m := range acc.GetTelegrafMetrics() {
		if m.Name() != interfaceMeasurement {
			continue
		}
		name := m.Tags()["interface"]
		if got, is := m.GetField("changes"); is && got != want[name] {
			t.Errorf("%s has %v changes, want %d", name, got, want[name])
		}
		if _, is := m.GetField("index"); is {
			left[name] = true
		}
	}
	for name := range want {
		if !left[name] {
			delete(want, name)
		}
	}
}

// TestWatchFilters has events of what begins and what ceases to pass the options.
// They agree with the rows and the counter of changes.
func TestWatchFilters(t *testing.T) {
	sysprobetest.NeedTool(t, "ip")
	sysprobetest.NeedNamespaces(t)
	type step struct {
		do     string
		events []string
	}
	const added, removed = "d0 address_added ", "d0 address_removed "
	for _, tt := range []struct {
		name   string
		change func(*NICAddrs)
		setup  string // of d0 in the namespace HERE, whose other end is in THERE
		steps  []step
		rows   []string // addresses at the end
	}{
		{
			name:   "an address that is no longer tentative",
			change: func(n *NICAddrs) { n.FlagExclude = []string{"temporary", "tentative"} },
			steps: []step{
				{"-n HERE addr add 2001:db8::7/64 dev d0", []string{added + "2001:db8::7/64"}},
				{"-n HERE addr del 2001:db8::7/64 dev d0", []string{removed}},
			},
		},
		{
			name:   "a duplicate",
			change: func(n *NICAddrs) { n.FlagExclude = []string{"temporary", "tentative"} },
			setup:  "-n THERE addr add 2001:db8::7/64 dev d0 nodad",
			steps:  []step{{"-n HERE addr add 2001:db8::7/64 dev d0", []string{added + "2001:db8::7/64"}}},
			rows:   []string{"2001:db8::7 dadfailed,tentative,permanent"},
		},
		{
			name:   "an address that is deprecated",
			change: func(n *NICAddrs) { n.FlagExclude = []string{"deprecated"} },
			setup:  "-n HERE addr add 2001:db8::7/64 dev d0 nodad preferred_lft 30 valid_lft 60",
			steps:  []step{{"-n HERE addr change 2001:db8::7/64 dev d0 preferred_lft 1 valid_lft 60", []string{removed}}},
		},
		{
			name:   "an address that is promoted",
			change: func(n *NICAddrs) { n.FlagExclude = []string{"secondary"} },
			setup:  "-n HERE addr add 10.0.0.1/24 dev d0",
			steps: []step{
				{"-n HERE addr add 10.0.0.2/24 dev d0", nil},
				{"netns exec HERE sysctl -qw net.ipv4.conf.all.promote_secondaries=1", nil},
				{"-n HERE addr del 10.0.0.1/24 dev d0", []string{removed, added + "10.0.0.2/24"}},
			},
			rows: []string{"10.0.0.2 permanent"},
		},
		{
			name:   "another scope",
			change: func(n *NICAddrs) { n.ScopeInclude = []string{"link"} },
			steps: []step{
				{"-n HERE addr add 10.0.0.1/24 dev d0", nil},
				{"-n HERE addr add 10.0.1.1/24 dev d0 scope link", []string{added + "10.0.1.1/24"}},
			},
			rows: []string{"10.0.1.1 permanent"},
		},
		{
			name:   "an interface that gets a name, loses it, and gets it as another one",
			change: func(n *NICAddrs) { n.InterfaceInclude = []string{"wan0"} },
			setup:  "-n HERE addr add 10.0.0.1/24 dev d0",
			steps: []step{
				{"-n HERE link set d0 name wan0", []string{
					"wan0 renamed wan0", "wan0 added veth", "wan0 admin_up up", "wan0 link_up up", "wan0 address_added 10.0.0.1/24",
				}},
				{"-n HERE link set wan0 name d0", []string{
					"wan0 address_removed ", "wan0 admin_down down", "wan0 link_down down", "wan0 removed ", "d0 renamed d0",
				}},
				{"-n HERE link property add dev d0 altname wan0", []string{
					"d0 added veth", "d0 admin_up up", "d0 link_up up", added + "10.0.0.1/24",
				}},
			},
			rows: []string{"10.0.0.1 permanent"},
		},
	} {
		t.Run(tt.name, func(t *testing.T) {
			here, there := fmt.Sprintf("nicaddrs-%d-here", os.Getpid()), fmt.Sprintf("nicaddrs-%d-there", os.Getpid())
			names := strings.NewReplacer("HERE", here, "THERE", there)
			run := func(command string) { t.Helper(); ip(t, names.Replace(command)) }
			for _, name := range []string{here, there} {
				ip(t, "netns add "+name)
				t.Cleanup(func() { ip(t, "netns del "+name) })
				ip(t, "netns exec "+name+" sysctl -qw net.ipv6.conf.default.addr_gen_mode=1")
			}
			run("-n HERE link add d0 type veth peer name d0 netns THERE")
			run("-n HERE link set d0 up")
			run("-n THERE link set d0 up")
			awaitLink(t, here, "d0")
			if tt.setup != "" {
				run(tt.setup)
			}
			n := newPlugin(t)
			n.NamespaceInclude, n.Watch, n.Families = []string{here}, true, []string{"ipv4", "ipv6"}
			tt.change(n)
			if err := n.Init(); err != nil {
				t.Fatal(err)
			}
			var acc testutil.Accumulator
			if err := n.Start(&acc); err != nil {
				t.Fatal(err)
			}
			defer n.Stop()
			if err := acc.GatherError(n.Gather); err != nil {
				t.Fatal(err)
			}
			changes := map[string]int64{} // by interface, until that has its last row
			for _, step := range tt.steps {
				acc.ClearMetrics()
				run(step.do)
				sysprobetest.Eventually(t, func() string {
					var got []string
					for _, e := range events(&acc) {
						got = append(got, strings.TrimPrefix(e, here+" "))
					}
					return cmp.Diff(step.events, got)
				})
				for _, e := range step.events {
					if words := strings.Fields(e); strings.HasPrefix(words[1], "address_") {
						changes[words[0]]++
					}
				}
				acc.ClearMetrics()
				if err := acc.GatherError(n.Gather); err != nil {
					t.Fatal(err)
				}
				wantChanges(t, &acc, changes)
			}
			var rows []string
			for _, m := range acc.GetTelegrafMetrics() {
				if flags, is := m.GetField("flags"); is && m.Name() == measurement {
					rows = append(rows, fmt.Sprint(m.Tags()["address"], " ", flags))
				}
			}
			slices.Sort(rows)
			if diff := cmp.Diff(tt.rows, rows); diff != "" {
				t.Errorf("rows (-want +got):\n%s", diff)
			}
		})
	}
}
