package sysprobe

import (
	"context"
	"errors"
	"io/fs"
	"time"

	"telegraf-sysprobe/sysprobe/internal/abandon"
	"telegraf-sysprobe/sysprobe/internal/decode/procfs"
	"telegraf-sysprobe/sysprobe/internal/sys/pidfd"
	"telegraf-sysprobe/sysprobe/internal/sys/procdir"
)

func (c *processClient) read(ctx context.Context, dst *ProcessInfo, row Fields, facts ProcessFacts) error {
	r, ok := c.table.reads.Get().(*processRead)
	if !ok {
		r = new(processRead)
	}
	r.before, *dst = dst.Proc, ProcessInfo{}
	r.ctx, r.client, r.facts, r.sweep = ctx, c, facts, sweep{want: row}
	r.info.Taken = time.Now()
	if _, err := abandon.Call(ctx, r.call, nil); err != nil {
		if isGone(err) {
			err = ErrNoSuchProcess
		}
		return c.opError("read process", err) // a read that was left goes on with r
	}
	*dst = r.info
	buf := r.buf
	*r = processRead{}
	r.buf = buf
	c.table.reads.Put(r)
	return nil
}

// processRead is a Read under way, in one piece of memory that is used again.
type processRead struct {
	ctx    context.Context
	client *processClient
	facts  ProcessFacts
	before Proc // the row that was read before
	info   ProcessInfo
	buf    procdir.Buffer

	target // whose files have the facts: a thread's where the first one is dead
	reader procReader
	sweep  sweep
	failed error // why there is no answer at all
}

// call is fill, for abandon.Call.
func (r *processRead) call() (struct{}, error) {
	table := r.client.table
	r.target = target{Dir: r.client.dir, buf: &r.buf}
	r.reader = procReader{
		root: table.root, only: &r.client.dir, buf: &r.buf, pageSize: table.pageSize, self: table.self, origins: table.origins,
	}
	return struct{}{}, r.fill()
}

// fill reads all that is wanted.
func (r *processRead) fill() error {
	info := &r.info
	if client := r.client; r.before.ID == client.id { // it is asked again and again
		client.dir.KeepOpen(&r.buf, client.table.kept)
	}
	r.readByPID()
	st, err := r.reader.fillStat(&info.Proc, r.client.id.PID, &r.sweep) // it still has its PID
	if err != nil {
		return err
	}
	r.reader.fillRest(&info.Proc, &r.before, &st, &r.sweep)
	status := &r.reader.status
	info.PeakRSS, info.PeakVMS, info.HugeTLB = status.PeakResident, status.PeakSize, status.HugeTLB
	if info.LeaderDead {
		if thread, _, ok := r.liveThread(); ok {
			r.target = thread
		}
	}
	if r.facts&WantTerminal != 0 {
		path, found, err := r.client.table.terminal(&st)
		info.Terminal = someIf(path, found && err == nil)
		r.miss(err)
	}
	info.Cmdline = pose(r, WantCmdline, r.readCmdline)
	info.Exe = pose(r, WantExe, readExe)
	info.Cwd = pose(r, WantCwd, readCwd)
	info.Limits = pose(r, WantLimits, readLimits)
	info.Denied += r.sweep.denied
	info.Malformed += r.sweep.malformed
	if r.failed == nil {
		r.failed = r.sweep.exhausted
	}
	return r.failed
}

// readCmdline splits the command line that the name was made from, if there is one.
func (r *processRead) readCmdline(ctx context.Context, t target) ([]string, bool, error) {
	if b := r.reader.cmdline; len(b) > 0 {
		return procfs.SplitCmdline(b), true, nil
	}
	return readCmdline(ctx, t)
}

// readByPID makes the system calls that take a PID. Stat is to be read afterwards: a
// process that is there then had its PID all the time.
func (r *processRead) readByPID() {
	if !r.client.table.own {
		return
	}
	pid := r.client.id.PID
	if r.facts&WantAffinity != 0 {
		cpus, err := pidfd.Affinity(pid)
		r.info.Affinity = someIf(cpus, err == nil)
		r.miss(err)
	}
	if r.facts&WantIOPriority != 0 {
		priority, err := readIOPriority(pid)
		r.info.IOPriority = someIf(priority, err == nil)
		r.miss(err)
	}
}

// pose asks a question if a fact is wanted.
func pose[T any](r *processRead, fact ProcessFacts, f question[T]) Opt[T] {
	if r.facts&fact == 0 || r.failed != nil {
		return Opt[T]{}
	}
	v, found, err := f(r.ctx, r.target)
	if found && err == nil {
		return Some(v)
	}
	verdict, err := r.client.judge(r.ctx, r.target, err)
	switch err = verdict.error(err); {
	case err == nil:
		return Some(v) // it never had one
	case verdict == verdictGone, r.ctx.Err() != nil, errors.Is(err, fs.ErrClosed), isExhausted(err):
		r.failed = err
	default:
		r.miss(err)
	}
	return Opt[T]{}
}

// miss counts a fact that is absent because of err.
func (r *processRead) miss(err error) {
	switch {
	case errors.Is(err, ErrAccessDenied):
		r.info.Denied++
	case errors.Is(err, ErrMalformed):
		r.info.Malformed++
	}
}
