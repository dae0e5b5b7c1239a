package nlconn

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"math/rand/v2"
	"sync"
	"syscall"

	"telegraf-sysprobe/sysprobe/internal/decode"
	"telegraf-sysprobe/sysprobe/internal/decode/nlmsg"
)

// dumpAttempts limits the attempts to get a consistent dump. One attempt takes
// milliseconds; only a machine that adds and removes interfaces without a pause
// needs more than two.
const dumpAttempts = 10

// datagramSize is the most that the kernel puts into one datagram of a dump
// (netlink_recvmsg in net/netlink/af_netlink.c), except for a single message
// that is longer.
const datagramSize = 32 << 10

// errAgain means that an answer is of no use and that a new request might have
// a better one.
var errAgain = errors.New("inconsistent or cut")

// Conn makes requests to the kernel, one at a time: only Close may be called
// while another method runs. It reads into a buffer of its own and hands out
// each message from there.
//
// The end of a context ends a request that waits for its answer: the socket is
// then closed, and the next request opens a new one. A system call that the
// kernel itself holds up, such as behind the lock of rtnetlink, returns first: a
// caller that cannot wait leaves the request.
type Conn struct {
	dial func() (Socket, error)
	seq  uint32
	in   []byte
	out  []byte

	// interrupt drops the socket of the request under way, and then sends to
	// interrupted. One function for all requests saves each one of its own.
	interrupt   func()
	interrupted chan struct{}

	mu     sync.Mutex // guards what follows
	sock   Socket     // nil until a request needs one
	closed bool
}

// New returns a connection over the sockets that dial makes. It makes the first
// one when a request needs it.
func New(dial func() (Socket, error)) *Conn {
	c := &Conn{dial: dial, seq: rand.Uint32(), in: make([]byte, datagramSize), interrupted: make(chan struct{}, 1)}
	c.interrupt = func() {
		_ = c.drop(c.current()) //nolint:errcheck // roundTrip returns the error of ctx
		c.interrupted <- struct{}{}
	}
	return c
}

// current returns the socket; nil where there is none.
func (c *Conn) current() Socket {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.sock
}

// Open makes a socket where there is none. It returns an error that wraps
// fs.ErrClosed after Close.
func (c *Conn) Open() error {
	_, err := c.socket()
	return err
}

// socket returns the socket, which it makes where there is none.
func (c *Conn) socket() (Socket, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.closed {
		return nil, fs.ErrClosed
	}
	if c.sock == nil {
		sock, err := c.dial()
		if err != nil {
			return nil, err
		}
		c.sock = sock
	}
	return c.sock, nil
}

// Close ends the connection, and with fs.ErrClosed a request that waits for its
// answer. Further calls return fs.ErrClosed.
func (c *Conn) Close() error {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.closed {
		return fs.ErrClosed
	}
	c.closed = true
	if c.sock == nil {
		return nil
	}
	sock := c.sock
	c.sock = nil
	return sock.Close()
}

// drop closes sock, and with it the rest of an answer, unless that is done.
func (c *Conn) drop(sock Socket) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.sock != sock || sock == nil {
		return nil
	}
	c.sock = nil
	return sock.Close()
}

// isClosed reports whether Close was called.
func (c *Conn) isClosed() bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.closed
}

// Dump makes a dump request of that type. It hands every message of the answer
// to each, after a call of reset, and repeats both until the table did not
// change during the dump. A message is valid until each returns. It returns
// decode.ErrInterrupted where no attempt was consistent, a *KernelError where
// the kernel refused, and the error of ctx, of the socket or of each.
func (c *Conn) Dump(ctx context.Context, typ uint16, body []byte, reset func(), each func(nlmsg.Message) error) error {
	for range dumpAttempts {
		reset()
		err := c.roundTrip(ctx, typ, nlmsg.FlagRequest|nlmsg.FlagDump, body, each)
		if !errors.Is(err, errAgain) {
			return err
		}
	}
	return decode.ErrInterrupted
}

// Get makes a request whose answer is one message, which it hands to each. Its
// errors are those of Dump, except for decode.ErrInterrupted.
func (c *Conn) Get(ctx context.Context, typ uint16, body []byte, each func(nlmsg.Message) error) error {
	err := c.roundTrip(ctx, typ, nlmsg.FlagRequest, body, each)
	if errors.Is(err, errAgain) { // the buffer has grown
		err = c.roundTrip(ctx, typ, nlmsg.FlagRequest, body, each)
	}
	return err
}

