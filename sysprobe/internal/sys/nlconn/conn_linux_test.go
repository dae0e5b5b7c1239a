package nlconn_test

import (
	"context"
	"encoding/binary"
	"errors"
	"io"
	"io/fs"
	"os"
	"runtime"
	"strings"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"telegraf-sysprobe/sysprobe/internal/decode"
	"telegraf-sysprobe/sysprobe/internal/decode/nlmsg"
	"telegraf-sysprobe/sysprobe/internal/decode/rtnl"
	"telegraf-sysprobe/sysprobe/internal/sys/nlconn"
	"telegraf-sysprobe/sysprobe/sysprobetest"
)

type (
	request = sysprobetest.NetlinkRequest
	answer  = sysprobetest.NetlinkAnswer
	message = sysprobetest.NetlinkMessage
)

// kernel is a series of sockets to one that answers.
type kernel struct {
	answer func(request) answer
	peers  []*sysprobetest.NetlinkPeer
}

// dial makes a socket.
func (k *kernel) dial() (nlconn.Socket, error) {
	p := sysprobetest.NewNetlinkPeer(k.answer)
	k.peers = append(k.peers, p)
	return p, nil
}

// always gives the same answer.
func always(a answer) func(request) answer { return func(request) answer { return a } }

// bodies makes one dump and returns the bodies of its messages.
func bodies(ctx context.Context, c *nlconn.Conn) (string, error) {
	var got []string
	err := c.Dump(ctx, 7, []byte("body"), func() { got = nil }, func(m nlmsg.Message) error {
		got = append(got, string(m.Data))
		return nil
	})
	return strings.Join(got, " "), err
}

func TestConnDump(t *testing.T) {
	two := []message{{Type: 8, Data: []byte("one")}, {Type: 8, Data: []byte("two")}}
	huge := strings.Repeat("x", 60000)
	for _, tt := range []struct {
		name   string
		answer answer
		want   string
		err    error
		kept   bool // the socket is in use afterwards
	}{
		{"two datagrams", answer{Messages: two, PerDatagram: 1}, "one two", nil, true},
		{"nothing", answer{}, "", nil, true},
		{"rest of another answer", answer{Messages: two, Stale: true}, "one two", nil, true},
		{"longer than the buffer", answer{Messages: []message{{Type: 8, Data: []byte(huge)}}}, huge, nil, true},
		{"interrupted every time", answer{Messages: two, Interrupted: true}, "one two", decode.ErrInterrupted, true},
		{"refused", answer{Errno: int(unix.EPERM), Text: "not today"}, "", fs.ErrPermission, true},
		{"refused midway", answer{Messages: two, Errno: int(unix.EOPNOTSUPP)}, "one two", errors.ErrUnsupported, true},
		{"cut", answer{Messages: two, Cut: 2}, "one", decode.ErrMalformed, false},
		{"empty datagram", answer{Messages: two, Cut: 99}, "", io.ErrUnexpectedEOF, false},
		{"socket fails", answer{Messages: two, Err: unix.ENOBUFS}, "one two", unix.ENOBUFS, false},
	} {
		t.Run(tt.name, func(t *testing.T) {
			k := kernel{answer: always(tt.answer)}
			c := nlconn.New(k.dial)
			got, err := bodies(t.Context(), c)
			if got != tt.want || !errors.Is(err, tt.err) || (err == nil) != (tt.err == nil) {
				t.Errorf("got %.20q and %v, want %.20q and %v", got, err, tt.want, tt.err)
			}
			last := k.peers[len(k.peers)-1]
			if last.Closed() == tt.kept {
				t.Errorf("socket closed: %v", last.Closed())
			}
			if r := last.Requests()[0]; r.Type != 7 || !r.Dump || string(r.Data) != "body" {
				t.Errorf("request %+v", r)
			}
			if err := c.Close(); err != nil || !last.Closed() {
				t.Errorf("Close returned %v, socket closed: %v", err, last.Closed())
			}
			if err := c.Close(); !errors.Is(err, fs.ErrClosed) {
				t.Errorf("second Close returned %v, want fs.ErrClosed", err)
			}
			if _, err := bodies(t.Context(), c); !errors.Is(err, fs.ErrClosed) {
				t.Errorf("dump after Close returned %v, want fs.ErrClosed", err)
			}
		})
	}
}

func TestConnDumpIsRepeated(t *testing.T) {
	dumps := 0
	k := kernel{answer: func(request) answer {
		dumps++
		return answer{Messages: []message{{Type: 8, Data: []byte("row")}}, Interrupted: dumps < 3}
	}}
	got, err := bodies(t.Context(), nlconn.New(k.dial))
	if got != "row" || err != nil || dumps != 3 || len(k.peers) != 1 {
		t.Errorf("%q, %v after %d dumps over %d sockets; want one row, 3 dumps and one socket", got, err, dumps, len(k.peers))
	}
}

