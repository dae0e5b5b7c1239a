package procconn

import (
	"cmp"
	"encoding/binary"
	"errors"
	"fmt"
	"io/fs"
	"math/rand/v2"
	"os"
	"syscall"
	"time"

	"golang.org/x/sys/unix"

	"telegraf-sysprobe/sysprobe/internal/decode/cnproc"
	"telegraf-sysprobe/sysprobe/internal/decode/nlmsg"
	"telegraf-sysprobe/sysprobe/internal/sys/clock"
)

// Exit is the exit of one thread. That of a process is the exit of its last
// thread.
type Exit struct {
	TID, PID int32
	// Status is the wait status that wait(2) would return if the thread were the
	// whole process.
	Status uint32
	// At is the time since boot, in which the machine was suspended included.
	At time.Duration
}

// MaxEvents bounds what one call of Conn.Exits receives, so that it returns
// even where events come as fast as it reads them.
const MaxEvents = 1 << 16

// Conn is a subscription to the exits of all processes of the machine. It is
// not safe for concurrent use.
type Conn struct {
	dial     func() (socket, error)
	sock     socket // nil before the first one, and after Close
	wake     int    // the eventfd(2) that ends Wait
	datagram []byte
	// acknowledged is how many requests a kernel that counts requests has
	// counted.
	acknowledged int
	// overrun says that the kernel drops events until the socket is empty.
	overrun bool
}

// Open subscribes through the network namespace at the path netns, or through
// that of the caller where it is empty, with a receive buffer of that many
// bytes. Without CAP_NET_ADMIN the kernel gives at most net.core.rmem_max.
//
// It returns an error that wraps errors.ErrUnsupported where the kernel or
// these namespaces have no such source, and one that wraps fs.ErrPermission
// where a privilege is missing: CAP_NET_ADMIN before Linux 6.6, CAP_SYS_ADMIN to
// enter the namespace.
func Open(netns string, buffer int) (*Conn, error) {
	return open(func() (socket, error) { return dial(netns, buffer) })
}

// open subscribes through sockets that dial makes.
func open(dial func() (socket, error)) (*Conn, error) {
	wake, err := unix.Eventfd(0, unix.EFD_CLOEXEC|unix.EFD_NONBLOCK)
	if err != nil {
		return nil, os.NewSyscallError("eventfd", err)
	}
	c := &Conn{dial: dial, wake: wake, datagram: make([]byte, os.Getpagesize())}
	if err := c.subscribe(); err != nil {
		return nil, errors.Join(err, c.unsubscribe(), c.closeWake())
	}
	return c, nil
}

// Wait waits until events wait in the socket, and returns true; or until Interrupt is
// called, and returns false. It can be called beside Exits and Interrupt.
func (c *Conn) Wait() bool { return !c.sock.wait(c.wake) }

// Interrupt ends the calls of Wait that are under way and all later ones.
func (c *Conn) Interrupt() error {
	_, err := unix.Write(c.wake, binary.NativeEndian.AppendUint64(nil, 1))
	return os.NewSyscallError("write", err)
}

// Exits calls each for the exits that wait in the socket, at most MaxEvents.
// Overrun reports that the kernel dropped events: what each was called for, in
// this call and before, precedes the gap. It returns an error of the socket,
// after which another call may succeed.
func (c *Conn) Exits(each func(Exit)) (overrun bool, err error) {
	if c.sock == nil {
		return false, fs.ErrClosed
	}
	return c.receive(func(e cnproc.Event, suspended time.Duration) {
		if e.Kind == cnproc.Exit {
			each(Exit{TID: e.TID, PID: e.PID, Status: e.Status, At: suspended + time.Duration(e.Time)})
		}
	})
}

// Close ends the subscription. A second call returns an error that wraps
// fs.ErrClosed.
func (c *Conn) Close() error {
	if c.sock == nil {
		return fs.ErrClosed
	}
	return errors.Join(c.unsubscribe(), c.closeWake())
}

