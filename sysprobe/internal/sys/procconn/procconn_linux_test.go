package procconn

import (
	"encoding/binary"
	"errors"
	"io/fs"
	"slices"
	"sync"
	"syscall"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"telegraf-sysprobe/sysprobe/internal/decode/cnproc"
	"telegraf-sysprobe/sysprobe/internal/decode/nlmsg"
	"telegraf-sysprobe/sysprobe/internal/sys/clock"
)

// fakeConnector plays the proc connector of a kernel.
type fakeConnector struct {
	filters bool          // as from Linux 6.6 on
	forgets bool          // as from Linux 6.7 on: forgets its listeners where all filter an event out
	silent  bool          // does not answer, as in another PID namespace
	refuses syscall.Errno // refuses to listen
	ahead   time.Duration // its clock

	mu        sync.Mutex
	listeners int
	sockets   []*fakeConnectorSocket
}

// fakeConnectorSocket is a socket that it has.
type fakeConnectorSocket struct {
	kernel    *fakeConnector
	queue     []any // datagrams and errors
	op, wants uint32
	closed    bool
}

func (k *fakeConnector) dial() (socket, error) {
	s := &fakeConnectorSocket{kernel: k}
	k.sockets = append(k.sockets, s)
	return s, nil
}

// wait implements socket: these tests do not wait.
func (*fakeConnectorSocket) wait(int) bool { return true }

// last is the socket in use.
func (k *fakeConnector) last() *fakeConnectorSocket { return k.sockets[len(k.sockets)-1] }

// multicast sends an event to all sockets. It needs the lock.
func (k *fakeConnector) multicast(e cnproc.Event) {
	if k.listeners < 1 {
		return
	}
	if e.Time == 0 {
		e.Time = uint64(clock.Monotonic() + k.ahead)
	}
	delivered := false
	for _, s := range k.sockets {
		if !s.closed && (s.wants == 0 || s.wants&e.Kind != 0) {
			s.queue = append(s.queue, connectorDatagram(e))
			delivered = true
		}
	}
	if k.forgets && !delivered {
		k.listeners = 0
	}
}

// happen is multicast for tests.
func (k *fakeConnector) happen(events ...cnproc.Event) {
	k.mu.Lock()
	defer k.mu.Unlock()
	for _, e := range events {
		k.multicast(e)
	}
}

// queue makes the socket receive datagrams and errors.
func (k *fakeConnector) queue(received ...any) {
	k.mu.Lock()
	defer k.mu.Unlock()
	k.last().queue = append(k.last().queue, received...)
}

func connectorDatagram(e cnproc.Event) []byte {
	order := binary.NativeEndian
	b := order.AppendUint32(order.AppendUint32(order.AppendUint32(nil, cnproc.Group), cnproc.Group), 0)
	b = order.AppendUint16(order.AppendUint16(order.AppendUint32(b, e.Seq), 40), 0)
	b = order.AppendUint64(order.AppendUint32(order.AppendUint32(b, e.Kind), 0), e.Time)
	body := []uint32{uint32(e.TID), uint32(e.PID), e.Status, 17, 0, 0}
	if e.Kind == cnproc.Ack {
		body[0] = e.Errno
	}
	for _, v := range body {
		b = order.AppendUint32(b, v)
	}
	return nlmsg.Append(nil, order, nlmsg.Message{Header: nlmsg.Header{Type: nlmsg.TypeDone}, Data: b})
}

func (s *fakeConnectorSocket) Send(b []byte) error {
	k := s.kernel
	k.mu.Lock()
	defer k.mu.Unlock()
	order := binary.NativeEndian
	seq, length, op := order.Uint32(b[28:]), order.Uint16(b[32:]), order.Uint32(b[36:])
	if k.silent || length == 8 && !k.filters {
		return nil
	}
	if k.refuses == 0 {
		switch {
		case k.filters && s.op == op, k.filters && s.op == 0 && op == cnproc.Ignore:
		case op == cnproc.Listen:
			k.listeners++
		default:
			k.listeners--
		}
		s.op, s.wants = op, 0
		if length == 8 {
			s.wants = order.Uint32(b[40:])
		}
	}
	if k.refuses != 0 {
		s.queue = append(s.queue, connectorDatagram(cnproc.Event{Time: uint64(clock.Monotonic()), Seq: seq + 1, Errno: uint32(k.refuses)}))
		return nil
	}
	k.multicast(cnproc.Event{Seq: seq + 1})
	return nil
}

func (s *fakeConnectorSocket) Receive(b []byte) (int, error) {
	s.kernel.mu.Lock()
	defer s.kernel.mu.Unlock()
	if len(s.queue) == 0 {
		return 0, unix.EAGAIN
	}
	first := s.queue[0]
	s.queue = s.queue[1:]
	if err, ok := first.(error); ok {
		return 0, err
	}
	return copy(b, first.([]byte)), nil
}

func (s *fakeConnectorSocket) Close() error {
	if s.closed {
		return errors.New("closed twice")
	}
	s.closed = true
	return nil
}

// open subscribes to k, for the time of the test.
func (k *fakeConnector) open(t *testing.T) *Conn {
	t.Helper()
	conn, err := open(k.dial)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := conn.Close(); err != nil && !errors.Is(err, fs.ErrClosed) {
			t.Error(err)
		}
	})
	return conn
}

// pids receives the PIDs of the exits that wait.
func pids(t *testing.T, conn *Conn) (found []int32, overrun bool) {
	t.Helper()
	overrun, err := conn.Exits(func(e Exit) { found = append(found, e.PID) })
	if err != nil {
		t.Fatal(err)
	}
	return found, overrun
}

