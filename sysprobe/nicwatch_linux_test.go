//go:build linux

package sysprobe

import (
	"errors"
	"fmt"
	"io/fs"
	"net/netip"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"telegraf-sysprobe/sysprobe/sysprobetest"
)

// newWatchedNetNS makes a namespace in which the kernel adds no addresses of
// its own, and a watch of it.
func newWatchedNetNS(tb testing.TB, change func(*Config)) (*netNS, *NICWatch) {
	tb.Helper()
	ns := newNetNS(tb)
	ns.exec("sh", "-c", "echo 1 > /proc/sys/net/ipv6/conf/default/addr_gen_mode")
	ns.ip("link set lo up")
	return ns, ns.watch(change)
}

// watch opens a watch for the time of the test.
func (ns *netNS) watch(change func(*Config)) *NICWatch {
	ns.tb.Helper()
	config := ns.config()
	if change != nil {
		change(config)
	}
	w, err := OpenNICWatch(ns.tb.Context(), config)
	if err != nil {
		ns.tb.Fatal(err)
	}
	closeAfter(ns.tb, w)
	return w
}

// next returns the next event.
func (w *NICWatch) next(tb testing.TB) NICEvent {
	tb.Helper()
	select {
	case e, open := <-w.Events():
		if !open {
			tb.Fatalf("the watch ended: %v", w.Err())
		}
		return e
	case <-time.After(20 * time.Second):
		tb.Fatal("no event came")
	}
	return NICEvent{}
}

// want compares the next events.
func (w *NICWatch) want(tb testing.TB, want ...string) {
	tb.Helper()
	var got []string
	for range want {
		e := w.next(tb)
		got = append(got, e.text())
	}
	if diff := cmp.Diff(want, got); diff != "" {
		tb.Fatalf("events (-want +got):\n%s", diff)
	}
}

// last wants no more events than one of lo that it causes.
func (w *NICWatch) last(tb testing.TB, ns *netNS) {
	tb.Helper()
	ns.ip("link set lo mtu 9000")
	w.want(tb, "lo mtu: 65536 -> 9000")
	ns.ip("link set lo mtu 65536")
	w.want(tb, "lo mtu: 9000 -> 65536")
}

// table returns the table.
func (w *NICWatch) table(tb testing.TB) *AddrSnapshot {
	tb.Helper()
	var s AddrSnapshot
	if err := w.Snapshot(tb.Context(), &s); err != nil {
		tb.Fatal(err)
	}
	return &s
}

// diffTables compares tables that were read one second apart at most.
func diffTables(want, got *AddrSnapshot) string {
	nearly := cmp.Comparer(func(a, b Opt[time.Duration]) bool {
		return a.Known() == b.Known() && (a.Or(0)-b.Or(0)).Abs() <= 2*time.Second
	})
	values := cmpopts.EquateComparable(netip.Addr{}, HardwareAddr{}, Opt[bool]{}, Opt[uint32]{}, Opt[uint8]{})
	return cmp.Diff(want, got, nearly, values, cmpopts.EquateEmpty())
}

func TestNICWatchTellsEachChange(t *testing.T) {
	ns, w := newWatchedNetNS(t, nil)
	for _, step := range []struct {
		name, commands string
		want           []string
	}{
		{"links appear", "link add d0 address 02:00:00:00:00:01 type veth peer name d0p address 02:00:00:00:00:09", []string{
			"d0p added:  -> veth", "d0 added:  -> veth",
		}},
		{"one end up", "link set d0 up", []string{"d0 admin_up: down -> up"}},
		{"both ends up", "link set d0p up", []string{
			"d0p admin_up: down -> up", "d0p link_up: down -> up", "d0 link_up: down -> up",
		}},
		{"mtu", "link set d0 mtu 1400", []string{"d0 mtu: 1500 -> 1400"}},
		{"the same mtu", "link set d0 mtu 1400", nil},
		{"mac", "link set d0 address 02:00:00:00:00:02", []string{"d0 mac: 02:00:00:00:00:01 -> 02:00:00:00:00:02"}},
		{"address", "addr add 10.0.0.1/24 dev d0", []string{"d0 address_added:  -> 10.0.0.1/24"}},
		{"secondary", "addr add 10.0.0.2/24 dev d0", []string{"d0 address_added:  -> 10.0.0.2/24"}},
		{"peer", "addr add 10.0.1.1 peer 10.0.1.2/32 dev d0", []string{"d0 address_added:  -> 10.0.1.1/32 peer 10.0.1.2"}},
		{"IPv6", "addr add fe80::1/64 dev d0 nodad", []string{"d0 address_added:  -> fe80::1/64"}},
		{"lifetime", "addr change 10.0.0.1/24 dev d0 valid_lft 1000 preferred_lft 1000", []string{
			"d0 address_flags of 10.0.0.1/24: permanent -> ",
		}},
		{"lifetime again", "addr change 10.0.0.1/24 dev d0 valid_lft 2000 preferred_lft 2000", nil},
		{"deprecated", "addr change fe80::1/64 dev d0 preferred_lft 0", []string{
			"d0 address_flags of fe80::1/64: permanent -> deprecated,permanent",
		}},
		{"address gone", "addr del 10.0.1.1 peer 10.0.1.2/32 dev d0", []string{"d0 address_removed: 10.0.1.1/32 peer 10.0.1.2 -> "}},
		{"primary gone", "addr del 10.0.0.1/24 dev d0", []string{
			"d0 address_removed: 10.0.0.2/24 -> ", "d0 address_removed: 10.0.0.1/24 -> ",
		}},
		{"bridge", "link add br0 address 02:00:00:00:00:03 type bridge", []string{"br0 added:  -> bridge"}},
		{"master", "link set d0p master br0", []string{"d0p master:  -> br0"}},
		{"master renamed", "link set br0 name br1", []string{"br1 renamed: br0 -> br1"}},
		{"no master", "link set d0p nomaster", []string{"d0p master: br1 -> "}},
		{"master again, and gone", "link set d0p master br1\nlink del br1", []string{
			"d0p master:  -> br1", "d0p master: br1 -> ", "br1 removed: bridge -> ",
		}},
		{"peer down", "link set d0p down", []string{
			"d0p admin_down: up -> down", "d0p link_down: up -> down", "d0 link_down: up -> down",
		}},
		{"renamed", "link set d0p name p0", []string{"p0 renamed: d0p -> p0"}}, // before Linux 6.2 not while it is up
		{"links vanish", "link del d0", []string{
			"d0 admin_down: up -> down", "d0 address_removed: fe80::1/64 -> ", "d0 removed: veth -> ", "p0 removed: veth -> ",
		}},
		{"links return", "link add d0 address 02:00:00:00:00:04 type veth peer name e0", []string{
			"e0 added:  -> veth", "d0 added:  -> veth",
		}},
	} {
		ns.batch(strings.Split(step.commands, "\n"))
		t.Run(step.name, func(t *testing.T) { w.wantSet(t, step.want...) })
	}
	w.last(t, ns)
	if diff := diffTables(ns.snapshotAddrs(), w.table(t)); diff != "" {
		t.Errorf("table (-kernel +watch):\n%s", diff)
	}
}

