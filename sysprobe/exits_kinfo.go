package sysprobe

import (
	"context"
	"errors"
	"io/fs"
	"sync"
	"time"
)

// exitWatch hears when processes exit: a kqueue.Watch.
type exitWatch interface {
	// Add adds a living process. An error means that its exit is not heard.
	Add(pid int32) error
	// Next waits until processes exit. After Close it returns an error.
	Next(exited func(pid int32)) error
	Close() error
}

// kinfoExitsClient hears of the exits of the processes of FreeBSD, OpenBSD, NetBSD and
// macOS that were in the process table at the read before. Those that began later and
// exit before the next are not heard: to follow every fork would slow down each.
type kinfoExitsClient struct {
	now   func() time.Time
	table *kinfoProcsClient
	watch exitWatch
	done  chan struct{}

	mu      sync.Mutex // guards what follows
	closed  bool
	failed  error // of the watch
	watched map[int32]ProcID
	exited  map[int32]time.Time
	living  ProcSnapshot
}

var _ exitsBackend = (*kinfoExitsClient)(nil)

// newKinfoExitsClient returns the client that asks k which processes live.
func newKinfoExitsClient(cfg Config, k procKernel, open func() (exitWatch, error)) (*kinfoExitsClient, error) {
	const op = "open exits"
	table, err := newKinfoProcsClient(cfg, k)
	if err != nil {
		return nil, opError(op, "", errors.Unwrap(err))
	}
	watch, err := open()
	if err != nil {
		return nil, opError(op, "", err)
	}
	c := &kinfoExitsClient{
		now: cfg.Now, table: table, watch: watch, done: make(chan struct{}),
		watched: map[int32]ProcID{}, exited: map[int32]time.Time{},
	}
	if err := c.follow(); err != nil {
		return nil, opError(op, "", errors.Join(errors.Unwrap(err), watch.Close()))
	}
	go c.run()
	return c, nil
}

// run notes the exits until close.
func (c *kinfoExitsClient) run() {
	defer close(c.done)
	for {
		err := c.watch.Next(func(pid int32) {
			died := time.Now()
			c.mu.Lock()
			c.exited[pid] = died
			delete(c.watched, pid)
			c.mu.Unlock()
		})
		if err != nil {
			c.mu.Lock()
			c.failed = err
			c.mu.Unlock()
			return
		}
	}
}

// follow watches the processes that live and are not watched yet.
func (c *kinfoExitsClient) follow() error {
	if err := c.table.snapshot(context.Background(), &c.living, 0); err != nil {
		return err
	}
	for pid := range c.watched {
		if c.living.Find(pid) == nil {
			delete(c.watched, pid)
		}
	}
	for i := range c.living.Procs {
		p := &c.living.Procs[i]
		if before, is := c.watched[p.ID.PID]; p.State == StateZombie || is && before == p.ID {
			continue
		}
		// One that must not be watched is not tried again.
		c.watched[p.ID.PID] = p.ID
		_ = c.watch.Add(p.ID.PID) //nolint:errcheck // a zombie that was not watched has an age that is not exact
	}
	return nil
}

func (c *kinfoExitsClient) read(dst *ExitLog) error {
	const op = "read exits"
	c.mu.Lock()
	defer c.mu.Unlock()
	*dst = ExitLog{Exits: dst.Exits[:0]}
	if c.closed {
		return opError(op, "", fs.ErrClosed)
	}
	if c.failed != nil {
		return opError(op, "", c.failed)
	}
	if err := c.follow(); err != nil {
		return opError(op, "", errors.Unwrap(err))
	}
	now := time.Now()
	dst.Taken = c.now()
	dst.Uptime = max(0, dst.Taken.Sub(c.living.epoch))
	for pid, died := range c.exited {
		// The clock that counts from the epoch can be set, unlike the one between these.
		dst.Exits = append(dst.Exits, Exit{PID: pid, At: max(0, dst.Uptime-now.Sub(died))})
	}
	clear(c.exited)
	return nil
}

func (c *kinfoExitsClient) close() error {
	const op = "close exits"
	c.mu.Lock()
	closed := c.closed
	c.closed = true
	c.mu.Unlock()
	if closed {
		return opError(op, "", fs.ErrClosed)
	}
	err := c.watch.Close()
	<-c.done
	return opError(op, "", errors.Join(err, errors.Unwrap(c.table.close())))
}
