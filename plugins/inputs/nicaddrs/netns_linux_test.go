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
)

// ip runs ip(8).
func ip(t *testing.T, args string) {
	t.Helper()
	if out, err := exec.Command("ip", strings.Fields(args)...).CombinedOutput(); err != nil {
		t.Fatalf("ip %s: %v\n%s", args, err, out)
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
	if os.Geteuid() != 0 {
		t.Skip("making a network namespace needs root")
	}
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
			if len(n.changes.interfaces) != 1 {
				t.Errorf("keeps %d interfaces, want lo of the namespace that stays", len(n.changes.interfaces))
			}
			n.Stop()
		})
	}
}
