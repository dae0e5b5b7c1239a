package procs

import (
	"cmp"
	"strconv"

	"github.com/influxdata/telegraf"

	"telegraf-sysprobe/plugins/internal/lineproto"
	"telegraf-sysprobe/plugins/internal/metric"
	"telegraf-sysprobe/plugins/internal/proctable"
	"telegraf-sysprobe/sysprobe"
)

// emitter sends the metrics of one gather, all with the time of its snapshot.
type emitter struct {
	*emitterScratch

	acc      telegraf.Accumulator
	snapshot *sysprobe.AccountingSnapshot
	span     span // since the snapshot before
	tagWith  []string
	slots    *proctable.Slots // of procs_process
}

// emitterScratch is memory of one emitter, which the next one fills anew.
type emitterScratch struct {
	record record
	series []byte
}

// send adds the gauges and the counters of the record.
func (e *emitter) send(measurement string) { e.record.Send(e.acc, measurement, e.snapshot.Taken) }

// totals sends procs.
func (e *emitter) totals(t *totals) {
	e.record.reset(nil)
	setTotals(&e.record, e.snapshot, t)
	e.send("procs")
}

// top sends a row of procs_top. All its fields are gauges: another process can
// have that rank in the next gather.
func (e *emitter) top(by string, rank int, p *process) {
	r := &e.record
	r.reset(e.tagWith)
	setProcess(r, p, e.span)
	r.Gauges.Take(&r.Counters)
	r.Gauges.Put("process_name", lineproto.Tag(p.Name))
	r.tag("process_name", proctable.TagName(p.Name, p.KernelThread))
	if p.user != proctable.UnknownUser {
		r.name("user", p.user)
	}
	r.Tags["by"], r.Tags["rank"] = by, strconv.Itoa(rank)
	e.send("procs_top")
}

// groups sends rows of procs_group, with the optional sums that summed has.
func (e *emitter) groups(of *grouping, groups []*group, summed sysprobe.Fields) {
	for _, g := range groups {
		e.record.reset(nil)
		oldest := e.snapshot.Created(&sysprobe.Proc{ID: sysprobe.ProcID{Start: g.oldest}})
		setGroup(&e.record, of, g, oldest, summed, e.span)
		e.send("procs_group")
	}
}

// process sends a row of procs_process.
func (e *emitter) process(p *process) {
	r := &e.record
	r.reset(e.tagWith)
	setProcess(r, p, e.span)
	r.Tags["process_name"] = lineproto.Tag(cmp.Or(p.nameAs, proctable.TagName(p.Name, p.KernelThread)))
	r.Tags["user"] = lineproto.Tag(p.user)
	if p.selection != "" {
		r.Tags["selection"] = lineproto.Tag(p.selection)
	}
	r.Tags["rank"] = strconv.Itoa(e.slots.Rank(e.seriesName(), p.ID, p.since))
	e.send("procs_process")
}

// seriesName spells the tags of the record, until it is called again.
func (e *emitter) seriesName() []byte {
	e.series = e.series[:0]
	for _, tag := range []string{"process_name", "user", "selection"} {
		e.series = append(append(e.series, e.record.Tags[tag]...), '\n') // tags hold no control characters
	}
	for _, fact := range e.tagWith {
		e.series = append(append(e.series, e.record.Tags[fact+"_tag"]...), '\n')
	}
	return e.series
}

// selections sends procs_selection: how many processes each table of the option
// select chooses, be it none.
func (e *emitter) selections(names []string, processes map[string]int) {
	for _, name := range names {
		e.record.reset(nil)
		e.record.Tags["selection"] = lineproto.Tag(name)
		e.record.Gauges.Put("processes", metric.Int(processes[name]))
		e.send("procs_selection")
	}
}
