package nicaddrs

import (
	"errors"
	"net/netip"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/influxdata/telegraf/plugins/inputs"
	"github.com/influxdata/telegraf/testutil"

	"telegraf-sysprobe/plugins/internal/nic"
	"telegraf-sysprobe/plugins/internal/plugintest"
	"telegraf-sysprobe/sysprobe"
)

// fakeSource answers instead of a kernel.
type fakeSource func(*sysprobe.AddrSnapshot) error

func (f fakeSource) Snapshot(dst *sysprobe.AddrSnapshot) error { return f(dst) }
func (fakeSource) Close() error                                { return nil }

// supported stands in for sysprobe.Supported, so that tests run on any system.
func supported(sysprobe.Feature) error { return nil }

// permitted stands in for sysprobe.MayEnterNetNS, so that tests run as any user.
func permitted() error { return nil }

// TestCases runs testdata/cases/nicaddrs. A network namespace is a folder
// there with inputs of its own.
func TestCases(t *testing.T) {
	plugintest.Run(t, "nicaddrs", func(t *testing.T, n *NICAddrs, dir string) {
		n.supported = supported
		n.MayEnter = permitted
		n.open = func(c *sysprobe.Config) (nic.Source[sysprobe.AddrSnapshot], error) {
			from := dir
			if c.NetNS != "" {
				from = c.NetNS
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
	points := l.points(l.addresses(&iface), "n\xff")
	if len(points) != 1 {
		t.Fatalf("got %d points", len(points))
	}
	wantTags := map[string]string{"interface": "a%FF", "family": "ipv4", "address": "10.0.0.1", "netns": "n%FF"}
	if diff := cmp.Diff(wantTags, points[0].tags); diff != "" {
		t.Errorf("tags (-want +got):\n%s", diff)
	}
	if got := points[0].fields["label"]; got != "a\uFFFD:1" {
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
		set  func(*NICAddrs)
		want []string // what the error says: option, value, remedy
	}{
		{"defaults", func(*NICAddrs) {}, nil},
		{"globs", func(n *NICAddrs) { n.InterfaceInclude = []string{"eth*", "br[0-9]"} }, nil},
		{"bad include", func(n *NICAddrs) { n.InterfaceInclude = []string{"eth*", "[a"} }, []string{"interface_include", `"[a"`, "close"}},
		{"bad exclude", func(n *NICAddrs) { n.InterfaceExclude = []string{"veth["} }, []string{"interface_exclude", `"veth["`, "close"}},
		{"one namespace", func(n *NICAddrs) { n.NamespacePaths = []string{blue} }, nil},
		{"no such namespace", func(n *NICAddrs) { n.NamespacePaths = []string{gone} }, []string{"namespace_paths", gone, "make the namespace"}},
		{"relative namespace", func(n *NICAddrs) { n.NamespacePaths = []string{"blue"} }, []string{"namespace_paths", `"blue"`, "/run/netns/"}},
		{"empty namespace", func(n *NICAddrs) { n.NamespacePaths = []string{""} }, []string{"namespace_paths", `""`, "/run/netns/"}},
		{"named namespaces", func(n *NICAddrs) { n.NamespaceInclude, n.NamespaceExclude = []string{"", "b*"}, []string{"blue"} }, nil},
		{"bad namespace", func(n *NICAddrs) { n.NamespaceExclude = []string{"b["} }, []string{"namespace_exclude", `"b["`, "close"}},
		{"bad kind", func(n *NICAddrs) { n.KindInclude = []string{"b["} }, []string{"kind_include", `"b["`, "close"}},
		{
			"namespaces without privilege", func(n *NICAddrs) {
				n.NamespaceInclude = []string{"*"}
				n.MayEnter = func() error { return sysprobe.ErrAccessDenied }
			},
			[]string{"namespace_include", "CAP_SYS_ADMIN", "systemctl edit"},
		},
		{
			"namespaces of one name", func(n *NICAddrs) { n.NamespacePaths = []string{blue, otherBlue} },
			[]string{"namespace_paths", blue, otherBlue, "rename"},
		},
		{"address as field", func(n *NICAddrs) { n.AddressAs = "field" }, nil},
		{"unknown address_as", func(n *NICAddrs) { n.AddressAs = "tags" }, []string{"address_as", `"tags"`, `"tag"`, `"field"`}},
		{"empty address_as", func(n *NICAddrs) { n.AddressAs = "" }, []string{"address_as", `""`, `"tag"`, `"field"`}},
		{"bad scope", func(n *NICAddrs) { n.ScopeInclude = []string{"["} }, []string{"scope_include", `"["`, "close"}},
		{"bad flag", func(n *NICAddrs) { n.FlagInclude = []string{"["} }, []string{"flag_include", `"["`, "close"}},
		{"bad flag to leave out", func(n *NICAddrs) { n.FlagExclude = []string{"["} }, []string{"flag_exclude", `"["`, "close"}},
		{"unknown tag", func(n *NICAddrs) { n.TagWith = []string{"index"} }, []string{"tag_with", `"index"`, `"scope"`}},
		{"one family", func(n *NICAddrs) { n.Families = []string{"ipv6"} }, nil},
		{"no family", func(n *NICAddrs) { n.Families = []string{} }, []string{"families", "empty", `"ipv4"`, `"ipv6"`, `"link"`}},
		{"unknown family", func(n *NICAddrs) { n.Families = []string{"ipv4", "inet"} }, []string{"families", `"inet"`, `"ipv4"`, `"ipv6"`, `"link"`}},
		{"family twice", func(n *NICAddrs) { n.Families = []string{"ipv4", "ipv4"} }, []string{"families", `"ipv4"`, "twice"}},
	} {
		t.Run(tc.name, func(t *testing.T) {
			n := newPlugin(t)
			n.supported = supported
			n.MayEnter = permitted
			n.open = func(*sysprobe.Config) (nic.Source[sysprobe.AddrSnapshot], error) {
				t.Error("Init opened something")
				return nil, errors.ErrUnsupported
			}
			tc.set(n)
			plugintest.CheckError(t, n.Init(), tc.want)
		})
	}
}

func TestInitOnOtherSystems(t *testing.T) {
	n := newPlugin(t)
	n.supported = func(sysprobe.Feature) error { return sysprobe.ErrNotSupported }
	if err := n.Init(); !errors.Is(err, sysprobe.ErrNotSupported) || !strings.Contains(err.Error(), "nicaddrs is not supported") {
		t.Errorf("Init returned %v", err)
	}
}

func TestStartFails(t *testing.T) {
	n := newPlugin(t)
	n.supported = supported
	n.MayEnter = permitted
	n.open = func(*sysprobe.Config) (nic.Source[sysprobe.AddrSnapshot], error) {
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
	if err := sysprobe.Supported(sysprobe.FeatureNICAddrs); err != nil {
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
		if !slices.ContainsFunc(acc.Metrics, func(m *testutil.Metric) bool {
			return m.Measurement == "nicaddrs" && m.Tags["interface"] == "lo" && m.Tags["family"] == "ipv4" &&
				m.Tags["address"] == "127.0.0.1" && m.Fields["netmask"] == "255.0.0.0" && m.Fields["prefix_length"] == int64(8)
		}) {
			t.Errorf("127.0.0.1/8 of lo is not among %d metrics", len(acc.Metrics))
		}
		if !acc.HasField("nicaddrs_interface", "changes") || !acc.HasField("nicaddrs_interface", "ipv4_count") {
			t.Error("nicaddrs_interface lacks changes or ipv4_count")
		}
	}
}