// wantSet compares the next events, in any order: that in which the kernel
// takes down what it takes down together differs between its releases.
func (w *NICWatch) wantSet(tb testing.TB, want ...string) {
	tb.Helper()
	var got []string
	for range want {
		e := w.next(tb)
		got = append(got, e.text())
	}
	if diff := cmp.Diff(want, got, cmpopts.SortSlices(strings.Compare)); diff != "" {
		tb.Fatalf("events (-want +got):\n%s", diff)
	}
}

func TestNICWatchEvents(t *testing.T) {
	ns, w := newWatchedNetNS(t, nil)
	before := time.Now()
	ns.batch([]string{"link add d0 type veth peer name d0p", "addr add 10.0.0.1/24 dev d0 scope link", "addr add 2001:db8::1/64 dev d0 nodad"})
	var last time.Time
	for i, want := range []NICEvent{
		{Kind: NICAdded, Interface: "d0p", New: "veth"},
		{Kind: NICAdded, Interface: "d0", New: "veth"},
		{
			Kind: NICAddressAdded, Interface: "d0", New: "10.0.0.1/24", Address: netip.MustParsePrefix("10.0.0.1/24"),
			Scope: ScopeLink, Flags: AddrPermanent,
		},
		{
			Kind: NICAddressAdded, Interface: "d0", New: "2001:db8::1/64", Address: netip.MustParsePrefix("2001:db8::1/64"),
			Flags: AddrPermanent | 0x02, // IFA_F_NODAD
		},
	} {
		got := w.next(t)
		if !got.At.After(last) || got.At.Before(before) || got.At.After(time.Now()) {
			t.Errorf("event at %v, the one before at %v, begun at %v", got.At, last, before)
		}
		last = got.At
		want.At, want.Index, want.LinkKind = got.At, w.table(t).find(t, got.Interface).Link.Index, "veth"
		if diff := cmp.Diff(want, got, cmpopts.EquateComparable(netip.Prefix{})); diff != "" {
			t.Errorf("event (-want +got):\n%s", diff)
		}
		if family := []Family{FamilyUnspec, FamilyUnspec, FamilyInet, FamilyInet6}[i]; got.Family() != family {
			t.Errorf("family %v, want %v", got.Family(), family)
		}
	}
	if got := w.Stats(); got != (NICWatchStats{Events: 4}) {
		t.Errorf("stats %+v", got)
	}
}

func TestNICWatchCloses(t *testing.T) {
	ns := newNetNS(t)
	for _, events := range []int{0, 2 * watchQueue} {
		w, err := OpenNICWatch(t.Context(), ns.config())
		if err != nil {
			t.Fatal(err)
		}
		var commands []string
		for i := range events { // more than the channel holds, and nobody reads
			commands = append(commands, fmt.Sprintf("link set lo mtu %d", 2000+i))
		}
		ns.batch(commands)
		if err := w.Close(); err != nil || w.Err() != nil {
			t.Errorf("Close returned %v, Err %v", err, w.Err())
		}
		if err := w.Close(); !errors.Is(err, fs.ErrClosed) {
			t.Errorf("second Close returned %v, want fs.ErrClosed", err)
		}
		for range w.Events() { // ends
		}
		var s AddrSnapshot
		var op *OpError
		if err := w.Snapshot(t.Context(), &s); !errors.Is(err, fs.ErrClosed) || !errors.As(err, &op) || op.Op != "copy interface table" {
			t.Errorf("a snapshot after Close returned %v", err)
		}
	}
}

func TestNICWatchOfNoNamespace(t *testing.T) {
	if _, err := OpenNICWatch(t.Context(), &Config{NetNS: "/nowhere"}); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("got %v, want fs.ErrNotExist", err)
	}
}

// TestNICWatchVerifies waits for the table to be compared with the kernel's,
// which finds nothing.
func TestNICWatchVerifies(t *testing.T) {
	ns, w := newWatchedNetNS(t, func(c *Config) { c.WatchVerify = time.Millisecond })
	sysprobetest.Eventually(t, func() string {
		if got := w.Stats(); got.Verified < 3 || got.Repaired != 0 {
			return fmt.Sprintf("stats %+v", got)
		}
		return ""
	})
	w.last(t, ns)
}