// Set makes a request that the kernel acknowledges (NLM_F_ACK) and that has no
// other answer. Its errors are those of Get.
func (c *Conn) Set(ctx context.Context, typ uint16, body []byte) error {
	return c.roundTrip(ctx, typ, nlmsg.FlagRequest|nlmsg.FlagAck, body, func(nlmsg.Message) error { return nil })
}

// roundTrip sends a request and receives its answer to the end. Where it does
// not get there it drops the socket, so that the next request never meets the
// rest of this answer.
func (c *Conn) roundTrip(ctx context.Context, typ, flags uint16, body []byte, each func(nlmsg.Message) error) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	sock, err := c.socket()
	if err != nil {
		return err
	}
	stop := func() bool { return true }
	if ctx.Done() != nil {
		stop = context.AfterFunc(ctx, c.interrupt)
	}
	ended, err := c.exchange(sock, typ, flags, body, each)
	kept := stop()
	if !kept {
		<-c.interrupted
	}
	if ended && kept {
		return err
	}
	dropErr := c.drop(sock)
	switch {
	case ended:
		return errors.Join(err, dropErr)
	case !kept:
		return ctx.Err()
	case c.isClosed():
		return fs.ErrClosed
	default:
		return errors.Join(err, dropErr)
	}
}

// exchange is roundTrip on a socket. It reports whether it read the answer to
// its end.
func (c *Conn) exchange(sock Socket, typ, flags uint16, body []byte, each func(nlmsg.Message) error) (ended bool, err error) {
	c.seq++
	header := nlmsg.Header{Type: typ, Flags: flags, Seq: c.seq}
	c.out = nlmsg.Append(c.out[:0], binary.NativeEndian, nlmsg.Message{Header: header, Data: body})
	if err := sock.Send(c.out); err != nil {
		return false, err
	}
	var interrupted bool
	for {
		n, err := sock.Receive(c.in)
		switch {
		case err != nil:
			return false, err
		case n == 0:
			return false, io.ErrUnexpectedEOF
		case n > len(c.in):
			c.in = make([]byte, n)
			return false, errAgain
		}
		ended, err := c.datagram(c.in[:n], &interrupted, each)
		if err == nil && ended && interrupted {
			err = errAgain
		}
		if ended || err != nil {
			return ended, err
		}
	}
}

// datagram hands out the messages of one datagram. It reports whether the
// answer ends with it, and sets interrupted where the kernel found the answer
// inconsistent.
func (c *Conn) datagram(b []byte, interrupted *bool, each func(nlmsg.Message) error) (ended bool, err error) {
	for len(b) > 0 {
		var m nlmsg.Message
		if m, b, err = nlmsg.Next(b, binary.NativeEndian); err != nil {
			return false, err
		}
		if m.Seq != c.seq {
			continue
		}
		if m.Flags&nlmsg.FlagDumpInterrupted != 0 {
			*interrupted = true
		}
		if m.Type == nlmsg.TypeError || m.Type == nlmsg.TypeDone {
			return true, statusError(m)
		}
		if err := each(m); err != nil {
			return false, err
		}
		if m.Flags&nlmsg.FlagMulti == 0 {
			return true, nil
		}
	}
	return false, nil
}

// KernelError is an errno with which the kernel refused a request.
type KernelError struct {
	Errno syscall.Errno
	Text  string // the kernel's own explanation, often empty
}

// Error joins errno and explanation.
func (e *KernelError) Error() string {
	if e.Text == "" {
		return e.Errno.Error()
	}
	return fmt.Sprintf("%v (%s)", e.Errno, e.Text)
}

// Unwrap returns the errno.
func (e *KernelError) Unwrap() error { return e.Errno }

// statusError is the error in an NLMSG_ERROR or NLMSG_DONE, or nil.
func statusError(m nlmsg.Message) error {
	status, err := nlmsg.DecodeStatus(m, binary.NativeEndian)
	if err != nil {
		return err
	}
	if status.Errno == 0 {
		return nil
	}
	return &KernelError{Errno: syscall.Errno(status.Errno), Text: status.Text}
}
