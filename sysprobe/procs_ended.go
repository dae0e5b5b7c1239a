package sysprobe

import (
	"time"

	"telegraf-sysprobe/sysprobe/internal/decode/taskrec"
)

// EndedProcs is what processes did that no row of a sweep shows, because they
// ended: one process, or all of a kind that began and ended between two sweeps.
type EndedProcs struct {
	// ID is that of the one process; zero for the sums of a kind.
	ID ProcID
	// Seen says that a sweep into the same snapshot had a row of the process.
	// The counters are what it did since that row then, and else all it did.
	Seen bool
	// Count is the number of processes: 1 where there is an ID.
	Count uint64
	// KernelThread, UID (the real one) and Comm are as in Proc and its Status.
	KernelThread bool
	UID          uint32
	Comm         string
	// Name is the Name of the row, where there was one with this Comm, and Comm
	// elsewhere.
	Name string
	// CgroupID is as in ProcTask.
	CgroupID uint64

	UserTime, SystemTime                   time.Duration
	MinorFaults, MajorFaults               uint64
	VoluntarySwitches, InvoluntarySwitches uint64 // of all threads
	IO                                     ProcIO
}

// endedKind returns t as the package shows it.
func endedKind(t *taskrec.Total) EndedProcs {
	e := newEnded(&t.Kind, &t.Sums)
	e.Count = t.Count
	user, system := t.Sums.Split(0, 0)
	e.UserTime, e.SystemTime = time.Duration(user), time.Duration(system)
	return e
}

// endedProc returns what the process of f did beyond seen, which is nil where
// there is no row of it.
func endedProc(f *taskrec.Final, id ProcID, seen *seenProc) EndedProcs {
	e := newEnded(&f.Kind, &f.Sums)
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

// newEnded sets what all have, but for CPU time.
func newEnded(k *taskrec.Kind, s *taskrec.Sums) EndedProcs {
	comm := string(k.Comm())
	return EndedProcs{
		KernelThread: k.Flags&taskrec.FlagKernelThread != 0,
		UID:          k.UID, Comm: comm, Name: comm, CgroupID: k.Cgroup,
		MinorFaults: s.MinorFaults, MajorFaults: s.MajorFaults,
		VoluntarySwitches: s.VoluntarySwitches, InvoluntarySwitches: s.InvoluntarySwitches,
		IO: taskIO(s),
	}
}

// subtract takes away what was seen.
func (e *EndedProcs) subtract(seen *seenProc) {
	e.MinorFaults -= min(seen.minorFaults, e.MinorFaults)
	e.MajorFaults -= min(seen.majorFaults, e.MajorFaults)
	e.VoluntarySwitches -= min(seen.voluntary, e.VoluntarySwitches)
	e.InvoluntarySwitches -= min(seen.involuntary, e.InvoluntarySwitches)
	theirs := seen.io.all()
	for i, n := range e.IO.all() {
		n.value -= min(theirs[i].value, n.value)
	}
}

// seenProc is what has to be kept of a row to tell what its process did since.
type seenProc struct {
	comm, name               string
	user, system             time.Duration
	minorFaults, majorFaults uint64
	voluntary, involuntary   uint64
	io                       ProcIO
}

func seenOf(p *Proc) seenProc {
	return seenProc{
		comm: p.Comm, name: p.Name, user: p.UserTime, system: p.SystemTime,
		minorFaults: p.MinorFaults, majorFaults: p.MajorFaults,
		voluntary: p.Task.value.VoluntarySwitches, involuntary: p.Task.value.InvoluntarySwitches,
		io: p.IO.value,
	}
}

// all returns the counters.
func (io *ProcIO) all() [7]*Opt[uint64] {
	return [...]*Opt[uint64]{
		&io.ReadChars, &io.WriteChars, &io.ReadCalls, &io.WriteCalls,
		&io.ReadBytes, &io.WriteBytes, &io.CancelledWriteBytes,
	}
}

// departed remembers processes that sweeps have no row of any more, until their
// end is told: a process is freed only a moment after it left the table.
type departed struct {
	seen map[ProcID]departedProc
	// told has the processes whose end was told while a sweep, the last one or
	// that before, had a row of them.
	told map[ProcID]bool
}

type departedProc struct {
	seenProc
	at time.Time
}

// departedFor is how long an end is awaited: some kernels free memory in
// batches, 10 s late at most (CONFIG_RCU_LAZY).
const departedFor = time.Minute

// match returns what rows showed last of the process, or nil. After that it is
// not known any more.
func (d *departed) match(id ProcID, rows, old []Proc) *seenProc {
	p := findProc(rows, id)
	if p == nil {
		p = findProc(old, id)
	}
	if p != nil {
		d.told[id] = true
		seen := seenOf(p)
		return &seen
	}
	if p, known := d.seen[id]; known {
		delete(d.seen, id)
		return &p.seenProc
	}
	return nil
}

// findProc looks in rows sorted by PID.
func findProc(rows []Proc, id ProcID) *Proc {
	if p := findPID(rows, id.PID); p != nil && p.ID == id {
		return p
	}
	return nil
}

// update adds the processes of old that rows do not have and whose end was not
// told, and forgets those that are awaited for too long.
func (d *departed) update(rows, old []Proc, now time.Time) {
	for i := range old {
		p := &old[i]
		for len(rows) > 0 && rows[0].ID.PID < p.ID.PID {
			rows = rows[1:]
		}
		if len(rows) > 0 && rows[0].ID == p.ID {
			continue
		}
		if d.told[p.ID] {
			delete(d.told, p.ID)
			continue
		}
		d.seen[p.ID] = departedProc{seenOf(p), now}
	}
	for id, p := range d.seen {
		if now.Sub(p.at) > departedFor {
			delete(d.seen, id)
		}
	}
}
