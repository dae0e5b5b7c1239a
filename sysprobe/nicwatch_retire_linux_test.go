//go:build linux

package sysprobe

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// watchOf opens a watch of what choice chooses.
func (ns *netNS) watchOf(choice NICChoice) *NICWatch {
	ns.tb.Helper()
	w, err := OpenNICWatchOf(ns.tb.Context(), ns.config(), choice)
	if err != nil {
		ns.tb.Fatal(err)
	}
	return w
}

// TestNICWatchOfANamespaceThatComesAndGoes has events of what is in a namespace
// when it comes, and of what is in it when it goes.
func TestNICWatchOfANamespaceThatComesAndGoes(t *testing.T) {
	ns := newNetNS(t)
	ns.exec("sh", "-c", "echo 1 > /proc/sys/net/ipv6/conf/default/addr_gen_mode")
	ns.ip("link add d0 type veth peer name d0p")
	ns.ip("link set d0 up")
	ns.ip("addr add 10.0.0.1/24 dev d0")
	ns.ip("addr add 10.0.0.2/24 dev d0")
	w := ns.watchOf(NICChoice{
		Link:    func(l *Link) bool { return l.Name != "lo" },
		Addr:    func(a *Addr) bool { return a.IP.String() != "10.0.0.2" },
		Present: true,
	})
	w.want(t, "d0p added:  -> veth", "d0 added:  -> veth", "d0 admin_up: down -> up", "d0 address_added:  -> 10.0.0.1/24")
	retired := make(chan error)
	go func() { retired <- w.Retire(t.Context()) }()
	var got []string
	for e := range w.Events() {
		got = append(got, e.text())
	}
	want := []string{"d0 address_removed: 10.0.0.1/24 -> ", "d0 admin_down: up -> down", "d0 removed: veth -> ", "d0p removed: veth -> "}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("events (-want +got):\n%s", diff)
	}
	if err := <-retired; err != nil || w.Err() != nil {
		t.Errorf("Retire returned %v, and Err %v", err, w.Err())
	}
	var s AddrSnapshot
	for _, err := range []error{w.Retire(t.Context()), w.Close(), w.Snapshot(t.Context(), &s)} {
		if !errors.Is(err, fs.ErrClosed) {
			t.Errorf("%v, want fs.ErrClosed", err)
		}
	}
}

// TestNICWatchRetiresWithoutAReader ends with its context where nothing reads the
// events, which are more than the channel holds.
func TestNICWatchRetiresWithoutAReader(t *testing.T) {
	ns := newNetNS(t)
	ns.ip("link add d0 type veth peer name d0p")
	w := ns.watchOf(NICChoice{})
	commands := make([]string, 2*watchQueue)
	for i := range commands {
		commands[i] = fmt.Sprintf("addr add 10.0.0.%d/32 dev d0", i+1)
	}
	ns.batch(commands)
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if err := w.Retire(ctx); !errors.Is(err, context.Canceled) {
		t.Errorf("Retire returned %v, want context.Canceled", err)
	}
	for range w.Events() { // is closed
	}
	if err := w.Close(); !errors.Is(err, fs.ErrClosed) {
		t.Errorf("Close returned %v, want fs.ErrClosed", err)
	}
}
