package sysprobe

import (
	"cmp"
	"slices"
	"time"
)

// ProcRate is what one process used between two snapshots. All are absent in the
// first snapshot that has the process, and where a counter went backwards.
type ProcRate struct {
	// CPU is in percent of one processor; a process with four busy threads has
	// 400.
	CPU Opt[float64]
	// ReadBytes and WriteBytes are what reached a block device, in bytes a
	// second; they need [WantIO]. Writes that were cancelled did not, and are taken
	// off, down to 0: a process can cancel what another one wrote. Windows does not
	// count that apart: by BackendNTAPI they are what passed through read and write
	// calls.
	ReadBytes, WriteBytes Opt[float64]
	// Faults are minor and major page faults a second.
	Faults Opt[float64]
	// Switches are voluntary and involuntary context switches of all threads a
	// second; see [Proc] for what they need.
	Switches Opt[float64]
}

// ProcRates compares each snapshot with the one before. The zero value is ready.
// It is not safe for concurrent use.
type ProcRates struct {
	rates           []ProcRate
	last, spare     []procCounters // by PID
	taken           time.Time      // of last; zero before the first Update
	created, exited uint64
	shortLived      uint64
}

// procCounters is what has to be kept of a row to compute its rates later.
type procCounters struct {
	id                              ProcID
	cpu                             Opt[time.Duration]
	faults                          Opt[uint64]
	readBytes, writeBytes, switched Opt[uint64]
	cancelled                       uint64 // of writeBytes
}

// Update returns one ProcRate for each row of s.Procs, in the same order; who
// sorts the rows asks Of for the rate of each. The slice is valid until the next
// Update. Rows are matched by identity, and time is taken from the monotonic clock.
// Exited are the accounts of an [AccountingSnapshot], nil without.
func (r *ProcRates) Update(s *ProcSnapshot, exited []ExitedProcs) []ProcRate {
	first := r.taken.IsZero()
	seconds := s.Taken.Sub(r.taken).Seconds()
	r.rates, r.spare = r.rates[:0], r.spare[:0]
	met := 0
	for old, p := range MatchByID(r.last, s.Procs, (*procCounters).identity, (*Proc).identity) {
		if p == nil {
			continue
		}
		r.spare = append(r.spare, countersOf(p, s.Backend))
		if old == nil {
			r.rates = append(r.rates, ProcRate{})
			continue
		}
		r.rates = append(r.rates, r.spare[len(r.spare)-1].since(old, seconds))
		met++
	}
	if !first {
		short := neverSeen(exited)
		r.shortLived += short
		r.created += uint64(len(r.spare)-met) + short
		r.exited += uint64(len(r.last)-met) + short
	}
	r.last, r.spare, r.taken = r.spare, r.last, s.Taken
	return r.rates
}

// Of returns the rate of a process of the last Update, wherever its row is by now: a
// caller can sort the rows, or keep some. All facts are absent for a process that was
// not in that snapshot.
func (r *ProcRates) Of(id ProcID) ProcRate {
	i, found := slices.BinarySearchFunc(r.last, id.PID, func(c procCounters, pid int32) int { return cmp.Compare(c.id.PID, pid) })
	if !found || r.last[i].id != id {
		return ProcRate{}
	}
	return r.rates[i]
}

// neverSeen counts the processes that no snapshot had a row of.
func neverSeen(exited []ExitedProcs) (n uint64) {
	for i := range exited {
		if !exited[i].Seen {
			n += exited[i].Count
		}
	}
	return n
}

// Created counts the processes that appeared between two snapshots, since the
// first one. It includes those that started and exited between two snapshots only
// where Update gets the accounts of [Accounting].
func (r *ProcRates) Created() uint64 { return r.created }

// Exited counts the processes that went between two snapshots, since the first
// one, with the same exception as Created.
func (r *ProcRates) Exited() uint64 { return r.exited }

// ShortLived counts the processes of Created that no snapshot has a row of.
func (r *ProcRates) ShortLived() uint64 { return r.shortLived }

func (c *procCounters) identity() ProcID { return c.id }

func countersOf(p *Proc, backend Backend) procCounters {
	c := procCounters{
		id:     p.ID,
		cpu:    someIf(p.UserTime+p.SystemTime, !p.UsageHidden),
		faults: someIf(p.MinorFaults+p.MajorFaults, !p.UsageHidden),
	}
	if io := p.IO.Ref(); io != nil {
		c.readBytes, c.writeBytes, c.cancelled = io.ReadBytes, io.WriteBytes, io.CancelledWriteBytes.Or(0)
		if backend == BackendNTAPI {
			c.readBytes, c.writeBytes = io.ReadChars, io.WriteChars
		}
	}
	if switches, known := p.Switches.Get(); known {
		c.switched = Some(switches.Voluntary + switches.Involuntary)
	}
	return c
}

// since returns the rates of c over the counters of the same process that many
// seconds ago.
func (c *procCounters) since(old *procCounters, seconds float64) ProcRate {
	return ProcRate{
		CPU:        rate(c.cpu, old.cpu, seconds*float64(time.Second)/100),
		ReadBytes:  rate(c.readBytes, old.readBytes, seconds),
		WriteBytes: rate(c.written(old), old.writeBytes, seconds),
		Faults:     rate(c.faults, old.faults, seconds),
		Switches:   rate(c.switched, old.switched, seconds),
	}
}

// written returns how far writeBytes would be if what was cancelled since the old
// counters had not been written.
func (c *procCounters) written(old *procCounters) Opt[uint64] {
	now, before := c.writeBytes.Ref(), old.writeBytes.Ref()
	if now == nil || before == nil || *now < *before || c.cancelled < old.cancelled {
		return c.writeBytes
	}
	return Some(*now - min(*now-*before, c.cancelled-old.cancelled))
}

// rate returns how fast a counter grew; absent where that cannot be told.
func rate[T ~int64 | ~uint64](now, old Opt[T], elapsed float64) Opt[float64] {
	n, before := now.Ref(), old.Ref()
	if n == nil || before == nil || *n < *before || elapsed <= 0 {
		return Opt[float64]{}
	}
	return Some(float64(*n-*before) / elapsed)
}
