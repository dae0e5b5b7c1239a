package sysprobe

import (
	"context"
	"errors"
	"io/fs"
	"strconv"
	"time"

	"telegraf-sysprobe/sysprobe/internal/decode/ntinfo"
	"telegraf-sysprobe/sysprobe/internal/sys/ntapi"
)

// procsClient asks NtQuerySystemInformation, once for each snapshot.
type procsClient struct {
	unsupportedProcs

	shots *relay[Fields, *ProcSnapshot]
	now   func() time.Time
}

func newProcsClient(cfg Config) (*procsClient, error) {
	return &procsClient{shots: newRelay(func() func(Fields) (*ProcSnapshot, error) { return newNTReader(cfg.Now).read }), now: cfg.Now}, nil
}

// close waits for a snapshot that is being taken.
func (c *procsClient) close() error { return opError("close process table", "", c.shots.close()) }

// load has nothing to make ready.
func (c *procsClient) load(ctx context.Context) error {
	return opError("load process table", "", ctx.Err())
}

func (c *procsClient) backend() BackendStatus { return BackendStatus{Used: BackendNTAPI} }

func (c *procsClient) snapshot(ctx context.Context, dst *ProcSnapshot, want Fields) error {
	err := c.shots.with(ctx, want, func(s *ProcSnapshot) { *dst, *s = *s, *dst })
	if err != nil {
		*dst = ProcSnapshot{Procs: dst.Procs[:0]}
	}
	return opError("snapshot processes", "", err)
}

// lookup reads the whole table, which takes one call.
func (c *procsClient) lookup(ctx context.Context, pid int32, want Fields) (Proc, error) {
	if pid < 0 {
		return Proc{}, pidError("look up process", pid, fs.ErrInvalid)
	}
	var found Proc
	err := c.shots.with(ctx, want, func(s *ProcSnapshot) {
		if p := s.Find(pid); p != nil {
			found = *p
		}
	})
	if err == nil && found.Name == "" {
		err = ErrNoSuchProcess
	}
	return found, opError("look up process", strconv.Itoa(int(pid)), err)
}

// servicesMaxAge is how long the list of services is believed.
const servicesMaxAge = time.Minute

// ntReader reads the process table, and what it lacks.
type ntReader struct {
	now       func() time.Time
	processes ntapi.Processes
	table     ntTable
	// owners are the users of the processes of the snapshot before, by identity,
	// and next those of this one. One that cannot be read has the error.
	owners, next map[ProcID]owner
	services     serviceOrigins
	servicesRead time.Time
	missed       int // owners that this user must not see
}

// owner is who runs a process, or why that is not known.
type owner struct {
	name string
	err  error
}

func newNTReader(now func() time.Time) *ntReader {
	return &ntReader{now: now, table: ntTable{names: interner{}}, owners: map[ProcID]owner{}, next: map[ProcID]owner{}}
}

// read takes a snapshot.
func (r *ntReader) read(want Fields) (*ProcSnapshot, error) {
	taken := r.now()
	var err error
	if r.table.boot, err = ntapi.TimeOfDay(); err != nil {
		return nil, err
	}
	r.table.begin()
	if err := r.processes.Read(r.table.add); err != nil {
		return nil, err
	}
	if want&WantOrigin != 0 && (r.servicesRead.IsZero() || taken.Sub(r.servicesRead) >= servicesMaxAge) {
		r.servicesRead = taken
		r.services.set(r.table.boot.Now, ntapi.Services) //nolint:errcheck // the services of the minute before stay
	}
	clear(r.next)
	r.missed = 0
	r.table.fill(want, taken, func(p *Proc, raw *ntinfo.Process) { r.complete(p, raw, want) })
	r.owners, r.next = r.next, r.owners
	r.table.snap.Denied = r.missed
	return &r.table.snap, nil
}

// complete adds what the table lacks.
func (r *ntReader) complete(p *Proc, raw *ntinfo.Process, want Fields) {
	if want&WantOrigin != 0 {
		p.Origin = r.services.of(raw)
	}
	if want&WantStatus == 0 || p.KernelThread {
		return
	}
	o, known := r.owners[p.ID]
	if !known {
		o.name, o.err = ownerOf(raw.PID)
	}
	r.next[p.ID] = o
	p.Owner = o.name
	if errors.Is(o.err, ErrAccessDenied) {
		r.missed++
	}
}

// ownerOf returns who runs the process that has a PID.
func ownerOf(pid uint32) (string, error) {
	p, err := ntapi.Open(pid, ntapi.QueryRights)
	if err != nil {
		return "", err
	}
	defer p.Close() //nolint:errcheck // it was read only
	return p.Owner()
}
