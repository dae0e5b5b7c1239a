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
func splitOf(p *sysprobe.Proc) (m memorySplit) {
	if memory := p.Memory.Ref(); memory != nil {
		m.anon, m.file, m.shmem = memory.Anon, memory.File, memory.Shmem
	}
	if status := p.Status.Ref(); status != nil {
		m.swap = status.Swap
	}
	return m
}

// add adds what is known of other.
func (m *memorySplit) add(other *memorySplit) {
	addKnown(&m.anon, other.anon)
	addKnown(&m.file, other.file)
	addKnown(&m.shmem, other.shmem)
	addKnown(&m.swap, other.swap)
}

// addKnown adds more to sum, if it is known.
func addKnown[T uint32 | uint64](sum *sysprobe.Opt[uint64], more sysprobe.Opt[T]) {
	if n, known := more.Get(); known {
		*sum = sysprobe.Some(sum.Or(0) + uint64(n))
	}
}

// set sets the fields of the parts.
func (m *memorySplit) set(f *metric.Fields) {
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
	split := splitOf(p)
	s.split.add(&split)
	if usage, known := fdUsage(p).Get(); known {
		s.fdUsage = sysprobe.Some(max(usage, s.fdUsage.Or(0)))
	}
	addKnown(&s.fds, p.FDs)
}

// addCounters adds what was done since the snapshot before.
func (s *sums) addCounters(delta *counters) {
	s.counters.add(delta)
	s.worked += time.Duration(delta.value[counterUser] + delta.value[counterSystem])
}
