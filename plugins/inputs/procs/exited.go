package procs

import (
	"strconv"

	"telegraf-sysprobe/plugins/internal/proctable"
	"telegraf-sysprobe/sysprobe"
)

// exited is a member: processes of one name, user and cgroup that exited since
// the snapshot before. Processes that exited before the first snapshot of this
// plugin are in none.
type exited struct {
	*sysprobe.ExitedProcs

	gather  *gather
	origin  *sysprobe.Origin
	delta   counters
	pattern int // index of the table of the option group_pattern, or none
}

// newExited returns the member that e stands for.
func newExited(g *gather, e *sysprobe.ExitedProcs) exited {
	return exited{
		ExitedProcs: e, gather: g, origin: g.machine.OriginOf(e.CgroupID), delta: countersOfExited(e, g.plan.summed), pattern: none,
	}
}

// user names the real user of the processes.
func (e *exited) user() string { return e.gather.machine.UserName(e.UID) }

// owner returns the name and the number of the real user.
func (e *exited) owner() (name, number string) {
	return e.user(), strconv.FormatUint(uint64(e.UID), 10)
}

// text implements member. The kernel keeps neither the file that a process
// executed nor its arguments.
func (e *exited) text(fact string) (string, bool) {
	switch fact {
	case "name":
		return e.Name, true
	case "process_name":
		return proctable.TagName(e.Name, e.KernelThread), true
	case "user":
		return e.user(), true
	case "uid":
		return strconv.FormatUint(uint64(e.UID), 10), true
	case "exe", "cmdline", "pid":
		return "", false
	case patternKey:
		return e.gather.plan.patternText(e.pattern)
	default:
		return originText(fact, e.origin)
	}
}

// addTo implements member. Of the rest of a sum nothing is in use any more.
func (e *exited) addTo(s *sums) { s.addCounters(&e.delta) }

// lives implements member.
func (*exited) lives() bool { return false }
