//go:build linux

package sysprobe

import (
	"context"
	"errors"
	"io/fs"
	"testing"
	"time"

	"telegraf-sysprobe/sysprobe/sysprobetest"
)

// newHangingClient returns a client of links 1 to 3, whose drivers answer when
// gate is closed. The passes over drivers are tested in package ethtool.
func newHangingClient(t *testing.T, timeout time.Duration, gate <-chan struct{}) *nicStatsClient {
	t.Helper()
	route := dialer(func(request) answer {
		return answer{Messages: []message{linkMessage(1, "a"), linkMessage(2, "b"), linkMessage(3, "c")}}
	})
	kernel := &ethtoolKernel{dump: answer{Messages: []message{modesMessage(1, 10, 1), modesMessage(2, 10, 1), modesMessage(3, 10, 1)}}}
	c, err := newNICStatsClientOn((&Config{EthtoolTimeout: timeout}).withDefaults(), route, driversOf(func(r request) answer {
		<-gate
		return kernel.answer(r)
	}))
	if err != nil {
		t.Fatal(err)
	}
	return c
}

func TestLateDriver(t *testing.T) {
	gate := make(chan struct{})
	c := newHangingClient(t, 50*time.Millisecond, gate)
	var s LinkSnapshot
	check := func(late int, speed Opt[uint32]) {
		t.Helper()
		if err := c.snapshot(t.Context(), &s, 0); err != nil || len(s.Links) != 3 || s.Late != late {
			t.Fatalf("B26 %d links, %d late, %v; want 3, %d late", len(s.Links), s.Late, err, late)
		}
		for _, l := range s.Links {
			if l.Link.MTU != 1500 || !l.Link.Flags.IsUp() || l.Late != (late > 0) || l.Speed != speed {
				t.Errorf("B26 %s: MTU %d, flags %v, late %v, speed %v", l.Link.Name, l.Link.MTU, l.Link.Flags, l.Late, l.Speed)
			}
		}
	}
	check(3, Opt[uint32]{})
	close(gate)
	sysprobetest.Eventually(t, func() string {
		if err := c.snapshot(t.Context(), &s, 0); err != nil || s.Late > 0 {
			return "the drivers are late"
		}
		return ""
	})
	check(0, Some[uint32](10))
	if err := c.close(); err != nil {
		t.Error(err)
	}
}

func TestContextEndsNICStatsSnapshot(t *testing.T) {
	gate := make(chan struct{})
	c := newHangingClient(t, time.Hour, gate)
	s := LinkSnapshot{Links: make([]LinkStats, 2)}
	canceled := func() {
		t.Helper()
		err := sysprobetest.Canceled(t, func(ctx context.Context) error { return c.snapshot(ctx, &s, 0) })
		var op *OpError
		if !errors.Is(err, context.Canceled) || !errors.As(err, &op) || len(s.Links) > 0 {
			t.Errorf("snapshot returned %v and %d links", err, len(s.Links))
		}
	}
	canceled()
	c.turn.held <- struct{}{} // as if another goroutine took a snapshot
	canceled()
	<-c.turn.held
	if err := c.close(); err != nil { // it does not wait for the driver, which never replies
		t.Error(err)
	}
	for _, err := range []error{c.close(), c.snapshot(t.Context(), &s, 0)} {
		var op *OpError
		if !errors.Is(err, fs.ErrClosed) || !errors.As(err, &op) {
			t.Errorf("after close: %v, want an OpError with fs.ErrClosed", err)
		}
	}
	close(gate)
}

// TestNICStatsLeavesNothingOpen cancels snapshots of the kernel itself. TestMain
// counts what they leave open.
func TestNICStatsLeavesNothingOpen(t *testing.T) {
	h, err := OpenNICStats(nil)
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	var s LinkSnapshot
	if err := h.Snapshot(ctx, &s, ^LinkFacts(0)); !errors.Is(err, context.Canceled) {
		t.Errorf("Snapshot returned %v, want context.Canceled", err)
	}
	if err := h.Snapshot(t.Context(), &s, ^LinkFacts(0)); err != nil || len(s.Links) == 0 {
		t.Errorf("%d links, %v", len(s.Links), err)
	}
	if err := h.Close(); err != nil {
		t.Error(err)
	}
	if err := h.Close(); !errors.Is(err, fs.ErrClosed) {
		t.Errorf("second Close: %v, want fs.ErrClosed", err)
	}
}
