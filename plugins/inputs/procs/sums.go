package procs

import (
	"time"

	"telegraf-sysprobe/plugins/internal/metric"
	"telegraf-sysprobe/sysprobe"
)

// sums are what processes have together.
type sums struct {
	counters counters // of all there ever were

	processes, threads int
	rss, vms           uint64
	split              memorySplit
	fds                sysprobe.Opt[uint64]
	fdUsage            sysprobe.Opt[float64] // the highest, in percent
	worked             time.Duration         // CPU time since the snapshot before
	oldest             uint64                // start of the oldest process, in ticks
}

// memorySplit are the parts of memory, in bytes.
type memorySplit struct{ anon, file, shmem, swap sysprobe.Opt[uint64] }

// splitOf returns what is known of the parts of p.
func splitOf(p *sysprobe.Proc) memorySplit {
	memory := p.Memory.Or(sysprobe.ProcMemory{})
	return memorySplit{memory.Anon, memory.File, memory.Shmem, p.Status.Or(sysprobe.ProcStatus{}).Swap}
}

// add adds what is known of other.
func (m *memorySplit) add(other memorySplit) {
	for _, part := range []struct{ sum, more *sysprobe.Opt[uint64] }{
		{&m.anon, &other.anon}, {&m.file, &other.file}, {&m.shmem, &other.shmem}, {&m.swap, &other.swap},
	} {
		if n, known := part.more.Get(); known {
			*part.sum = sysprobe.Some(part.sum.Or(0) + n)
		}
	}
}

// set sets the fields of the parts.
func (m *memorySplit) set(f metric.Fields) {
	metric.SetInt(f, "memory_anon", m.anon)
	metric.SetInt(f, "memory_file", m.file)
	metric.SetInt(f, "memory_shmem", m.shmem)
	metric.SetInt(f, "memory_swap", m.swap)
}

// empty forgets everything that is not a counter.
func (s *sums) empty() { *s = sums{counters: s.counters} }

// add adds a process, with what it did since the snapshot before.
func (s *sums) add(p *sysprobe.Proc, delta *counters) {
	s.addCounters(delta)
	if s.processes == 0 || p.ID.Start < s.oldest {
		s.oldest = p.ID.Start
	}
	s.processes++
	s.threads += int(p.Threads)
	s.rss += p.RSS
	s.vms += p.VMS
	s.split.add(splitOf(p))
	if usage, known := fdUsage(p).Get(); known {
		s.fdUsage = sysprobe.Some(max(usage, s.fdUsage.Or(0)))
	}
	if n, known := p.FDs.Get(); known {
		s.fds = sysprobe.Some(s.fds.Or(0) + uint64(n))
	}
}

// addCounters adds what was done since the snapshot before.
func (s *sums) addCounters(delta *counters) {
	s.counters.add(delta)
	s.worked += time.Duration(delta.value[counterUser] + delta.value[counterSystem])
}
