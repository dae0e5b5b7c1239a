package taskrec

import "math/bits"

// Split returns the user and the system time of the process; see Sums.Split.
// What the kernel showed somebody else counts as shown too, unless that and what
// was shown here are together more than the process ran.
func (p *Process) Split(shownUser, shownSystem uint64) (user, system uint64) {
	return p.Sums.Split(p.Sums.shown(shownUser, shownSystem, p.ShownUserTime, p.ShownSystemTime))
}

// Split is that of Process.
func (f *Final) Split(shownUser, shownSystem uint64) (user, system uint64) {
	return f.Sums.Split(f.shown(shownUser, shownSystem, f.ShownUserTime, f.ShownSystemTime))
}

// shown returns what limits how time can be split.
func (s *Sums) shown(user, system, kernelUser, kernelSystem uint64) (shownUser, shownSystem uint64) {
	shownUser, shownSystem = max(user, kernelUser), max(system, kernelSystem)
	if user+system > 0 && shownUser+shownSystem > s.RunTime {
		return user, system
	}
	return shownUser, shownSystem
}

// Split returns the user and the system time of a process as proc(5) shows
// them, in nanoseconds: the time that the scheduler measured, divided as the
// samples of the tick are, so that neither part ever shrinks (cputime_adjust
// in kernel/sched/cputime.c). ShownUser and shownSystem are what was shown
// before; 0 where nothing was.
func (s *Sums) Split(shownUser, shownSystem uint64) (user, system uint64) {
	total := s.RunTime
	if shownUser+shownSystem >= total {
		return shownUser, shownSystem
	}
	system = max(share(s.SystemTime, s.UserTime, total), shownSystem)
	user = total - min(system, total)
	if user < shownUser {
		user = shownUser
		system = total - user
	}
	return user, system
}

// share returns total * part / (part + rest), and 0 or total where a part is 0.
func share(part, rest, total uint64) uint64 {
	switch {
	case part == 0:
		return 0
	case rest == 0:
		return total
	}
	hi, lo := bits.Mul64(part, total)
	if sum := part + rest; hi < sum {
		quotient, _ := bits.Div64(hi, lo, sum)
		return min(quotient, total)
	}
	return total
}
