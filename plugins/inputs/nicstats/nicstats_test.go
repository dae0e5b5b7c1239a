package nicstats

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/influxdata/telegraf"
	"github.com/influxdata/telegraf/config"
	"github.com/influxdata/telegraf/plugins/inputs"
	"github.com/influxdata/telegraf/testutil"

	"telegraf-sysprobe/plugins/internal/metric"
	"telegraf-sysprobe/plugins/internal/nic"
	"telegraf-sysprobe/plugins/internal/nic/nictest"
	"telegraf-sysprobe/plugins/internal/plugintest"
	"telegraf-sysprobe/sysprobe"
)

// answer is an input of a case: a snapshot, and the error in it, which has no
// JSON, as "not supported" or any other text.
type answer struct {
	sysprobe.LinkSnapshot
	Ethtool string
}

// fakeSource answers instead of a kernel.
type fakeSource func(*answer) error

func (f fakeSource) Snapshot(_ context.Context, dst *sysprobe.LinkSnapshot) error {
	var a answer
	err := f(&a)
	*dst = a.LinkSnapshot
	switch a.Ethtool {
	case "":
	case "not supported":
		dst.Ethtool = &sysprobe.OpError{Op: "open ethtool netlink", Err: sysprobe.ErrNotSupported}
	default:
		dst.Ethtool = &sysprobe.OpError{Op: "open ethtool netlink", Err: errors.New(a.Ethtool)}
	}
	return err
}

func (fakeSource) Close() error { return nil }

// TestCases runs testdata/cases/nicstats. A network namespace is a folder
// there with inputs of its own.
func TestCases(t *testing.T) {
	plugintest.Run(t, "nicstats", func(t *testing.T, n *NICStats, dir string) {
		n.system = nictest.System()
		n.open = func(c *sysprobe.Config, _ sysprobe.LinkFacts) (nic.Source[sysprobe.LinkSnapshot], error) {
			from := dir
			if c.NetNS != "" {
				from = c.NetNS
			}
			return fakeSource(plugintest.Replay[answer](t, from)), nil
		}
	})
}

func TestSample(t *testing.T) { plugintest.CheckSample[NICStats](t, "nicstats") }

// TestBytes is about names that JSON, and so a case, cannot hold.
func TestBytes(t *testing.T) {
	l := sysprobe.LinkStats{Link: sysprobe.Link{Name: "a\xff", MasterName: "\xfe", Alias: "\xc3"}}
	wantTags := map[string]string{"interface": "a%FF", "kind": "%00", "netns": "n%FF"}
	var row metric.Series
	newPlugin(t).fill(&row, &l, "n\xff")
	if diff := cmp.Diff(wantTags, row.Tags); diff != "" {
		t.Errorf("tags (-want +got):\n%s", diff)
	}
	if fields := &row.Gauges; fields.Get("master") != "%FE" || fields.Get("alias") != "%C3" {
		t.Errorf("master %q, alias %q", fields.Get("master"), fields.Get("alias"))
	}
}

// newPlugin returns the plugin as Telegraf makes it.
func newPlugin(t *testing.T) *NICStats {
	t.Helper()
	n, ok := inputs.Inputs["nicstats"]().(*NICStats)
	if !ok {
		t.Fatal("inputs.nicstats is not registered")
	}
	n.Log = testutil.Logger{}
	return n
}

// opening makes a plugin that opens handles with err, and not at all where err
// is nil.
func opening(err error) func(t *testing.T) *NICStats {
	return func(t *testing.T) *NICStats {
		n := newPlugin(t)
		n.system = nictest.System()
		n.open = func(*sysprobe.Config, sysprobe.LinkFacts) (nic.Source[sysprobe.LinkSnapshot], error) {
			if err == nil {
				t.Error("opened a handle")
			}
			return nil, err
		}
		return n
	}
}

func TestInit(t *testing.T) {
	cases := append(nictest.InitCases(t, func(n *NICStats) (*nic.Options, *nic.System) { return &n.Options, &n.system }), []plugintest.InitCase[*NICStats]{
		{"unknown report", func(n *NICStats) { n.Report = "change" }, `option report…"change"…"changes"`},
		{"no time between full sets", func(n *NICStats) { n.ReportInterval = 0 }, `option report_interval…0s…"4m"`},
		{"everything", func(n *NICStats) { n.Collect = collectable }, ""},
		{
			"unknown fact", func(n *NICStats) { n.Collect = []string{"fac"} },
			`option collect…"fac"…use any of "detail", "modes", "link_state", "fec", "wake_on_lan", "private_flags"`,
		},
		{"fact twice", func(n *NICStats) { n.Collect = []string{"fec", "fec"} }, `option collect…"fec"…remove one`},
		{"tags", func(n *NICStats) { n.TagWith = []string{"alias", "vlan_id"} }, ""},
		{"tag of what changes", func(n *NICStats) { n.TagWith = []string{"operstate"} }, `option tag_with…"operstate"…use any of "alias", "altnames"`},
		{"no time", func(n *NICStats) { n.EthtoolTimeout = 0 }, `option ethtool_timeout…0s…"1s"`},
	}...)
	plugintest.InitCases(t, opening(nil), cases)
}

