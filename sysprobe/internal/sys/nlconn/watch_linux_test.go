package nlconn_test

import (
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"os"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"telegraf-sysprobe/sysprobe/internal/decode"
	"telegraf-sysprobe/sysprobe/internal/decode/nlmsg"
	"telegraf-sysprobe/sysprobe/internal/decode/rtnl"
	"telegraf-sysprobe/sysprobe/internal/sys/nlconn"
)

// oneDatagram is a socket that receives one datagram or error again and again.
type oneDatagram struct {
	b   []byte
	err error
}

func (d oneDatagram) Receive(b []byte) (int, error) { return max(len(d.b), copy(b, d.b)), d.err }
func (oneDatagram) SetReadDeadline(time.Time) error { return nil }
func (oneDatagram) Drain() (quiet bool, err error)  { return true, nil }
func (oneDatagram) Close() error                    { return nil }

// record lists what a Handler was called with.
type record struct{ calls []string }

func (r *record) Link(l *rtnl.Link, removed bool) {
	r.calls = append(r.calls, fmt.Sprintf("link %d removed %v", l.Index, removed))
}

func (r *record) Addr(a *rtnl.Addr, removed bool) {
	r.calls = append(r.calls, fmt.Sprintf("addr %v removed %v", a.Address, removed))
}

// link is the body of a message about link 7, with a carrier.
func link(family byte) []byte {
	b := binary.NativeEndian.AppendUint32([]byte{family, 0, 1, 0}, 7)
	b = append(b, make([]byte, 8)...)
	return nlmsg.AppendAttr(b, binary.NativeEndian, 33, []byte{1})
}

// addr is the body of a message about an address of link 7.
func addr() []byte {
	b := binary.NativeEndian.AppendUint32([]byte{rtnl.FamilyInet, 24, 0, 0}, 7)
	return nlmsg.AppendAttr(b, binary.NativeEndian, 1, []byte{10, 0, 0, 1})
}

func TestWatchEach(t *testing.T) {
	for _, tt := range []struct {
		name     string
		messages []message
		want     string
	}{
		{
			"links and addresses",
			[]message{
				{Type: unix.RTM_NEWLINK, Data: link(0)},
				{Type: unix.RTM_NEWADDR, Data: addr()},
				{Type: unix.RTM_DELADDR, Data: addr()},
				{Type: unix.RTM_DELLINK, Data: link(0)},
			},
			"[link 7 removed false addr 10.0.0.1 removed false addr 10.0.0.1 removed true link 7 removed true]",
		},
		{"port of a bridge", []message{{Type: unix.RTM_NEWLINK, Data: link(unix.AF_BRIDGE)}, {Type: unix.RTM_DELLINK, Data: link(unix.AF_BRIDGE)}}, "[]"},
		{"scan of a radio", []message{{Type: unix.RTM_NEWLINK, Data: link(0)[:16]}}, "[]"},
		{"link without state that goes", []message{{Type: unix.RTM_DELLINK, Data: link(0)[:16]}}, "[link 7 removed true]"},
		{"route", []message{{Type: unix.RTM_NEWROUTE, Data: []byte("route")}}, "[]"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			w := nlconn.NewWatch(oneDatagram{b: datagram(tt.messages...)})
			if err := w.Receive(); err != nil {
				t.Fatal(err)
			}
			var r record
			if err := w.Each(&r); err != nil || fmt.Sprint(r.calls) != tt.want {
				t.Errorf("calls %v, %v; want %s", r.calls, err, tt.want)
			}
		})
	}
}

func TestWatchErrors(t *testing.T) {
	for _, tt := range []struct {
		name          string
		sock          oneDatagram
		receive, each error
	}{
		{"overrun", oneDatagram{err: os.NewSyscallError("recvfrom", unix.ENOBUFS)}, nlconn.ErrOverrun, nil},
		{"deadline", oneDatagram{err: os.ErrDeadlineExceeded}, os.ErrDeadlineExceeded, nil},
		{"end of file", oneDatagram{}, io.ErrUnexpectedEOF, nil},
		{"no message", oneDatagram{b: []byte("nonsense")}, nil, decode.ErrMalformed},
		{"half a link", oneDatagram{b: datagram(message{Type: unix.RTM_NEWLINK, Data: link(0)[:18]})}, nil, decode.ErrMalformed},
		{"half an address", oneDatagram{b: datagram(message{Type: unix.RTM_NEWADDR, Data: addr()[:9]})}, nil, decode.ErrMalformed},
	} {
		t.Run(tt.name, func(t *testing.T) {
			w := nlconn.NewWatch(tt.sock)
			if err := w.Receive(); !errors.Is(err, tt.receive) {
				t.Errorf("Receive returned %v, want %v", err, tt.receive)
			}
			var r record
			if err := w.Each(&r); !errors.Is(err, tt.each) || len(r.calls) > 0 {
				t.Errorf("Each returned %v after %v, want %v", err, r.calls, tt.each)
			}
		})
	}
}

// TestWatchBufferGrows receives a datagram that is cut, and then whole.
func TestWatchBufferGrows(t *testing.T) {
	big := link(0)
	big = nlmsg.AppendAttr(big, binary.NativeEndian, 26, make([]byte, 50000))
	w := nlconn.NewWatch(oneDatagram{b: datagram(message{Type: unix.RTM_NEWLINK, Data: big})})
	var r record
	if err := errors.Join(w.Receive(), w.Each(&r)); !errors.Is(err, decode.ErrMalformed) || len(r.calls) > 0 {
		t.Errorf("cut: %v, %v", err, r.calls)
	}
	if err := errors.Join(w.Receive(), w.Each(&r)); err != nil || len(r.calls) != 1 {
		t.Errorf("whole: %v, %v", err, r.calls)
	}
}
