package sysprobe

import "time"

// ProcRate is what one process did between two sweeps. All are absent in the
// first sweep that sees the process, and where a counter went backwards.
type ProcRate struct {
	// CPU is in percent of one processor; a process with four busy threads has
	// 400.
	CPU Opt[float64]
	// ReadBytes and WriteBytes are what reached a block device, in bytes a
	// second; they need [WantIO].
	ReadBytes, WriteBytes Opt[float64]
	// Faults are minor and major page faults a second.
	Faults Opt[float64]
	// Switches are voluntary and involuntary context switches a second; they
	// need [WantStatus].
	Switches Opt[float64]
}

// ProcRates compares each sweep with the one before. The zero value is ready.
// It is not safe for concurrent use.
type ProcRates struct {
	rates           []ProcRate
	last, spare     []procCounters // by PID
	taken           time.Time      // of last; zero before the first Update
	created, exited uint64
	shortLived      uint64
}

// procCounters is what has to be kept of a row to tell its rates later.
type procCounters struct {
	id                              ProcID
	cpu                             time.Duration
	faults                          uint64
	readBytes, writeBytes, switched Opt[uint64]
}

// Update returns one ProcRate for each row of s.Procs, in the same order. The
// slice is valid until the next Update. Rows are matched by identity, and time
// is taken from the monotonic clock.
func (r *ProcRates) Update(s *ProcSnapshot) []ProcRate {
	first := r.taken.IsZero()
	seconds := s.Taken.Sub(r.taken).Seconds()
	r.rates, r.spare = r.rates[:0], r.spare[:0]
	old, met := r.last, 0
	for i := range s.Procs {
		now := countersOf(&s.Procs[i])
		for len(old) > 0 && old[0].id.PID < now.id.PID {
			old = old[1:]
		}
		var rate ProcRate
		if len(old) > 0 && old[0].id == now.id {
			rate = now.since(&old[0], seconds)
			met++
		}
		r.rates = append(r.rates, rate)
		r.spare = append(r.spare, now)
	}
	if !first {
		short := neverSeen(s.Ended)
		r.shortLived += short
		r.created += uint64(len(r.spare)-met) + short
		r.exited += uint64(len(r.last)-met) + short
	}
	r.last, r.spare, r.taken = r.spare, r.last, s.Taken
	return r.rates
}

// neverSeen counts the processes that no sweep had a row of.
func neverSeen(ended []EndedProcs) (n uint64) {
	for i := range ended {
		if !ended[i].Seen {
			n += ended[i].Count
		}
	}
	return n
}

// Created and Exited count the processes that appeared and went between two
// sweeps, since the first one. What lived and died between two sweeps is among
// them with [WantEnded], and not seen without.
func (r *ProcRates) Created() uint64 { return r.created }

// Exited is documented at Created.
func (r *ProcRates) Exited() uint64 { return r.exited }

// ShortLived counts those of Created that no sweep has a row of.
func (r *ProcRates) ShortLived() uint64 { return r.shortLived }

func countersOf(p *Proc) procCounters {
	c := procCounters{id: p.ID, cpu: p.UserTime + p.SystemTime, faults: p.MinorFaults + p.MajorFaults}
	if io, known := p.IO.Get(); known {
		c.readBytes, c.writeBytes = io.ReadBytes, io.WriteBytes
	}
	if st, known := p.Status.Get(); known {
		voluntary, known1 := st.VoluntarySwitches.Get()
		involuntary, known2 := st.InvoluntarySwitches.Get()
		c.switched = Opt[uint64]{value: voluntary + involuntary, known: known1 && known2}
	}
	return c
}

// since returns the rates of c over the counters of the same process that many
// seconds ago.
func (c *procCounters) since(old *procCounters, seconds float64) ProcRate {
	return ProcRate{
		CPU:        rate(Some(c.cpu), Some(old.cpu), seconds*float64(time.Second)/100),
		ReadBytes:  rate(c.readBytes, old.readBytes, seconds),
		WriteBytes: rate(c.writeBytes, old.writeBytes, seconds),
		Faults:     rate(Some(c.faults), Some(old.faults), seconds),
		Switches:   rate(c.switched, old.switched, seconds),
	}
}

// rate returns how fast a counter grew; absent where that cannot be told.
func rate[T ~int64 | ~uint64](now, old Opt[T], elapsed float64) Opt[float64] {
	if !now.known || !old.known || now.value < old.value || elapsed <= 0 {
		return Opt[float64]{}
	}
	return Some(float64(now.value-old.value) / elapsed)
}
