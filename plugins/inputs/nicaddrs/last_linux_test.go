package nicaddrs

import (
	"fmt"
	"os"
	"os/exec"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/influxdata/telegraf/testutil"

	"telegraf-sysprobe/sysprobe/sysprobetest"
)

// ipv4Counts gathers and returns the number of IPv4 addresses by namespace and
// interface, without lo.
func ipv4Counts(t *testing.T, n *NICAddrs) map[string]int64 {
	t.Helper()
	var acc testutil.Accumulator
	if err := acc.GatherError(n.Gather); err != nil {
		t.Fatal(err)
	}
	counts := map[string]int64{}
	for _, m := range acc.GetTelegrafMetrics() {
		if value, is := m.GetField("ipv4_count"); is && m.Tags()["interface"] != "lo" {
			count, _ := value.(int64)
			counts[m.Tags()["netns"]+" "+m.Tags()["interface"]] += count
		}
	}
	return counts
}

// TestLastWords deletes, renames and moves interfaces, and removes a namespace with
// one. The last row of each series has no address, and comes once.
func TestLastWords(t *testing.T) {
	sysprobetest.NeedTool(t, "ip")
	sysprobetest.NeedNamespaces(t)
	a, b := fmt.Sprintf("nicaddrs-%d-a", os.Getpid()), fmt.Sprintf("nicaddrs-%d-b", os.Getpid())
	type counts = map[string]int64
	for _, watching := range []bool{false, true} {
		t.Run(fmt.Sprintf("watch=%v", watching), func(t *testing.T) {
			for _, name := range []string{a, b} {
				ip(t, "netns add "+name)
				t.Cleanup(func() { _ = exec.Command("ip", "netns", "del", name).Run() }) //nolint:errcheck // is gone if all went well
			}
			for i, name := range []string{"deleted", "renamed", "moved", "stays"} {
				kind := "bridge"
				if name == "moved" { // which no bridge can be
					kind = "veth peer name peer"
				}
				ip(t, "-n "+a+" link add "+name+" type "+kind)
				ip(t, fmt.Sprintf("-n %s addr add 10.0.%d.1/24 dev %s", a, i, name))
			}
			n := newPlugin(t)
			n.NamespaceInclude, n.Families, n.Watch = []string{a, b}, []string{"ipv4"}, watching
			n.InterfaceExclude = []string{"peer"}
			if err := n.Init(); err != nil {
				t.Fatal(err)
			}
			var events testutil.Accumulator
			if err := n.Start(&events); err != nil {
				t.Fatal(err)
			}
			defer n.Stop()
			step := func(change string, last, after counts) {
				t.Helper()
				ip(t, change)
				sysprobetest.Eventually(t, func() string { return cmp.Diff(last, ipv4Counts(t, n)) })
				if diff := cmp.Diff(after, ipv4Counts(t, n)); diff != "" {
					t.Errorf("after the last row (-want +got):\n%s", diff)
				}
			}
			step("netns", counts{a + " deleted": 1, a + " renamed": 1, a + " moved": 1, a + " stays": 1},
				counts{a + " deleted": 1, a + " renamed": 1, a + " moved": 1, a + " stays": 1})
			step("-n "+a+" link del deleted", counts{a + " deleted": 0, a + " renamed": 1, a + " moved": 1, a + " stays": 1},
				counts{a + " renamed": 1, a + " moved": 1, a + " stays": 1})
			step("-n "+a+" link set renamed name new", counts{a + " renamed": 0, a + " new": 1, a + " moved": 1, a + " stays": 1},
				counts{a + " new": 1, a + " moved": 1, a + " stays": 1})
			step("-n "+a+" link set moved netns "+b, counts{a + " new": 1, a + " moved": 0, b + " moved": 0, a + " stays": 1},
				counts{a + " new": 1, b + " moved": 0, a + " stays": 1})
			step("netns del "+a, counts{a + " new": 0, b + " moved": 0, a + " stays": 0}, counts{b + " moved": 0})
		})
	}
}

// TestNamespacesSwapNames has the events of all that is in two namespaces whose
// names are swapped.
func TestNamespacesSwapNames(t *testing.T) {
	sysprobetest.NeedTool(t, "ip")
	sysprobetest.NeedNamespaces(t)
	dir := t.TempDir()
	var names [2]string
	for i := range names {
		names[i] = fmt.Sprintf("nicaddrs-%d-%d", os.Getpid(), i)
		ip(t, "netns add "+names[i])
		t.Cleanup(func() { ip(t, "netns del "+names[i]) })
		if err := os.Symlink("/run/netns/"+names[i], fmt.Sprintf("%s/%d", dir, i)); err != nil {
			t.Fatal(err)
		}
	}
	ip(t, "-n "+names[0]+" link add br0 type bridge")
	ip(t, "-n "+names[0]+" addr add 10.0.0.1/24 dev br0")
	n := newPlugin(t)
	n.Watch, n.KindInclude = true, []string{"bridge"}
	n.NamespacePaths, n.NamespaceInclude, n.NamespaceExclude = []string{dir + "/0", dir + "/1"}, nil, []string{"", "*"}
	if err := n.Init(); err != nil {
		t.Fatal(err)
	}
	var acc testutil.Accumulator
	if err := n.Start(&acc); err != nil {
		t.Fatal(err)
	}
	defer n.Stop()
	for _, move := range [][2]string{{"/0", "/x"}, {"/1", "/0"}, {"/x", "/1"}} {
		if err := os.Rename(dir+move[0], dir+move[1]); err != nil {
			t.Fatal(err)
		}
	}
	want := []string{"0 br0 address_removed ", "0 br0 removed ", "1 br0 added bridge", "1 br0 address_added 10.0.0.1/24"}
	sysprobetest.Eventually(t, func() string { return cmp.Diff(want, events(&acc)) })
}
