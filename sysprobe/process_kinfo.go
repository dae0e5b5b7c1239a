package sysprobe

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"sync"
	"syscall"
	"time"

	"telegraf-sysprobe/sysprobe/internal/decode/kinfo"
	"telegraf-sysprobe/sysprobe/internal/sys/sysctl"
)

// kinfoProcessClient is a process of FreeBSD, OpenBSD, NetBSD or macOS. Those have
// nothing that stays with a process, so that each method looks whether the PID is
// still that of the process with its start.
type kinfoProcessClient struct {
	unsupportedProcess

	id     ProcID
	table  *kinfoProcsClient
	kernel processKernel

	mu     sync.Mutex // guards what follows
	closed bool
	exit   Opt[ExitStatus] // of a child that was reaped
}

// processKernel is what a kernel does about one process. All take a PID.
type processKernel struct {
	awaitExit func(context.Context, int32) error
	reap      func(int32) (status uint32, reaped bool)
	kill      func(int32, syscall.Signal) error
	setNice   func(pid int32, nice int) error
	set       sysctl.Set
}

// openKinfo opens the process that has the PID, if accept returns true for it.
func (c *kinfoProcsClient) openKinfo(
	ctx context.Context, pid int32, kernel processKernel, accept func(ProcID) bool,
) (*kinfoProcessClient, error) {
	const op = "open process"
	p, err := c.lookup(ctx, pid, 0)
	var cause *OpError
	switch {
	case errors.As(err, &cause):
		return nil, pidError(op, pid, cause.Err)
	case err == nil && !accept(p.ID):
		return nil, pidError(op, pid, ErrNoSuchProcess)
	}
	return &kinfoProcessClient{id: p.ID, table: c, kernel: kernel}, err
}

// isSame reports whether two rows with the same PID are of one process: they started
// within a tick of each other, by which rounding can part them, or the start of one
// is not known.
func isSame(a, b ProcID) bool {
	if a.PID != b.PID || a.Start == StartUnknown || b.Start == StartUnknown {
		return a.PID == b.PID
	}
	return max(a.Start, b.Start)-min(a.Start, b.Start) <= 1
}

func (c *kinfoProcessClient) close() error {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.closed {
		return pidError("close process", c.id.PID, fs.ErrClosed)
	}
	c.closed = true
	return nil
}

// look returns the row of the process. It returns ErrNoSuchProcess once it is gone.
func (c *kinfoProcessClient) look(ctx context.Context) (Proc, error) {
	c.mu.Lock()
	closed := c.closed
	c.mu.Unlock()
	if closed {
		return Proc{}, fs.ErrClosed
	}
	if err := c.table.turn.take(ctx); err != nil {
		return Proc{}, err
	}
	defer c.table.turn.free()
	p, err := c.table.one(c.id.PID, WantStatus)
	if err == nil && !isSame(p.ID, c.id) {
		err = ErrNoSuchProcess
	}
	return p, err
}

func (c *kinfoProcessClient) state(ctx context.Context) (State, error) {
	p, err := c.look(ctx)
	return p.State, pidError("read state of process", c.id.PID, err)
}

func (c *kinfoProcessClient) cpuTimes(ctx context.Context) (ProcessCPUTimes, error) {
	taken := time.Now()
	p, err := c.look(ctx)
	if err == nil && p.State == StateZombie && c.table.usage != nil { // macOS, whose rows of zombies lack them
		err = ErrZombieProcess
	}
	var times ProcessCPUTimes
	if err == nil {
		times, err = p.cpuTimes(c.id, taken, ErrAccessDenied)
	}
	return times, pidError("read CPU times of process", c.id.PID, err)
}

func (c *kinfoProcessClient) isRunning(ctx context.Context) bool {
	_, err := c.look(ctx)
	return err == nil
}

// askKinfo answers a question about a living process in the turn of its table. The
// state of the process decides what an error means: the systems have many numbers
// for a process that is about to exit, that executes another program, or that this
// user must not look at.
func askKinfo[T any](ctx context.Context, c *kinfoProcessClient, op string, ask func() (T, error)) (T, error) {
	var none T
	p, err := c.look(ctx)
	if err == nil && p.State == StateZombie {
		err = ErrZombieProcess
	}
	if err != nil || p.KernelThread {
		return none, pidError(op, c.id.PID, err)
	}
	if err := c.table.turn.take(ctx); err != nil {
		return none, pidError(op, c.id.PID, err)
	}
	answer, err := ask()
	c.table.turn.free()
	if err == nil {
		return answer, nil
	}
	switch p, lookErr := c.look(ctx); {
	case lookErr != nil:
		err = lookErr
	case p.State == StateZombie:
		err = ErrZombieProcess
	case errors.Is(err, syscall.EINVAL), errors.Is(err, syscall.EIO), errors.Is(err, syscall.EFAULT):
		err = fmt.Errorf("%w: %w", ErrAccessDenied, err)
	}
	return none, pidError(op, c.id.PID, err)
}

func (c *kinfoProcessClient) cmdline(ctx context.Context) ([]string, error) {
	return askKinfo(ctx, c, "read command line of process", func() ([]string, error) { return c.table.table.Args(c.id.PID) })
}

func (c *kinfoProcessClient) environ(ctx context.Context) ([]string, error) {
	return askKinfo(ctx, c, "read environment of process", func() ([]string, error) { return c.table.table.Environ(c.id.PID) })
}

