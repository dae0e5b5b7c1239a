//go:build linux

package sysprobe

import (
	"cmp"
	"encoding/binary"
	"errors"
	"fmt"
	"io/fs"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strconv"
	"sync"
	"syscall"
	"time"
	"unsafe"

	"golang.org/x/sys/unix"

	"telegraf-sysprobe/sysprobe/internal/decode/cnproc"
	"telegraf-sysprobe/sysprobe/internal/decode/nlmsg"
)

const (
	// exitsEvery is how often the socket is emptied. To wake up for each event
	// costs eight times as much, and slows down those that exit.
	exitsEvery = 100 * time.Millisecond

	// exitsBuffer is what the socket may hold: a hundred thousand exits a second
	// at that pace. Without CAP_NET_ADMIN the kernel gives at most
	// net.core.rmem_max.
	exitsBuffer = 4 << 20

	// exitsAtOnce ends a reading that the kernel feeds as fast as it goes.
	exitsAtOnce = 1 << 16
)

// exitsClient listens to the proc connector.
type exitsClient struct {
	dial       func() (nlSocket, error)
	now        func() time.Time
	stop, done chan struct{}

	mu     sync.Mutex // guards what follows
	sock   nlSocket   // whose Receive does not wait but fails with EAGAIN; nil before there is one
	closed bool
	in     []byte
	// listens is how many requests the kernel may have counted.
	listens int
	heard   exitTable
	// room is how many exits may be kept before those who were reaped are
	// looked for.
	room int
	// asleep is the time since boot that CLOCK_MONOTONIC, the clock of the
	// events, did not count.
	asleep time.Duration
	// lost is to be told at the next read. Deaf says that the kernel drops
	// events until the socket is empty.
	lost, deaf bool
}

func newExitsClient(cfg Config) (*exitsClient, error) {
	const op = "follow exits"
	if err := sameProcesses(cfg.ProcRoot); err != nil {
		return nil, opError(op, cfg.ProcRoot, err)
	}
	c, err := startExits(cfg, func() (nlSocket, error) { return dialConnector(cfg, exitsBuffer) })
	return c, opError(op, netNSPath(cfg.NetNS), err)
}

// sameProcesses checks that the process table at root numbers processes as
// this program sees them. The kernel takes requests from the initial PID
// namespace only, and tells the PIDs of that.
func sameProcesses(root string) error {
	self, err := os.Readlink(filepath.Join(root, "self"))
	if err != nil || self != strconv.Itoa(os.Getpid()) {
		return unsupported("it is not the process table of this PID namespace")
	}
	return nil
}

// unsupported is an ErrNotSupported that says why.
func unsupported(why string) error { return fmt.Errorf("%w: %s", ErrNotSupported, why) }

// startExits listens on a socket that dial makes.
func startExits(cfg Config, dial func() (nlSocket, error)) (*exitsClient, error) {
	c := &exitsClient{
		dial: dial, now: cfg.Now,
		stop: make(chan struct{}), done: make(chan struct{}),
		in: make([]byte, os.Getpagesize()), heard: exitTable{}, room: maxExits / 2,
	}
	if err := c.subscribe(); err != nil {
		return nil, errors.Join(err, c.unsubscribe())
	}
	go c.run()
	return c, nil
}

// run empties the socket until stop.
func (c *exitsClient) run() {
	defer close(c.done)
	ticker := time.NewTicker(exitsEvery)
	defer ticker.Stop()
	for {
		select {
		case <-c.stop:
			return
		case <-ticker.C:
		}
		c.mu.Lock()
		if err := c.drain(c.note); err != nil {
			c.lose() // the next read meets the error, or has this to tell
		}
		c.mu.Unlock()
	}
}

func (c *exitsClient) close() error {
	c.mu.Lock()
	closed := c.closed
	c.closed = true
	c.mu.Unlock()
	if closed {
		return opError("stop following exits", "", fs.ErrClosed)
	}
	close(c.stop)
	<-c.done
	return opError("stop following exits", "", c.unsubscribe())
}

func (c *exitsClient) read(dst *ExitLog) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	*dst = ExitLog{Exits: dst.Exits[:0]}
	if c.closed {
		return opError("read exits", "", fs.ErrClosed)
	}
	if err := c.drain(c.note); err != nil {
		c.lose()
		return opError("read exits", "", err)
	}
	for _, e := range c.heard {
		dst.Exits = append(dst.Exits, e)
	}
	clear(c.heard)
	c.room = maxExits / 2
	dst.Lost, c.lost = c.lost, false
	dst.Taken, dst.Uptime = c.now(), clock(unix.CLOCK_BOOTTIME)
	return nil
}

