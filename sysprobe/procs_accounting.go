package sysprobe

import (
	"context"
	"time"

	"telegraf-sysprobe/sysprobe/internal/decode/taskrec"
)

// Accounting takes snapshots of the process table together with the accounts of
// the processes that exited between two of them: the counters of the rows grew
// by a part of what was used, and the accounts are the rest. It is safe for
// concurrent use.
//
// # Two sources of exits
//
// [Exits] and Accounting know different things of an exit:
//
//	           Exits                            Accounting
//	source     proc connector (netlink)         BPF program at sched_process_free
//	has        moment and wait status           user, name, cgroup and counters of
//	           of each exit                     what the process used
//	when       the process becomes a zombie     the process is freed: it was reaped,
//	                                            and some 10 ms passed
//	of         each process, by PID             each process that a snapshot might
//	                                            have seen; the others as sums of a
//	                                            kind
//	needs      initial namespaces; before       CAP_BPF and CAP_PERFMON, the PID
//	           Linux 6.6 CAP_NET_ADMIN          namespace of the machine
//	answers    since when is it a zombie,       what used the machine and is gone
//	           and why
//
// A process that exits is first in an [ExitLog], then a zombie in snapshots until
// it is reaped, and at last in [AccountingSnapshot].Exited.
type Accounting struct {
	client *accountingClient
}

// OpenAccounting begins to keep accounts of the processes that exit. It loads the
// BPF backend if need be; see [Procs.Load]. Memory for 16,384 processes that exit
// between two snapshots and 4,096 kinds of processes is in the kernel: 5 MB.
//
// It returns an error that wraps [ErrNotSupported] where the backend is not BPF,
// with Config.OnlyDead, or where the PID namespace is not that of the machine, [ErrAccessDenied] where
// privileges are missing, and the error of ctx where that ends first.
func (p *Procs) OpenAccounting(ctx context.Context) (*Accounting, error) {
	client, err := p.client.openAccounting(ctx)
	if err != nil {
		return nil, err
	}
	return &Accounting{client: client}, nil
}

// Snapshot is [Procs.Snapshot], and takes the accounts of the processes that
// exited since the last one. The result is valid until the next call; its memory
// is that of the Accounting.
//
// It returns an error where there is no table at all, or where ctx ends first;
// the accounts are then in the next one.
func (a *Accounting) Snapshot(ctx context.Context, want Fields) (*AccountingSnapshot, error) {
	return a.client.snapshot(ctx, want)
}

// Close ends the accounting. It does not close the Procs. A second Close returns
// an error that wraps fs.ErrClosed.
func (a *Accounting) Close() error { return a.client.close() }

// AccountingSnapshot is the process table and the accounts of processes that
// exited since the snapshot before.
type AccountingSnapshot struct {
	ProcSnapshot

	// Exited is what processes used that exited since the snapshot before, and
	// that neither its rows nor these show: the growth of the counters of rows
	// plus Exited is all that was used. A process is there once the kernel has
	// freed it, which can be one snapshot late.
	Exited []ExitedProcs
	// ExitedErr is why Exited is missing in this snapshot; nil otherwise.
	ExitedErr error
	// ExitedLost counts processes that are missing in Exited because the kernel
	// had no room for their accounts.
	ExitedLost uint64
}

// accountingOpener is what the client of a process table implements.
type accountingOpener interface {
	openAccounting(ctx context.Context) (*accountingClient, error)
}

var _ accountingOpener = unsupportedProcs{}

func (unsupportedProcs) openAccounting(context.Context) (*accountingClient, error) {
	return nil, opError("open accounting", "", ErrNotSupported)
}

// accountingBackend is what the client of each system implements.
type accountingBackend interface {
	snapshot(ctx context.Context, want Fields) (*AccountingSnapshot, error)
	close() error
}

// unsupportedAccounting is the client of a system without process accounting.
type unsupportedAccounting struct{}

var _ accountingBackend = unsupportedAccounting{}

func (unsupportedAccounting) snapshot(context.Context, Fields) (*AccountingSnapshot, error) {
	return nil, opError("snapshot processes and accounts", "", ErrNotSupported)
}

func (unsupportedAccounting) close() error {
	return opError("close accounting", "", ErrNotSupported)
}

// ExitedProcs is what processes used that no row shows, because they exited: one
// process, or all of a kind that started and exited between two snapshots.
type ExitedProcs struct {
	// ID is that of the one process; zero for the sums of a kind.
	ID ProcID
	// Seen says that a snapshot of the same Accounting had a row of the process.
	// The counters are then what it used since that row, and otherwise all that
	// it used.
	Seen bool
	// Count is the number of processes: 1 where there is an ID.
	Count uint64
	// KernelThread, UID (the real one) and Comm are as in Proc and its Status.
	KernelThread bool
	UID          uint32
	Comm         string
	// Name is the Name of the row, where there was one with this Comm. Elsewhere it
	// is Comm, or the name of which Comm is the beginning, if one program in the same
	// cgroup and of the same user has such a name and ran in the last 10 minutes; that
	// needs [WantName], and WantStatus for the user.
	Name string
	// CgroupID is as in ProcTask.
	CgroupID uint64

	UserTime, SystemTime                   time.Duration
	MinorFaults, MajorFaults               uint64
	VoluntarySwitches, InvoluntarySwitches uint64 // of all threads
	IO                                     ProcIO
}

