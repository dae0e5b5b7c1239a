//go:build linux

package sysprobe

import (
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"golang.org/x/sys/unix"

	"telegraf-sysprobe/sysprobe/internal/decode/nlmsg"
	"telegraf-sysprobe/sysprobe/internal/decode/rtnl"
	"telegraf-sysprobe/sysprobe/internal/sys/nlconn"
	"telegraf-sysprobe/sysprobe/sysprobetest"
)

// watchedKernel plays a kernel whose tables change.
type watchedKernel struct {
	notes  chan note
	closed chan struct{}

	mu            sync.Mutex
	links, addrs  answer
	peer          *sysprobetest.NetlinkPeer
	dumps, drains int
}

// note is what a call of Receive returns.
type note struct {
	datagram []byte
	err      error
}

// newWatchedKernel returns a kernel with the interface a, and a watch of it.
func newWatchedKernel(t *testing.T) (*watchedKernel, *NICWatch) {
	t.Helper()
	k := &watchedKernel{notes: make(chan note), closed: make(chan struct{})}
	k.links.Messages = []message{linkMessage(1, "a")}
	k.addrs.Messages = []message{addrMessage(1, "a")}
	client, err := startNICWatch(t.Context(), (&Config{}).withDefaults(), NICChoice{}, nlconn.NewWatch(k), func() (nlconn.Socket, error) {
		k.peer = sysprobetest.NewNetlinkPeer(k.answer)
		return k.peer, nil
	})
	if err != nil {
		t.Fatal(err)
	}
	w := &NICWatch{client: client}
	t.Cleanup(func() {
		if err := w.Close(); err != nil && !errors.Is(err, fs.ErrClosed) { // a test might have closed it
			t.Error(err)
		}
	})
	return k, w
}

// answer answers a dump.
func (k *watchedKernel) answer(r request) answer {
	k.mu.Lock()
	defer k.mu.Unlock()
	if r.Type == rtnl.TypeGetLink {
		k.dumps++
		return k.links
	}
	return k.addrs
}

// change changes the tables.
func (k *watchedKernel) change(f func(*watchedKernel)) {
	k.mu.Lock()
	defer k.mu.Unlock()
	f(k)
}

func (k *watchedKernel) Receive(b []byte) (int, error) {
	select {
	case <-k.closed:
		return 0, os.ErrClosed
	case n := <-k.notes:
		copy(b, n.datagram)
		return len(n.datagram), n.err
	}
}

func (k *watchedKernel) SetReadDeadline(time.Time) error { return nil }

func (k *watchedKernel) Drain() (quiet bool, err error) {
	k.mu.Lock()
	defer k.mu.Unlock()
	k.drains++
	return true, nil
}

func (k *watchedKernel) Close() error {
	close(k.closed)
	return nil
}

// notify sends a datagram of messages.
func (k *watchedKernel) notify(messages ...message) {
	var b []byte
	for _, m := range messages {
		b = nlmsg.Append(b, binary.NativeEndian, nlmsg.Message{Header: nlmsg.Header{Type: m.Type}, Data: m.Data})
	}
	k.notes <- note{datagram: b}
}

// wantTable compares the table.
func (w *NICWatch) wantTable(t *testing.T, want ...string) {
	t.Helper()
	if diff := cmp.Diff(want, names(w.table(t))); diff != "" {
		t.Errorf("table (-want +got):\n%s", diff)
	}
}

// typed is m as a message of another type.
func typed(m message, typ uint16) message { return message{Type: typ, Data: m.Data} }

func TestNICWatchIgnores(t *testing.T) {
	k, w := newWatchedKernel(t)
	port := linkMessage(1, "a")
	port.Data[0] = unix.AF_BRIDGE
	wireless := message{Type: rtnl.TypeNewLink, Data: linkMessage(1, "a").Data[:16]}
	other := addrMessage(1, "a")
	other.Data[0] = unix.AF_MCTP
	for name, m := range map[string]message{
		"a port of a bridge":         port,
		"a port that leaves":         typed(port, unix.RTM_DELLINK),
		"what a radio has seen":      wireless,
		"a link again":               linkMessage(1, "a"),
		"an address again":           addrMessage(1, "a"),
		"an unknown link that goes":  typed(linkMessage(7, "x"), unix.RTM_DELLINK),
		"an address of no link":      addrMessage(7, "x"),
		"one of no link that goes":   typed(addrMessage(7, "x"), unix.RTM_DELADDR),
		"an unknown one that goes":   typed(addrMessage(9, "a"), unix.RTM_DELADDR),
		"an address of other family": other,
		"a route":                    {Type: unix.RTM_NEWROUTE, Data: []byte("route")},
		"an error":                   {Type: nlmsg.TypeError, Data: make([]byte, 4)},
	} {
		t.Run(name, func(t *testing.T) {
			k.notify(m)
			k.notify(message{Type: unix.RTM_NEWROUTE}) // once this is taken the other is done with
			w.wantTable(t, "a: a 10.0.0.1")
		})
	}
	if got := w.Stats(); got != (NICWatchStats{}) {
		t.Errorf("stats %+v", got)
	}
}