// lose forgets what was heard, for it may have been followed by what was not.
func (c *exitsClient) lose() {
	clear(c.heard)
	c.lost = true
}

// drain hands out the events that wait in the socket.
func (c *exitsClient) drain(each func(cnproc.Event)) error {
	awake := clock(unix.CLOCK_MONOTONIC)
	c.asleep = clock(unix.CLOCK_BOOTTIME) - awake
	err := c.receive(each)
	if c.deaf {
		c.lose()
	}
	if len(c.heard) > c.room {
		c.forgetReaped()
	}
	if errors.Is(err, unix.EAGAIN) {
		c.deaf, err = false, nil
	}
	return err
}

// forgetReaped makes room for exits of those who stay. Each exit is looked at
// about once: the next time comes when there are twice as many.
func (c *exitsClient) forgetReaped() {
	for pid := range c.heard {
		if unix.Kill(int(pid), 0) == unix.ESRCH { // who may not be signalled is there
			delete(c.heard, pid)
		}
	}
	c.room = max(maxExits/2, 2*len(c.heard))
}

// receive hands out events until there are none, which is EAGAIN, or too many.
// A datagram that makes no sense may have been any event.
func (c *exitsClient) receive(each func(cnproc.Event)) error {
	for range exitsAtOnce {
		n, err := c.sock.Receive(c.in)
		switch {
		case err == nil:
			err = eachEvent(c.in[:n], each)
			c.deaf = c.deaf || err != nil
		case errors.Is(err, unix.ENOBUFS):
			// netlink_overrun: what waits is from before the gap, and what
			// comes is dropped until nothing waits.
			c.deaf = true
		default:
			return err
		}
	}
	return nil
}

// eachEvent hands out the events of a datagram.
func eachEvent(b []byte, each func(cnproc.Event)) error {
	for len(b) > 0 {
		m, rest, err := nlmsg.Next(b, binary.NativeEndian)
		if err != nil {
			return err
		}
		e, err := cnproc.Decode(m, binary.NativeEndian)
		if err != nil {
			return err
		}
		each(e)
		b = rest
	}
	return nil
}

// note keeps an exit.
func (c *exitsClient) note(e cnproc.Event) {
	if e.Kind != cnproc.Exit {
		return
	}
	c.heard.add(Exit{PID: e.PID, At: c.asleep + time.Duration(e.Time), Status: Some(ExitStatus(e.Status))}, e.TID == e.PID)
}

// subscribe asks for events, and for no others than exits where the kernel can
// filter: from Linux 6.6 on. For a few releases from 6.7 on, an event that all
// listeners filter out, as is the answer to the request itself, makes the
// kernel believe that nobody listens ("cn_netlink_has_listeners replaces
// proc_event_num_listeners" mended that). It then answers nothing more on this
// socket, and the next one has to do without the filter.
func (c *exitsClient) subscribe() error {
	if err := c.open(); err != nil {
		return err
	}
	if err := c.request(cnproc.Listen, cnproc.Exit, 0); err != nil {
		return err
	}
	err := c.listen()
	switch {
	case errors.Is(err, errNoAnswer):
		c.listens = 0 // nobody: one less, and the next would count for nobody
		return cmp.Or(c.unsubscribe(), c.open())
	case err != nil:
		return err
	}
	return c.request(cnproc.Listen, cnproc.Exit, 0)
}

// open makes a socket and listens to all events.
func (c *exitsClient) open() error {
	sock, err := c.dial()
	if err != nil {
		return err
	}
	c.sock = sock
	return c.listen()
}

// unsubscribe closes the socket. A kernel before 6.6 counts requests and not
// sockets, so it has to be told as often as it was asked.
func (c *exitsClient) unsubscribe() error {
	if c.sock == nil {
		return nil
	}
	var err error
	for range c.listens {
		err = errors.Join(err, c.request(cnproc.Ignore, 0, 0))
	}
	err = errors.Join(err, c.sock.Close())
	c.sock, c.listens = nil, 0
	return err
}

// errNoAnswer is an ErrNotSupported: the kernel does not answer those it has
// nothing to tell.
var errNoAnswer = unsupported("the kernel answers in the initial PID and user namespaces only, and if it was built with CONFIG_PROC_EVENTS")

