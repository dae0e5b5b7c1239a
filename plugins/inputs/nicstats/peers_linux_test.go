package nicstats

import (
	"fmt"
	"os"
	"os/exec"
	"strings"
	"testing"

	"github.com/influxdata/telegraf/testutil"

	"telegraf-sysprobe/plugins/internal/plugintest"
	"telegraf-sysprobe/sysprobe/sysprobetest"
)

// TestPeersInOtherNamespaces reads both ends of pairs. Two pairs have the same
// indexes, and are told apart by the namespaces that the kernel says they are in.
func TestPeersInOtherNamespaces(t *testing.T) {
	sysprobetest.NeedTool(t, "ip")
	sysprobetest.NeedNamespaces(t)
	ip := func(format string, names ...any) {
		t.Helper()
		args := fmt.Sprintf(format, names...)
		if out, err := exec.Command("ip", strings.Fields(args)...).CombinedOutput(); err != nil {
			t.Fatalf("ip %s: %v\n%s", args, err, out)
		}
	}
	n := newPlugin(t)
	var names [5]string
	for i := range names {
		names[i] = fmt.Sprintf("peers%d-%d", os.Getpid(), i)
		ip("netns add %s", names[i])
		t.Cleanup(func() { ip("netns del %s", names[i]) })
		if i < 4 { // the last one is not read
			n.NamespaceInclude = append(n.NamespaceInclude, names[i])
		}
	}
	ip("-n %s link add left0 index 100 type veth peer name right0 index 200 netns %s", names[0], names[1])
	ip("-n %s link add left1 index 100 type veth peer name right1 index 200 netns %s", names[2], names[3])
	ip("-n %s link add far index 300 type veth peer name away index 400 netns %s", names[0], names[4])
	ip("-n %s link add near type veth peer name near1", names[0])
	var acc testutil.Accumulator
	plugintest.Start(t, n, &acc)
	for range 2 { // asked, and remembered
		acc.ClearMetrics()
		if err := acc.GatherError(n.Gather); err != nil {
			t.Fatal(err)
		}
		got := map[string]string{}
		for _, m := range acc.Metrics {
			if _, gauge := m.Fields["mtu"]; gauge && m.Tags["kind"] == "veth" {
				got[m.Tags["interface"]] = fmt.Sprint(m.Fields["peer"], " ", m.Fields["peer_netns"])
			}
		}
		for name, want := range map[string]string{
			"left0": "right0 " + names[1], "right0": "left0 " + names[0],
			"left1": "right1 " + names[3], "right1": "left1 " + names[2],
			"far": "<nil> <nil>", "near": "near1 <nil>",
		} {
			if got[name] != want {
				t.Errorf("the peer of %s is %s, want %s", name, got[name], want)
			}
		}
	}
	if len(n.peers.ids) == 0 {
		t.Error("the IDs are not remembered")
	}
}
