//go:build linux

package sysprobe

import (
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"sync"
	"time"

	"golang.org/x/sys/unix"

	"telegraf-sysprobe/sysprobe/internal/decode/nlmsg"
	"telegraf-sysprobe/sysprobe/internal/decode/rtnl"
)

// watchQueue is how many events wait for a reader of NICWatch.Events before
// the watch waits for it.
const watchQueue = 64

// watchPause is how long a watch waits for tables that change faster than they
// can be read.
const watchPause = 10 * time.Millisecond

// watchSocket is a socket that receives notifications.
type watchSocket interface {
	// Receive reads one datagram into b and returns how long it was; what did
	// not fit into b is lost.
	Receive(b []byte) (int, error)
	// SetReadDeadline is when Receive fails with os.ErrDeadlineExceeded.
	SetReadDeadline(at time.Time) error
	// Drain drops all that waits to be received, and what the kernel has to say
	// of an overflow. It reports that there was nothing of both.
	Drain() (quiet bool, err error)
	// Close makes Receive fail, also where it waits.
	Close() error
}

// nicWatchClient listens to rtnetlink(7).
type nicWatchClient struct {
	cfg    Config
	events chan NICEvent
	stop   chan struct{}
	ended  chan struct{}
	once   sync.Once    // of close
	shut   func() error // closes sock, once

	// What only the goroutine uses.
	sock    watchSocket
	in      []byte
	kernel  *nicAddrsClient // for dumps, and for what decoding needs
	dumped  AddrSnapshot
	link    Link
	row     InterfaceAddrs
	pending []NICEvent
	last    time.Time // of the last event

	mu    sync.Mutex // guards what follows
	table nicTable
	stats NICWatchStats
	err   error // why there is no table any more
	own   bool  // err is not of Close
}

// newNICWatchClient opens sockets in the namespace of cfg and starts.
func newNICWatchClient(cfg Config) (*nicWatchClient, error) {
	sock, err := dialWatch(cfg, cfg.WatchBuffer, unix.RTNLGRP_LINK, unix.RTNLGRP_IPV4_IFADDR, unix.RTNLGRP_IPV6_IFADDR)
	if err != nil {
		return nil, err
	}
	return startNICWatch(cfg, sock, func() (nlSocket, error) { return dialRoute(cfg) })
}

// startNICWatch listens to sock, which it takes over, and reads the tables
// through sockets that dial makes.
func startNICWatch(cfg Config, sock watchSocket, dial func() (nlSocket, error)) (*nicWatchClient, error) {
	kernel, err := newNICAddrsClientOn(dial)
	if err != nil {
		return nil, errors.Join(err, sock.Close())
	}
	c := &nicWatchClient{
		cfg:    cfg,
		events: make(chan NICEvent, watchQueue),
		stop:   make(chan struct{}),
		ended:  make(chan struct{}),
		shut:   sync.OnceValue(sock.Close),
		sock:   sock,
		in:     make([]byte, datagramSize),
		kernel: kernel,
		table:  nicTable{emit: func(NICEvent) {}, epoch: cfg.Now()},
	}
	if err := c.resync(); err != nil {
		return nil, errors.Join(err, c.shut(), kernel.close())
	}
	c.table.emit = c.note
	go c.run()
	return c, nil
}

// close ends the goroutine.
func (c *nicWatchClient) close() error {
	var err error
	c.once.Do(func() {
		close(c.stop)
		err = opError("close netlink socket", "", c.shut())
		<-c.ended
	})
	return err
}

// run follows the changes until it is stopped or cannot.
func (c *nicWatchClient) run() {
	defer close(c.ended)
	err := c.follow()
	own := !c.stopped()
	err = errors.Join(err, c.shut(), c.kernel.close())
	c.mu.Lock()
	c.err, c.own = opError("watch interfaces", netNSPath(c.cfg.NetNS), fmt.Errorf("%w: %w", fs.ErrClosed, err)), own
	c.mu.Unlock()
	close(c.events)
}

