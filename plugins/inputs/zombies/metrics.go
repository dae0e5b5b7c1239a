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

// SoleWriter says that counters begin with the plugin, so that two of them
// cannot share a series. It returns the names of the tags that the plugin sets itself.
func (*Zombies) SoleWriter() []string {
	return []string{"container_tag", "event", "parent_name", "process_name", "rank", "unit", "user"}
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

// setTotals fills s with the fields of zombies.
func setTotals(s *metric.Series, t *totals) {
	g := &s.Gauges
	g.Put("total", metric.Int(t.total))
	g.Put("total_old", metric.Int(t.old))
	g.Put("dead_leaders", metric.Int(t.deadLeaders))
	g.Put("malformed", metric.Int(t.malformed))
	if use, known := t.pids.Get(); known {
		g.Put("pids_in_use", metric.Int(use.InUse))
		g.Put("pid_limit", metric.Int(use.Limit))
		g.Put("pid_limit_source", use.Source)
	} else if t.pidsInUse > 0 { // no process at all: a system without zombies, whose processes are not counted
		g.Put("pids_in_use", metric.Int(t.pidsInUse))
	}
	metric.SetSeconds(g, "oldest_age", t.oldest)
	metric.Set(g, "seconds_to_pid_exhaustion", t.exhaustion)
	s.Counters.Put("created", metric.Int(t.created))
	s.Counters.Put("reaped", metric.Int(t.reaped))
	metric.SetInt(&s.Counters, "events_lost", t.lost)
}

// setParent fills s with the fields of a parent. A parent that is process 1 in its own
// PID namespace is an init: it has to reap orphans that it did not start.
func setParent(s *metric.Series, p *parentRow) {
	g := &s.Gauges
	g.Put("parent_pid", metric.Int(p.ID.PID))
	g.Put("zombies", metric.Int(p.Count))
	g.Put("zombies_old", metric.Int(p.old))
	metric.SetSeconds(g, "oldest_age", sysprobe.Some(p.Oldest.Or(0)))
	if p.Proc != nil {
		g.Put("parent_status", p.Proc.State.String())
		g.Put("parent_status_code", metric.Int(p.Proc.State))
		if own, known := ownPID(p.Proc).Get(); known {
			metric.Bool(g, "parent_is_init", own == 1)
		}
	}
	if use, limited := p.pids.Get(); limited {
		g.Put("pids_current", metric.Int(use.InUse))
		g.Put("pids_max", metric.Int(use.Limit))
	}
	metric.Set(g, "seconds_to_pids_max", p.exhaustion)
	metric.SetText(g, "parent_cmdline", p.cmdline)
	s.Counters.Put("created", metric.Int(p.Created))
	s.Counters.Put("reaped", metric.Int(p.Reaped))
}

// setRest fills s with the fields of the parents without a row.
func setRest(s *metric.Series, r *restRow) {
	g := &s.Gauges
	g.Put("zombies", metric.Int(r.zombies))
	g.Put("zombies_old", metric.Int(r.old))
	g.Put("parents", metric.Int(r.parents))
	g.Put("oldest_age", r.oldest.Seconds())
}

// setZombie fills s with the fields of a zombie. A zombie that a signal ended has no
// exit code: 0 would read as success.
func setZombie(s *metric.Series, d *zombieRow) {
	g := &s.Gauges
	g.Put("pid", metric.Int(d.Proc.ID.PID))
	g.Put("ppid", metric.Int(d.Proc.PPID))
	if age, known := d.Age.Get(); known {
		g.Put("age", age.Seconds())
		metric.Bool(g, "age_exact", d.Exact)
	}
	if exit, known := d.Proc.Exit.Get(); known {
		g.Put("exit_signal", metric.Int(exit.Signal()))
		metric.Bool(g, "core_dumped", exit.CoreDumped())
		if exit.Signal() == 0 {
			g.Put("exit_code", metric.Int(exit.Code()))
		}
	}
	if own, known := ownPID(d.Proc).Get(); known && own != d.Proc.ID.PID {
		g.Put("namespace_pid", metric.Int(own))
	}
	if tracer := tracerOf(d.Proc); tracer != 0 {
		g.Put("tracer_pid", metric.Int(tracer))
		g.Put("tracer_name", d.tracer)
	}
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
