package procs

import (
	"maps"
	"math"
	"strconv"
	"time"

	"github.com/influxdata/telegraf"

	"telegraf-sysprobe/plugins/internal/lineproto"
	"telegraf-sysprobe/plugins/internal/proctable"
	"telegraf-sysprobe/sysprobe"
)

// stateFields names the field that counts each state. States that inputs.processes
// has no field for go to the nearest that has one.
var stateFields = []string{
	sysprobe.StateUnknown:     "unknown",
	sysprobe.StateRunning:     "running",
	sysprobe.StateSleeping:    "sleeping",
	sysprobe.StateDiskSleep:   "blocked",
	sysprobe.StateStopped:     "stopped",
	sysprobe.StateTracingStop: "stopped",
	sysprobe.StateZombie:      "zombies",
	sysprobe.StateDead:        "dead",
	sysprobe.StateWakeKill:    "blocked", // sleeps, and only a fatal signal wakes it
	sysprobe.StateWaking:      "running", // is made runnable
	sysprobe.StateIdle:        "idle",
	sysprobe.StateParked:      "parked",
	sysprobe.StateLocked:      "blocked", // ps(1) of FreeBSD: waits to acquire a lock
	sysprobe.StateWaiting:     "idle",    // ps(1) of FreeBSD: an idle interrupt thread
	sysprobe.StateSuspended:   "stopped",
}

// stateField is the one field that counts p.
func stateField(p *sysprobe.Proc) string {
	if int(p.State) >= len(stateFields) || p.State == sysprobe.StateZombie && !p.IsZombie() {
		return "unknown" // the latter: no thread of it that lives could be read
	}
	return stateFields[p.State]
}

// counterFields names the counters that groups sum up. Times are in seconds,
// as in inputs.procstat.
var counterFields = []string{
	counterUser:        "cpu_time_user",
	counterSystem:      "cpu_time_system",
	counterMinorFaults: "minor_faults",
	counterMajorFaults: "major_faults",
	counterReadBytes:   "read_bytes",
	counterWriteBytes:  "write_bytes",
	counterDiskRead:    "disk_read_bytes",
	counterDiskWrite:   "disk_write_bytes",
	counterVoluntary:   "voluntary_context_switches",
	counterInvoluntary: "involuntary_context_switches",
}

// fields builds a set of fields in which nothing absent is.
type fields map[string]any

// number sets an integer. Line protocol has signed ones.
func (f fields) number(name string, value uint64) { f[name] = int64(min(value, math.MaxInt64)) }

// optional sets an integer that may be absent.
func (f fields) optional(name string, value sysprobe.Opt[uint64]) {
	if v, known := value.Get(); known {
		f.number(name, v)
	}
}

// float sets a floating-point number that may be absent.
func (f fields) float(name string, value sysprobe.Opt[float64]) {
	if v, known := value.Get(); known {
		f[name] = v
	}
}

// time sets nanoseconds since the epoch, unless at is the zero time.
func (f fields) time(name string, at time.Time) {
	if !at.IsZero() {
		f[name] = at.UnixNano()
	}
}

// counters sets those that are known.
func (f fields) counters(c *counters) {
	for i, name := range counterFields {
		if i == counterUser || i == counterSystem {
			f[name] = time.Duration(c.value[i]).Seconds()
		} else {
			f.optional(name, c.get(i))
		}
	}
}

// totals is what the measurement procs has beside the snapshot.
type totals struct {
	Created, Exited uint64
	PIDLimit        sysprobe.Opt[uint64]
	// Withheld and Malformed are of the rows looked up after the sweep.
	Withheld, Malformed int
	Omitted             sysprobe.Opt[uint64]
	Took                time.Duration
}

// totalsFields returns the fields of procs.
func totalsFields(s *sysprobe.ProcSnapshot, t totals, sum *sums) (gauges, counters fields) {
	tally := map[string]int{}
	for _, name := range stateFields {
		tally[name] = 0
	}
	kernelThreads := 0
	for i := range s.Procs {
		p := &s.Procs[i]
		tally[stateField(p)]++
		if p.KernelThread {
			kernelThreads++
		}
	}
	gauges = fields{
		"total": sum.count, "total_threads": sum.threads, "kernel_threads": kernelThreads,
		"denied": s.Denied + t.Withheld, "malformed": s.Malformed + t.Malformed, "vanished": s.Vanished,
		"gather_time_ns": t.Took.Nanoseconds(), "backend": s.Backend,
	}
	for name, n := range tally {
		gauges[name] = n
	}
	sum.gauges(gauges)
	gauges.optional("pid_limit", t.PIDLimit)
	gauges.optional("processes_omitted", t.Omitted)
	counters = fields{}
	counters.counters(&sum.counters)
	counters.number("created", t.Created)
	counters.number("exited", t.Exited)
	return gauges, counters
}

// process is one process as it is emitted.
type process struct {
	*sysprobe.Proc
	rate     *sysprobe.ProcRate
	user     string
	created  time.Time
	memTotal sysprobe.Opt[uint64]
	// selection is the name of the table that selects it, "" where that has
	// none.
	selection string
}