func TestNICWatchReadsTheTables(t *testing.T) {
	huge := typed(linkMessage(1, "a"), rtnl.TypeNewLink)
	huge.Data = nlmsg.AppendAttr(huge.Data, binary.NativeEndian, 26, make([]byte, 50000))
	big := nlmsg.Append(nil, binary.NativeEndian, nlmsg.Message{Header: nlmsg.Header{Type: huge.Type}, Data: huge.Data})
	cut := nlmsg.Append(nil, binary.NativeEndian, nlmsg.Message{Header: nlmsg.Header{Type: huge.Type}, Data: huge.Data[:18]})
	for _, tt := range []struct {
		name string
		note note
		want NICWatchStats
	}{
		{"overflow", note{err: os.NewSyscallError("recvfrom", unix.ENOBUFS)}, NICWatchStats{Events: 2, Overflows: 1}},
		{"time to verify", note{err: os.ErrDeadlineExceeded}, NICWatchStats{Events: 2, Verified: 1, Repaired: 2}},
		{"no message", note{datagram: []byte("nonsense")}, NICWatchStats{Events: 2, Malformed: 1}},
		{"attribute cut short", note{datagram: cut}, NICWatchStats{Events: 2, Malformed: 1}},
		{"larger than the buffer", note{datagram: big}, NICWatchStats{Events: 2, Malformed: 1}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			k, w := newWatchedKernel(t)
			k.change(func(k *watchedKernel) {
				k.links.Messages = []message{linkMessage(1, "b")}
				k.addrs.Messages = []message{addrMessage(1, "b"), addrMessage(1, "b")}
				k.addrs.Messages[1].Data[1] = 16 // prefix length
				k.links.Interrupted = true
			})
			k.notes <- tt.note
			sysprobetest.Eventually(t, func() string { // it tries until the tables stand still
				k.mu.Lock()
				defer k.mu.Unlock()
				if k.dumps < 20 {
					return fmt.Sprintf("%d dumps", k.dumps)
				}
				k.links.Interrupted = false
				return ""
			})
			w.want(t, "b renamed: a -> b", "b address_added:  -> 10.0.0.1/16")
			w.wantTable(t, "b: b 10.0.0.1 b 10.0.0.1")
			if got := w.Stats(); got != tt.want {
				t.Errorf("stats %+v, want %+v", got, tt.want)
			}
			k.mu.Lock()
			defer k.mu.Unlock()
			if k.drains < 3 {
				t.Errorf("%d drains", k.drains)
			}
		})
	}
}

func TestNICWatchEnds(t *testing.T) {
	for _, tt := range []struct {
		name    string
		note    note
		refuses bool
		cause   error
	}{
		{"socket fails", note{err: unix.EBADF}, false, unix.EBADF},
		{"end of file", note{}, false, io.ErrUnexpectedEOF},
		{"tables are refused", note{err: unix.ENOBUFS}, true, unix.EPERM},
	} {
		t.Run(tt.name, func(t *testing.T) {
			k, w := newWatchedKernel(t)
			if tt.refuses {
				k.change(func(k *watchedKernel) { k.links = answer{Errno: int(unix.EPERM)} })
			}
			k.notes <- tt.note
			if e, open := <-w.Events(); open {
				t.Fatalf("event %v", e)
			}
			var s AddrSnapshot
			for _, err := range []error{w.Err(), w.Snapshot(t.Context(), &s)} {
				var op *OpError
				if !errors.Is(err, fs.ErrClosed) || !errors.Is(err, tt.cause) || !errors.As(err, &op) {
					t.Errorf("error %v", err)
				}
			}
			<-k.closed
			if !k.peer.Closed() {
				t.Error("a socket is left open")
			}
		})
	}
}

// TestNICWatchClosesAmidChanges closes a watch whose tables never stand still.
func TestNICWatchClosesAmidChanges(t *testing.T) {
	k, w := newWatchedKernel(t)
	k.change(func(k *watchedKernel) { k.addrs.Interrupted = true })
	k.notes <- note{err: unix.ENOBUFS}
	if err := w.Close(); err != nil || w.Err() != nil {
		t.Errorf("Close returned %v, Err %v", err, w.Err())
	}
}
