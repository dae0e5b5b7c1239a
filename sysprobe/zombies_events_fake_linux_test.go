package sysprobe

import (
	"encoding/binary"
	"errors"
	"io/fs"
	"math/rand/v2"
	"runtime"
	"sync"
	"syscall"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"telegraf-sysprobe/sysprobe/internal/decode/cnproc"
	"telegraf-sysprobe/sysprobe/internal/decode/nlmsg"
	"telegraf-sysprobe/sysprobe/sysprobetest"
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

func (k *fakeConnector) dial() (nlSocket, error) {
	s := &fakeConnectorSocket{kernel: k}
	k.sockets = append(k.sockets, s)
	return s, nil
}

// last is the socket in use.
func (k *fakeConnector) last() *fakeConnectorSocket { return k.sockets[len(k.sockets)-1] }

// tell sends an event to all sockets. It needs the lock.
func (k *fakeConnector) tell(e cnproc.Event) {
	if k.listeners < 1 {
		return
	}
	if e.Time == 0 {
		e.Time = uint64(clock(unix.CLOCK_MONOTONIC) + k.ahead)
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

// happen is tell for tests.
func (k *fakeConnector) happen(events ...cnproc.Event) {
	k.mu.Lock()
	defer k.mu.Unlock()
	for _, e := range events {
		k.tell(e)
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
		s.queue = append(s.queue, connectorDatagram(cnproc.Event{Time: uint64(clock(unix.CLOCK_MONOTONIC)), Seq: seq + 1, Errno: uint32(k.refuses)}))
		return nil
	}
	k.tell(cnproc.Event{Seq: seq + 1})
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

// listen opens exits that hear of k, for the time of the test.
func (k *fakeConnector) listen(t *testing.T) *Exits {
	t.Helper()
	client, err := startExits((&Config{}).withDefaults(), k.dial)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := client.close(); err != nil && !errors.Is(err, fs.ErrClosed) {
			t.Error(err)
		}
	})
	return &Exits{client: client}
}

// readExits reads what was heard.
func readExits(t testing.TB, exits *Exits) *ExitLog {
	t.Helper()
	var log ExitLog
	if err := exits.Read(&log); err != nil {
		t.Fatal(err)
	}
	return &log
}

// find returns the exit of a PID.
func (l *ExitLog) find(pid int32) Opt[Exit] {
	for _, e := range l.Exits {
		if e.PID == pid {
			return Some(e)
		}
	}
	return Opt[Exit]{}
}

func exitOf(tid, pid int32, status ExitStatus) cnproc.Event {
	return cnproc.Event{Kind: cnproc.Exit, TID: tid, PID: pid, Status: uint32(status)}
}

func TestExitsSubscribe(t *testing.T) {
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
			exits := k.listen(t)
			k.happen(cnproc.Event{Kind: cnproc.Fork, TID: 5, PID: 5}, exitOf(5, 5, 1792))
			e, heard := readExits(t, exits).find(5).Get()
			if !heard || e.Status != Some(ExitStatus(1792)) {
				t.Errorf("exit is %+v (%v), want one with status 1792", e, heard)
			}
			if len(k.sockets) != tt.sockets || k.last().wants != tt.filter {
				t.Errorf("%d sockets that filter %#x, want %d, %#x", len(k.sockets), k.last().wants, tt.sockets, tt.filter)
			}
			if err := exits.Close(); err != nil {
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
		})
	}
}

