package nicstats

import (
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/influxdata/telegraf"
	"github.com/influxdata/telegraf/config"
	"github.com/influxdata/telegraf/plugins/inputs"
	"github.com/influxdata/telegraf/testutil"

	"telegraf-sysprobe/plugins/internal/nic"
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

func (f fakeSource) Snapshot(dst *sysprobe.LinkSnapshot) error {
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

// supported stands in for sysprobe.Supported, so that tests run on any system.
func supported(sysprobe.Feature) error { return nil }

// permitted stands in for sysprobe.MayEnterNetNS, so that tests run as any user.
func permitted() error { return nil }

// TestCases runs testdata/cases/nicstats. A network namespace is a folder
// there with inputs of its own.
func TestCases(t *testing.T) {
	plugintest.Run(t, "nicstats", func(t *testing.T, n *NICStats, dir string) {
		n.supported = supported
		n.MayEnter = permitted
		n.open = func(c *sysprobe.Config) (nic.Source[sysprobe.LinkSnapshot], error) {
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
	if diff := cmp.Diff(wantTags, tagsOf(&l.Link, "n\xff")); diff != "" {
		t.Errorf("tags (-want +got):\n%s", diff)
	}
	fields := gauges(&l)
	if fields["master"] != "\uFFFD" || fields["alias"] != "\uFFFD" {
		t.Errorf("master %q, alias %q", fields["master"], fields["alias"])
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

func TestInit(t *testing.T) {
	blue := filepath.Join(t.TempDir(), "blue")
	otherBlue := filepath.Join(t.TempDir(), "blue")
	for _, path := range []string{blue, otherBlue} {
		if err := os.WriteFile(path, nil, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	gone := filepath.Join(t.TempDir(), "gone")
	for _, tc := range []struct {
		name string
		set  func(*NICStats)
		want []string // what the error says: option, value, remedy
	}{
		{"defaults", func(*NICStats) {}, nil},
		{"globs", func(n *NICStats) { n.InterfaceInclude = []string{"eth*", "br[0-9]"} }, nil},
		{"bad include", func(n *NICStats) { n.InterfaceInclude = []string{"eth*", "[a"} }, []string{"interface_include", `"[a"`, "close"}},
		{"bad exclude", func(n *NICStats) { n.InterfaceExclude = []string{"veth["} }, []string{"interface_exclude", `"veth["`, "close"}},
		{"kinds", func(n *NICStats) { n.KindInclude, n.KindExclude = []string{"bond"}, []string{"v*"} }, nil},
		{"bad kind", func(n *NICStats) { n.KindExclude = []string{"[v"} }, []string{"kind_exclude", `"[v"`, "close"}},
		{"everything", func(n *NICStats) { n.Collect = collectable }, nil},
		{"unknown fact", func(n *NICStats) { n.Collect = []string{"fac"} }, []string{"collect", `"fac"`, `use any of "detail", "modes", "link_state", "fec"`}},
		{"fact twice", func(n *NICStats) { n.Collect = []string{"fec", "fec"} }, []string{"collect", `"fec"`, "remove one"}},
		{"no time", func(n *NICStats) { n.EthtoolTimeout = 0 }, []string{"ethtool_timeout", "0s", `"1s"`}},
		{"one namespace", func(n *NICStats) { n.NamespacePaths = []string{blue} }, nil},
		{"no such namespace", func(n *NICStats) { n.NamespacePaths = []string{gone} }, []string{"namespace_paths", gone, "make the namespace"}},
		{"relative namespace", func(n *NICStats) { n.NamespacePaths = []string{"blue"} }, []string{"namespace_paths", `"blue"`, "/run/netns/"}},
		{"empty namespace", func(n *NICStats) { n.NamespacePaths = []string{""} }, []string{"namespace_paths", `""`, "/run/netns/"}},
		{"named namespaces", func(n *NICStats) { n.NamespaceInclude, n.NamespaceExclude = []string{"", "b*"}, []string{"blue"} }, nil},
		{"bad namespace", func(n *NICStats) { n.NamespaceExclude = []string{"b["} }, []string{"namespace_exclude", `"b["`, "close"}},
		{"bad kind", func(n *NICStats) { n.KindInclude = []string{"b["} }, []string{"kind_include", `"b["`, "close"}},
		{
			"namespaces without privilege", func(n *NICStats) {
				n.NamespaceInclude = []string{"*"}
				n.MayEnter = func() error { return sysprobe.ErrAccessDenied }
			},
			[]string{"namespace_include", "CAP_SYS_ADMIN", "systemctl edit"},
		},
		{
			"namespaces of one name", func(n *NICStats) { n.NamespacePaths = []string{blue, otherBlue} },
			[]string{"namespace_paths", blue, otherBlue, "rename"},
		},
	} {
		t.Run(tc.name, func(t *testing.T) {
			n := newPlugin(t)
			n.supported = supported
			n.MayEnter = permitted
			n.open = func(*sysprobe.Config) (nic.Source[sysprobe.LinkSnapshot], error) {
				t.Error("Init opened something")
				return nil, errors.ErrUnsupported
			}
			tc.set(n)
			plugintest.CheckError(t, n.Init(), tc.want)
		})
	}
}

func TestCollectIsAskedFor(t *testing.T) {
	for _, tc := range []struct {
		collect []string
		want    sysprobe.LinkFacts
	}{
		{nil, 0},
		{[]string{"detail"}, sysprobe.WantLinkDetail},
		{[]string{"fec", "modes"}, sysprobe.WantFEC | sysprobe.WantLinkModes},
		{[]string{"link_state"}, sysprobe.WantLinkState},
	} {
		n := newPlugin(t)
		n.supported = supported
		n.Collect, n.EthtoolTimeout = tc.collect, config.Duration(2*time.Second)
		var got sysprobe.Config
		n.open = func(c *sysprobe.Config) (nic.Source[sysprobe.LinkSnapshot], error) {
			got = *c
			return nil, errors.ErrUnsupported
		}
		if err := n.Init(); err != nil {
			t.Fatal(err)
		}
		if err := n.Start(nil); !errors.Is(err, errors.ErrUnsupported) {
			t.Fatal(err)
		}
		if got.LinkFacts != tc.want || got.EthtoolTimeout != 2*time.Second {
			t.Errorf("%v asks for %b within %v, want %b within 2s", tc.collect, got.LinkFacts, got.EthtoolTimeout, tc.want)
		}
	}
}

func TestInitOnOtherSystems(t *testing.T) {
	n := newPlugin(t)
	n.supported = func(sysprobe.Feature) error { return sysprobe.ErrNotSupported }
	if err := n.Init(); !errors.Is(err, sysprobe.ErrNotSupported) || !strings.Contains(err.Error(), "nicstats is not supported") {
		t.Errorf("Init returned %v", err)
	}
}

func TestStartFails(t *testing.T) {
	n := newPlugin(t)
	n.supported = supported
	n.MayEnter = permitted
	n.open = func(*sysprobe.Config) (nic.Source[sysprobe.LinkSnapshot], error) {
		return nil, sysprobe.ErrAccessDenied
	}
	if err := n.Init(); err != nil {
		t.Fatal(err)
	}
	if err := n.Start(nil); !errors.Is(err, sysprobe.ErrAccessDenied) {
		t.Errorf("Start returned %v", err)
	}
	n.Stop()
}

// TestThisMachine asks the kernel that runs the test.
func TestThisMachine(t *testing.T) {
	if err := sysprobe.Supported(sysprobe.FeatureNICStats); err != nil {
		t.Skip(err)
	}
	n := newPlugin(t)
	if err := n.Init(); err != nil {
		t.Fatal(err)
	}
	var acc testutil.Accumulator
	if err := n.Start(&acc); err != nil {
		t.Fatal(err)
	}
	defer n.Stop()
	for range 2 {
		acc.ClearMetrics()
		if err := acc.GatherError(n.Gather); err != nil {
			t.Fatal(err)
		}
		i := slices.IndexFunc(acc.Metrics, func(m *testutil.Metric) bool {
			return m.Measurement == "nicstats" && m.Tags["interface"] == "lo" && m.Type == telegraf.Gauge
		})
		if i < 0 {
			t.Fatalf("lo is not among %d metrics", len(acc.Metrics))
		}
		for field, want := range map[string]any{"mtu": int64(65536), "speed": int64(0), "duplex": "unknown", "duplex_code": int64(0)} {
			if got := acc.Metrics[i].Fields[field]; got != want {
				t.Errorf("%s of lo is %v, want %v", field, got, want)
			}
		}
		if !acc.HasField("nicstats", "bytes_recv") || !acc.HasField("nicstats", "isup") {
			t.Error("nicstats lacks bytes_recv or isup")
		}
	}
}
