package nlconn

import (
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"os"
	"time"

	"golang.org/x/sys/unix"

	"telegraf-sysprobe/sysprobe/internal/decode"
	"telegraf-sysprobe/sysprobe/internal/decode/nlmsg"
	"telegraf-sysprobe/sysprobe/internal/decode/rtnl"
)

// Group is a multicast group of rtnetlink(7) (RTNLGRP_* of linux/rtnetlink.h).
type Group uint32

// The groups.
const (
	GroupLink     Group = unix.RTNLGRP_LINK
	GroupIPv4Addr Group = unix.RTNLGRP_IPV4_IFADDR
	GroupIPv6Addr Group = unix.RTNLGRP_IPV6_IFADDR
)

// ErrOverrun means that the kernel dropped notifications because the socket had
// no room for them (ENOBUFS).
var ErrOverrun = errors.New("notifications were dropped")

// WatchSocket is a socket that receives notifications: from the kernel or, in
// tests, from what plays it.
type WatchSocket interface {
	// Receive reads one datagram into b and returns its length; what did not
	// fit into b is lost.
	Receive(b []byte) (int, error)
	// SetReadDeadline sets the time at which Receive fails with
	// os.ErrDeadlineExceeded.
	SetReadDeadline(at time.Time) error
	// Drain drops all notifications that wait, and the report of an overrun. It
	// reports whether there was neither.
	Drain() (quiet bool, err error)
	// Close makes Receive fail, also one that waits.
	Close() error
}

// Handler takes what notifications say. An argument is valid until the method
// returns.
type Handler interface {
	// Link takes a link that is new or has changed, or else was removed.
	Link(l *rtnl.Link, removed bool)
	// Addr takes an address that is new or has changed, or else was removed.
	Addr(a *rtnl.Addr, removed bool)
}

// Watch receives the notifications of groups. Only SetReadDeadline, Drain and
// Close may be called while another method runs.
type Watch struct {
	WatchSocket

	in   []byte
	n    int // length of the datagram in in
	link rtnl.Link
	addr rtnl.Addr
}

// DialWatch opens a socket that receives the notifications of groups in the
// network namespace whose file is path; an empty path is the caller's own
// namespace. The kernel keeps that many bytes of notifications; 0 means the
// system's default. Its errors are those of Dial.
func DialWatch(path string, buffer int, groups ...Group) (*Watch, error) {
	conn, err := Dial(path, unix.NETLINK_ROUTE)
	if err != nil {
		return nil, err
	}
	sock, err := newKernelSocket(conn)
	if err != nil {
		return nil, err
	}
	if buffer > 0 {
		err = conn.SetReadBuffer(buffer)
	}
	for _, group := range groups {
		err = errors.Join(err, conn.JoinGroup(uint32(group)))
	}
	if err != nil {
		return nil, errors.Join(fmt.Errorf("join groups: %w", err), conn.Close())
	}
	return NewWatch(&kernelWatch{sock}), nil
}

// NewWatch returns a Watch over sock, which it then owns.
func NewWatch(sock WatchSocket) *Watch { return &Watch{WatchSocket: sock} }

// Receive waits for notifications, which Each then decodes. It returns
// ErrOverrun where the kernel dropped some, decode.ErrMalformed where one was
// longer than the buffer, which has grown since, os.ErrDeadlineExceeded at the
// deadline, and any other error where the socket is of no use any more.
func (w *Watch) Receive() error {
	if w.in == nil {
		w.in = make([]byte, datagramSize)
	}
	w.n = 0
	n, err := w.WatchSocket.Receive(w.in)
	switch {
	case errors.Is(err, unix.ENOBUFS):
		return fmt.Errorf("%w: %w", ErrOverrun, err)
	case err != nil:
		return err
	case n == 0:
		return io.ErrUnexpectedEOF
	case n > len(w.in):
		w.in = make([]byte, n)
		return fmt.Errorf("notification of %d bytes is cut: %w", n, decode.ErrMalformed)
	}
	w.n = n
	return nil
}

// Each decodes what was received last and calls h for every link and address.
// It returns decode.ErrMalformed where that cannot be decoded; h then has what
// precedes.
func (w *Watch) Each(h Handler) error {
	for b := w.in[:w.n]; len(b) > 0; {
		var m nlmsg.Message
		var err error
		if m, b, err = nlmsg.Next(b, binary.NativeEndian); err != nil {
			return err
		}
		switch m.Type {
		case unix.RTM_NEWLINK, unix.RTM_DELLINK:
			err = w.linkMessage(m, h)
		case unix.RTM_NEWADDR, unix.RTM_DELADDR:
			err = w.addrMessage(m, h)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// linkMessage hands a message about a link to h. Two kinds of messages to the
// same group are about no state of a link and are left out: a bridge reports
// ports that come and go as if they were links (br_ifinfo_notify of
// net/bridge/br_netlink.c, family AF_BRIDGE), and a radio reports scans, with no
// attribute but a name (net/wireless/wext-core.c).
func (w *Watch) linkMessage(m nlmsg.Message, h Handler) error {
	if len(m.Data) > 0 && m.Data[0] != unix.AF_UNSPEC {
		return nil
	}
	if err := rtnl.DecodeLink(m.Data, binary.NativeEndian, &w.link); err != nil {
		return err
	}
	removed := m.Type == unix.RTM_DELLINK
	if removed || w.link.Carrier.Known() {
		h.Link(&w.link, removed)
	}
	return nil
}

// addrMessage hands a message about an address to h.
func (w *Watch) addrMessage(m nlmsg.Message, h Handler) (err error) {
	if w.addr, err = rtnl.DecodeAddr(m.Data, binary.NativeEndian); err != nil {
		return err
	}
	h.Addr(&w.addr, m.Type == unix.RTM_DELADDR)
	return nil
}

// kernelWatch is a WatchSocket with the kernel at its other end.
type kernelWatch struct{ *kernelSocket }

// SetReadDeadline sets the time at which Receive fails.
func (w *kernelWatch) SetReadDeadline(at time.Time) error { return w.conn.SetReadDeadline(at) }

// Drain empties the receive queue. Until that is empty, a kernel that has
// dropped one message drops all (netlink_overrun, netlink_rcv_wake).
func (w *kernelWatch) Drain() (quiet bool, err error) {
	quiet = true
	controlErr := w.raw.Control(func(fd uintptr) {
		var b [1]byte
		for {
			_, err = unix.Read(int(fd), b[:]) // the socket does not block
			switch {
			case err == nil, errors.Is(err, unix.ENOBUFS):
				quiet = false
			case !errors.Is(err, unix.EINTR):
				return
			}
		}
	})
	if errors.Is(err, unix.EAGAIN) {
		err = nil
	}
	return quiet, errors.Join(controlErr, os.NewSyscallError("read", err))
}
