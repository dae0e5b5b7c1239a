package nicaddrs

import (
	"context"
	"errors"
	"net/netip"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	"github.com/influxdata/telegraf"
	influx "github.com/influxdata/telegraf/metric"
	"github.com/influxdata/telegraf/testutil"

	"telegraf-sysprobe/plugins/internal/nic/nictest"
	"telegraf-sysprobe/plugins/internal/plugintest"
	"telegraf-sysprobe/sysprobe"
)

// fakeWatcher is a watcher whose events the test makes.
type fakeWatcher struct {
	events chan sysprobe.NICEvent
	end    sync.Once
	err    error
}

func newFakeWatcher() *fakeWatcher { return &fakeWatcher{events: make(chan sysprobe.NICEvent)} }

func (w *fakeWatcher) Events() <-chan sysprobe.NICEvent                       { return w.events }
func (w *fakeWatcher) Err() error                                             { return w.err }
func (w *fakeWatcher) Snapshot(context.Context, *sysprobe.AddrSnapshot) error { return w.err }

func (w *fakeWatcher) Stats() sysprobe.NICWatchStats { return sysprobe.NICWatchStats{} }
func (w *fakeWatcher) Retire(context.Context) error  { return w.Close() }

func (w *fakeWatcher) Close() error {
	w.end.Do(func() { close(w.events) })
	return nil
}

// fail ends the watcher by itself.
func (w *fakeWatcher) fail(err error) {
	w.err = err
	w.end.Do(func() { close(w.events) })
}

// started returns the plugin, which watches what open returns.
func started(
	t *testing.T, acc telegraf.Accumulator, change func(*NICAddrs),
	watch func(context.Context, *sysprobe.Config, sysprobe.NICChoice) (watcher, error),
) *NICAddrs {
	t.Helper()
	n := opening(nil)(t)
	n.Watch = true
	n.watch = watch
	if change != nil {
		change(n)
	}
	if err := n.Init(); err != nil {
		t.Fatal(err)
	}
	if err := n.Start(acc); err != nil {
		t.Fatal(err)
	}
	return n
}

func TestWatch(t *testing.T) {
	at := time.Unix(1795467421, 0)
	prefix := netip.MustParsePrefix("10.0.0.1/24")
	all := []sysprobe.NICEvent{
		{Kind: sysprobe.NICLinkDown, Interface: "eth0", Index: 2, Old: "up", New: "down", At: at},
		{Kind: sysprobe.NICMAC, Interface: "eth0", Index: 2, Old: "02:00:00:00:00:01", New: "02:00:00:00:00:02", At: at},
		{
			Kind: sysprobe.NICAddressAdded, Interface: "eth0", Index: 2, New: "10.0.0.1/24",
			Address: prefix, Scope: sysprobe.ScopeLink, Flags: sysprobe.AddrPermanent, At: at,
		},
		{Kind: sysprobe.NICRenamed, Interface: "eth1", Index: 2, Old: "eth0", New: "eth1", At: at},
		{Kind: sysprobe.NICAdded, Interface: "veth\xff", Index: 3, LinkKind: "veth", New: "veth", At: at},
	}
	metric := func(netns, name, event string, index int64, was, is string, more ...string) telegraf.Metric {
		tags := map[string]string{"interface": name, "event": event}
		if netns != "" {
			tags["netns"] = netns
		}
		fields := map[string]any{"index": index, "old": was, "new": is}
		if more != nil {
			fields["addr"] = more[0]
		}
		return influx.New("nic_event", tags, fields, at)
	}
	linkDown := metric("", "eth0", "link_down", 2, "up", "down")
	mac := metric("", "eth0", "mac", 2, "02:00:00:00:00:01", "02:00:00:00:00:02")
	address := metric("", "eth0", "address_added", 2, "", "10.0.0.1/24", "10.0.0.1")
	renamed := metric("", "eth1", "renamed", 2, "eth0", "eth1")
	added := metric("", "veth%FF", "added", 3, "", "veth")
	for _, tt := range []struct {
		name   string
		change func(*NICAddrs)
		want   []telegraf.Metric
	}{
		{"all", nil, []telegraf.Metric{linkDown, mac, address, renamed, added}},
		{"families", func(n *NICAddrs) { n.Families = []string{"ipv6"} }, []telegraf.Metric{linkDown, renamed, added}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			var acc testutil.Accumulator
			w := newFakeWatcher()
			n := started(t, &acc, tt.change, func(context.Context, *sysprobe.Config, sysprobe.NICChoice) (watcher, error) { return w, nil })
			for _, e := range all {
				w.events <- e
			}
			n.Stop() // and thereby wait until all is sent
			testutil.RequireMetricsEqual(t, tt.want, acc.GetTelegrafMetrics())
		})
	}
}

