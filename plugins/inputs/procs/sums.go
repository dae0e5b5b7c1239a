package procs

import "telegraf-sysprobe/sysprobe"

// sums are what processes have together.
type sums struct {
	counters counters // of all there ever were

	count, threads int
	rss, vms       uint64
	fds            sysprobe.Opt[uint64]
	cpu            sysprobe.Opt[float64]
	oldest         uint64 // start of the oldest process, in ticks
}

// empty forgets everything that is not a counter.
func (s *sums) empty() { *s = sums{counters: s.counters} }

// add adds r, with its open files where those are asked for.
func (s *sums) add(r *row, fds bool) {
	s.counters.add(r.delta)
	if r.gone {
		return
	}
	if s.count == 0 || r.ID.Start < s.oldest {
		s.oldest = r.ID.Start
	}
	s.count++
	s.threads += int(r.Threads)
	s.rss += r.RSS
	s.vms += r.VMS
	if cpu, known := r.rate.CPU.Get(); known {
		s.cpu = sysprobe.Some(s.cpu.Or(0) + cpu)
	}
	if n, known := r.FDs.Get(); known && fds {
		s.fds = sysprobe.Some(s.fds.Or(0) + uint64(n))
	}
}