func TestExitsRefused(t *testing.T) {
	for _, tt := range []struct {
		name   string
		kernel *fakeConnector
		want   error
	}{
		{"without CAP_NET_ADMIN before Linux 6.6", &fakeConnector{refuses: unix.EPERM}, ErrAccessDenied},
		{"another PID namespace", &fakeConnector{silent: true}, ErrNotSupported},
		{"another time namespace", &fakeConnector{filters: true, ahead: time.Hour}, ErrNotSupported},
		{"another time namespace, behind", &fakeConnector{ahead: -time.Hour}, ErrNotSupported},
	} {
		t.Run(tt.name, func(t *testing.T) {
			k := tt.kernel
			client, err := startExits((&Config{}).withDefaults(), k.dial)
			if client != nil || !errors.Is(err, tt.want) {
				t.Errorf("error %v, want one that answers to %v", err, tt.want)
			}
			if !k.last().closed {
				t.Error("the socket is open")
			}
		})
	}
}

func TestExitsOfThreads(t *testing.T) {
	for _, tt := range []struct {
		name   string
		events []cnproc.Event
		want   Opt[ExitStatus]
	}{
		{"all end with one status", []cnproc.Event{exitOf(8, 8, 9), exitOf(10, 8, 9), exitOf(9, 8, 9)}, Some(ExitStatus(9))},
		{"a thread before the leader", []cnproc.Event{exitOf(9, 8, 0), exitOf(8, 8, 256)}, Some(ExitStatus(256))},
		{"the leader before a thread", []cnproc.Event{exitOf(8, 8, 0), exitOf(9, 8, 1792)}, Opt[ExitStatus]{}},
		{"a thread, its leader dead for long", []cnproc.Event{exitOf(9, 8, 1792)}, Opt[ExitStatus]{}},
		{"the leader of a former program", []cnproc.Event{exitOf(8, 8, 0), exitOf(8, 8, 768)}, Some(ExitStatus(768))},
	} {
		t.Run(tt.name, func(t *testing.T) {
			k := &fakeConnector{}
			exits := k.listen(t)
			base := uint64(time.Hour)
			for i := range tt.events {
				tt.events[i].Time = base + uint64(i)
			}
			k.happen(tt.events...)
			log := readExits(t, exits)
			e, _ := log.find(8).Get()
			asleep := clock(unix.CLOCK_BOOTTIME) - clock(unix.CLOCK_MONOTONIC)
			last := time.Hour + asleep + time.Duration(len(tt.events)-1)
			if len(log.Exits) != 1 || e.Status != tt.want || (e.At-last).Abs() > 5*time.Millisecond {
				t.Errorf("exits are %+v, want status %v at %v", log.Exits, tt.want, last)
			}
		})
	}
	t.Run("processors that do not report in order", func(t *testing.T) {
		table := exitTable{}
		table.add(Exit{PID: 8, At: 5}, true)
		table.add(Exit{PID: 8, At: 4}, false)
		if at := table[8].At; at != 5 {
			t.Errorf("the last is at %d, want 5", at)
		}
	})
}

