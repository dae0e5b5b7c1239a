package sysprobe

import (
	"context"
	"errors"
	"io/fs"
	"os"
	"sync/atomic"
	"time"

	"telegraf-sysprobe/sysprobe/internal/decode/rtnl"
	"telegraf-sysprobe/sysprobe/internal/sys/netns"
	"telegraf-sysprobe/sysprobe/internal/sys/nlconn"
)

// watchPause is the pause between attempts to read tables that change faster
// than they can be read.
const watchPause = 10 * time.Millisecond

// nicWatchClient follows the notifications of rtnetlink(7).
type nicWatchClient struct {
	nicFeed

	retired atomic.Bool // before closing: the namespace is gone

	// What only the goroutine uses.
	notices *nlconn.Watch
	kernel  *nicAddrsClient // for dumps, and for the strings of notifications
	link    Link
	row     InterfaceAddrs
	read    time.Time // when notifications were received last
}

// newNICWatchClient opens sockets in the namespace of cfg and starts.
func newNICWatchClient(ctx context.Context, cfg Config, choice NICChoice) (*nicWatchClient, error) {
	path := netns.Path(cfg.NetNS)
	notices, err := nlconn.DialWatch(path, cfg.WatchBuffer, nlconn.GroupLink, nlconn.GroupIPv4Addr, nlconn.GroupIPv6Addr)
	if err != nil {
		return nil, opError("subscribe to interfaces", path, err)
	}
	return startNICWatch(ctx, cfg, choice, notices, dialRoute(cfg))
}

// startNICWatch follows notices, which it then owns, and reads the tables
// through sockets that dial makes. The goroutine outlives ctx.
func startNICWatch(
	ctx context.Context, cfg Config, choice NICChoice, notices *nlconn.Watch, dial func() (nlconn.Socket, error),
) (*nicWatchClient, error) {
	kernel, err := newNICAddrsClientOn(cfg, dial)
	if err != nil {
		return nil, errors.Join(err, notices.Close())
	}
	c := &nicWatchClient{notices: notices, kernel: kernel}
	c.begin(cfg, choice, notices.Close)
	if err := c.start(ctx, c.resync, c.run); err != nil {
		return nil, errors.Join(err, c.shut(), kernel.close())
	}
	return c, nil
}

// retire ends the goroutine when it has sent the events of all that is gone.
func (c *nicWatchClient) retire(ctx context.Context) error {
	if !c.closing.CompareAndSwap(false, true) {
		return opError("retire interface watch", "", fs.ErrClosed)
	}
	c.retired.Store(true)
	stop := context.AfterFunc(ctx, c.cancel)
	err := c.shut()
	<-c.ended
	if !stop() {
		err = errors.Join(err, ctx.Err())
	}
	return opError("retire interface watch", "", err)
}

// run follows the changes until it is stopped or cannot go on.
func (c *nicWatchClient) run(ctx context.Context) {
	err := c.deliver(ctx) // what was there at first
	if err == nil {
		err = c.follow(ctx)
	}
	own := !c.closing.Load()
	if c.retired.Load() {
		err = errors.Join(err, c.removeAll(ctx))
	}
	c.end(own, netns.Path(c.cfg.NetNS), errors.Join(err, c.shut(), c.kernel.close()))
}

// follow applies notifications to the table. It returns an error, after close
// too.
func (c *nicWatchClient) follow(ctx context.Context) error {
	if err := c.setAlarm(); err != nil {
		return err
	}
	for {
		err := c.notices.Receive()
		if err == nil {
			err = c.apply()
		}
		if err != nil {
			err = c.repair(ctx, err)
		}
		if err == nil {
			err = c.deliver(ctx)
		}
		if err != nil {
			return err
		}
	}
}

// removeAll empties the table and sends the events of that.
func (c *nicWatchClient) removeAll(ctx context.Context) error {
	c.mu.Lock()
	c.table.clear()
	c.mu.Unlock()
	return c.deliver(ctx)
}

// fault is why the table might differ from the kernel's.
type fault uint8

const (
	faultFatal     fault = iota // notifications cannot be received
	faultOverrun                // the kernel dropped notifications
	faultMalformed              // a notification cannot be decoded
	faultAge                    // the table was not verified for Config.WatchVerify
)

// faultOf classifies an error of receiving or decoding.
func faultOf(err error) fault {
	switch {
	case errors.Is(err, nlconn.ErrOverrun):
		return faultOverrun
	case errors.Is(err, ErrMalformed):
		return faultMalformed
	case errors.Is(err, os.ErrDeadlineExceeded):
		return faultAge
	default:
		return faultFatal
	}
}

// repair reads the tables anew after the error cause. It returns cause where
// that does not help.
func (c *nicWatchClient) repair(ctx context.Context, cause error) error {
	fault := faultOf(cause)
	if fault == faultFatal {
		return cause
	}
	if err := c.resync(ctx); err != nil {
		return err
	}
	c.count(fault)
	if fault == faultAge {
		return c.setAlarm()
	}
	return nil
}

// count counts a fault, and the changes that a verification found.
func (c *nicWatchClient) count(f fault) {
	c.mu.Lock()
	defer c.mu.Unlock()
	switch f {
	case faultOverrun:
		c.stats.Overflows++
	case faultMalformed:
		c.stats.Malformed++
	case faultAge:
		c.stats.Verified++
		c.stats.Repaired += uint64(len(c.pending))
	case faultFatal: // ends the watch
	}
}

// setAlarm sets the time of the next verification.
func (c *nicWatchClient) setAlarm() error {
	if c.cfg.WatchVerify < 0 {
		return nil
	}
	return c.notices.SetReadDeadline(time.Now().Add(c.cfg.WatchVerify))
}

// resync makes the table that of the kernel. It first drops the queued
// notifications: they predate the dump, and after an overrun some are lost.
// Notifications that arrive during the dump describe what is in the dump
// already, or a later change; applied in their order, they end in the state of
// the kernel either way.
func (c *nicWatchClient) resync(ctx context.Context) error {
	for {
		if _, err := c.notices.Drain(); err != nil {
			return opError("drop notifications", "", err)
		}
		err := c.kernel.snapshot(ctx, &c.dumped)
		if err == nil {
			break
		}
		if !errors.Is(err, ErrInterrupted) {
			return err
		}
		select {
		case <-ctx.Done():
			return opError("read addresses", "", ctx.Err())
		case <-time.After(watchPause):
		}
	}
	c.replace()
	return nil
}

// apply brings the table up to date with the notifications received last.
func (c *nicWatchClient) apply() error {
	c.read = c.cfg.Now()
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.notices.Each(c)
}

// Link brings the table up to date with a notification about a link.
func (c *nicWatchClient) Link(raw *rtnl.Link, removed bool) {
	if removed {
		c.table.removeLink(int(raw.Index))
		return
	}
	c.kernel.links.fill(&c.link, raw)
	c.table.setLink(&c.link)
}

// Addr brings the table up to date with a notification about an address.
func (c *nicWatchClient) Addr(raw *rtnl.Addr, removed bool) {
	index := int(raw.Index)
	c.row.Link.Name = c.table.name(index)
	c.row.Addrs = c.row.Addrs[:0]
	c.kernel.add(&c.row, raw)
	switch {
	case len(c.row.Addrs) == 0: // of another family
	case removed:
		c.table.removeAddr(index, &c.row.Addrs[0])
	default:
		c.table.setAddr(index, &c.row.Addrs[0], c.read)
	}
}
