package nicstats

import (
	"fmt"
	"os"
	"os/exec"
	"regexp"
	"strings"
	"testing"

	"github.com/influxdata/telegraf/testutil"

	"telegraf-sysprobe/plugins/internal/plugintest"
	"telegraf-sysprobe/sysprobe/sysprobetest"
)

// TestAlertKnowsIdleKinds makes interfaces that are set up and have nothing to do, as
// docker0 has without containers, and one whose other end is down: the first alert of
// the README leaves out the kinds of the former alone, in both languages.
func TestAlertKnowsIdleKinds(t *testing.T) {
	sysprobetest.NeedTool(t, "ip")
	sysprobetest.NeedNamespaces(t)
	readme, err := os.ReadFile("README.md")
	if err != nil {
		t.Fatal(err)
	}
	var leftOut []*regexp.Regexp
	for _, filter := range []string{`"kind" !~ /(.+?)/ `, `nicstats_admin_up\{kind!~"(.+?)"\}`} {
		found := regexp.MustCompile(filter).FindSubmatch(readme)
		if found == nil {
			t.Fatalf("the README has no filter %s", filter)
		}
		leftOut = append(leftOut, regexp.MustCompile("^(?:"+string(found[1])+")$"))
	}
	name := fmt.Sprintf("idle%d", os.Getpid())
	ip := func(args string) {
		t.Helper()
		if out, err := exec.Command("ip", strings.Fields(args)...).CombinedOutput(); err != nil {
			t.Fatalf("ip %s: %v\n%s", args, err, out)
		}
	}
	ip("netns add " + name)
	t.Cleanup(func() { ip("netns del " + name) })
	for _, args := range []string{
		"link add docker0 address 02:42:ac:11:00:02 type bridge", "address add 172.17.0.1/16 dev docker0", "link set docker0 up",
		"link add port type veth peer name eth0", "link set eth0 up", "link set port up master docker0", "link del port", // of a container that ended
		"link add fresh address 02:42:ac:11:00:03 type bridge", "link set fresh up", // had no container yet
		"tuntap add dev tun0 mode tun", "link set tun0 up",
		"link add broken type veth peer name end", "link set broken up",
	} {
		ip("-n " + name + " " + args)
	}
	n := newPlugin(t)
	n.NamespaceInclude, n.InterfaceInclude = []string{name}, []string{"docker0", "fresh", "tun0", "broken"}
	var acc testutil.Accumulator
	plugintest.Start(t, n, &acc)
	sysprobetest.Eventually(t, func() string {
		acc.ClearMetrics()
		if err := acc.GatherError(n.Gather); err != nil {
			return err.Error()
		}
		return firing(&acc, leftOut)
	})
}

// firing returns what is wrong with the interfaces for which the alert fires.
func firing(acc *testutil.Accumulator, leftOut []*regexp.Regexp) string {
	idle := map[string]bool{}
	for _, m := range acc.Metrics {
		if m.Tags["netns"] == "" || m.Fields["admin_up"] != true || m.Fields["isup"] != false {
			continue
		}
		idle[m.Tags["interface"]] = true
		for _, kinds := range leftOut {
			if fires := !kinds.MatchString(m.Tags["kind"]); fires != (m.Tags["interface"] == "broken") {
				return fmt.Sprintf("of %s, a %s, the alert fires: %v, by %s", m.Tags["interface"], m.Tags["kind"], fires, kinds)
			}
		}
	}
	if !idle["docker0"] || !idle["tun0"] || !idle["broken"] {
		return fmt.Sprintf("set up and not running are %v, want docker0, tun0 and broken", idle)
	}
	return ""
}
