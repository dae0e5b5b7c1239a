package sysprobe

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"sync"

	"telegraf-sysprobe/sysprobe/internal/abandon"
	"telegraf-sysprobe/sysprobe/internal/decode/procfs"
	"telegraf-sysprobe/sysprobe/internal/sys/procdir"
)

// processClient is a process by its directory below proc(5). The kernel ties
// an open directory to the process: once that is gone, nothing is found in it.
type processClient struct {
	unsupportedProcess

	id    ProcID
	table *procsClient
	dir   procdir.Dir

	mu   sync.Mutex
	exit Opt[ExitStatus] // once the kernel has told it
}

const opOpenProcess = "open process"

// openPID opens whichever process has that PID.
func (c *procsClient) openPID(ctx context.Context, pid int32) (*processClient, error) {
	return c.openChecked(ctx, pid, (*processClient).adoptStart)
}

// openProcess opens one process.
func (c *procsClient) openProcess(ctx context.Context, id ProcID) (*processClient, error) {
	return c.openChecked(ctx, id.PID, func(p *processClient, st *procfs.Stat, buf *procdir.Buffer) bool {
		return p.adoptStart(st, buf) && p.id == id // another process has the PID otherwise
	})
}

// openChecked opens the process that has that PID if accept, which sets the
// identity, takes its stat.
func (c *procsClient) openChecked(
	ctx context.Context, pid int32, accept func(*processClient, *procfs.Stat, *procdir.Buffer) bool,
) (*processClient, error) {
	if pid < 0 {
		return nil, pidError(opOpenProcess, pid, fs.ErrInvalid)
	}
	p, err := abandon.Call(ctx, func() (*processClient, error) {
		buf := c.takeBuffer()
		defer c.buffers.Put(buf)
		dir, err := c.root.OpenDir(buf, pid)
		if err != nil {
			return nil, err
		}
		p := &processClient{id: ProcID{PID: pid}, table: c, dir: dir}
		st, err := dir.Stat(buf)
		if err == nil && !accept(p, &st, buf) {
			err = ErrNoSuchProcess
		}
		if err != nil {
			dir.Close() //nolint:errcheck // another error is on its way
			return nil, err
		}
		return p, nil
	}, func(p *processClient) { p.dir.Close() }) //nolint:errcheck // the caller has left
	if isGone(err) {
		err = ErrNoSuchProcess
	}
	return p, pidError(opOpenProcess, pid, err)
}

// adoptStart completes the identity of a process that was opened by PID. It
// refuses a thread: /proc has a directory for the ID of one too, though it does
// not list it.
func (c *processClient) adoptStart(st *procfs.Stat, buf *procdir.Buffer) bool {
	c.id.Start = st.Start
	b, err := c.dir.Read(buf, procdir.Status)
	if err != nil {
		return true // a tree may lack the file
	}
	status, err := procfs.DecodeStatus(b)
	return err != nil || status.Tgid == c.id.PID
}

// takeBuffer returns a buffer that no other call uses. The caller puts it back.
func (c *procsClient) takeBuffer() *procdir.Buffer {
	if buf, ok := c.buffers.Get().(*procdir.Buffer); ok {
		return buf
	}
	return new(procdir.Buffer)
}

func (c *processClient) close() error { return c.opError("close process", c.dir.Close()) }

// opError is opError with the PID for a target.
func (c *processClient) opError(op string, err error) error { return pidError(op, c.id.PID, err) }

// target is what one attempt to answer a question reads: the files of the
// process or, where its first thread alone is dead, those of one that lives.
type target struct {
	procdir.Dir

	buf      *procdir.Buffer
	isThread bool
}

// stat decodes the stat of the target. Its name is in the memory of the buffer.
func (t target) stat() (procfs.Stat, error) { return t.Stat(t.buf) }

// read reads a file that comes in one piece.
func (t target) read(file procdir.File) ([]byte, error) { return t.Read(t.buf, file) }

// readRecords reads a file that comes record by record, each of which can take
// the kernel long.
func (t target) readRecords(ctx context.Context, file procdir.File) ([]byte, error) {
	return t.ReadAll(t.buf, file, ctx.Err)
}

// liveThread returns a thread that is not dead, with its stat, if there is one.
func (t target) liveThread() (target, procfs.Stat, bool) {
	for st, err := range t.Threads(t.buf) {
		if err == nil && !isDead(&st) {
			return target{Dir: t.Thread(st.PID), buf: t.buf, isThread: true}, st, true
		}
	}
	return target{}, procfs.Stat{}, false
}

