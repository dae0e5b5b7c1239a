package sysprobe

import (
	"context"
	"errors"
	"os"
	"time"

	"telegraf-sysprobe/sysprobe/internal/sys/route"
)

// noticedNICWatchClient follows a routing socket of FreeBSD, OpenBSD, NetBSD or macOS
// (route(4)), or the callbacks of the IP helper of Windows. Whatever these say of
// interfaces and addresses, the tables are read anew, which takes one or two calls,
// and the differences are the events: a message is not the whole state of what it is
// about, and after a burst of them the kernel drops some.
type noticedNICWatchClient struct {
	nicFeed

	// What only the goroutine uses.
	notices nicNotices
	kernel  nicTables
}

// nicTables reads the tables of interfaces and addresses, as a NICAddrs does.
type nicTables interface {
	snapshot(ctx context.Context, dst *AddrSnapshot) error
	close() error
}

// nicNotices is a subscription to changes.
type nicNotices interface {
	// Await returns when interfaces or addresses might have changed: with
	// route.ErrOverrun if the kernel dropped messages, and os.ErrDeadlineExceeded
	// at the deadline. Any other error is the end of it.
	Await(deadline time.Time) error
	Close() error
}

// startNoticedNICWatch follows notices, which it then owns, and reads the tables of
// kernel. The goroutine outlives ctx.
func startNoticedNICWatch(
	ctx context.Context, cfg Config, choice NICChoice, notices nicNotices, kernel nicTables,
) (*noticedNICWatchClient, error) {
	c := &noticedNICWatchClient{notices: notices, kernel: kernel}
	c.begin(cfg, choice, notices.Close)
	if err := c.start(ctx, c.resync, c.run); err != nil {
		return nil, errors.Join(err, c.shut(), kernel.close())
	}
	return c, nil
}

// run follows the changes until it is stopped or cannot go on.
func (c *noticedNICWatchClient) run(ctx context.Context) {
	err := c.follow(ctx)
	own := !c.closing.Load()
	c.end(own, "", errors.Join(err, c.shut(), c.kernel.close()))
}

// follow sends what changes. It returns an error, after close too.
func (c *noticedNICWatchClient) follow(ctx context.Context) error {
	for {
		if err := c.deliver(ctx); err != nil {
			return err
		}
		var alarm time.Time
		if c.cfg.WatchVerify >= 0 {
			alarm = time.Now().Add(c.cfg.WatchVerify)
		}
		cause := c.notices.Await(alarm)
		verify, overrun := errors.Is(cause, os.ErrDeadlineExceeded), errors.Is(cause, route.ErrOverrun)
		if cause != nil && !verify && !overrun {
			return cause
		}
		if err := c.resync(ctx); err != nil {
			return err
		}
		c.mu.Lock()
		if overrun {
			c.stats.Overflows++
		}
		if verify {
			c.stats.Verified++
			c.stats.Repaired += uint64(len(c.pending))
		}
		c.mu.Unlock()
	}
}

// resync makes the table that of the kernel.
func (c *noticedNICWatchClient) resync(ctx context.Context) error {
	if err := c.kernel.snapshot(ctx, &c.dumped); err != nil {
		return err
	}
	c.mu.Lock()
	c.stats.Malformed += uint64(c.dumped.Malformed)
	c.mu.Unlock()
	c.replace()
	return nil
}
