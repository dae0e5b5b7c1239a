package sysprobe

import (
	"errors"
	"time"
)

// DetailCache keeps command lines and executables, which seldom change while a
// process lives: they are read again when it executes another program, and
// once a minute, since a program can write a title over its command line and
// its file can be removed. A process whose exec ID is not known ([ProcTask]) is
// read each time.
//
// Call Begin with each snapshot, then the methods with rows of that. It is not
// safe for concurrent use.
type DetailCache struct {
	procs   *Procs
	limit   int
	now     time.Time
	entries map[ProcID]*details
}

// details are those of one process and program.
type details struct {
	execID  uint64
	cmdline detail[[]string]
	exe     detail[ProcPath]
}

// detail is a fact, or why there is none, since a time; zero means not read.
type detail[T any] struct {
	value T
	err   error
	read  time.Time
}

// detailMaxAge is how long a detail is believed.
const detailMaxAge = time.Minute

// NewDetailCache returns an empty cache of what procs tells. It holds up to
// limit processes; those beyond are read each time.
func NewDetailCache(procs *Procs, limit int) *DetailCache {
	return &DetailCache{procs: procs, limit: limit, entries: make(map[ProcID]*details)}
}

// Begin says which snapshot the rows to come are of. It forgets the processes
// that are not in it.
func (c *DetailCache) Begin(s *ProcSnapshot) {
	c.now = s.Taken
	for id := range c.entries {
		if p := s.Find(id.PID); p == nil || p.ID != id {
			delete(c.entries, id)
		}
	}
}

// Len is how many processes are in the cache.
func (c *DetailCache) Len() int { return len(c.entries) }

// Cmdline is [Process.Cmdline] of p, with its errors.
func (c *DetailCache) Cmdline(p *Proc) ([]string, error) {
	return lookUp(c, p, func(d *details) *detail[[]string] { return &d.cmdline }, (*Process).Cmdline)
}

// Exe is [Process.Exe] of p, with its errors.
func (c *DetailCache) Exe(p *Proc) (ProcPath, error) {
	return lookUp(c, p, func(d *details) *detail[ProcPath] { return &d.exe }, (*Process).Exe)
}

// lookUp returns the detail of p that slot chooses, and reads it where need be.
func lookUp[T any](c *DetailCache, p *Proc, slot func(*details) *detail[T], read func(*Process) (T, error)) (T, error) {
	var d *detail[T]
	if entry := c.entry(p); entry != nil {
		d = slot(entry)
		if age := c.now.Sub(d.read); !d.read.IsZero() && age >= 0 && age < detailMaxAge {
			return d.value, d.err
		}
	}
	v, err := readDetail(c.procs, p.ID, read)
	if d != nil && !errors.Is(err, ErrNoSuchProcess) {
		*d = detail[T]{value: v, err: err, read: c.now}
	}
	return v, err
}

// entry returns the place for details of p, or nil where there is none.
func (c *DetailCache) entry(p *Proc) *details {
	task, known := p.Task.Get()
	if !known {
		return nil
	}
	d := c.entries[p.ID]
	switch {
	case d != nil && d.execID == task.ExecID:
		return d
	case d == nil && len(c.entries) >= c.limit:
		return nil
	}
	d = &details{execID: task.ExecID}
	c.entries[p.ID] = d
	return d
}

// readDetail opens a process for one question.
func readDetail[T any](procs *Procs, id ProcID, read func(*Process) (T, error)) (T, error) {
	p, err := procs.OpenProcess(id)
	if err != nil {
		var zero T
		return zero, err
	}
	defer p.Close() //nolint:errcheck // it is open
	return read(p)
}