// isDead reports that a thread has exited, or gave back its memory in order to.
func isDead(st *procfs.Stat) bool {
	return stateOfLetter(st.State) == StateZombie ||
		st.Flags&procfs.FlagExiting != 0 && st.Flags&procfs.FlagKernelThread == 0 && st.VirtualSize == 0
}

// question is a function that reads a fact of a target. Found is false where the
// kernel had nothing, which can be the truth or a sign that the process is dead.
type question[T any] func(context.Context, target) (v T, found bool, err error)

// ask answers a question with the error of the operation, and returns when ctx
// is done even if the kernel does not.
func ask[T any](ctx context.Context, c *processClient, op string, f question[T]) (T, error) {
	v, err := abandon.Call(ctx, func() (T, error) { return resolve(ctx, c, f) }, nil)
	return v, c.opError(op, err)
}

// askAlive is ask for what a zombie has none of: the zero T and no error.
func askAlive[T any](ctx context.Context, c *processClient, op string, f question[T]) (T, error) {
	v, err := abandon.Call(ctx, func() (T, error) { return resolveAlive(ctx, c, f) }, nil)
	return v, c.opError(op, err)
}

// resolve calls f with the files of the process. Where f does not find anything
// there, the state of the process decides what that means; if its first thread
// alone is dead, f is called with the files of one that lives.
func resolve[T any](ctx context.Context, c *processClient, f question[T]) (T, error) {
	var zero T
	buf := c.table.takeBuffer()
	defer c.table.buffers.Put(buf)
	for t := (target{Dir: c.dir, buf: buf}); ; {
		v, found, err := f(ctx, t)
		if found && err == nil {
			return v, nil
		}
		verdict, err := c.judge(ctx, t, err)
		if verdict == verdictZombie && !t.isThread {
			if thread, _, ok := t.liveThread(); ok {
				t = thread
				continue
			}
		}
		return zero, verdict.error(err)
	}
}

// resolveAlive is resolve for what a zombie has none of.
func resolveAlive[T any](ctx context.Context, c *processClient, f question[T]) (T, error) {
	v, err := resolve(ctx, c, f)
	if errors.Is(err, ErrZombieProcess) {
		return v, nil
	}
	return v, err
}

// verdict is what it means that a fact could not be read.
type verdict uint8

const (
	verdictFailed      verdict = iota // the error says what happened
	verdictGone                       // the process was reaped
	verdictZombie                     // it is dead, and the kernel no longer has the fact
	verdictNone                       // it never had one
	verdictUnsupported                // this kernel has no such fact
)

// error returns the error to report for a verdict on err.
func (v verdict) error(err error) error {
	switch v {
	case verdictGone:
		return ErrNoSuchProcess
	case verdictZombie:
		return ErrZombieProcess
	case verdictNone:
		return nil
	case verdictUnsupported:
		return fmt.Errorf("%w: %w", ErrNotSupported, err)
	default:
		return err
	}
}

// judge looks at the state of the process, and returns what err of the target
// means; nil says that the kernel had nothing.
func (c *processClient) judge(ctx context.Context, t target, err error) (verdict, error) {
	if ctxErr := ctx.Err(); ctxErr != nil {
		return verdictFailed, ctxErr
	}
	if errors.Is(err, fs.ErrClosed) || isExhausted(err) { // which is not about the process
		return verdictFailed, err
	}
	st, statErr := c.dir.Stat(t.buf)
	if t.isThread && statErr == nil {
		if alive, err := t.stat(); err == nil {
			st = alive
		}
	}
	switch {
	case statErr == nil:
		return explain(err, &st), err
	case isGone(statErr):
		return verdictGone, statErr
	default:
		return verdictFailed, statErr
	}
}

// explain says what err means of a process, or a thread, with that stat; nil
// says that the kernel had nothing. The state decides before the errno: the
// kernel gives the files of a zombie to root, so that its owner is denied what no
// user could have; and ESRCH of a process that has no memory is no proof of
// death, since kernel threads never have any.
func explain(err error, st *procfs.Stat) verdict {
	switch {
	case stateOfLetter(st.State) == StateDead:
		return verdictGone
	case isDead(st):
		return verdictZombie
	case err == nil, st.Flags&procfs.FlagKernelThread != 0 && isGone(err):
		return verdictNone
	case errors.Is(err, fs.ErrNotExist):
		return verdictUnsupported
	default:
		return verdictFailed
	}
}