// stopped reports whether close was called.
func (c *nicWatchClient) stopped() bool {
	select {
	case <-c.stop:
		return true
	default:
		return false
	}
}

// follow reads notifications. It returns an error, after close too.
func (c *nicWatchClient) follow() error {
	if err := c.setAlarm(); err != nil {
		return err
	}
	for {
		n, err := c.sock.Receive(c.in)
		if err == nil {
			err = c.datagram(n)
		}
		if err == nil {
			err = c.deliver()
		} else {
			err = c.mend(err)
		}
		if err != nil {
			return err
		}
	}
}

// mend answers what is wrong with a notification, or that it is time to look
// for what none has told, by reading the tables. It returns err where that is
// no remedy.
func (c *nicWatchClient) mend(err error) error {
	count := &c.stats.Malformed
	switch {
	case errors.Is(err, unix.ENOBUFS):
		count = &c.stats.Overflows
	case errors.Is(err, os.ErrDeadlineExceeded):
		count = &c.stats.Verified
		if err := c.setAlarm(); err != nil {
			return err
		}
	case !errors.Is(err, ErrMalformed) && !errors.Is(err, errAgain):
		return err
	}
	verify := count == &c.stats.Verified
	c.mu.Lock()
	*count++
	c.mu.Unlock()
	if err := c.resync(); err != nil {
		return err
	}
	if verify {
		c.mu.Lock()
		c.stats.Repaired += uint64(len(c.pending))
		c.mu.Unlock()
	}
	return c.deliver()
}

// setAlarm sets when to verify the table next.
func (c *nicWatchClient) setAlarm() error {
	if c.cfg.WatchVerify < 0 {
		return nil
	}
	return c.sock.SetReadDeadline(time.Now().Add(c.cfg.WatchVerify))
}