func (c *Conn) closeWake() error { return os.NewSyscallError("close", unix.Close(c.wake)) }

// receive calls each for the events that wait in the socket. Suspended is what
// has to be added to their times, which are of CLOCK_MONOTONIC.
func (c *Conn) receive(each func(e cnproc.Event, suspended time.Duration)) (overrun bool, err error) {
	monotonic := clock.Monotonic()
	suspended := clock.Boot() - monotonic
	for range MaxEvents {
		n, err := c.sock.Receive(c.datagram)
		switch {
		case err == nil:
			// A datagram that cannot be decoded may have been any event.
			err := eachEvent(c.datagram[:n], func(e cnproc.Event) { each(e, suspended) })
			c.overrun = c.overrun || err != nil
		case errors.Is(err, unix.ENOBUFS):
			c.overrun = true
		case errors.Is(err, unix.EAGAIN):
			overrun, c.overrun = c.overrun, false
			return overrun, nil
		default:
			return c.overrun, err
		}
	}
	return c.overrun, nil
}

// eachEvent calls each for the events of a datagram.
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

// subscribe makes the handshake; see the package comment.
func (c *Conn) subscribe() error {
	if err := c.openSocket(); err != nil {
		return err
	}
	if err := c.request(cnproc.Listen, cnproc.Exit, 0); err != nil {
		return err
	}
	err := c.listen()
	switch {
	case errors.Is(err, errNoAnswer):
		c.acknowledged = 0 // the kernel counts no listener, and to withdraw one would make it count less than none
		return cmp.Or(c.unsubscribe(), c.openSocket())
	case err != nil:
		return err
	}
	return c.request(cnproc.Listen, cnproc.Exit, 0)
}

// openSocket opens a socket and requests all events.
func (c *Conn) openSocket() error {
	sock, err := c.dial()
	if err != nil {
		return err
	}
	c.sock = sock
	return c.listen()
}

// unsubscribe withdraws the acknowledged requests and closes the socket, if
// there is one.
func (c *Conn) unsubscribe() error {
	if c.sock == nil {
		return nil
	}
	var err error
	for range c.acknowledged {
		err = errors.Join(err, c.request(cnproc.Ignore, 0, 0))
	}
	err = errors.Join(err, c.sock.Close())
	c.sock, c.acknowledged, c.overrun = nil, 0, false
	return err
}

// unsupported returns an errors.ErrUnsupported that says why.
func unsupported(why string) error { return fmt.Errorf("%w: %s", errors.ErrUnsupported, why) }

// errNoAnswer says that the kernel did not acknowledge a request.
var errNoAnswer = unsupported("the kernel answers in the initial PID and user namespaces only, and if it was built with CONFIG_PROC_EVENTS")

// listen requests all events, and returns nil once the kernel has acknowledged
// that.
func (c *Conn) listen() error {
	seq := rand.Uint32()
	requested := clock.Monotonic()
	if err := c.request(cnproc.Listen, 0, seq); err != nil {
		return err
	}
	var answer cnproc.Event
	_, err := c.receive(func(e cnproc.Event, _ time.Duration) {
		if e.Kind == cnproc.Ack && e.Seq == seq+1 {
			answer = e
		}
	})
	switch {
	case err != nil:
		return err
	case answer.Time == 0:
		return errNoAnswer
	case answer.Errno != 0:
		return syscall.Errno(answer.Errno)
	case time.Duration(answer.Time) < requested || time.Duration(answer.Time) > clock.Monotonic():
		return unsupported("its clock is that of another time namespace")
	}
	c.acknowledged++
	return nil
}

// request sends a request.
func (c *Conn) request(op, events, seq uint32) error {
	err := c.sock.Send(cnproc.Request{Op: op, Events: events, Seq: seq}.Append(nil, binary.NativeEndian))
	if errors.Is(err, unix.ECONNREFUSED) {
		return unsupported("it is in the initial network namespace only")
	}
	return err
}
