package nicstats

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/influxdata/telegraf"
	"github.com/influxdata/telegraf/testutil"

	"telegraf-sysprobe/plugins/internal/plugintest"
	"telegraf-sysprobe/sysprobe/sysprobetest"
)

// TestAlertsKnowIdleKinds makes interfaces of many kinds, lets those that a program or
// a container used have nothing to do, and takes one down at the other end. Of all
// rules, only the one about links that are down fires, and only for that one.
func TestAlertsKnowIdleKinds(t *testing.T) {
	sysprobetest.NeedTool(t, "ip")
	sysprobetest.NeedTool(t, "promtool")
	sysprobetest.NeedNamespaces(t)
	name := fmt.Sprintf("idle%d", os.Getpid())
	ip := func(args string) error {
		if out, err := exec.Command("ip", strings.Fields(args)...).CombinedOutput(); err != nil {
			return fmt.Errorf("ip %s: %w\n%s", args, err, out)
		}
		return nil
	}
	must := func(commands ...string) {
		t.Helper()
		for _, args := range commands {
			if err := ip(args); err != nil {
				t.Fatal(err)
			}
		}
	}
	must("netns add " + name)
	t.Cleanup(func() { must("netns del " + name) })
	in := "-n " + name + " "
	for _, kind := range []string{"bond", "dummy", "ifb", "nlmon", "sit", "team", "vcan", "vxcan", "vxlan id 7 dstport 4789", "wireguard", "vrf table 7"} {
		made := "kind-" + strings.Fields(kind)[0]
		if ip(in+"link add "+made+" type "+kind) == nil { // as far as the kernel has them
			must(in + "link set " + made + " up")
		}
	}
	must(in+"link set lo up",
		in+"link add docker0 address 02:42:ac:11:00:02 type bridge", in+"link set docker0 up",
		in+"link add port type veth peer name eth0", in+"link set eth0 up", in+"link set port up master docker0",
		in+"link add fresh address 02:42:ac:11:00:03 type bridge", in+"link set fresh up", // had no container yet
		in+"link add empty address 02:42:ac:11:00:04 type bridge stp_state 1", in+"link set empty up",
		in+"tuntap add dev tun0 mode tun", in+"link set tun0 up",
		in+"link add broken type veth peer name end", in+"link set broken up", in+"link set end up",
		in+"link add never type veth peer name end2", in+"link set never up",
	)
	n := newPlugin(t)
	n.NamespaceInclude = []string{name}
	var acc testutil.Accumulator
	plugintest.Start(t, n, &acc)
	until := func(up bool) []telegraf.Metric {
		sysprobetest.Eventually(t, func() string {
			acc.ClearMetrics()
			if err := acc.GatherError(n.Gather); err != nil {
				return err.Error()
			}
			for _, m := range acc.GetTelegrafMetrics() {
				isup, _ := m.GetField("isup")
				if slices.Contains([]string{"docker0", "broken"}, m.Tags()["interface"]) && isup != nil && isup != up {
					return fmt.Sprintf("isup of %s is %v", m.Tags()["interface"], isup)
				}
			}
			return ""
		})
		return acc.GetTelegrafMetrics()
	}
	before := until(true)
	must(in+"link del port", in+"link set end down") // as at the end of the only container
	after := until(false)
	rules, err := filepath.Abs("alerts.yml")
	if err != nil {
		t.Fatal(err)
	}
	test := filepath.Join(t.TempDir(), "test.yml")
	firing := fmt.Sprintf(`ALERTS{alertname="NicLinkDown", alertstate="firing", severity="critical", interface="broken", kind="veth", netns=%q}`, name)
	if err := os.WriteFile(test, []byte(promtoolTest(rules, before, after, firing)), 0o600); err != nil {
		t.Fatal(err)
	}
	if out, err := exec.Command("promtool", "test", "rules", test).CombinedOutput(); err != nil {
		t.Errorf("%v\n%s", err, out)
	}
}

// promtoolTest is a file for promtool in which the metrics before hold for ten minutes
// and those after for half an hour, at whose end only that alert fires.
func promtoolTest(rules string, before, after []telegraf.Metric, firing string) string {
	values := map[string][2]string{}
	for n, metrics := range [][]telegraf.Metric{before, after} {
		for _, m := range metrics {
			var labels []string
			for _, tag := range m.TagList() {
				labels = append(labels, fmt.Sprintf("%s=%q", tag.Key, tag.Value))
			}
			for _, f := range m.FieldList() {
				number, isNumber := f.Value.(int64)
				if !isNumber {
					continue
				}
				series := fmt.Sprintf("%s_%s{%s}", m.Name(), f.Key, strings.Join(labels, ", "))
				both := values[series]
				both[n] = fmt.Sprint(number)
				values[series] = both
			}
		}
	}
	var b strings.Builder
	fmt.Fprintf(&b, "rule_files: [%q]\nevaluation_interval: 1m\ntests:\n  - interval: 1m\n    input_series:\n", rules)
	for series, both := range values {
		fmt.Fprintf(&b, "      - series: '%s'\n        values: '%s %s'\n", series, samples(both[0], 10), samples(both[1], 30))
	}
	fmt.Fprintf(&b, "    promql_expr_test:\n      - expr: ALERTS{alertstate=\"firing\"}\n        eval_time: 39m\n"+
		"        exp_samples:\n          - labels: '%s'\n            value: 1\n", firing)
	return b.String()
}

// samples spells n samples of a value, or as many minutes without the series, which
// ends if it was there.
func samples(value string, n int) string {
	if value == "" {
		return strings.Repeat("stale ", n)
	}
	return fmt.Sprintf("%sx%d", value, n-1)
}
