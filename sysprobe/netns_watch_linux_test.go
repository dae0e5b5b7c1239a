//go:build linux

package sysprobe

import (
	"errors"
	"io/fs"
	"slices"
	"testing"
	"time"

	"telegraf-sysprobe/sysprobe/internal/sys/netns"
)

// awaitNamed waits, woken by w alone, until the namespace has a name, or has none.
func (ns *netNS) awaitNamed(w *NetNSWatch, want bool) {
	ns.tb.Helper()
	deadline := time.After(20 * time.Second)
	for {
		paths, err := NamedNetNS()
		if err != nil {
			ns.tb.Fatal(err)
		}
		if slices.Contains(paths, netns.Path(ns.name)) == want {
			return
		}
		select {
		case <-w.Changed():
		case <-deadline:
			ns.tb.Fatalf("no notification that %s is named: %v", ns.name, want)
		}
	}
}

func TestNetNSWatch(t *testing.T) {
	ns := newNetNS(t)
	w, err := OpenNetNSWatch(nil)
	if err != nil {
		t.Fatal(err)
	}
	for range 20 {
		ns.awaitNamed(w, true)
		ns.run("netns", "del", ns.name)
		ns.awaitNamed(w, false)
		ns.run("netns", "add", ns.name)
	}
	if err := w.Close(); err != nil {
		t.Error(err)
	}
	for range w.Changed() { // ends
	}
	if err := w.Close(); !errors.Is(err, fs.ErrClosed) {
		t.Errorf("second Close returned %v, want fs.ErrClosed", err)
	}
}