func TestWatchOfNamespaces(t *testing.T) {
	path := filepath.Join(plugintest.TempDir(t), "blue")
	if err := os.WriteFile(path, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	watchers := map[string]*fakeWatcher{"": newFakeWatcher(), path: newFakeWatcher()}
	var acc testutil.Accumulator
	n := started(t, &acc, func(n *NICAddrs) { n.NamespacePaths = []string{path} },
		func(_ context.Context, c *sysprobe.Config, _ sysprobe.NICChoice) (watcher, error) {
			return watchers[c.NetNS], nil
		})
	for _, w := range watchers {
		w.events <- sysprobe.NICEvent{Kind: sysprobe.NICLinkUp, Interface: "lo"}
	}
	n.Stop()
	var got []string
	for _, m := range acc.GetTelegrafMetrics() {
		got = append(got, m.Tags()["netns"])
	}
	if diff := cmp.Diff([]string{"", "blue"}, got, cmpopts.SortSlices(strings.Compare)); diff != "" {
		t.Errorf("tags netns (-want +got):\n%s", diff)
	}
}

// TestWatchRecovers lets a watcher fail: it is said once, and the next gather
// opens another one.
func TestWatchRecovers(t *testing.T) {
	var watchers []*fakeWatcher
	var acc testutil.Accumulator
	n := started(t, &acc, nil, func(context.Context, *sysprobe.Config, sysprobe.NICChoice) (watcher, error) {
		watchers = append(watchers, newFakeWatcher())
		return watchers[len(watchers)-1], nil
	})
	cause := errors.New("socket failed")
	watchers[0].fail(errors.Join(os.ErrClosed, cause))
	for range 2 {
		if err := n.Gather(&acc); err != nil {
			t.Fatal(err)
		}
	}
	if len(watchers) != 2 {
		t.Fatalf("%d watchers, want 2", len(watchers))
	}
	watchers[1].events <- sysprobe.NICEvent{Kind: sysprobe.NICLinkUp, Interface: "lo"}
	n.Stop()
	if !acc.HasMeasurement("nic_event") {
		t.Error("no event of the second watcher")
	}
	if len(acc.Errors) != 1 || !errors.Is(acc.Errors[0], cause) {
		t.Errorf("errors %v, want the cause once", acc.Errors)
	}
}

func TestWatchStartFails(t *testing.T) {
	n := opening(nil)(t)
	n.Watch = true
	n.watch = func(context.Context, *sysprobe.Config, sysprobe.NICChoice) (watcher, error) {
		return nil, sysprobe.ErrAccessDenied
	}
	nictest.CheckFailedStart(t, n)
}

// TestWatchThisMachine gathers from the table of a watcher what the kernel
// tells.
func TestWatchThisMachine(t *testing.T) {
	if err := sysprobe.Supported(sysprobe.FeatureNICAddrs); err != nil {
		t.Skipf("needs a system with a backend: %v", err)
	}
	loopback := nictest.Loopback(t)
	var texts [2][]string
	for i, watching := range []bool{false, true} {
		n := newPlugin(t)
		n.Watch = watching
		if err := n.Init(); err != nil {
			t.Fatal(err)
		}
		var acc testutil.Accumulator
		if err := n.Start(&acc); err != nil {
			t.Fatal(err)
		}
		if err := acc.GatherError(n.Gather); err != nil {
			t.Error(err)
		}
		n.Stop()
		for _, m := range acc.GetTelegrafMetrics() {
			if m.Tags()["interface"] == loopback.Name {
				texts[i] = append(texts[i], m.Name()+" "+m.Tags()["address"])
			}
		}
	}
	if diff := cmp.Diff(texts[0], texts[1]); diff != "" || !slices.Contains(texts[1], "nicaddrs 127.0.0.1") {
		t.Errorf("metrics of %s (-dump +watch):\n%s", loopback.Name, diff)
	}
}
