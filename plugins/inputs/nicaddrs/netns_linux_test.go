package nicaddrs

import (
	"fmt"
	"os"
	"os/exec"
	"runtime"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/influxdata/telegraf/testutil"

	"telegraf-sysprobe/plugins/internal/nic/nictest"
	"telegraf-sysprobe/sysprobe/sysprobetest"
)

// runIP runs ip(8) and returns its error.
func runIP(args string) error {
	out, err := exec.Command("ip", strings.Fields(args)...).CombinedOutput()
	if err != nil {
		err = fmt.Errorf("ip %s: %w\n%s", args, err, out)
	}
	return err
}

// ip runs ip(8).
func ip(t *testing.T, args string) {
	t.Helper()
	if err := runIP(args); err != nil {
		t.Fatal(err)
	}
}

func TestReleasesNamespaces(t *testing.T) {
	sysprobetest.NeedTool(t, "ip")
	sysprobetest.NeedNamespaces(t)
	for _, watching := range []bool{false, true} {
		t.Run(fmt.Sprintf("watch=%v", watching), func(t *testing.T) {
			n := newPlugin(t)
			n.Watch = watching
			nictest.CheckRelease(t, n, &n.Options, runIP)
		})
	}
}

// holdings counts the open files and the threads of this process.
func holdings(t *testing.T) (files, threads int) {
	t.Helper()
	count := func(dir string) int {
		entries, err := os.ReadDir(dir)
		if err != nil {
			t.Fatal(err)
		}
		return len(entries)
	}
	return count("/proc/self/fd"), count("/proc/self/task")
}

// TestNamespacesComeAndGo follows real namespaces, by gathers and by events,
// and looks for what is left of those that are gone.
func TestNamespacesComeAndGo(t *testing.T) {
	sysprobetest.NeedTool(t, "ip")
	sysprobetest.NeedNamespaces(t)
	prefix := fmt.Sprintf("nicaddrs-%d-", os.Getpid())
	stays, comes := prefix+"stays", prefix+"comes"
	ip(t, "netns add "+stays)
	t.Cleanup(func() { ip(t, "netns del "+stays) })
	ip(t, "-n "+stays+" link set lo up")
	for _, watching := range []bool{false, true} {
		t.Run(fmt.Sprintf("watch=%v", watching), func(t *testing.T) {
			n := newPlugin(t)
			n.NamespaceInclude, n.Watch = []string{prefix + "*"}, watching
			if err := n.Init(); err != nil {
				t.Fatal(err)
			}
			var acc testutil.Accumulator
			if err := n.Start(&acc); err != nil {
				t.Fatal(err)
			}
			gather := func(want ...string) {
				t.Helper()
				acc.ClearMetrics()
				if err := acc.GatherError(n.Gather); err != nil {
					t.Fatal(err)
				}
				var got []string
				for _, m := range acc.GetTelegrafMetrics() {
					if m.Name() == interfaceMeasurement && m.HasField("changes") && m.Tags()["interface"] == "lo" {
						got = append(got, m.Tags()["netns"])
					}
				}
				slices.Sort(got)
				if diff := cmp.Diff(want, got); diff != "" {
					t.Fatalf("namespaces (-want +got):\n%s", diff)
				}
			}
			round := func() {
				t.Helper()
				gather(stays)
				ip(t, "netns add "+comes)
				gather(comes, stays)
				ip(t, "netns del "+comes)
				gather(comes, stays) // whose last row this is
				gather(stays)
			}
			round() // which starts what Go keeps
			files, threads := holdings(t)
			const rounds = 50
			for range rounds {
				round()
			}
			if nowFiles, nowThreads := holdings(t); nowFiles > files || nowThreads >= threads+rounds/2 {
				t.Errorf("after %d namespaces: %d files and %d threads, before %d and %d", rounds, nowFiles, nowThreads, files, threads)
			}
			if len(n.changes.series) != 1 || len(n.changes.links) > 1 {
				t.Errorf("keeps %d series and %d interfaces, want lo of the namespace that stays", len(n.changes.series), len(n.changes.links))
			}
			n.Stop()
		})
	}
}

// events returns the events that acc has, as "netns interface event new".
func events(acc *testutil.Accumulator) []string {
	var all []string
	for _, m := range acc.GetTelegrafMetrics() {
		if m.Name() == eventMeasurement {
			is, _ := m.GetField("new")
			all = append(all, fmt.Sprint(m.Tags()["netns"], " ", m.Tags()["interface"], " ", m.Tags()["event"], " ", is))
		}
	}
	return all
}

// TestWatchFollowsNamespaces has no gather: what is in a namespace is added as that
// gets its name, also where it is made anew under the name, and removed as it loses
// the name.
func TestWatchFollowsNamespaces(t *testing.T) {
	sysprobetest.NeedTool(t, "ip")
	sysprobetest.NeedNamespaces(t)
	name := fmt.Sprintf("nicaddrs-%d-named", os.Getpid())
	var acc testutil.Accumulator
	follow := func() {
		n := newPlugin(t)
		n.NamespaceInclude, n.Watch = []string{name}, true
		if err := n.Init(); err != nil {
			t.Fatal(err)
		}
		if err := n.Start(&acc); err != nil {
			t.Fatal(err)
		}
		defer n.Stop()
		want := func(list ...string) {
			t.Helper()
			for i, event := range list {
				list[i] = name + " lo " + event
			}
			sysprobetest.Eventually(t, func() string { return cmp.Diff(list, events(&acc)) })
			acc.ClearMetrics()
		}
		for range 3 {
			script := "ip link set lo up && ip addr add 10.0.0.1/32 dev lo && ip netns attach " + name + " $$"
			if out, err := exec.Command("unshare", "--net", "sh", "-c", script).CombinedOutput(); err != nil {
				t.Fatalf("%v\n%s", err, out)
			}
			want("added loopback", "admin_up up", "link_up up",
				"address_added 127.0.0.1/8", "address_added 10.0.0.1/32", "address_added ::1/128")
			ip(t, "-n "+name+" addr add 10.0.0.2/32 dev lo")
			want("address_added 10.0.0.2/32")
			ip(t, "netns del "+name)
			want("address_removed ", "address_removed ", "address_removed ", "address_removed ",
				"admin_down down", "link_down down", "removed ")
		}
	}
	t.Cleanup(func() { _ = exec.Command("ip", "netns", "del", name).Run() }) //nolint:errcheck // is gone if all went well
	follow()                                                                 // which starts what Go keeps
	files, _ := holdings(t)
	goroutines := runtime.NumGoroutine()
	follow()
	sysprobetest.Eventually(t, func() string {
		if now, _ := holdings(t); now > files || runtime.NumGoroutine() > goroutines {
			return fmt.Sprintf("%d files and %d goroutines are left, before %d and %d", now, runtime.NumGoroutine(), files, goroutines)
		}
		return ""
	})
	if len(acc.Errors) > 0 {
		t.Errorf("errors %v", acc.Errors)
	}
}
