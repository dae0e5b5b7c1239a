package sysprobe

import (
	"context"
	"errors"
	"io/fs"
	"os"
	"syscall"
	"time"

	"telegraf-sysprobe/sysprobe/internal/abandon"
	"telegraf-sysprobe/sysprobe/internal/sys/pidfd"
	"telegraf-sysprobe/sysprobe/internal/sys/procdir"
)

func (c *processClient) signal(sig os.Signal) error {
	err := c.send(sig)
	if err != nil && !errors.Is(err, syscall.EPERM) { // which is about the sender
		buf := c.table.takeBuffer()
		defer c.table.buffers.Put(buf)
		var v verdict
		v, err = c.judge(context.Background(), target{Dir: c.dir, buf: buf}, err)
		err = v.error(err)
	}
	return c.opError(opSignal, err)
}

// send sends a signal. An open directory of a process serves as a pidfd.
func (c *processClient) send(sig os.Signal) error {
	return c.dir.WithFD(func(fd int) error {
		number, isNumber := sig.(syscall.Signal)
		if !c.table.own || !isNumber {
			return ErrNotSupported
		}
		err := pidfd.Signal(fd, number)
		if !errors.Is(err, syscall.ENOSYS) { // before Linux 5.1
			return err
		}
		if _, err := c.dir.Stat(new(procdir.Buffer)); err != nil {
			return err
		}
		return pidfd.Kill(c.id.PID, number)
	})
}

// The pauses between two looks at what the kernel does not signal.
const (
	firstPause  = 10 * time.Millisecond
	zombiePause = 100 * time.Millisecond // Linux 6.9 and later signal that it is reaped
	lastPause   = time.Second
)

func (c *processClient) wait(ctx context.Context) (Opt[ExitStatus], error) { return c.await(ctx, true) }

// awaitEnd waits until the process has exited.
func (c *processClient) awaitEnd(ctx context.Context) error {
	_, err := c.await(ctx, false)
	return err
}

// await waits until the process is dead and, if untilReaped and it is no child of this
// program, until its parent has reaped it.
func (c *processClient) await(ctx context.Context, untilReaped bool) (exit Opt[ExitStatus], err error) {
	if c.dir.IsKernel() { // which returns the stat of a process without a wait
		exit, err = c.awaitExit(ctx, untilReaped)
	} else {
		exit, err = abandon.Call(ctx, func() (Opt[ExitStatus], error) { return c.awaitExit(ctx, untilReaped) }, nil)
	}
	return exit, c.opError("wait for process", err)
}

// awaitExit is await, as long as the kernel takes. It returns the status if the kernel
// has told it.
func (c *processClient) awaitExit(ctx context.Context, untilReaped bool) (Opt[ExitStatus], error) {
	err := c.waitUntilGone(ctx, untilReaped)
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.exit, err
}

// waitUntilGone sleeps on a pidfd. Without one it looks again and again: the
// process can be gone, have another PID here, or the kernel no pidfds.
func (c *processClient) waitUntilGone(ctx context.Context, untilReaped bool) error {
	if !c.table.own {
		return c.waitByClock(ctx, untilReaped)
	}
	fd, err := pidfd.Open(c.id.PID)
	switch {
	case isExhausted(err):
		return err
	case err != nil:
		return c.waitByClock(ctx, untilReaped)
	}
	defer fd.Close()                                           //nolint:errcheck // nothing was written
	if _, err := c.dir.Stat(new(procdir.Buffer)); err != nil { // the pidfd can be of another process
		return c.waitByClock(ctx, untilReaped)
	}
	err = c.waitByPidfd(ctx, fd, untilReaped)
	if errors.Is(err, os.ErrNoDeadline) {
		return c.waitByClock(ctx, untilReaped)
	}
	return err
}

// waitByPidfd sleeps until the kernel signals through the pidfd: when the
// process has exited and, since Linux 6.9, when it was reaped.
func (c *processClient) waitByPidfd(ctx context.Context, fd *pidfd.FD, untilReaped bool) error {
	stop := context.AfterFunc(ctx, fd.Interrupt)
	defer stop()
	var state waitState
	for pause := zombiePause; ; pause = min(2*pause, lastPause) {
		var deadline time.Time
		if state == waitZombie {
			deadline = time.Now().Add(pause)
		}
		var lookErr error
		err := fd.Await(deadline, func() bool {
			before := state
			// The deadline can have been set after the context's interrupt.
			if lookErr = ctx.Err(); lookErr == nil {
				state, lookErr = c.look(untilReaped, fd.Peek)
			}
			return lookErr != nil || state == waitGone || state != before
		})
		switch {
		case lookErr != nil:
			return lookErr
		case state == waitGone:
			c.learnExit(fd)
			return nil
		case err != nil && !errors.Is(err, os.ErrDeadlineExceeded):
			return err
		}
	}
}

// learnExit keeps the status of a process that was reaped, if the kernel still tells
// it.
func (c *processClient) learnExit(fd *pidfd.FD) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.exit.Known() {
		return
	}
	if status, err := fd.Exit(); err == nil {
		c.exit = Some(ExitStatus(status))
	}
}

// waitByClock looks again and again.
func (c *processClient) waitByClock(ctx context.Context, untilReaped bool) error {
	for pause := firstPause; ; pause = min(2*pause, lastPause) {
		state, err := c.look(untilReaped, func() (uint32, error) { return pidfd.Peek(c.id.PID) })
		if err != nil || state == waitGone {
			return err
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-time.After(pause):
		}
	}
}

// waitState is how far a process is that Wait waits for.
type waitState uint8

const (
	waitAlive  waitState = iota
	waitZombie           // and another process has to reap it
	waitGone
)

// look says how far the process is. A dead child of this program counts as gone: its
// status is kept, by peek, and whoever started it will reap it. Any other dead one
// counts as gone unless untilReaped.
func (c *processClient) look(untilReaped bool, peek func() (uint32, error)) (waitState, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	st, err := c.dir.Stat(new(procdir.Buffer))
	switch {
	case errors.Is(err, fs.ErrClosed):
		return waitAlive, err
	case c.exit.Known(), isGone(err):
		return waitGone, nil
	case err != nil:
		return waitAlive, err
	case stateOfLetter(st.State) != StateZombie || st.Threads > 1:
		return waitAlive, nil
	case !untilReaped:
		return waitGone, nil
	}
	if !c.table.own {
		return waitZombie, nil
	}
	status, err := peek()
	switch {
	case errors.Is(err, syscall.ECHILD):
		return waitZombie, nil
	case err != nil:
		return waitZombie, err
	}
	c.exit = Some(ExitStatus(status))
	return waitGone, nil
}
