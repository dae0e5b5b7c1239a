package procs

import (
	"time"

	"telegraf-sysprobe/plugins/internal/lineproto"
	"telegraf-sysprobe/plugins/internal/metric"
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

// countedState is the state that p counts for. A process whose first thread is
// dead has no known state where no living thread could be read.
func countedState(p *sysprobe.Proc) sysprobe.State {
	if int(p.State) >= len(stateFields) || p.State == sysprobe.StateZombie && !p.IsZombie() {
		return sysprobe.StateUnknown
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
	counterUser:          "cpu_time_user",
	counterSystem:        "cpu_time_system",
	counterMinorFaults:   "minor_faults",
	counterMajorFaults:   "major_faults",
	counterReadBytes:     "read_bytes",
	counterWriteBytes:    "write_bytes",
	counterDiskRead:      "disk_read_bytes",
	counterDiskWrite:     "disk_write_bytes",
	counterDiskCancelled: "disk_write_cancelled_bytes",
	counterVoluntary:     "voluntary_context_switches",
	counterInvoluntary:   "involuntary_context_switches",
}

// span is between two snapshots.
type span struct {
	elapsed    time.Duration // 0 in the first snapshot
	processors float64       // of how many cpu_usage is in percent
	hasNice    bool          // processes have nice values here
}

// totals is what the measurement procs has beside the snapshot.
type totals struct {
	sum        *sums
	summed     sysprobe.Fields // the optional facts in sum to send
	span       span
	rates      *sysprobe.ProcRates
	account    *account
	pidLimit   sysprobe.Opt[uint64]
	omitted    sysprobe.Opt[uint64] // by procs_process
	gatherTime time.Duration
}

// setTotals fills r with the fields of procs.
func setTotals(r *record, s *sysprobe.AccountingSnapshot, t *totals) {
	var tally [len(stateFields)]int
	kernelThreads := 0
	for i := range s.Procs {
		p := &s.Procs[i]
		tally[countedState(p)]++
		if p.KernelThread {
			kernelThreads++
		}
	}
	perField := map[string]int{} // several states can have one field
	for state, name := range stateFields {
		perField[name] += tally[state]
	}
	g := &r.Gauges
	for name, n := range perField {
		g.Put(name, metric.Int(n))
	}
	g.Put("total", metric.Int(t.sum.processes))
	g.Put("total_threads", metric.Int(t.sum.threads))
	g.Put("kernel_threads", metric.Int(kernelThreads))
	g.Put("denied", metric.Int(s.Denied+t.account.withheld))
	g.Put("malformed", metric.Int(s.Malformed+t.account.malformed))
	g.Put("vanished", metric.Int(s.Vanished))
	g.Put("gather_time_ns", t.gatherTime.Nanoseconds())
	g.Put("backend", s.Backend.String())
	t.sum.setGauges(g, t.summed, t.span)
	metric.SetInt(g, "pid_limit", t.pidLimit)
	metric.SetInt(g, "processes_omitted", t.omitted)
	setSum(&r.Counters, &t.sum.counters)
	r.Counters.Put("created", metric.Int(t.rates.Created()))
	r.Counters.Put("exited", metric.Int(t.rates.Exited()))
	if s.ExitedErr == nil {
		r.Counters.Put("short_lived", metric.Int(t.rates.ShortLived()))
		g.Put("ended_lost", metric.Int(s.ExitedLost))
	}
}

// setGauges sets what processes use together, of the optional facts only those
// of summed. Processes that exited since the snapshot before count in cpu_usage
// as they do in the counters.
func (s *sums) setGauges(f *metric.Fields, summed sysprobe.Fields, in span) {
	f.Put("memory_rss", metric.Int(s.rss))
	f.Put("memory_vms", metric.Int(s.vms))
	if s.processes == 0 { // all of it is known
		none := sysprobe.Some(uint64(0))
		s.fds, s.fdUsage, s.split = none, sysprobe.Some(0.0), memorySplit{none, none, none, none}
	}
	if summed&sysprobe.WantFDs != 0 {
		metric.SetInt(f, "num_fds", s.fds)
	}
	if summed&sysprobe.WantFDLimit != 0 {
		metric.Set(f, "fd_usage_max", s.fdUsage)
	}
	if summed&sysprobe.WantMemory != 0 {
		s.split.set(f)
	}
	if in.elapsed > 0 {
		f.Put("cpu_usage", 100*s.worked.Seconds()/in.elapsed.Seconds()/in.processors)
	}
}

// process is one process as metrics show it.
type process struct {
	*sysprobe.Proc
	rate     *sysprobe.ProcRate
	since    int // the gather that first saw it
	user     string
	created  time.Time
	memTotal sysprobe.Opt[uint64]
	// selection is the name of the table of the option select that chose it; ""
	// where that has none.
	selection string
	nameAs    string // replaces the tag process_name, unless empty
	facts     []fact
}

// setProcess fills r with the facts of p that procs_process and procs_top both
// have.
func setProcess(r *record, p *process, in span) {
	r.id("pid", p.ID.PID)
	r.id("ppid", p.PPID)
	r.text("status", p.State.String())
	g := &r.Gauges
	g.Put("status_code", metric.Int(p.State))
	metric.SetTime(g, "created_at", p.created)
	switch {
	case p.Priority.Known():
		metric.SetEnum(g, "priority_class", p.Priority)
	case in.hasNice:
		g.Put("nice_priority", metric.Int(p.Nice))
		g.Put("realtime_priority", metric.Int(p.RTPriority))
	}
	if !p.UsageHidden {
		setUsage(g, p)
	}
	metric.SetInt(g, "num_fds", p.FDs)
	metric.SetInt(g, "fd_limit", p.FDLimit)
	metric.Set(g, "fd_usage", fdUsage(p.Proc))
	split := splitOf(p.Proc)
	split.set(g)
	if cpu, known := p.rate.CPU.Get(); known {
		g.Put("cpu_usage", cpu/in.processors)
	}
	metric.Set(g, "disk_rate", diskRate(p.rate))
	metric.Set(g, "fault_rate", p.rate.Faults)
	metric.Set(g, "context_switch_rate", p.rate.Switches)

	for _, fact := range p.facts {
		r.set(fact)
	}

	known := countersOf(p.Proc, allDetails)
	setCounters(&r.Counters, &known)
	if !p.UsageHidden {
		r.Counters.Put("cpu_time_iowait", p.IOWait.Seconds())
	}
	if io, known := p.IO.Get(); known {
		metric.SetInt(&r.Counters, "read_count", io.ReadCalls)
		metric.SetInt(&r.Counters, "write_count", io.WriteCalls)
	}
}

// setUsage sets the threads and the memory of p.
func setUsage(g *metric.Fields, p *process) {
	g.Put("num_threads", metric.Int(p.Threads))
	g.Put("memory_rss", metric.Int(p.RSS))
	g.Put("memory_vms", metric.Int(p.VMS))
	if total := p.memTotal.Or(0); total > 0 {
		g.Put("memory_usage", 100*float64(p.RSS)/float64(total))
	}
}

// SoleWriter says that counters begin with the plugin, so that two of them
// cannot share a series. It returns the names of the tags that the plugin sets itself.
func (*Procs) SoleWriter() []string {
	own := append(groupKeyNames(), "by", "group_by", "rank", "selection")
	for _, fact := range tagNames() {
		own = append(own, fact+"_tag")
	}
	return own
}

// setGroup fills r with a row of procs_group.
func setGroup(r *record, of *grouping, g *group, oldest time.Time, summed sysprobe.Fields, in span) {
	for i, value := range g.key.values() {
		r.Tags[of.keys[i]] = lineproto.Tag(value)
	}
	r.Tags["group_by"] = of.name()
	r.Gauges.Put("processes", metric.Int(g.processes))
	r.Gauges.Put("num_threads", metric.Int(g.threads))
	g.setGauges(&r.Gauges, summed, in)
	if g.processes > 0 {
		metric.SetTime(&r.Gauges, "oldest_created_at", oldest)
	}
	setSum(&r.Counters, &g.counters)
}
