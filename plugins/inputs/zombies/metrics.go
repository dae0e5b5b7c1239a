package zombies

import (
	"cmp"
	"math"
	"slices"
	"strconv"
	"time"

	"github.com/influxdata/telegraf"

	"telegraf-sysprobe/plugins/internal/lineproto"
	"telegraf-sysprobe/plugins/internal/proctable"
	"telegraf-sysprobe/sysprobe"
)

// restTag is the parent_name and the rank of the row that sums up the parents
// without a row. No rank of a real row is a word.
const restTag = "other"

// unknownParent is the name of a parent that is not to be seen.
const unknownParent = "unknown"

// totals is the measurement zombies.
type totals struct {
	count, deadLeaders, malformed int
	created, reaped, pidsInUse    uint64
	pids                          sysprobe.Opt[sysprobe.PIDUse] // by the tightest limit
	oldest                        sysprobe.Opt[time.Duration]
	exhaustion                    sysprobe.Opt[float64] // s
	lost                          sysprobe.Opt[uint64]
}

// restRow sums up the parents that have no row of their own.
type restRow struct {
	parents, count int
	oldest         sysprobe.Opt[time.Duration]
}

// dead is a zombie to name.
type dead struct {
	sysprobe.Zombie
	user   string
	tracer string // the name of the one who traces it, if any
}

// guilty is a parent to name.
type guilty struct {
	sysprobe.ZombieParent
	unit, container string
	cmdline         string
}

// totalsFields returns the fields of zombies.
func totalsFields(t totals) (gauges, counters map[string]any) {
	gauges = map[string]any{"count": t.count, "dead_leaders": t.deadLeaders, "malformed": t.malformed}
	if use, known := t.pids.Get(); known {
		gauges["pids_in_use"], gauges["pid_limit"], gauges["pid_limit_source"] = number(use.InUse), number(use.Limit), use.Source
	} else if t.pidsInUse > 0 { // no process at all: a system without zombies, whose processes are not counted
		gauges["pids_in_use"] = number(t.pidsInUse)
	}
	setSeconds(gauges, "oldest_age", t.oldest)
	if left, known := t.exhaustion.Get(); known {
		gauges["seconds_to_pid_exhaustion"] = left
	}
	counters = map[string]any{"created": number(t.created), "reaped": number(t.reaped)}
	if lost, known := t.lost.Get(); known {
		counters["events_lost"] = number(lost)
	}
	return gauges, counters
}

// parentFields returns the fields of a parent. Who is process 1 to itself is
// the init of the machine or of a container, to which orphans come: it has to
// reap what it did not start.
func parentFields(p guilty) (gauges, counters map[string]any) {
	gauges = map[string]any{"parent_pid": p.ID.PID, "count": p.Count}
	setSeconds(gauges, "oldest_age", p.Oldest)
	if p.Proc != nil {
		gauges["parent_status"] = p.Proc.State.String()
		gauges["parent_status_code"] = int(p.Proc.State)
		if own, known := ownPID(p.Proc).Get(); known {
			gauges["parent_is_init"] = own == 1
		}
	}
	if p.cmdline != "" {
		gauges["parent_cmdline"] = p.cmdline
	}
	return gauges, map[string]any{"created": number(p.Created), "reaped": number(p.Reaped)}
}

// restFields returns the fields of the parents without a row.
func restFields(r restRow) map[string]any {
	gauges := map[string]any{"count": r.count, "parents": r.parents}
	setSeconds(gauges, "oldest_age", r.oldest)
	return gauges
}