func TestCollectIsAskedFor(t *testing.T) {
	for _, tc := range []struct {
		collect []string
		tagWith []string
		want    sysprobe.LinkFacts
	}{
		{nil, nil, 0},
		{nil, []string{"alias", "master"}, 0},
		{[]string{"fec"}, []string{"alias", "vlan_id"}, sysprobe.WantFEC | sysprobe.WantLinkDetail},
		{[]string{"detail"}, nil, sysprobe.WantLinkDetail},
		{[]string{"fec", "modes"}, nil, sysprobe.WantFEC | sysprobe.WantLinkModes},
		{[]string{"link_state"}, nil, sysprobe.WantLinkState},
		{[]string{"private_flags", "wake_on_lan"}, nil, sysprobe.WantPrivateFlags | sysprobe.WantWakeOnLAN},
	} {
		n := newPlugin(t)
		n.system = nictest.System()
		n.Collect, n.TagWith, n.EthtoolTimeout = tc.collect, tc.tagWith, config.Duration(2*time.Second)
		var got sysprobe.Config
		var want sysprobe.LinkFacts
		n.open = func(c *sysprobe.Config, facts sysprobe.LinkFacts) (nic.Source[sysprobe.LinkSnapshot], error) {
			got, want = *c, facts
			return nil, errors.ErrUnsupported
		}
		if err := n.Init(); err != nil {
			t.Fatal(err)
		}
		if err := n.Start(nil); !errors.Is(err, errors.ErrUnsupported) {
			t.Fatal(err)
		}
		if want != tc.want || got.EthtoolTimeout != 2*time.Second {
			t.Errorf("%v asks for %b within %v, want %b within 2s", tc.collect, want, got.EthtoolTimeout, tc.want)
		}
	}
}

func TestInitOnOtherSystems(t *testing.T) {
	n := newPlugin(t)
	nictest.CheckOtherSystem(t, "nicstats", n, &n.system)
}

func TestStartFails(t *testing.T) { nictest.CheckFailedStart(t, opening(sysprobe.ErrAccessDenied)(t)) }

// TestThisMachine asks the kernel that runs the test.
func TestThisMachine(t *testing.T) {
	loopback := nictest.Loopback(t)
	want := map[string]any{"mtu": int64(uint32(loopback.MTU)), "duplex": "unknown", "duplex_code": int64(0)}
	if runtime.GOOS != "windows" { // whose own has a speed, and that of Wine has none
		want["speed"] = int64(0)
	}
	nictest.GatherThisMachine(t, sysprobe.FeatureNICStats, newPlugin(t), func(acc *testutil.Accumulator) {
		i := slices.IndexFunc(acc.Metrics, func(m *testutil.Metric) bool {
			return m.Measurement == "nicstats" && m.Tags["interface"] == loopback.Name && m.Type == telegraf.Gauge
		})
		if i < 0 {
			t.Fatalf("%s is not among %d metrics", loopback.Name, len(acc.Metrics))
		}
		for field, want := range want {
			if got := acc.Metrics[i].Fields[field]; got != want {
				t.Errorf("%s of %s is %v, want %v", field, loopback.Name, got, want)
			}
		}
		if !acc.HasField("nicstats", "bytes_recv") || !acc.HasField("nicstats", "isup") {
			t.Error("nicstats lacks bytes_recv or isup")
		}
	})
}

// TestRemarksOfNamespacesThatAreGone forgets what was logged of a namespace when that
// is gone: it is logged of the next one of that name, and takes no memory.
func TestRemarksOfNamespacesThatAreGone(t *testing.T) {
	path := filepath.Join(plugintest.TempDir(t), "blue")
	n := newPlugin(t)
	n.system = nictest.System()
	n.NamespacePaths = []string{path}
	log := &testutil.CaptureLogger{}
	n.Log = log
	n.open = func(c *sysprobe.Config, _ sysprobe.LinkFacts) (nic.Source[sysprobe.LinkSnapshot], error) {
		return fakeSource(func(a *answer) error {
			if c.NetNS != "" {
				a.Late = 1
			}
			return nil
		}), nil
	}
	if err := n.Init(); err != nil {
		t.Fatal(err)
	}
	var acc testutil.Accumulator
	for range 2 {
		if err := os.WriteFile(path, nil, 0o600); err != nil {
			t.Fatal(err)
		}
		for range 2 {
			if err := n.Gather(&acc); err != nil {
				t.Fatal(err)
			}
		}
		if len(n.remarked) != 1 {
			t.Errorf("remembers %v, want one remark", n.remarked)
		}
		if err := os.Remove(path); err != nil {
			t.Fatal(err)
		}
		if err := n.Gather(&acc); err != nil || len(n.remarked) != 0 {
			t.Errorf("returned %v, and remembers %v", err, n.remarked)
		}
	}
	if said := log.Warnings(); len(said) != 2 {
		t.Errorf("warnings %q, want two", said)
	}
	n.Stop()
}