// processFields returns the fields of a process, those that tagWith makes tags
// left out.
func processFields(p process, tagWith []string) (gauges, counters fields) {
	gauges = fields{
		"pid": p.ID.PID, "ppid": p.PPID, "status": p.State.String(), "status_code": int(p.State),
		"nice_priority": int(p.Nice),
	}
	gauges.time("created_at", p.created)
	gauges.number("num_threads", uint64(p.Threads))
	gauges.number("realtime_priority", uint64(p.RTPriority))
	gauges.number("memory_rss", p.RSS)
	gauges.number("memory_vms", p.VMS)
	if total := p.memTotal.Or(0); total > 0 {
		gauges["memory_usage"] = 100 * float64(p.RSS) / float64(total)
	}
	if fds, known := p.FDs.Get(); known {
		gauges.number("num_fds", uint64(fds))
	}
	gauges.float("cpu_usage", p.rate.CPU)
	gauges.float("disk_rate", diskRate(p.rate))
	gauges.float("fault_rate", p.rate.Faults)
	gauges.float("context_switch_rate", p.rate.Switches)
	for _, name := range tagWith {
		delete(gauges, name)
	}

	known := countersOf(p.Proc, allDetails)
	counters = fields{"cpu_time_iowait": p.IOWait.Seconds()}
	counters.counters(&known)
	if io, ok := p.IO.Get(); ok {
		counters.optional("read_count", io.ReadCalls)
		counters.optional("write_count", io.WriteCalls)
	}
	if status, ok := p.Status.Get(); ok {
		gauges.optional("memory_swap", status.Swap)
	}
	return gauges, counters
}

// processTags returns the tags of a process without its rank.
func processTags(p process, tagWith []string) map[string]string {
	tags := map[string]string{"process_name": lineproto.Tag(proctable.TagName(p.Proc)), "user": lineproto.Tag(p.user)}
	if p.selection != "" {
		tags["selection"] = lineproto.Tag(p.selection)
	}
	for _, name := range tagWith {
		switch name {
		case "pid":
			tags["pid"] = strconv.Itoa(int(p.ID.PID))
		case "ppid":
			tags["ppid"] = strconv.Itoa(int(p.PPID))
		case "status":
			tags["status"] = p.State.String()
		}
	}
	return tags
}

// topFields returns the fields of a rank. All are gauges: the next gather may
// have another process there.
func topFields(p process) fields {
	gauges, counters := processFields(p, nil)
	maps.Copy(gauges, counters)
	gauges["process_name"] = lineproto.Field(p.Name)
	if p.user != proctable.UnknownUser {
		gauges["user"] = lineproto.Field(p.user)
	}
	return gauges
}

// groupFields returns the fields of a group.
func groupFields(g *group, oldest time.Time) (gauges, counters fields) {
	gauges = fields{"count": g.count, "num_threads": g.threads}
	g.gauges(gauges)
	if g.count > 0 {
		gauges.time("oldest_created_at", oldest)
	}
	counters = fields{}
	counters.counters(&g.counters)
	return gauges, counters
}

// gauges sets what processes use together at this moment.
func (s *sums) gauges(f fields) {
	f.number("memory_rss", s.rss)
	f.number("memory_vms", s.vms)
	f.optional("num_fds", s.fds)
	f.float("cpu_usage", s.cpu)
}

// groupTags returns the tags of a group.
func groupTags(keys []string, g *group) map[string]string {
	tags := make(map[string]string, len(keys))
	for i, value := range g.key.values() {
		tags[keys[i]] = lineproto.Tag(value)
	}
	return tags
}

// emitter sends the metrics of one gather, all with the time of its sweep: a
// series whose gauges and counters are two metrics is one point by that.
type emitter struct {
	acc      telegraf.Accumulator
	snapshot *sysprobe.ProcSnapshot
	memTotal sysprobe.Opt[uint64]
	tagWith  []string
	ranks    map[string]int
}

// send adds a gauge and a counter of one series.
func (e *emitter) send(measurement string, tags map[string]string, gauges, counters fields) {
	e.acc.AddGauge(measurement, gauges, tags, e.snapshot.Taken)
	e.acc.AddCounter(measurement, counters, tags, e.snapshot.Taken)
}

// totals sends procs.
func (e *emitter) totals(t totals, sum *sums) {
	gauges, counters := totalsFields(e.snapshot, t, sum)
	e.send("procs", nil, gauges, counters)
}

// describe completes what p shows.
func (e *emitter) describe(p *sysprobe.Proc, rate *sysprobe.ProcRate, user string) process {
	return process{Proc: p, rate: rate, user: user, created: e.snapshot.Created(p), memTotal: e.memTotal}
}

// top sends a row of procs_top.
func (e *emitter) top(by string, rank int, p process) {
	tags := map[string]string{"by": by, "rank": strconv.Itoa(rank)}
	e.acc.AddGauge("procs_top", topFields(p), tags, e.snapshot.Taken)
}

// group sends a row of procs_group.
func (e *emitter) group(keys []string, g *group) {
	oldest := e.snapshot.Created(&sysprobe.Proc{ID: sysprobe.ProcID{Start: g.oldest}})
	gauges, counters := groupFields(g, oldest)
	e.send("procs_group", groupTags(keys, g), gauges, counters)
}

// process sends a row of procs_process. Rows with the same tags are told apart
// by their rank, in the order in which they come.
func (e *emitter) process(p process) {
	tags := processTags(p, e.tagWith)
	// Tags hold no control characters: a newline ends each.
	series := tags["process_name"] + "\n" + tags["user"] + "\n" + tags["selection"] + "\n" + tags["pid"] + "\n" + tags["ppid"] + "\n" + tags["status"]
	if e.ranks == nil {
		e.ranks = map[string]int{}
	}
	e.ranks[series]++
	tags["rank"] = strconv.Itoa(e.ranks[series])
	gauges, counters := processFields(p, e.tagWith)
	e.send("procs_process", tags, gauges, counters)
}