// exeBy reads the file that the process executes.
func (c *kinfoProcessClient) exeBy(ctx context.Context, read func(*sysctl.Processes, int32) (string, error)) (ProcPath, error) {
	return askKinfo(ctx, c, "read executable of process", func() (ProcPath, error) {
		path, err := read(c.table.table, c.id.PID)
		return ProcPath{Path: path}, err
	})
}

// threadsBy reads the threads, also of a zombie.
func (c *kinfoProcessClient) threadsBy(
	ctx context.Context, read func(*sysctl.Processes, int32) ([]kinfo.Thread, error),
) ([]Thread, error) {
	const op = "list threads of process"
	if _, err := c.look(ctx); err != nil {
		return nil, pidError(op, c.id.PID, err)
	}
	if err := c.table.turn.take(ctx); err != nil {
		return nil, pidError(op, c.id.PID, err)
	}
	defer c.table.turn.free()
	rows, err := read(c.table.table, c.id.PID)
	if err != nil {
		return nil, pidError(op, c.id.PID, err)
	}
	threads := make([]Thread, len(rows))
	for i := range rows {
		threads[i] = threadOfKinfo(&rows[i])
	}
	return threads, nil
}

// threadOfKinfo returns a thread of the table.
func threadOfKinfo(raw *kinfo.Thread) Thread {
	return Thread{
		TID: raw.TID, Name: string(raw.Name), State: stateOfKinfo(raw.State),
		UserTime: raw.UserTime.Or(0), SystemTime: raw.SystemTime.Or(0),
	}
}

func (c *kinfoProcessClient) parent(ctx context.Context) (Opt[ProcID], error) {
	const op = "read parent of process"
	p, err := c.look(ctx)
	if err != nil {
		return Opt[ProcID]{}, pidError(op, c.id.PID, err)
	}
	parent, err := c.table.lookup(ctx, p.PPID, 0)
	switch {
	case ctx.Err() != nil:
		return Opt[ProcID]{}, pidError(op, c.id.PID, ctx.Err())
	case err != nil:
		return Opt[ProcID]{}, nil //nolint:nilerr // the parent is gone by now
	case parent.ID.PID == c.id.PID: // the process is the first one
		return Opt[ProcID]{}, nil
	}
	return someIf(parent.ID, isChild(&p, &parent)), nil
}

func (c *kinfoProcessClient) children(ctx context.Context, recursive bool) ([]ProcID, error) {
	const op = "list children of process"
	if _, err := c.look(ctx); err != nil {
		return nil, pidError(op, c.id.PID, err)
	}
	var s ProcSnapshot
	if err := c.table.snapshot(ctx, &s, 0); err != nil {
		return nil, pidError(op, c.id.PID, errors.Unwrap(err))
	}
	p := s.Find(c.id.PID)
	if p == nil || !isSame(p.ID, c.id) {
		return nil, pidError(op, c.id.PID, ErrNoSuchProcess)
	}
	var ids []ProcID
	for _, child := range s.Children(nil, p, recursive) {
		ids = append(ids, child.ID)
	}
	return ids, nil
}

// The pauses between two looks at a zombie that another process has to reap, and at
// a process that the kernel does not let this user wait for.
const (
	kinfoFirstPause = 10 * time.Millisecond
	kinfoLastPause  = time.Second
)

func (c *kinfoProcessClient) wait(ctx context.Context) (Opt[ExitStatus], error) {
	return c.await(ctx, true)
}

// awaitEnd waits until the process has exited, and leaves it to its parent.
func (c *kinfoProcessClient) awaitEnd(ctx context.Context) error {
	_, err := c.await(ctx, false)
	return err
}

// await waits until the process is gone or, where it must not be reaped, dead.
func (c *kinfoProcessClient) await(ctx context.Context, reaps bool) (Opt[ExitStatus], error) {
	const op = "wait for process"
	heard := false // that it exited, after which FreeBSD says so at once every time
	for pause := kinfoFirstPause; ; pause = min(2*pause, kinfoLastPause) {
		exit, gone, err := c.lookOnce(ctx, reaps)
		if err != nil || gone {
			return exit, pidError(op, c.id.PID, err)
		}
		if !heard && c.kernel.awaitExit(ctx, c.id.PID) == nil {
			heard, pause = true, kinfoFirstPause
			continue
		}
		select {
		case <-ctx.Done():
			return Opt[ExitStatus]{}, pidError(op, c.id.PID, ctx.Err())
		case <-time.After(pause):
		}
	}
}

// lookOnce reports whether the process is gone or, where it must not be reaped,
// dead, and the status if this program has reaped it.
func (c *kinfoProcessClient) lookOnce(ctx context.Context, reaps bool) (exit Opt[ExitStatus], gone bool, err error) {
	p, err := c.look(ctx)
	if err == nil && p.State == StateZombie {
		if !reaps {
			return exit, true, nil
		}
		if status, reaped := c.kernel.reap(c.id.PID); reaped {
			c.mu.Lock()
			c.exit = Some(ExitStatus(status))
			c.mu.Unlock()
			err = ErrNoSuchProcess
		}
	}
	if !errors.Is(err, ErrNoSuchProcess) {
		return Opt[ExitStatus]{}, false, err
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.exit, true, nil
}
