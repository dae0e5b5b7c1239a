//go:build linux

package sysprobe

import (
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"syscall"

	"github.com/mdlayher/netlink"
	"golang.org/x/sys/unix"

	"telegraf-sysprobe/sysprobe/internal/decode/nlmsg"
)

// nlSocket is a netlink socket. At its other end is the kernel or, in tests, a
// sysprobetest.NetlinkPeer.
type nlSocket interface {
	// Send writes one datagram.
	Send(b []byte) error
	// Receive reads one datagram into b and returns how long it was; what did
	// not fit into b is lost.
	Receive(b []byte) (int, error)
	Close() error
}

// dumpAttempts is how often a dump is made until one is consistent. Each takes
// milliseconds; only a machine that adds and removes interfaces without a
// pause needs more than two.
const dumpAttempts = 10

// datagramSize is what the kernel fills at most in a dump (netlink_recvmsg in
// net/netlink/af_netlink.c), but for a single message that needs more.
const datagramSize = 32 << 10

// errAgain says that an answer is of no use, and that another one may be.
var errAgain = errors.New("inconsistent or cut")

// nlConn asks the kernel. It is not safe for concurrent use.
//
// It reads into a buffer of its own and hands out each message from there.
// The Receive of mdlayher/netlink copies every datagram and keeps the header of
// NLMSG_DONE to itself, which is where the kernel says that a table changed
// behind the last datagram.
type nlConn struct {
	dial   func() (nlSocket, error)
	sock   nlSocket // nil until there is need of one
	closed bool
	seq    uint32
	in     []byte
	out    []byte
}

// newNLConn returns a connection over the sockets that dial makes.
func newNLConn(dial func() (nlSocket, error)) *nlConn {
	return &nlConn{dial: dial, seq: rand.Uint32(), in: make([]byte, datagramSize)}
}

// open makes a socket where there is none.
func (c *nlConn) open() error {
	if c.closed {
		return os.ErrClosed
	}
	if c.sock != nil {
		return nil
	}
	sock, err := c.dial()
	if err != nil {
		return err
	}
	c.sock = sock
	return nil
}

// close ends the connection for good.
func (c *nlConn) close() error {
	c.closed = true
	return c.drop()
}

// drop closes the socket and with it whatever the kernel still had to say.
func (c *nlConn) drop() error {
	if c.sock == nil {
		return nil
	}
	sock := c.sock
	c.sock = nil
	return sock.Close()
}

// dump makes a dump request and hands each message of the answer to each,
// after a call of reset: again and again, until the table did not change
// meanwhile. A message is valid until each returns.
func (c *nlConn) dump(typ uint16, body []byte, reset func(), each func(nlmsg.Message) error) error {
	for range dumpAttempts {
		reset()
		err := c.roundTrip(typ, nlmsg.FlagRequest|nlmsg.FlagDump, body, each)
		if !errors.Is(err, errAgain) {
			return err
		}
	}
	return ErrInterrupted
}

// get makes a request that has one message for an answer.
func (c *nlConn) get(typ uint16, body []byte, each func(nlmsg.Message) error) error {
	err := c.roundTrip(typ, nlmsg.FlagRequest, body, each)
	if errors.Is(err, errAgain) { // the buffer has grown
		err = c.roundTrip(typ, nlmsg.FlagRequest, body, each)
	}
	return err
}

// roundTrip sends a request and receives its answer to the end. Where it does
// not get there it drops the socket, so that the next request never meets the
// rest of this answer.
func (c *nlConn) roundTrip(typ, flags uint16, body []byte, each func(nlmsg.Message) error) error {
	if err := c.open(); err != nil {
		return err
	}
	ended, err := c.exchange(typ, flags, body, each)
	if !ended {
		err = errors.Join(err, c.drop())
	}
	return err
}

