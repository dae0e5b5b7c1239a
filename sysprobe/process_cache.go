package sysprobe

import (
	"context"
	"errors"
	"time"

	"telegraf-sysprobe/sysprobe/internal/cache"
)

// DetailCache keeps command lines and executables, which seldom change while a
// process lives. It reads both again when the process executes another program,
// and once a minute. Because a program can write a title over its command line, it
// also reads that again when the process ran since: one that did not run wrote
// nothing. If the exec ID of a process is not known ([ProcTask]), its details are
// read each time.
//
// Call Begin with each snapshot, then the methods with rows of that. It is not
// safe for concurrent use.
type DetailCache struct {
	procs    *Procs
	now      time.Time
	cmdlines *cache.Cache[program, detail[[]string]]
	exes     *cache.Cache[program, detail[ProcPath]]
}

// program is a process from one exec to the next.
type program struct {
	id     ProcID
	execID uint64
}

// activity changes whenever a process runs.
type activity struct {
	switches ProcSwitches
	cpu      time.Duration
}

// activityOf returns what p has done, and whether that is all it has: what is
// running does more.
func activityOf(p *Proc) (activity, bool) {
	return activity{p.Switches.Or(ProcSwitches{}), p.UserTime + p.SystemTime}, p.Switches.Known() && p.State != StateRunning
}

// programOf returns what p executes, and whether that is known.
func programOf(p *Proc) (program, bool) {
	task := p.Task.Ref()
	if task == nil {
		return program{id: p.ID}, !mayExec()
	}
	return program{p.ID, task.ExecID}, true
}

// detail is a fact, or why there is none.
type detail[T any] struct {
	value T
	err   error
	at    activity // of the process, when it was read
}

// detailMaxAge is how long a detail is believed.
const detailMaxAge = time.Minute

// NewDetailCache returns an empty cache of details that procs reads. It holds up
// to limit processes; the details of others are read each time.
func NewDetailCache(procs *Procs, limit int) *DetailCache {
	return &DetailCache{
		procs:    procs,
		cmdlines: cache.New[program, detail[[]string]](limit, detailMaxAge),
		exes:     cache.New[program, detail[ProcPath]](limit, detailMaxAge),
	}
}

// Begin sets the snapshot that the rows to come are of. It forgets the processes
// that are not in it.
func (c *DetailCache) Begin(s *ProcSnapshot) {
	c.now = s.Taken
	keepPrograms(c.cmdlines, s)
	keepPrograms(c.exes, s)
}

// keepPrograms forgets the details of programs that are not in s.
func keepPrograms[T any](c *cache.Cache[program, detail[T]], s *ProcSnapshot) {
	c.Keep(func(known program, _ detail[T]) bool {
		p := s.Find(known.id.PID)
		if p == nil {
			return false
		}
		now, ok := programOf(p)
		return ok && now == known
	})
}

// Len is how many processes are in the cache.
func (c *DetailCache) Len() int { return max(c.cmdlines.Len(), c.exes.Len()) }

// Cmdline is [Process.Cmdline] of p, with its errors, but for empty arguments at
// its end: a program leaves them where its title is shorter than what it wrote it
// over. That of a process without one, which may be in the middle of an exec, is
// read each time.
func (c *DetailCache) Cmdline(ctx context.Context, p *Proc) ([]string, error) {
	return lookUp(ctx, c, c.cmdlines, p, readTitle, isCmdlineFresh)
}

// readTitle reads a command line without what fills it up.
func readTitle(p *Process, ctx context.Context) ([]string, error) { //nolint:revive // as methods of Process
	arguments, err := p.Cmdline(ctx)
	for len(arguments) > 1 && arguments[len(arguments)-1] == "" {
		arguments = arguments[:len(arguments)-1]
	}
	return arguments, err
}

func isCmdlineFresh(d *detail[[]string], p *Proc) bool {
	now, rests := activityOf(p)
	return rests && d.at == now && (len(d.value) > 0 || d.err != nil)
}

// Exe is [Process.Exe] of p, with its errors.
func (c *DetailCache) Exe(ctx context.Context, p *Proc) (ProcPath, error) {
	return lookUp(ctx, c, c.exes, p, (*Process).Exe, func(*detail[ProcPath], *Proc) bool { return true })
}

// readFact is a method of Process.
type readFact[T any] func(*Process, context.Context) (T, error)

// lookUp returns a detail of p, and reads it if none is kept that is fresh. The
// error of a process that is gone, of a context that ended, or of a lack of
// descriptors or memory, is not kept.
func lookUp[T any](
	ctx context.Context, c *DetailCache, kept *cache.Cache[program, detail[T]], p *Proc, read readFact[T], isFresh func(*detail[T], *Proc) bool,
) (T, error) {
	key, known := programOf(p)
	if known {
		if d, ok := kept.Get(key, c.now); ok && isFresh(&d, p) {
			return d.value, d.err
		}
	}
	v, err := readDetail(ctx, c.procs, p.ID, read)
	if known && !errors.Is(err, ErrNoSuchProcess) && !isExhausted(err) && ctx.Err() == nil {
		at, _ := activityOf(p)
		kept.Put(key, detail[T]{v, err, at}, c.now)
	}
	return v, err
}

// readDetail opens a process for one question.
func readDetail[T any](ctx context.Context, procs *Procs, id ProcID, read readFact[T]) (T, error) {
	p, err := procs.OpenProcess(ctx, id)
	if err != nil {
		var zero T
		return zero, err
	}
	defer p.Close() //nolint:errcheck // it is open
	return read(p, ctx)
}
