package procconn

import (
	"errors"
	"os"
	"syscall"
	"unsafe"

	"golang.org/x/sys/unix"

	"telegraf-sysprobe/sysprobe/internal/decode/cnproc"
	"telegraf-sysprobe/sysprobe/internal/sys/nlconn"
)

const (
	batchSize = 64

	// datagramSize is several times the size of an event. A longer datagram is
	// cut, which the decoder finds.
	datagramSize = 256
)

// mmsghdr is struct mmsghdr.
type mmsghdr struct {
	header unix.Msghdr
	length uint32
}

// socket is where events come from.
type socket interface {
	nlconn.Socket
	// wait waits until Receive has something to return, be it an error, or until the
	// eventfd(2) wake was written to, which it reports.
	wait(wake int) (woken bool)
}

// kernelSocket is a socket whose Receive does not wait: without a datagram its
// error is EAGAIN, after an overrun ENOBUFS. It is a socket outside Go's poller, which would wake up for each
// event (epoll_ctl(2), EPOLLET): most of what an event costs.
type kernelSocket struct {
	fd int

	// The datagrams of one recvmmsg(2), of which those before next were returned.
	headers        [batchSize]mmsghdr
	vectors        [batchSize]unix.Iovec
	buffers        [batchSize][datagramSize]byte
	next, received int
}

// dial opens a socket in the network namespace at the path netns, or in that
// of the caller where it is empty. The socket joins the group of the proc
// connector and has a receive buffer of that many bytes.
func dial(netns string, buffer int) (socket, error) {
	conn, err := nlconn.Dial(netns, unix.NETLINK_CONNECTOR)
	if errors.Is(err, unix.EPROTONOSUPPORT) {
		return nil, unsupported("the kernel was built without CONFIG_CONNECTOR")
	}
	if err != nil {
		return nil, err
	}
	s := &kernelSocket{fd: -1}
	for i := range s.headers {
		s.vectors[i].Base = &s.buffers[i][0]
		s.vectors[i].SetLen(datagramSize)
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
// does not know the socket any more.
func (s *kernelSocket) takeOver(conn syscall.Conn) error {
	raw, err := conn.SyscallConn()
	if err != nil {
		return err
	}
	controlErr := raw.Control(func(fd uintptr) {
		s.fd, err = unix.FcntlInt(fd, unix.F_DUPFD_CLOEXEC, 0)
	})
	return errors.Join(controlErr, os.NewSyscallError("fcntl", err))
}

// Send implements nlconn.Socket.
func (s *kernelSocket) Send(b []byte) error {
	_, err := retryOnEINTR(func() (int, error) { return unix.Write(s.fd, b) })
	return os.NewSyscallError("write", err)
}

// Receive implements nlconn.Socket.
func (s *kernelSocket) Receive(b []byte) (int, error) {
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

// receive fills the buffers with datagrams and returns their number.
func (s *kernelSocket) receive() (int, error) {
	n, _, errno := unix.Syscall6(unix.SYS_RECVMMSG, uintptr(s.fd),
		uintptr(unsafe.Pointer(&s.headers)), batchSize, unix.MSG_DONTWAIT, 0, 0)
	if errno != 0 {
		return 0, errno
	}
	return int(n), nil
}

// wait implements socket. Poll(2) wakes up for the first of many events alone, where
// Go's poller does for each.
func (s *kernelSocket) wait(wake int) (woken bool) {
	fds := []unix.PollFd{{Fd: int32(s.fd), Events: unix.POLLIN}, {Fd: int32(wake), Events: unix.POLLIN}}
	_, err := retryOnEINTR(func() (int, error) { return unix.Poll(fds, -1) })
	return err == nil && fds[1].Revents != 0
}

// Close implements nlconn.Socket.
func (s *kernelSocket) Close() error { return os.NewSyscallError("close", unix.Close(s.fd)) }

// retryOnEINTR repeats a system call that a signal interrupted.
func retryOnEINTR(call func() (int, error)) (int, error) {
	for {
		n, err := call()
		if !errors.Is(err, unix.EINTR) {
			return n, err
		}
	}
}
