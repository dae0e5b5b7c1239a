package sysprobe

import (
	"context"
	"errors"
	"io/fs"
	"os"
	"slices"
	"syscall"
	"testing"
	"time"

	"telegraf-sysprobe/sysprobe/internal/sys/route"
	"telegraf-sysprobe/sysprobe/sysprobetest"
)

// fakeNotices are changes that a test announces.
type fakeNotices struct {
	causes chan error
	closed chan struct{}
}

func newFakeNotices() *fakeNotices {
	return &fakeNotices{causes: make(chan error), closed: make(chan struct{})}
}

func (n *fakeNotices) Await(time.Time) error {
	select {
	case err := <-n.causes:
		return err
	case <-n.closed:
		return os.ErrClosed
	}
}

func (n *fakeNotices) Close() error {
	close(n.closed)
	return nil
}

// watchRecorded watches the recorded interfaces of FreeBSD.
func watchRecorded(t *testing.T, choice NICChoice) (*noticedNICWatchClient, *fakeNotices, *sysprobetest.Sysctl) {
	t.Helper()
	r := ribRecordings[1] // NET_RT_IFLIST
	kernel := r.replay(t)
	addrs, err := newRIBNICAddrsClient(kernel.Call, r.goos, "amd64")
	if err != nil {
		t.Fatal(err)
	}
	notices := newFakeNotices()
	w, err := startNoticedNICWatch(t.Context(), (&Config{}).withDefaults(), choice, notices, addrs)
	if err != nil {
		t.Fatal(err)
	}
	return w, notices, kernel
}

// kinds reads that many events, as text.
func (c *noticedNICWatchClient) kinds(t *testing.T, n int) (got []string) {
	t.Helper()
	for range n {
		select {
		case e := <-c.events:
			got = append(got, e.Kind.String()+" "+e.Interface+" "+e.Old+" "+e.New)
		case <-time.After(10 * time.Second):
			t.Fatalf("after %q no event", got)
		}
	}
	return got
}

// TestRIBNICWatch removes all but the first interface, brings them back, and loses
// messages meanwhile.
func TestRIBNICWatch(t *testing.T) {
	w, notices, kernel := watchRecorded(t, NICChoice{Link: func(l *Link) bool { return l.Name == "em1" || l.Name == "lo0" }})
	whole := sysprobetest.Hex(t, "wire", "rib", ribRecordings[1].file)
	first := whole[:int(whole[0])|int(whole[1])<<8] // lo0 without addresses
	kernel.Answer(ribRecordings[1].question, first)
	notices.causes <- nil
	gone := w.kinds(t, 6)
	want := []string{
		"address_removed em1 198.51.100.1/23 ", "admin_down em1 up down", "removed em1 ether ",
		"address_removed lo0 127.0.0.1/8 ", "address_removed lo0 ::1/128 ", "address_removed lo0 fe80::1/64 ",
	}
	if !slices.Equal(gone, want) {
		t.Errorf("events are %q, want %q", gone, want)
	}
	kernel.Answer(ribRecordings[1].question, whole)
	notices.causes <- route.ErrOverrun
	w.kinds(t, 6)
	notices.causes <- os.ErrDeadlineExceeded // nothing has changed
	notices.causes <- nil
	stats := w.statistics()
	if stats.Events != 12 || stats.Overflows != 1 || stats.Verified != 1 || stats.Repaired != 0 {
		t.Errorf("counted %+v", stats)
	}
	var s AddrSnapshot
	if err := w.snapshot(t.Context(), &s); err != nil || len(s.Interfaces) != 9 {
		t.Errorf("the table has %d interfaces, %v", len(s.Interfaces), err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if err := w.snapshot(ctx, &s); !errors.Is(err, context.Canceled) {
		t.Errorf("with an ended context: %v", err)
	}
	if err := w.close(); err != nil {
		t.Error(err)
	}
	if _, open := <-w.events; open {
		t.Error("the events have no end")
	}
	if err := w.close(); !errors.Is(err, fs.ErrClosed) || w.failure() != nil {
		t.Errorf("a second close: %v; failure %v", err, w.failure())
	}
	if err := w.snapshot(t.Context(), &s); !errors.Is(err, fs.ErrClosed) {
		t.Errorf("a snapshot after close: %v", err)
	}
}

// TestRIBNICWatchEnds takes the socket from a watch, and the table from another.
func TestRIBNICWatchEnds(t *testing.T) {
	w, notices, _ := watchRecorded(t, NICChoice{})
	notices.causes <- syscall.EIO
	for range w.events {
		t.Error("an event of nothing")
	}
	if err := w.failure(); !errors.Is(err, fs.ErrClosed) || !errors.Is(err, syscall.EIO) {
		t.Errorf("it ended for %v", err)
	}
	w, notices, kernel := watchRecorded(t, NICChoice{})
	kernel.Answer(ribRecordings[1].question, []byte{1})
	notices.causes <- nil
	for range w.events {
		t.Error("an event of nothing")
	}
	if err := w.failure(); !errors.Is(err, ErrMalformed) {
		t.Errorf("it ended for %v", err)
	}
	cut := &sysprobetest.Sysctl{Answers: map[string][]byte{ribRecordings[1].question: {1}}}
	addrs, err := newRIBNICAddrsClient(cut.Call, "freebsd", "amd64")
	if err != nil {
		t.Fatal(err)
	}
	notices = newFakeNotices()
	if _, err := startNoticedNICWatch(t.Context(), (&Config{}).withDefaults(), NICChoice{}, notices, addrs); !errors.Is(err, ErrMalformed) {
		t.Errorf("of a table that cannot be read: %v", err)
	}
	select {
	case <-notices.closed:
	default:
		t.Error("the socket was left open")
	}
}

// TestRIBNICWatchPresent begins with events of what there is.
func TestRIBNICWatchPresent(t *testing.T) {
	w, _, _ := watchRecorded(t, NICChoice{Present: true, Link: func(l *Link) bool { return l.Name == "em1" }})
	got := w.kinds(t, 3)
	if want := []string{"added em1  ether", "admin_up em1 down up", "address_added em1  198.51.100.1/23"}; !slices.Equal(got, want) {
		t.Errorf("events are %q, want %q", got, want)
	}
	if err := w.close(); err != nil {
		t.Error(err)
	}
}
