package nicaddrs

import (
	"context"
	"net/netip"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/influxdata/telegraf"
	"github.com/influxdata/telegraf/plugins/inputs"
	"github.com/influxdata/telegraf/testutil"

	"telegraf-sysprobe/plugins/internal/metric"
	"telegraf-sysprobe/plugins/internal/nic"
	"telegraf-sysprobe/plugins/internal/nic/nictest"
	"telegraf-sysprobe/plugins/internal/plugintest"
	"telegraf-sysprobe/sysprobe"
)

// fakeSource answers instead of a kernel.
type fakeSource func(*sysprobe.AddrSnapshot) error

func (f fakeSource) Snapshot(_ context.Context, dst *sysprobe.AddrSnapshot) error { return f(dst) }
func (fakeSource) Close() error                                                   { return nil }

// TestCases runs testdata/cases/nicaddrs. A network namespace is a folder
// there with inputs of its own.
func TestCases(t *testing.T) {
	plugintest.Run(t, "nicaddrs", func(t *testing.T, n *NICAddrs, dir string) {
		n.system = nictest.System()
		n.open = func(_ context.Context, o *nic.Opening) (nic.Source[sysprobe.AddrSnapshot], error) {
			from := dir
			if o.NetNS != "" {
				from = o.NetNS
			}
			return fakeSource(plugintest.Replay[sysprobe.AddrSnapshot](t, from)), nil
		}
	})
}

func TestSample(t *testing.T) { plugintest.CheckSample[NICAddrs](t, "nicaddrs") }

// TestBytes is about names that JSON, and so a case, cannot hold.
func TestBytes(t *testing.T) {
	iface := sysprobe.InterfaceAddrs{
		Link:  sysprobe.Link{Name: "a\xff"},
		Addrs: []sysprobe.Addr{{IP: netip.MustParseAddr("10.0.0.1"), Label: "a\xff:1"}},
	}
	l, err := newPlugin(t).newLayout()
	if err != nil {
		t.Fatal(err)
	}
	addresses := l.addresses(nil, &iface)
	if len(addresses) != 1 {
		t.Fatalf("got %d addresses", len(addresses))
	}
	var row metric.Series
	l.fill(&row, addresses[0], "n\xff")
	wantTags := map[string]string{"interface": "a%FF", "family": "ipv4", "address": "10.0.0.1", "netns": "n%FF"}
	if diff := cmp.Diff(wantTags, row.Tags); diff != "" {
		t.Errorf("tags (-want +got):\n%s", diff)
	}
	if got := row.Gauges.Get("label"); got != "a%FF:1" {
		t.Errorf("label %q", got)
	}
}

// newPlugin returns the plugin as Telegraf makes it.
func newPlugin(t *testing.T) *NICAddrs {
	t.Helper()
	n, ok := inputs.Inputs["nicaddrs"]().(*NICAddrs)
	if !ok {
		t.Fatal("inputs.nicaddrs is not registered")
	}
	n.Log = testutil.Logger{}
	return n
}

// opening makes a plugin that opens handles with err, and not at all where err
// is nil.
func opening(err error) func(t *testing.T) *NICAddrs {
	return func(t *testing.T) *NICAddrs {
		n := newPlugin(t)
		n.system = nictest.System()
		n.open = func(context.Context, *nic.Opening) (nic.Source[sysprobe.AddrSnapshot], error) {
			if err == nil {
				t.Error("opened a handle")
			}
			return nil, err
		}
		return n
	}
}