// exitedKind returns the sums of a kind of processes.
func exitedKind(t *taskrec.Total) ExitedProcs {
	e := newExited(&t.Kind, &t.Sums)
	e.Count = t.Count
	user, system := t.Sums.Split(0, 0)
	e.UserTime, e.SystemTime = time.Duration(user), time.Duration(system)
	return e
}

// exitedProc returns what the process of f used beyond its last row, seen, which
// is nil where there was none.
func exitedProc(f *taskrec.Final, id ProcID, seen *seenProc) ExitedProcs {
	e := newExited(&f.Kind, &f.Sums)
	e.ID, e.Count = id, 1
	if seen == nil {
		seen = &seenProc{}
	} else {
		e.Seen = true
		e.subtract(seen)
		if seen.comm == e.Comm {
			e.Name = seen.name
		}
	}
	user, system := f.Split(uint64(seen.user), uint64(seen.system))
	e.UserTime, e.SystemTime = time.Duration(user)-seen.user, time.Duration(system)-seen.system
	return e
}

// newExited sets what both have, except for CPU time.
func newExited(k *taskrec.Kind, s *taskrec.Sums) ExitedProcs {
	comm := string(k.Comm())
	e := ExitedProcs{
		KernelThread: k.Flags&taskrec.FlagKernelThread != 0,
		UID:          k.UID, Comm: comm, Name: comm, CgroupID: k.Cgroup,
		MinorFaults: s.MinorFaults, MajorFaults: s.MajorFaults,
		VoluntarySwitches: s.VoluntarySwitches, InvoluntarySwitches: s.InvoluntarySwitches,
	}
	e.IO.setTask(s)
	return e
}

// subtract subtracts the counters of the last row.
func (e *ExitedProcs) subtract(seen *seenProc) {
	e.MinorFaults -= min(seen.minorFaults, e.MinorFaults)
	e.MajorFaults -= min(seen.majorFaults, e.MajorFaults)
	e.VoluntarySwitches -= min(seen.voluntary, e.VoluntarySwitches)
	e.InvoluntarySwitches -= min(seen.involuntary, e.InvoluntarySwitches)
	theirs := seen.io.all()
	for i, n := range e.IO.all() {
		if n := n.Ref(); n != nil {
			*n -= min(theirs[i].Or(0), *n)
		}
	}
}

// seenProc is what has to be kept of the last row of a process, to subtract it
// from the account of the process.
type seenProc struct {
	comm, name               string
	user, system             time.Duration
	minorFaults, majorFaults uint64
	voluntary, involuntary   uint64
	io                       ProcIO
}

func seenOf(p *Proc) seenProc {
	switches, _ := p.Switches.Get() // in every row made by BPF, as is what follows
	io, _ := p.IO.Get()
	return seenProc{
		comm: p.Comm, name: p.Name, user: p.UserTime, system: p.SystemTime,
		minorFaults: p.MinorFaults, majorFaults: p.MajorFaults,
		voluntary: switches.Voluntary, involuntary: switches.Involuntary,
		io: io,
	}
}

// departed remembers the last rows of processes that left the process table,
// until the kernel frees them and their accounts come; see taskiter.Exits for the
// life of an exited process.
type departed struct {
	// rows are of processes whose accounts are awaited.
	rows map[ProcID]departedRow
	// settled are the processes whose account came while the last snapshot, or
	// the one before it, had a row of them: nothing is awaited once they leave.
	settled map[ProcID]bool
}

type departedRow struct {
	seenProc
	at time.Time
}

// departedFor is how long an account is awaited: some kernels free memory in
// batches, 10 s late at most (CONFIG_RCU_LAZY).
const departedFor = time.Minute

func newDeparted() departed {
	return departed{rows: map[ProcID]departedRow{}, settled: map[ProcID]bool{}}
}

// settle returns the last row of the process whose account came, in the rows of
// the last snapshot or the one before, or among those that left; nil where there
// was none.
func (d *departed) settle(id ProcID, rows, old []Proc) *seenProc {
	p := findProc(rows, id)
	if p == nil {
		p = findProc(old, id)
	}
	if p != nil {
		d.settled[id] = true
		seen := seenOf(p)
		return &seen
	}
	if p, known := d.rows[id]; known {
		delete(d.rows, id)
		return &p.seenProc
	}
	return nil
}

// update remembers the rows of old that have none in rows and whose account did
// not come, and forgets those whose account is awaited for too long.
func (d *departed) update(rows, old []Proc, now time.Time) {
	for p, still := range MatchByID(old, rows, (*Proc).identity, (*Proc).identity) {
		switch {
		case p == nil || still != nil:
		case d.settled[p.ID]:
			delete(d.settled, p.ID)
		default:
			d.rows[p.ID] = departedRow{seenOf(p), now}
		}
	}
	for id, p := range d.rows {
		if now.Sub(p.at) > departedFor {
			delete(d.rows, id)
		}
	}
}
