package procs

import (
	"maps"
	"strconv"
	"time"

	"github.com/influxdata/telegraf"

	"telegraf-sysprobe/plugins/internal/lineproto"
	"telegraf-sysprobe/plugins/internal/proctable"
	"telegraf-sysprobe/sysprobe"
)

// stateFields names the field that counts each state. States that inputs.processes
// has no field for go to the nearest that has one.
var stateFields = [...]string{
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

// countedState is the state of which p is one.
func countedState(p *sysprobe.Proc) sysprobe.State {
	if int(p.State) >= len(stateFields) || p.State == sysprobe.StateZombie && !p.IsZombie() {
		return sysprobe.StateUnknown // the latter: no thread of it that lives could be read
	}
	return p.State
}

// stateField names the field that counts a state of a thread.
func stateField(state sysprobe.State) string {
	if int(state) >= len(stateFields) {
		state = sysprobe.StateUnknown
	}
	return stateFields[state]
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

// totals is what the measurement procs has beside the snapshot.
type totals struct {
	Created, Exited uint64
	PIDLimit        sysprobe.Opt[uint64]
	// Withheld and Malformed are of the rows looked up after the sweep.
	Withheld, Malformed int
	Omitted             sysprobe.Opt[uint64]
	ShortLived          uint64
	Took                time.Duration
}

// setTotals fills r with the fields of procs.
func setTotals(r *record, s *sysprobe.ProcSnapshot, t totals, sum *sums) {
	var tally [len(stateFields)]int
	kernelThreads := 0
	for i := range s.Procs {
		p := &s.Procs[i]
		tally[countedState(p)]++
		if p.KernelThread {
			kernelThreads++
		}
	}
	perField := map[string]int{}
	for state, name := range stateFields {
		perField[name] += tally[state]
	}
	for name, n := range perField {
		r.gauges[name] = n
	}
	g := r.gauges
	g["total"], g["total_threads"], g["kernel_threads"] = sum.count, sum.threads, kernelThreads
	g["denied"], g["malformed"], g["vanished"] = s.Denied+t.Withheld, s.Malformed+t.Malformed, s.Vanished
	g["gather_time_ns"], g["backend"] = t.Took.Nanoseconds(), s.Backend
	sum.setGauges(g)
	g.optional("pid_limit", t.PIDLimit)
	g.optional("processes_omitted", t.Omitted)
	r.counters.sum(&sum.counters)
	r.counters.number("created", t.Created)
	r.counters.number("exited", t.Exited)
	if s.EndedKnown {
		r.counters.number("short_lived", t.ShortLived)
		g.number("ended_lost", s.EndedLost)
	}
}

// setGauges sets what processes use together at this moment.
func (s *sums) setGauges(f fields) {
	f.number("memory_rss", s.rss)
	f.number("memory_vms", s.vms)
	f.optional("num_fds", s.fds)
	f.float("cpu_usage", s.cpu)
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
	facts     []fact
}

// setProcess fills r with the facts of p that procs_process and procs_top both
// have.
func setProcess(r *record, p *process) {
	r.id("pid", p.ID.PID)
	r.id("ppid", p.PPID)
	r.text("status", p.State.String())
	g := r.gauges
	g["status_code"] = int(p.State)
	g["nice_priority"] = int(p.Nice)
	g.time("created_at", p.created)
	g.number("num_threads", uint64(p.Threads))
	g.number("realtime_priority", uint64(p.RTPriority))
	g.number("memory_rss", p.RSS)
	g.number("memory_vms", p.VMS)
	if total := p.memTotal.Or(0); total > 0 {
		g["memory_usage"] = 100 * float64(p.RSS) / float64(total)
	}
	if fds, known := p.FDs.Get(); known {
		g.number("num_fds", uint64(fds))
	}
	if status, known := p.Status.Get(); known {
		g.optional("memory_swap", status.Swap)
	}
	g.float("cpu_usage", p.rate.CPU)
	g.float("disk_rate", diskRate(p.rate))
	g.float("fault_rate", p.rate.Faults)
	g.float("context_switch_rate", p.rate.Switches)

	for _, fact := range p.facts {
		r.set(fact)
	}

	known := countersOf(p.Proc, allDetails)
	r.counters.sum(&known)
	r.counters["cpu_time_iowait"] = p.IOWait.Seconds()
	if io, known := p.IO.Get(); known {
		r.counters.optional("read_count", io.ReadCalls)
		r.counters.optional("write_count", io.WriteCalls)
	}
}

// setGroup fills r with a row of procs_group.
func setGroup(r *record, keys []string, g *group, oldest time.Time) {
	for i, value := range g.key.values() {
		r.tags[keys[i]] = lineproto.Tag(value)
	}
	r.gauges["count"], r.gauges["num_threads"] = g.count, g.threads
	g.setGauges(r.gauges)
	if g.count > 0 {
		r.gauges.time("oldest_created_at", oldest)
	}
	r.counters.sum(&g.counters)
}

// emitter sends the metrics of one gather, all with the time of its sweep: a
// series whose gauges and counters are two metrics is one point by that.
type emitter struct {
	acc      telegraf.Accumulator
	snapshot *sysprobe.ProcSnapshot
	memTotal sysprobe.Opt[uint64]
	tagWith  []string

	record record
	series []byte
	ranks  map[string]*int
}

// begin prepares for a gather.
func (e *emitter) begin(acc telegraf.Accumulator, s *sysprobe.ProcSnapshot, memTotal sysprobe.Opt[uint64]) {
	e.acc, e.snapshot, e.memTotal = acc, s, memTotal
	if e.ranks == nil {
		e.ranks = map[string]*int{}
	}
	clear(e.ranks)
}

// send adds the gauges and the counters of the record.
func (e *emitter) send(measurement string) {
	e.acc.AddGauge(measurement, e.record.gauges, e.record.tags, e.snapshot.Taken)
	e.acc.AddCounter(measurement, e.record.counters, e.record.tags, e.snapshot.Taken)
}

// totals sends procs.
func (e *emitter) totals(t totals, sum *sums) {
	e.record.reset(nil)
	setTotals(&e.record, e.snapshot, t, sum)
	e.send("procs")
}

// describe completes what p shows.
func (e *emitter) describe(p *sysprobe.Proc, rate *sysprobe.ProcRate, user string) process {
	return process{Proc: p, rate: rate, user: user, created: e.snapshot.Created(p), memTotal: e.memTotal}
}

// top sends a row of procs_top. All of it are gauges: the next gather may have
// another process there.
func (e *emitter) top(by string, rank int, p *process) {
	r := &e.record
	r.reset(nil)
	setProcess(r, p)
	maps.Copy(r.gauges, r.counters)
	r.text("process_name", p.Name)
	if p.user != proctable.UnknownUser {
		r.text("user", p.user)
	}
	r.tags["by"], r.tags["rank"] = by, strconv.Itoa(rank)
	e.acc.AddGauge("procs_top", r.gauges, r.tags, e.snapshot.Taken)
}

// group sends a row of procs_group.
func (e *emitter) group(keys []string, g *group) {
	e.record.reset(nil)
	oldest := e.snapshot.Created(&sysprobe.Proc{ID: sysprobe.ProcID{Start: g.oldest}})
	setGroup(&e.record, keys, g, oldest)
	e.send("procs_group")
}

// process sends a row of procs_process.
func (e *emitter) process(p *process) {
	r := &e.record
	r.reset(e.tagWith)
	setProcess(r, p)
	r.tags["process_name"] = lineproto.Tag(proctable.TagName(p.Proc))
	r.tags["user"] = lineproto.Tag(p.user)
	if p.selection != "" {
		r.tags["selection"] = lineproto.Tag(p.selection)
	}
	r.tags["rank"] = strconv.Itoa(e.rank())
	e.send("procs_process")
}

// rank is the place of the record among those with the same tags, in the order
// in which they come.
func (e *emitter) rank() int {
	e.series = e.series[:0]
	for _, name := range append([]string{"process_name", "user", "selection"}, e.tagWith...) {
		e.series = append(append(e.series, e.record.tags[name]...), '\n') // tags hold no control characters
	}
	if e.ranks[string(e.series)] == nil {
		e.ranks[string(e.series)] = new(int)
	}
	rank := e.ranks[string(e.series)]
	*rank++
	return *rank
}