func TestInit(t *testing.T) {
	cases := append(nictest.InitCases(t, func(n *NICAddrs) (*nic.Options, *nic.System) { return &n.Options, &n.system }), []plugintest.InitCase[*NICAddrs]{
		{"unknown report", func(n *NICAddrs) { n.Report = "change" }, `option report…"change"…"changes"`},
		{"no time between full sets", func(n *NICAddrs) { n.ReportInterval = 0 }, `option report_interval…0s…"4m"`},
		{"address as field", func(n *NICAddrs) { n.AddressAs = "field" }, ""},
		{"unknown address_as", func(n *NICAddrs) { n.AddressAs = "tags" }, `option address_as…"tags"…"tag"…"field"`},
		{"empty address_as", func(n *NICAddrs) { n.AddressAs = "" }, `option address_as…""…"tag"…"field"`},
		{"bad scope", func(n *NICAddrs) { n.ScopeInclude = []string{"["} }, `option scope_include…"["…close`},
		{"bad flag", func(n *NICAddrs) { n.FlagInclude = []string{"["} }, `option flag_include…"["…close`},
		{"bad flag to leave out", func(n *NICAddrs) { n.FlagExclude = []string{"["} }, `option flag_exclude…"["…close`},
		{"no scope", func(n *NICAddrs) { n.ScopeInclude = []string{"Global"} }, `option scope_include…"Global"…"global"`},
		{"no scope to leave out", func(n *NICAddrs) { n.ScopeExclude = []string{"universe"} }, `option scope_exclude…"universe"…"global"`},
		{"no flag", func(n *NICAddrs) { n.FlagInclude = []string{"dadfaild"} }, `option flag_include…"dadfaild"…"dadfailed"`},
		{"no flag to leave out", func(n *NICAddrs) { n.FlagExclude = []string{"DEPRECATED"} }, `option flag_exclude…"DEPRECATED"…"deprecated"`},
		{"a flag of ip(8)", func(n *NICAddrs) { n.FlagInclude = []string{"dynamic"} }, `option flag_…"dynamic"…"permanent"`},
		{"flags and scopes", func(n *NICAddrs) {
			n.FlagExclude, n.ScopeInclude = []string{"temporary", "secondary", "{tent,dad}*"}, []string{"link", "77"}
		}, ""},
		{"a path as a name", func(n *NICAddrs) { n.NamespaceInclude = []string{"/run/netns/n1"} }, `option namespace_…"/run/netns/n1"…namespace_paths`},
		{"an open brace", func(n *NICAddrs) { n.InterfaceExclude = []string{"{lo"} }, `option interface_exclude…"{lo"…close it`},
		{"a regular expression", func(n *NICAddrs) { n.InterfaceInclude = []string{"^eth.*"} }, `option interface_include…"^eth.*"…regular expression`},
		{"unknown tag", func(n *NICAddrs) { n.TagWith = []string{"index"} }, `option tag_with…"index"…"scope"`},
		{"one family", func(n *NICAddrs) { n.Families = []string{"ipv6"} }, ""},
		{"no family", func(n *NICAddrs) { n.Families = []string{} }, `option families…empty…"ipv4"…"ipv6"…"link"`},
		{"unknown family", func(n *NICAddrs) { n.Families = []string{"ipv4", "inet"} }, `option families…"inet"…"ipv4"…"ipv6"…"link"`},
		{"family twice", func(n *NICAddrs) { n.Families = []string{"ipv4", "ipv4"} }, `option families…"ipv4"…twice`},
	}...)
	plugintest.InitCases(t, opening(nil), cases)
}

func TestInitOnOtherSystems(t *testing.T) {
	n := newPlugin(t)
	nictest.CheckOtherSystem(t, "nicaddrs", n, &n.system)
}

func TestStartFails(t *testing.T) { nictest.CheckFailedStart(t, opening(sysprobe.ErrAccessDenied)(t)) }

// TestThisMachine asks the kernel that runs the test.
func TestThisMachine(t *testing.T) {
	loopback := nictest.Loopback(t)
	nictest.GatherThisMachine(t, sysprobe.FeatureNICAddrs, newPlugin(t), func(acc *testutil.Accumulator) {
		if !slices.ContainsFunc(acc.Metrics, func(m *testutil.Metric) bool {
			return m.Measurement == "nicaddrs" && m.Tags["interface"] == loopback.Name && m.Tags["family"] == "ipv4" &&
				m.Tags["address"] == "127.0.0.1" && m.Fields["netmask"] == "255.0.0.0" && m.Fields["prefix_length"] == int64(8)
		}) {
			t.Errorf("127.0.0.1/8 of %s is not among %d metrics", loopback.Name, len(acc.Metrics))
		}
		if !acc.HasField("nicaddrs_interface", "changes") || !acc.HasField("nicaddrs_interface", "ipv4_count") {
			t.Error("nicaddrs_interface lacks changes or ipv4_count")
		}
	})
}

// TestSoleWriter holds that two instances which would share a series are refused,
// as sysprobe-execd refuses what has this method.
func TestSoleWriter(t *testing.T) {
	if _, sole := telegraf.Input(newPlugin(t)).(interface{ SoleWriter() []string }); !sole {
		t.Error("two instances count for themselves in the same series")
	}
}
