package sysprobe

import (
	"errors"
	"io/fs"
	"os"
	"runtime"
	"slices"
	"strings"
	"testing"
	"time"
)

// ipCommand starts ip(8) of the Linux below Wine, for whose programs there is no
// handle to wait with.
func ipCommand(t *testing.T, words string) {
	t.Helper()
	// Package os/exec would look for a file with the suffix of a program.
	args := append([]string{"env", "ip"}, strings.Fields(words)...)
	_, err := os.StartProcess(`Z:\usr\bin\env`, args, &os.ProcAttr{Files: []*os.File{nil, os.Stderr, os.Stderr}})
	if err != nil {
		t.Fatal(err)
	}
}

// TestNICWatchOfWindows changes the interfaces of the Linux below Wine. Wine 8 takes
// the subscription and does not notify, so that the comparison with the tables finds
// the changes.
func TestNICWatchOfWindows(t *testing.T) {
	outside(t)
	choice := NICChoice{Link: func(l *Link) bool { return l.Name == "veth2" }}
	w, err := OpenNICWatchOf(t.Context(), &Config{WatchVerify: 20 * time.Millisecond}, choice)
	if err != nil {
		t.Fatal(err)
	}
	next := func(want ...string) {
		t.Helper()
		for _, want := range want {
			select {
			case e := <-w.Events():
				if got := e.Kind.String() + " " + e.Interface + " " + e.Old + " " + e.New; got != want {
					t.Errorf("event %q, want %q", got, want)
				}
			case <-time.After(20 * time.Second):
				t.Fatalf("no event %q", want)
			}
		}
	}
	ipCommand(t, "address add 192.0.2.5/24 dev veth2")
	next("address_added veth2  192.0.2.5/24")
	ipCommand(t, "link set veth2 mtu 1300")
	next("mtu veth2 1500 1300")
	var s AddrSnapshot
	if err := w.Snapshot(t.Context(), &s); err != nil {
		t.Fatal(err)
	}
	if at := slices.IndexFunc(s.Interfaces, func(i InterfaceAddrs) bool { return i.Link.Name == "veth2" }); at < 0 || s.Interfaces[at].Link.MTU != 1300 {
		t.Errorf("%+v, want veth2 with 1300 bytes", s.Interfaces)
	}
	ipCommand(t, "link set veth2 mtu 1500")
	next("mtu veth2 1300 1500")
	ipCommand(t, "address del 192.0.2.5/24 dev veth2")
	next("address_removed veth2 192.0.2.5/24 ")
	if err := w.Retire(t.Context()); !errors.Is(err, ErrNotSupported) {
		t.Errorf("%v, want ErrNotSupported: there are no namespaces", err)
	}
	if err := w.Close(); err != nil {
		t.Error(err)
	}
	for range w.Events() { // to the end
	}
	if err := w.Close(); !errors.Is(err, fs.ErrClosed) || w.Err() != nil {
		t.Errorf("second close: %v, failure %v", err, w.Err())
	}
}

// TestNICWatchLeavesNothing opens and closes watches.
func TestNICWatchLeavesNothing(t *testing.T) {
	before := runtime.NumGoroutine()
	for range 100 {
		w, err := OpenNICWatch(t.Context(), nil)
		if err != nil {
			t.Fatal(err)
		}
		if err := w.Close(); err != nil {
			t.Error(err)
		}
	}
	deadline := time.Now().Add(10 * time.Second)
	for runtime.NumGoroutine() > before && time.Now().Before(deadline) {
		time.Sleep(time.Millisecond)
	}
	if after := runtime.NumGoroutine(); after > before {
		t.Errorf("%d goroutines, before %d", after, before)
	}
}