func TestExitsLost(t *testing.T) {
	garbage := connectorDatagram(exitOf(3, 3, 0))[:50]
	other := connectorDatagram(exitOf(3, 3, 0))
	other[16]++
	for _, tt := range []struct {
		name     string
		received any
	}{
		{"overflow", unix.ENOBUFS},
		{"garbage", []byte("garbage, and more of it")},
		{"an empty header", make([]byte, 16)},
		{"a cut event", garbage},
		{"another connector", other},
	} {
		t.Run(tt.name, func(t *testing.T) {
			k := &fakeConnector{}
			exits := k.listen(t)
			k.happen(exitOf(1, 1, 0))
			k.queue(tt.received, connectorDatagram(exitOf(2, 2, 0)))
			if log := readExits(t, exits); !log.Lost || len(log.Exits) > 0 {
				t.Errorf("log is %+v, want Lost alone", log)
			}
			k.happen(exitOf(4, 4, 0))
			if log := readExits(t, exits); log.Lost || !log.find(4).Known() || len(log.Exits) != 1 {
				t.Errorf("log is %+v, want the exit of 4", log)
			}
		})
	}
	t.Run("a socket that fails", func(t *testing.T) {
		k := &fakeConnector{}
		exits := k.listen(t)
		exits.client.mu.Lock() // not before the read below
		k.happen(exitOf(1, 1, 0))
		k.queue(unix.EIO)
		exits.client.mu.Unlock()
		var log ExitLog
		err := exits.Read(&log)
		if err == nil { // the goroutine met it
			if !log.Lost {
				t.Error("nothing says that the socket failed")
			}
			return
		}
		if !errors.Is(err, unix.EIO) {
			t.Errorf("error %v, want EIO", err)
		}
		if log := readExits(t, exits); !log.Lost || len(log.Exits) > 0 {
			t.Errorf("log is %+v, want Lost alone", log)
		}
	})
	t.Run("a kernel that never stops", func(t *testing.T) {
		k := &fakeConnector{}
		exits := k.listen(t)
		flood := make([]any, 0, exitsAtOnce+10)
		flood = append(flood, unix.ENOBUFS)
		for range cap(flood) - 1 {
			flood = append(flood, connectorDatagram(exitOf(2, 2, 0)))
		}
		exits.client.mu.Lock() // the goroutine stays out
		k.queue(flood...)
		exits.client.mu.Unlock()
		for range 2 { // in two parts
			if log := readExits(t, exits); !log.Lost && len(log.Exits) > 0 {
				t.Errorf("log is %+v, want Lost", log)
			}
		}
		if log := readExits(t, exits); len(log.Exits) > 0 {
			t.Errorf("log is %+v, want none", log)
		}
	})
}

func TestExitsClose(t *testing.T) {
	before := runtime.NumGoroutine()
	for range 20 {
		k := &fakeConnector{filters: true}
		exits := k.listen(t)
		if err := exits.Close(); err != nil {
			t.Fatal(err)
		}
		if err := exits.Close(); !errors.Is(err, fs.ErrClosed) {
			t.Errorf("second Close: %v, want fs.ErrClosed", err)
		}
		if err := exits.Read(&ExitLog{}); !errors.Is(err, fs.ErrClosed) {
			t.Errorf("Read after Close: %v, want fs.ErrClosed", err)
		}
	}
	sysprobetest.Eventually(t, func() string {
		if n := runtime.NumGoroutine(); n > before {
			return "goroutines are left"
		}
		return ""
	})
}

func TestExitTableIsBounded(t *testing.T) {
	table := exitTable{}
	for pid := range int32(maxExits + 10_000) {
		table.add(Exit{PID: pid}, true)
		if _, ok := table[pid]; !ok {
			t.Fatal("the newest is not there")
		}
	}
	if len(table) != maxExits {
		t.Errorf("%d exits, want %d", len(table), maxExits)
	}
}

// TestExitsForgetTheReaped is about more exits between two reads than are kept:
// those whose process is gone make room for those who stay.
func TestExitsForgetTheReaped(t *testing.T) {
	k := &fakeConnector{}
	exits := k.listen(t)
	stays := makeDead(t).pid
	const beyond = 1 << 22 // PID_MAX_LIMIT: nobody has those
	gone := make([]cnproc.Event, 0, maxExits/4)
	for range 8 { // twice as many as are kept
		gone = gone[:0]
		for range cap(gone) {
			pid := int32(beyond + 1 + rand.IntN(1<<29))
			gone = append(gone, exitOf(pid, pid, 0))
		}
		k.happen(exitOf(stays, stays, 7<<8))
		k.happen(gone...)
		exits.client.mu.Lock()
		err := exits.client.drain(exits.client.note)
		kept, room := len(exits.client.heard), exits.client.room
		exits.client.mu.Unlock()
		if err != nil || kept > maxExits || room != maxExits/2 {
			t.Fatalf("%d exits kept, room for %d, %v", kept, room, err)
		}
	}
	if e, heard := readExits(t, exits).find(stays).Get(); !heard || e.Status != Some(ExitStatus(7<<8)) {
		t.Errorf("exit of the zombie is %+v (%v)", e, heard)
	}
}
