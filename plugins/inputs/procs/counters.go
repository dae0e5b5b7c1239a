package procs

import "telegraf-sysprobe/sysprobe"

// The counters of a process that groups sum up.
const (
	counterUser = iota // ns
	counterSystem
	counterMinorFaults
	counterMajorFaults
	counterReadBytes
	counterWriteBytes
	counterDiskRead
	counterDiskWrite
	counterVoluntary
	counterInvoluntary
	numCounters
)

// counters are what only grows, as far as known.
type counters struct {
	value [numCounters]uint64
	known [numCounters]bool
}

// countersOf reads the counters of p, of the optional facts only those of want.
func countersOf(p *sysprobe.Proc, want sysprobe.Fields) counters {
	var c counters
	c.set(counterUser, sysprobe.Some(uint64(p.UserTime)))
	c.set(counterSystem, sysprobe.Some(uint64(p.SystemTime)))
	c.set(counterMinorFaults, sysprobe.Some(p.MinorFaults))
	c.set(counterMajorFaults, sysprobe.Some(p.MajorFaults))
	if io, known := p.IO.Get(); known && want&sysprobe.WantIO != 0 {
		c.set(counterReadBytes, io.ReadChars)
		c.set(counterWriteBytes, io.WriteChars)
		c.set(counterDiskRead, io.ReadBytes)
		c.set(counterDiskWrite, io.WriteBytes)
	}
	if status, known := p.Status.Get(); known && want&sysprobe.WantStatus != 0 {
		c.set(counterVoluntary, status.VoluntarySwitches)
		c.set(counterInvoluntary, status.InvoluntarySwitches)
	}
	return c
}

// set sets counter i.
func (c *counters) set(i int, value sysprobe.Opt[uint64]) { c.value[i], c.known[i] = value.Get() }

// get returns counter i.
func (c *counters) get(i int) sysprobe.Opt[uint64] {
	if !c.known[i] {
		return sysprobe.Opt[uint64]{}
	}
	return sysprobe.Some(c.value[i])
}

// add adds what of delta is known.
func (c *counters) add(delta *counters) {
	for i, known := range delta.known {
		if known {
			c.value[i] += delta.value[i]
			c.known[i] = true
		}
	}
}

// advance moves c to now and returns how far it went. What is unknown now
// stays as it was, and what runs backwards adds nothing.
func (c *counters) advance(now counters) counters {
	delta := now
	for i, known := range now.known {
		if known {
			delta.value[i] -= min(now.value[i], c.value[i])
			c.value[i] = now.value[i]
		}
	}
	return delta
}

// history remembers the counters of every process, so that sums over processes
// that come and go only grow. The zero value is ready.
type history struct {
	want           sysprobe.Fields // the optional facts to sum up
	members, spare []member
	deltas         []counters
}

// countersOf reads what is summed up of p. Where the switches of all threads are
// known, it is these: those of a process that ended are.
func (h *history) countersOf(p *sysprobe.Proc) counters {
	c := countersOf(p, h.want)
	if task, known := p.Task.Get(); known && h.want&sysprobe.WantStatus != 0 {
		c.set(counterVoluntary, sysprobe.Some(task.VoluntarySwitches))
		c.set(counterInvoluntary, sysprobe.Some(task.InvoluntarySwitches))
	}
	return c
}

// endedCounters reads what is summed up of processes that ended.
func (h *history) endedCounters(e *sysprobe.EndedProcs) counters {
	return h.countersOf(&sysprobe.Proc{
		UserTime: e.UserTime, SystemTime: e.SystemTime, MinorFaults: e.MinorFaults, MajorFaults: e.MajorFaults,
		IO: sysprobe.Some(e.IO),
		Task: sysprobe.Some(sysprobe.ProcTask{
			VoluntarySwitches: e.VoluntarySwitches, InvoluntarySwitches: e.InvoluntarySwitches,
		}),
	})
}

type member struct {
	id   sysprobe.ProcID
	seen counters
}

// update returns, in the order of s.Procs, what was added to the counters of
// each process since the last update; all of them where it is new. The slice
// is valid until the next update.
func (h *history) update(s *sysprobe.ProcSnapshot) []counters {
	next, deltas, old := h.spare[:0], h.deltas[:0], h.members
	for i := range s.Procs {
		p := &s.Procs[i]
		for len(old) > 0 && old[0].id.PID < p.ID.PID {
			old = old[1:]
		}
		m := member{id: p.ID}
		if len(old) > 0 && old[0].id == p.ID {
			m = old[0]
		}
		deltas = append(deltas, m.seen.advance(h.countersOf(p)))
		next = append(next, m)
	}
	h.spare, h.members, h.deltas = h.members, next, deltas
	return deltas
}