// zombieFields returns the fields of a zombie. An exit code is there only of
// one that exited: 0 would read as success of one that a signal ended.
func zombieFields(d dead) map[string]any {
	gauges := map[string]any{"pid": d.Proc.ID.PID, "ppid": d.Proc.PPID}
	if age, known := d.Age.Get(); known {
		gauges["age"] = age.Seconds()
		gauges["age_exact"] = d.Exact
	}
	if exit, known := d.Proc.Exit.Get(); known {
		gauges["exit_signal"] = exit.Signal()
		gauges["core_dumped"] = exit.CoreDumped()
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

// tracerOf is the PID of the process that traces p and so has to reap it before
// its parent can; 0 if there is none.
func tracerOf(p *sysprobe.Proc) int32 { return p.Status.Or(sysprobe.ProcStatus{}).Tracer.Or(0) }

// setSeconds sets a time in seconds that may be absent.
func setSeconds(fields map[string]any, name string, value sysprobe.Opt[time.Duration]) {
	if v, known := value.Get(); known {
		fields[name] = v.Seconds()
	}
}

// setTag sets a tag that may be absent, which is empty.
func setTag(tags map[string]string, name, value string) {
	if value != "" {
		tags[name] = lineproto.Tag(value)
	}
}

// number makes n an integer of line protocol, which has signed ones.
func number(n uint64) int64 { return int64(min(n, math.MaxInt64)) }

// parentTag names a parent.
func parentTag(parent *sysprobe.Proc) string {
	if parent == nil {
		return unknownParent
	}
	return lineproto.Tag(proctable.TagName(parent))
}

// emitter sends the metrics of one gather, all with the time of its sweep: a
// series whose gauges and counters are two metrics is one point by that.
type emitter struct {
	acc   telegraf.Accumulator
	taken time.Time
}

// totals sends zombies.
func (e *emitter) totals(t totals) {
	gauges, counters := totalsFields(t)
	e.acc.AddGauge("zombies", gauges, nil, e.taken)
	e.acc.AddCounter("zombies", counters, nil, e.taken)
}

// parents sends zombies_parent. Parents of one name are ranked by their age,
// so that each keeps its series for as long as the older ones live.
func (e *emitter) parents(named []guilty, rest restRow) {
	slices.SortFunc(named, func(a, b guilty) int {
		return cmp.Or(cmp.Compare(a.ID.Start, b.ID.Start), cmp.Compare(a.ID.PID, b.ID.PID))
	})
	type series struct{ name, unit, container string }
	ranks := map[series]int{}
	for _, p := range named {
		s := series{parentTag(p.Proc), p.unit, p.container}
		ranks[s]++
		tags := map[string]string{"parent_name": s.name, "rank": strconv.Itoa(ranks[s])}
		setTag(tags, "unit", p.unit)
		setTag(tags, "container", p.container)
		gauges, counters := parentFields(p)
		e.acc.AddGauge("zombies_parent", gauges, tags, e.taken)
		e.acc.AddCounter("zombies_parent", counters, tags, e.taken)
	}
	if rest.parents > 0 {
		tags := map[string]string{"parent_name": restTag, "rank": restTag}
		e.acc.AddGauge("zombies_parent", restFields(rest), tags, e.taken)
	}
}

// zombies sends zombies_process. Zombies of one name, parent name and user are
// ranked in the order in which they come.
func (e *emitter) zombies(rows []dead) {
	type series struct{ name, parent, user string }
	ranks := map[series]int{}
	for _, d := range rows {
		s := series{lineproto.Tag(d.Proc.Name), parentTag(d.Parent), lineproto.Tag(d.user)}
		ranks[s]++
		tags := map[string]string{"process_name": s.name, "parent_name": s.parent, "user": s.user, "rank": strconv.Itoa(ranks[s])}
		e.acc.AddGauge("zombies_process", zombieFields(d), tags, e.taken)
	}
}

// alerts sends zombie_event. Parents of one name that cross the same limit in
// one gather are ranked by their age.
func (e *emitter) alerts(found []alert) {
	type series struct{ event, parent string }
	ranks := map[series]int{}
	for _, a := range found {
		s := series{a.of + "_cleared", a.parent}
		if a.exceeded {
			s.event = a.of + "_exceeded"
		}
		ranks[s]++
		tags := map[string]string{"event": s.event, "parent_name": s.parent, "rank": strconv.Itoa(ranks[s])}
		e.acc.AddFields("zombie_event", map[string]any{"parent_pid": a.pid, "value": a.value, "limit": a.limit}, tags, e.taken)
	}
}