func exitOf(pid int32) cnproc.Event {
	return cnproc.Event{Kind: cnproc.Exit, TID: pid, PID: pid, Status: uint32(pid) << 8}
}

func TestSubscribe(t *testing.T) {
	for _, tt := range []struct {
		name    string
		kernel  *fakeConnector
		sockets int
		filter  uint32
	}{
		{"Linux 6.9 filters", &fakeConnector{filters: true}, 1, cnproc.Exit},
		{"Linux 6.1 does not", &fakeConnector{}, 1, 0},
		{"Linux 6.8 forgets its listeners", &fakeConnector{filters: true, forgets: true}, 2, 0},
	} {
		t.Run(tt.name, func(t *testing.T) {
			k := tt.kernel
			conn := k.open(t)
			k.happen(cnproc.Event{Kind: cnproc.Fork, TID: 5, PID: 5}, exitOf(5))
			var exits []Exit
			overrun, err := conn.Exits(func(e Exit) { exits = append(exits, e) })
			if overrun || err != nil || len(exits) != 1 || exits[0].TID != 5 || exits[0].PID != 5 || exits[0].Status != 5<<8 {
				t.Errorf("exits are %+v, overrun %v, %v, want that of 5 with status %d", exits, overrun, err, 5<<8)
			}
			if len(exits) > 0 && (exits[0].At-clock.Boot()).Abs() > 20*time.Second {
				t.Errorf("exit is at %v, want about %v", exits[0].At, clock.Boot())
			}
			if len(k.sockets) != tt.sockets || k.last().wants != tt.filter {
				t.Errorf("%d sockets that filter %#x, want %d, %#x", len(k.sockets), k.last().wants, tt.sockets, tt.filter)
			}
			if err := conn.Close(); err != nil {
				t.Error(err)
			}
			for i, s := range k.sockets {
				if !s.closed {
					t.Errorf("socket %d is open", i)
				}
			}
			if k.listeners != 0 {
				t.Errorf("the kernel counts %d listeners after Close", k.listeners)
			}
			if err := conn.Close(); !errors.Is(err, fs.ErrClosed) {
				t.Errorf("second Close: %v, want fs.ErrClosed", err)
			}
			if _, err := conn.Exits(nil); !errors.Is(err, fs.ErrClosed) {
				t.Errorf("Exits after Close: %v, want fs.ErrClosed", err)
			}
		})
	}
}

func TestRefused(t *testing.T) {
	for _, tt := range []struct {
		name   string
		kernel *fakeConnector
		want   error
	}{
		{"without CAP_NET_ADMIN before Linux 6.6", &fakeConnector{refuses: unix.EPERM}, fs.ErrPermission},
		{"another PID namespace", &fakeConnector{silent: true}, errors.ErrUnsupported},
		{"another time namespace", &fakeConnector{filters: true, ahead: time.Hour}, errors.ErrUnsupported},
		{"another time namespace, behind", &fakeConnector{ahead: -time.Hour}, errors.ErrUnsupported},
	} {
		t.Run(tt.name, func(t *testing.T) {
			conn, err := open(tt.kernel.dial)
			if conn != nil || !errors.Is(err, tt.want) {
				t.Errorf("error %v, want one that wraps %v", err, tt.want)
			}
			if !tt.kernel.last().closed {
				t.Error("the socket is open")
			}
		})
	}
}

func TestOverrun(t *testing.T) {
	garbage := connectorDatagram(exitOf(3))[:50]
	other := connectorDatagram(exitOf(3))
	other[16]++
	for _, tt := range []struct {
		name     string
		received any
	}{
		{"overrun", unix.ENOBUFS},
		{"garbage", []byte("garbage, and more of it")},
		{"an empty header", make([]byte, 16)},
		{"a cut event", garbage},
		{"another connector", other},
	} {
		t.Run(tt.name, func(t *testing.T) {
			k := &fakeConnector{}
			conn := k.open(t)
			k.happen(exitOf(1))
			k.queue(tt.received, connectorDatagram(exitOf(2)))
			if _, overrun := pids(t, conn); !overrun {
				t.Error("no overrun")
			}
			k.happen(exitOf(4))
			if found, overrun := pids(t, conn); overrun || !slices.Equal(found, []int32{4}) {
				t.Errorf("exits of %v, overrun %v, want that of 4", found, overrun)
			}
		})
	}
	t.Run("a socket that fails", func(t *testing.T) {
		k := &fakeConnector{}
		conn := k.open(t)
		k.queue(unix.EIO, connectorDatagram(exitOf(2)))
		if _, err := conn.Exits(func(Exit) {}); !errors.Is(err, unix.EIO) {
			t.Errorf("error %v, want EIO", err)
		}
		if found, overrun := pids(t, conn); overrun || !slices.Equal(found, []int32{2}) {
			t.Errorf("exits of %v, overrun %v, want that of 2", found, overrun)
		}
	})
	t.Run("a kernel that never stops", func(t *testing.T) {
		k := &fakeConnector{}
		conn := k.open(t)
		flood := make([]any, 0, MaxEvents+10)
		flood = append(flood, unix.ENOBUFS)
		for range cap(flood) - 1 {
			flood = append(flood, connectorDatagram(exitOf(2)))
		}
		k.queue(flood...)
		for part := range 2 { // what precedes the gap comes in two parts
			if found, overrun := pids(t, conn); !overrun {
				t.Errorf("part %d: %d exits and no overrun", part, len(found))
			}
		}
		if found, overrun := pids(t, conn); overrun || len(found) > 0 {
			t.Errorf("%d exits, overrun %v, want none", len(found), overrun)
		}
	})
}
