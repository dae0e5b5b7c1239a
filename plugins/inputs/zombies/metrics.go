package zombies

import (
	"slices"
	"time"

	"telegraf-sysprobe/plugins/internal/lineproto"
	"telegraf-sysprobe/plugins/internal/metric"
	"telegraf-sysprobe/plugins/internal/proctable"
	"telegraf-sysprobe/sysprobe"
)

// restTag is the parent_name and the rank of the row that sums up the parents
// without a row. No rank of a real row is a word.
const restTag = "other"

// unknownParent is the name of a parent that cannot be seen.
const unknownParent = "unknown"

// totals is the measurement zombies.
type totals struct {
	total, old                 int
	deadLeaders, malformed     int
	created, reaped, pidsInUse uint64
	pids                       sysprobe.Opt[sysprobe.PIDUse] // by the tightest limit
	oldest                     sysprobe.Opt[time.Duration]
	exhaustion                 sysprobe.Opt[float64] // s
	lost                       sysprobe.Opt[uint64]
}

// restRow sums up the parents that have no row of their own.
type restRow struct {
	parents, zombies, old int
	oldest                time.Duration
}

// zombieRow is a zombie to name.
type zombieRow struct {
	sysprobe.Zombie
	user   string
	tracer string // the name of the process that traces it, if any
}

// parentRow is a parent to name.
type parentRow struct {
	candidate
	place
	rank       int
	cmdline    string
	pids       sysprobe.Opt[sysprobe.PIDUse] // of its cgroup
	exhaustion sysprobe.Opt[float64]         // s
}

// place says which process a parent is, and where.
type place struct{ name, unit, container, pod string }

// series spells what distinguishes parents beside the rank.
func (p place) series(tagWith []string) string {
	series := p.name + "\n" + p.unit
	if slices.Contains(tagWith, "container") {
		series += "\n" + p.container
	}
	if slices.Contains(tagWith, "pod") {
		series += "\n" + p.pod
	}
	return series
}

// totalsFields returns the fields of zombies.
func totalsFields(t totals) (gauges, counters metric.Fields) {
	gauges = metric.Fields{"total": t.total, "total_old": t.old, "dead_leaders": t.deadLeaders, "malformed": t.malformed}
	if use, known := t.pids.Get(); known {
		gauges["pids_in_use"], gauges["pid_limit"], gauges["pid_limit_source"] = metric.Int(use.InUse), metric.Int(use.Limit), use.Source
	} else if t.pidsInUse > 0 { // no process at all: a system without zombies, whose processes are not counted
		gauges["pids_in_use"] = metric.Int(t.pidsInUse)
	}
	metric.SetSeconds(gauges, "oldest_age", t.oldest)
	metric.Set(gauges, "seconds_to_pid_exhaustion", t.exhaustion)
	counters = metric.Fields{"created": metric.Int(t.created), "reaped": metric.Int(t.reaped)}
	metric.SetInt(counters, "events_lost", t.lost)
	return gauges, counters
}

// parentFields returns the fields of a parent. A parent that is process 1 in its
// own PID namespace is an init: it has to reap orphans that it did not start.
func parentFields(p *parentRow) (gauges, counters metric.Fields) {
	gauges = metric.Fields{"parent_pid": p.ID.PID, "zombies": p.Count, "zombies_old": p.old}
	metric.SetSeconds(gauges, "oldest_age", sysprobe.Some(p.Oldest.Or(0)))
	if p.Proc != nil {
		gauges["parent_status"] = p.Proc.State.String()
		gauges["parent_status_code"] = int(p.Proc.State)
		if own, known := ownPID(p.Proc).Get(); known {
			metric.Bool(gauges, "parent_is_init", own == 1)
		}
	}
	if use, limited := p.pids.Get(); limited {
		gauges["pids_current"], gauges["pids_max"] = metric.Int(use.InUse), metric.Int(use.Limit)
	}
	metric.Set(gauges, "seconds_to_pids_max", p.exhaustion)
	metric.SetText(gauges, "parent_cmdline", p.cmdline)
	return gauges, metric.Fields{"created": metric.Int(p.Created), "reaped": metric.Int(p.Reaped)}
}

// restFields returns the fields of the parents without a row.
func restFields(r restRow) metric.Fields {
	return metric.Fields{"zombies": r.zombies, "zombies_old": r.old, "parents": r.parents, "oldest_age": r.oldest.Seconds()}
}

// maxZombieFields is how many fields a zombie can have: a map of them does not grow.
const maxZombieFields = 12

// zombieFields returns the fields of a zombie. A zombie that a signal ended has
// no exit code: 0 would read as success.
func zombieFields(d zombieRow) metric.Fields {
	gauges := make(metric.Fields, maxZombieFields)
	gauges["pid"], gauges["ppid"] = d.Proc.ID.PID, d.Proc.PPID
	if age, known := d.Age.Get(); known {
		gauges["age"] = age.Seconds()
		metric.Bool(gauges, "age_exact", d.Exact)
	}
	if exit, known := d.Proc.Exit.Get(); known {
		gauges["exit_signal"] = exit.Signal()
		metric.Bool(gauges, "core_dumped", exit.CoreDumped())
		if exit.Signal() == 0 {
			gauges["exit_code"] = exit.Code()
		}
	}
	if own, known := ownPID(d.Proc).Get(); known && own != d.Proc.ID.PID {
		gauges["namespace_pid"] = own
	}
	if tracer := tracerOf(d.Proc); tracer != 0 {
		gauges["tracer_pid"], gauges["tracer_name"] = tracer, d.tracer
	}
	return gauges
}

// ownPID is the PID that p has in its own namespace.
func ownPID(p *sysprobe.Proc) sysprobe.Opt[int32] { return p.Status.Or(sysprobe.ProcStatus{}).OwnPID }

// tracerOf is the PID of the process that traces p, and has to reap p before the
// parent can; 0 if there is none.
func tracerOf(p *sysprobe.Proc) int32 { return p.Status.Or(sysprobe.ProcStatus{}).Tracer.Or(0) }

// parentTag names a parent.
func parentTag(parent *sysprobe.Proc) string {
	if parent == nil {
		return unknownParent
	}
	return lineproto.Tag(proctable.TagName(parent.Name, parent.KernelThread))
}