// listen asks for all events, and returns nil once the kernel has agreed. It
// answers before the request returns.
func (c *exitsClient) listen() error {
	seq := rand.Uint32()
	asked := clock(unix.CLOCK_MONOTONIC)
	if err := c.request(cnproc.Listen, 0, seq); err != nil {
		return err
	}
	var answer cnproc.Event
	err := c.drain(func(e cnproc.Event) {
		if e.Kind == cnproc.Ack && e.Seq == seq+1 {
			answer = e
		}
		c.note(e)
	})
	switch {
	case err != nil:
		return err
	case answer.Time == 0:
		return errNoAnswer
	case answer.Errno != 0:
		return syscall.Errno(answer.Errno)
	case time.Duration(answer.Time) < asked || time.Duration(answer.Time) > clock(unix.CLOCK_MONOTONIC):
		return unsupported("its clock is that of another time namespace")
	}
	c.listens++
	return nil
}

// request sends a request.
func (c *exitsClient) request(op, events, seq uint32) error {
	err := c.sock.Send(cnproc.Request{Op: op, Events: events, Seq: seq}.Append(nil, binary.NativeEndian))
	if errors.Is(err, unix.ECONNREFUSED) {
		return unsupported("it is in the initial network namespace only")
	}
	return err
}

// clock reads a clock, which is one that every kernel has.
func clock(id int32) time.Duration {
	var now unix.Timespec
	_ = unix.ClockGettime(id, &now) //nolint:errcheck // see above
	return time.Duration(now.Nano())
}

// connectorSocket is a socket of the kernel's, but not one of Go's poller: that
// one would be woken up by each event (epoll_ctl(2), EPOLLET), which is most of
// what the event costs. Its Receive does not wait.
type connectorSocket struct {
	fd int

	// What recvmmsg(2) received, and how much of that was handed out.
	headers        [connectorBatch]mmsghdr
	vectors        [connectorBatch]unix.Iovec
	buffers        [connectorBatch][connectorDatagramSize]byte
	next, received int
}

const (
	connectorBatch = 64

	// connectorDatagramSize is several times that of an event. What does not fit
	// is cut, which the decoder sees.
	connectorDatagramSize = 256
)

// mmsghdr is struct mmsghdr.
type mmsghdr struct {
	header unix.Msghdr
	length uint32
}

// dialConnector opens a socket that receives what is told to the group of the
// proc connector, and holds so many bytes of that.
func dialConnector(cfg Config, buffer int) (nlSocket, error) {
	conn, err := dialNetlink(cfg, unix.NETLINK_CONNECTOR)
	if errors.Is(err, unix.EPROTONOSUPPORT) {
		return nil, unsupported("the kernel was built without CONFIG_CONNECTOR")
	}
	if err != nil {
		return nil, err
	}
	s := &connectorSocket{fd: -1}
	for i := range s.headers {
		s.vectors[i].Base = &s.buffers[i][0]
		s.vectors[i].SetLen(connectorDatagramSize)
		s.headers[i].header.Iov = &s.vectors[i]
		s.headers[i].header.SetIovlen(1)
	}
	err = errors.Join(conn.SetReadBuffer(buffer), conn.JoinGroup(cnproc.Group), s.takeOver(conn), conn.Close())
	if err != nil {
		if s.fd >= 0 {
			err = errors.Join(err, s.Close())
		}
		return nil, err
	}
	return s, nil
}

// takeOver duplicates the descriptor of conn. Once conn is closed, the poller
// has nothing to do with it.
func (s *connectorSocket) takeOver(conn syscall.Conn) error {
	raw, err := conn.SyscallConn()
	if err != nil {
		return err
	}
	controlErr := raw.Control(func(fd uintptr) {
		s.fd, err = unix.FcntlInt(fd, unix.F_DUPFD_CLOEXEC, 0)
	})
	return errors.Join(controlErr, os.NewSyscallError("fcntl", err))
}

// Send writes one datagram to the kernel.
func (s *connectorSocket) Send(b []byte) error {
	_, err := retryOnEINTR(func() (int, error) { return unix.Write(s.fd, b) })
	return os.NewSyscallError("write", err)
}

// Receive reads one datagram into b and returns how long it was, or EAGAIN.
func (s *connectorSocket) Receive(b []byte) (int, error) {
	if s.next == s.received {
		n, err := retryOnEINTR(s.receive)
		if err != nil {
			return 0, err
		}
		s.next, s.received = 0, n
	}
	datagram := s.buffers[s.next][:s.headers[s.next].length]
	s.next++
	return copy(b, datagram), nil
}

// receive fills buffers with datagrams, and returns how many.
func (s *connectorSocket) receive() (int, error) {
	n, _, errno := unix.Syscall6(unix.SYS_RECVMMSG, uintptr(s.fd),
		uintptr(unsafe.Pointer(&s.headers)), connectorBatch, unix.MSG_DONTWAIT, 0, 0)
	if errno != 0 {
		return 0, errno
	}
	return int(n), nil
}

// Close closes the socket.
func (s *connectorSocket) Close() error { return os.NewSyscallError("close", unix.Close(s.fd)) }