// exchange is roundTrip on an open socket. It reports whether it read the
// answer to its end.
func (c *nlConn) exchange(typ, flags uint16, body []byte, each func(nlmsg.Message) error) (ended bool, err error) {
	c.seq++
	header := nlmsg.Header{Type: typ, Flags: flags, Seq: c.seq}
	c.out = nlmsg.Append(c.out[:0], binary.NativeEndian, nlmsg.Message{Header: header, Data: body})
	if err := c.sock.Send(c.out); err != nil {
		return false, err
	}
	var interrupted bool
	for {
		n, err := c.sock.Receive(c.in)
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
// answer ends with it, and notes in interrupted that the kernel found the
// answer inconsistent.
func (c *nlConn) datagram(b []byte, interrupted *bool, each func(nlmsg.Message) error) (ended bool, err error) {
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

// kernelError is an errno with the kernel's own explanation.
type kernelError struct {
	errno syscall.Errno
	text  string
}

// Error joins errno and explanation.
func (e *kernelError) Error() string {
	if e.text == "" {
		return e.errno.Error()
	}
	return fmt.Sprintf("%v (%s)", e.errno, e.text)
}

// Unwrap returns the errno.
func (e *kernelError) Unwrap() error { return e.errno }

// statusError is the error in an NLMSG_ERROR or NLMSG_DONE, or nil.
func statusError(m nlmsg.Message) error {
	status, err := nlmsg.DecodeStatus(m, binary.NativeEndian)
	if err != nil {
		return err
	}
	if status.Errno == 0 {
		return nil
	}
	return &kernelError{errno: syscall.Errno(status.Errno), text: status.Text}
}

// kernelSocket is a socket with the kernel at its other end.
type kernelSocket struct {
	conn *netlink.Conn
	raw  syscall.RawConn
}

// dialRoute opens a socket for rtnetlink(7) in the namespace of cfg.
func dialRoute(cfg Config) (nlSocket, error) {
	conn, err := dialNetlink(cfg, unix.NETLINK_ROUTE)
	if err != nil {
		return nil, err
	}
	return newKernelSocket(conn)
}

// dialNetlink opens a socket of a netlink family in the namespace of cfg.
func dialNetlink(cfg Config, family int) (*netlink.Conn, error) {
	var nc netlink.Config
	path := netNSPath(cfg.NetNS)
	if path != "" {
		f, err := os.Open(path)
		if err != nil {
			return nil, opError("open network namespace", path, errors.Unwrap(err))
		}
		defer f.Close() // the socket stays in the namespace
		nc.NetNS = int(f.Fd())
	}
	conn, err := netlink.Dial(family, &nc)
	if err != nil {
		return nil, opError("open netlink socket", path, err)
	}
	for _, option := range []netlink.ConnOption{netlink.CapAcknowledge, netlink.ExtendedAcknowledge, netlink.GetStrictCheck} {
		// Each makes errors say more. A kernel that lacks one (before Linux
		// 4.3, 4.12 and 4.20) answers as well without.
		_ = conn.SetOption(option, true) //nolint:errcheck // see above
	}
	return conn, nil
}

// newKernelSocket takes over conn.
func newKernelSocket(conn *netlink.Conn) (nlSocket, error) {
	raw, err := conn.SyscallConn()
	if err != nil {
		return nil, errors.Join(opError("open netlink socket", "", err), conn.Close())
	}
	return &kernelSocket{conn: conn, raw: raw}, nil
}

// Send writes one datagram to the kernel.
func (s *kernelSocket) Send(b []byte) error {
	var err error
	waitErr := s.raw.Write(func(fd uintptr) bool {
		_, err = retryOnEINTR(func() (int, error) { return unix.Write(int(fd), b) })
		return !errors.Is(err, unix.EAGAIN)
	})
	return errors.Join(waitErr, os.NewSyscallError("write", err))
}

// Receive reads one datagram from the kernel.
func (s *kernelSocket) Receive(b []byte) (int, error) {
	var n int
	var err error
	waitErr := s.raw.Read(func(fd uintptr) bool {
		n, err = retryOnEINTR(func() (int, error) {
			n, _, err := unix.Recvfrom(int(fd), b, unix.MSG_TRUNC)
			return n, err
		})
		return !errors.Is(err, unix.EAGAIN)
	})
	return n, errors.Join(waitErr, os.NewSyscallError("recvfrom", err))
}

// Close closes the socket.
func (s *kernelSocket) Close() error { return s.conn.Close() }

// retryOnEINTR repeats a system call that a signal interrupted.
func retryOnEINTR(call func() (int, error)) (int, error) {
	for {
		n, err := call()
		if !errors.Is(err, unix.EINTR) {
			return n, err
		}
	}
}