// resync makes the table that of the kernel. It first drops what notifications
// there are: they are of before, and behind a gap the last word on something
// may be missing. Those that come while the tables are read may tell what is in
// them already, or else what changed since; in their order they end in the
// state of the kernel either way.
func (c *nicWatchClient) resync() error {
	for {
		if _, err := c.sock.Drain(); err != nil {
			return err
		}
		err := c.kernel.snapshot(&c.dumped)
		if err == nil {
			break
		}
		if !errors.Is(err, ErrInterrupted) {
			return err
		}
		select {
		case <-c.stop:
			return err
		case <-time.After(watchPause):
		}
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	c.table.replace(&c.dumped, c.cfg.Now())
	return nil
}

// datagram brings the table up to date with the first n bytes of c.in.
func (c *nicWatchClient) datagram(n int) error {
	switch {
	case n == 0:
		return io.ErrUnexpectedEOF
	case n > len(c.in):
		c.in = make([]byte, n)
		return errAgain
	}
	now := c.cfg.Now()
	c.mu.Lock()
	defer c.mu.Unlock()
	for b := c.in[:n]; len(b) > 0; {
		var m nlmsg.Message
		var err error
		if m, b, err = nlmsg.Next(b, binary.NativeEndian); err != nil {
			return err
		}
		switch m.Type {
		case unix.RTM_NEWLINK, unix.RTM_DELLINK:
			err = c.linkMessage(m)
		case unix.RTM_NEWADDR, unix.RTM_DELADDR:
			err = c.addrMessage(m, now)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// linkMessage brings the table up to date with a message about a link. To the
// same group a bridge tells which ports come and go, as if they were links
// (br_ifinfo_notify of net/bridge/br_netlink.c, family AF_BRIDGE), and a radio
// what it has seen, with no other attribute than a name (net/wireless/wext-core.c).
func (c *nicWatchClient) linkMessage(m nlmsg.Message) error {
	if len(m.Data) > 0 && m.Data[0] != unix.AF_UNSPEC {
		return nil
	}
	links := c.kernel.links
	if err := rtnl.DecodeLink(m.Data, binary.NativeEndian, &links.raw); err != nil {
		return err
	}
	switch {
	case m.Type == unix.RTM_DELLINK:
		c.table.removeLink(int(links.raw.Index))
	case links.raw.HasCarrier:
		links.fill(&c.link)
		c.table.setLink(&c.link)
	}
	return nil
}

// addrMessage brings the table up to date with a message about an address.
func (c *nicWatchClient) addrMessage(m nlmsg.Message, now time.Time) error {
	raw, err := rtnl.DecodeAddr(m.Data, binary.NativeEndian)
	if err != nil {
		return err
	}
	index := int(raw.Index)
	c.row.Link.Name = c.table.name(index)
	c.row.Addrs = c.row.Addrs[:0]
	c.kernel.add(&c.row, &raw)
	switch {
	case len(c.row.Addrs) == 0: // of another family
	case m.Type == unix.RTM_DELADDR:
		c.table.removeAddr(index, &c.row.Addrs[0])
	default:
		c.table.setAddr(index, &c.row.Addrs[0], now)
	}
	return nil
}

// note keeps an event until the table is free again, and gives it a time that
// no other one has.
func (c *nicWatchClient) note(e NICEvent) {
	e.At = c.cfg.Now()
	if !e.At.After(c.last) {
		e.At = c.last.Add(1)
	}
	c.last = e.At
	c.stats.Events++
	c.pending = append(c.pending, e)
}

// deliver hands out the events that were noted.
func (c *nicWatchClient) deliver() error {
	for _, e := range c.pending {
		select {
		case c.events <- e:
		case <-c.stop:
			return fs.ErrClosed
		}
	}
	clear(c.pending) // of strings
	c.pending = c.pending[:0]
	return nil
}

// snapshot copies the table.
func (c *nicWatchClient) snapshot(dst *AddrSnapshot) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.err != nil {
		dst.Interfaces = dst.Interfaces[:0]
		return c.err
	}
	c.table.copyTo(dst, c.cfg.Now())
	return nil
}

// failure is why the goroutine ended, unless that was close.
func (c *nicWatchClient) failure() error {
	c.mu.Lock()
	defer c.mu.Unlock()
	if !c.own {
		return nil
	}
	return c.err
}

// statistics returns what was counted.
func (c *nicWatchClient) statistics() NICWatchStats {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.stats
}

// kernelWatch is a watchSocket of the kernel's.
type kernelWatch struct{ kernelSocket }

// dialWatch opens a socket that listens to groups in the namespace of cfg. It
// holds so many bytes of notifications; 0 means what the system gives to all.
func dialWatch(cfg Config, buffer int, groups ...uint32) (*kernelWatch, error) {
	conn, err := dialNetlink(cfg, unix.NETLINK_ROUTE)
	if err != nil {
		return nil, err
	}
	if buffer > 0 {
		err = conn.SetReadBuffer(buffer)
	}
	for _, group := range groups {
		err = errors.Join(err, conn.JoinGroup(group))
	}
	raw, rawErr := conn.SyscallConn()
	if err = errors.Join(err, rawErr); err != nil {
		return nil, opError("subscribe to interfaces", netNSPath(cfg.NetNS), errors.Join(err, conn.Close()))
	}
	return &kernelWatch{kernelSocket{conn: conn, raw: raw}}, nil
}

// SetReadDeadline is when Receive fails with os.ErrDeadlineExceeded.
func (w *kernelWatch) SetReadDeadline(at time.Time) error { return w.conn.SetReadDeadline(at) }

// Drain empties the receive queue. Until that is empty, a kernel that has
// dropped one message drops all (netlink_overrun, netlink_rcv_wake).
func (w *kernelWatch) Drain() (quiet bool, err error) {
	quiet = true
	controlErr := w.raw.Control(func(fd uintptr) {
		var b [1]byte
		for {
			_, _, err = unix.Recvfrom(int(fd), b[:], unix.MSG_DONTWAIT)
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
	return quiet, errors.Join(controlErr, os.NewSyscallError("recvfrom", err))
}