func TestConnGet(t *testing.T) {
	huge := make([]byte, 40000)
	for _, tt := range []struct {
		name   string
		answer answer
		want   int
		err    error
	}{
		{"one message", answer{Messages: []message{{Type: 8, Data: make([]byte, 4)}}}, 4, nil},
		{"longer than the buffer", answer{Messages: []message{{Type: 8, Data: huge}}}, len(huge), nil},
		{"refused", answer{Errno: int(unix.ENODEV), Text: "no device"}, 0, unix.ENODEV},
	} {
		t.Run(tt.name, func(t *testing.T) {
			k := kernel{answer: always(tt.answer)}
			got := 0
			err := nlconn.New(k.dial).Get(t.Context(), 7, nil, func(m nlmsg.Message) error {
				got = len(m.Data)
				return nil
			})
			if got != tt.want || !errors.Is(err, tt.err) {
				t.Errorf("%d bytes and %v, want %d and %v", got, err, tt.want, tt.err)
			}
			var refused *nlconn.KernelError
			if errors.As(err, &refused) != (tt.err != nil) || refused != nil && !strings.Contains(err.Error(), "no device") {
				t.Errorf("error %v", err)
			}
		})
	}
}

// TestConnWithoutAnswer ends requests that no kernel answers, and counts what
// is left behind.
func TestConnWithoutAnswer(t *testing.T) {
	goroutines := runtime.NumGoroutine()
	k := kernel{answer: always(answer{Silent: true, Messages: []message{{Type: 8}}})}
	c := nlconn.New(k.dial)
	dumps := 0
	for range 3 {
		if err := sysprobetest.Canceled(t, func(ctx context.Context) error {
			dumps++
			_, err := bodies(ctx, c)
			return err
		}); !errors.Is(err, context.Canceled) {
			t.Errorf("canceled dump returned %v", err)
		}
		ctx, cancel := context.WithCancel(t.Context())
		cancel()
		if _, err := bodies(ctx, c); !errors.Is(err, context.Canceled) {
			t.Errorf("dump with a canceled context returned %v", err)
		}
	}
	if len(k.peers) != dumps {
		t.Errorf("%d sockets, want one for each of %d dumps", len(k.peers), dumps)
	}
	time.AfterFunc(10*time.Millisecond, func() {
		if err := c.Close(); err != nil {
			t.Error(err)
		}
	})
	if _, err := bodies(t.Context(), c); !errors.Is(err, fs.ErrClosed) {
		t.Errorf("dump ended by Close returned %v, want fs.ErrClosed", err)
	}
	for _, p := range k.peers {
		if !p.Closed() {
			t.Error("a socket is left open")
		}
	}
	sysprobetest.Eventually(t, func() string {
		if runtime.NumGoroutine() > goroutines {
			return "a goroutine is left"
		}
		return ""
	})
}

// TestConnEndOfContextAfterTheAnswer ends the context in the last call of each:
// the answer is whole, and the next dump works.
func TestConnEndOfContextAfterTheAnswer(t *testing.T) {
	k := kernel{answer: always(answer{Messages: []message{{Type: 8}}})}
	c := nlconn.New(k.dial)
	for range 100 {
		ctx, cancel := context.WithCancel(t.Context())
		if err := c.Dump(ctx, 7, nil, func() {}, func(nlmsg.Message) error { cancel(); return nil }); err != nil && !errors.Is(err, context.Canceled) {
			t.Fatal(err)
		}
		if _, err := bodies(t.Context(), c); err != nil {
			t.Fatal(err)
		}
	}
}

func TestConnSocketIsNotThere(t *testing.T) {
	c := nlconn.New(func() (nlconn.Socket, error) { return nil, unix.EAFNOSUPPORT })
	if err := c.Open(); !errors.Is(err, unix.EAFNOSUPPORT) {
		t.Errorf("Open returned %v, want EAFNOSUPPORT", err)
	}
	if _, err := bodies(t.Context(), c); !errors.Is(err, unix.EAFNOSUPPORT) {
		t.Errorf("dump returned %v, want EAFNOSUPPORT", err)
	}
}

// TestRouteOfThisMachine dumps what every machine has: the loopback interface
// and, with it, a message that says so.
func TestRouteOfThisMachine(t *testing.T) {
	r := nlconn.NewRoute(func() (nlconn.Socket, error) { return nlconn.DialRoute("") })
	if err := r.Open(); err != nil {
		t.Fatal(err)
	}
	loopback := 0
	err := r.Links(t.Context(), true, func() { loopback = 0 }, func(l *rtnl.Link) {
		if string(l.Name) == "lo" {
			loopback = int(l.Index)
		}
	})
	if err != nil || loopback != 1 {
		t.Errorf("lo has index %d, %v; want 1", loopback, err)
	}
	if err := r.Addrs(t.Context(), func() {}, func(a *rtnl.Addr) {
		if a.Local.String() == "127.0.0.1" && a.Index != 1 {
			t.Errorf("127.0.0.1 is of interface %d", a.Index)
		}
	}); err != nil {
		t.Error(err)
	}
	if err := r.Close(); err != nil {
		t.Error(err)
	}
}

func TestDialErrors(t *testing.T) {
	file := t.TempDir() + "/file"
	if err := os.WriteFile(file, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	for path, want := range map[string]error{"/run/netns/no-such-namespace": fs.ErrNotExist, file: fs.ErrNotExist} {
		if _, err := nlconn.DialRoute(path); !errors.Is(err, want) {
			t.Errorf("%s: %v, want %v", path, err, want)
		}
		if _, err := nlconn.DialWatch(path, 0, nlconn.GroupLink); !errors.Is(err, want) {
			t.Errorf("%s: %v, want %v", path, err, want)
		}
	}
}

// datagram lays out messages of one notification.
func datagram(messages ...message) []byte {
	var b []byte
	for _, m := range messages {
		b = nlmsg.Append(b, binary.NativeEndian, nlmsg.Message{Header: nlmsg.Header{Type: m.Type}, Data: m.Data})
	}
	return b
}
