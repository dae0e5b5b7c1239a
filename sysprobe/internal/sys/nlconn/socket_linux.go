package nlconn

import (
	"errors"
	"fmt"
	"os"
	"syscall"

	"github.com/mdlayher/netlink"
	"golang.org/x/sys/unix"

	"telegraf-sysprobe/sysprobe/internal/sys/netns"
)

// Socket is a netlink socket. At its other end is the kernel or, in tests, a
// sysprobetest.NetlinkPeer.
type Socket interface {
	// Send writes one datagram.
	Send(b []byte) error
	// Receive reads one datagram into b and returns its length; what did not
	// fit into b is lost.
	Receive(b []byte) (int, error)
	// Close makes Receive fail, also one that waits.
	Close() error
}

// kernelSocket is a socket with the kernel at its other end. One goroutine may
// send while another receives.
type kernelSocket struct {
	conn *netlink.Conn
	raw  syscall.RawConn
	out  call
	in   call
}

// call is a system call on a buffer that is repeated until the socket is ready.
// Its function is made once, as one made for each datagram would allocate.
type call struct {
	buffer []byte
	n      int
	err    error
	try    func(fd uintptr) (done bool)
}

// DialRoute opens a socket for rtnetlink(7) in the network namespace whose file
// is path; an empty path is the caller's own namespace.
func DialRoute(path string) (Socket, error) {
	conn, err := Dial(path, unix.NETLINK_ROUTE)
	if err != nil {
		return nil, err
	}
	return NewSocket(conn)
}

// Dial opens a socket of a netlink family (NETLINK_* of linux/netlink.h) in the
// network namespace whose file is path; an empty path is the caller's own
// namespace. It returns an error that wraps fs.ErrNotExist where that file does
// not exist, and fs.ErrPermission where the caller must not enter the namespace.
func Dial(path string, family int) (*netlink.Conn, error) {
	if path == "" {
		return dialIn(nil, family)
	}
	f, err := netns.Open(path)
	if err != nil {
		return nil, err
	}
	defer f.Close() // the socket stays in the namespace
	return dialIn(f, family)
}

// dialIn is Dial with the file of the namespace, which is nil for the caller's own.
func dialIn(netNS *os.File, family int) (*netlink.Conn, error) {
	conn, err := dialWith(netNS, family)
	if err != nil {
		return nil, fmt.Errorf("open socket: %w", err)
	}
	for _, option := range []netlink.ConnOption{netlink.CapAcknowledge, netlink.ExtendedAcknowledge, netlink.GetStrictCheck} {
		// Each option makes errors say more. A kernel that lacks one (before
		// Linux 4.3, 4.12 and 4.20) answers the same requests without it.
		_ = conn.SetOption(option, true) //nolint:errcheck // see above
	}
	return conn, nil
}

// dialWith dials while the file cannot be closed. It returns os.ErrClosed where that
// was closed before.
func dialWith(netNS *os.File, family int) (conn *netlink.Conn, err error) {
	if netNS == nil {
		return netlink.Dial(family, nil)
	}
	raw, err := netNS.SyscallConn()
	if err != nil {
		return nil, err
	}
	if raw.Control(func(fd uintptr) { conn, err = netlink.Dial(family, &netlink.Config{NetNS: int(fd)}) }) != nil {
		return nil, os.ErrClosed // whose own error Control does not wrap
	}
	return conn, err
}

// NewSocket returns conn as a Socket, which then owns conn.
func NewSocket(conn *netlink.Conn) (Socket, error) { return newKernelSocket(conn) }

func newKernelSocket(conn *netlink.Conn) (*kernelSocket, error) {
	raw, err := conn.SyscallConn()
	if err != nil {
		return nil, errors.Join(fmt.Errorf("open socket: %w", err), conn.Close())
	}
	s := &kernelSocket{conn: conn, raw: raw}
	s.out.try = func(fd uintptr) bool {
		s.out.n, s.out.err = retryOnEINTR(func() (int, error) { return unix.Write(int(fd), s.out.buffer) })
		return !errors.Is(s.out.err, unix.EAGAIN)
	}
	s.in.try = func(fd uintptr) bool {
		s.in.n, s.in.err = retryOnEINTR(func() (int, error) {
			n, _, err := unix.Recvfrom(int(fd), s.in.buffer, unix.MSG_TRUNC)
			return n, err
		})
		return !errors.Is(s.in.err, unix.EAGAIN)
	}
	return s, nil
}

// Send writes one datagram to the kernel.
func (s *kernelSocket) Send(b []byte) error {
	s.out.buffer, s.out.err = b, nil
	waitErr := s.raw.Write(s.out.try)
	return errors.Join(waitErr, os.NewSyscallError("write", s.out.err))
}

// Receive reads one datagram from the kernel.
func (s *kernelSocket) Receive(b []byte) (int, error) {
	s.in.buffer, s.in.n, s.in.err = b, 0, nil
	waitErr := s.raw.Read(s.in.try)
	return s.in.n, errors.Join(waitErr, os.NewSyscallError("recvfrom", s.in.err))
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
