package zombies

import (
	"slices"
	"strconv"
	"time"

	"github.com/influxdata/telegraf"

	"telegraf-sysprobe/plugins/internal/lineproto"
	"telegraf-sysprobe/plugins/internal/metric"
	"telegraf-sysprobe/plugins/internal/proctable"
)

// emitter sends the metrics of one gather, all with the time of its snapshot.
type emitter struct {
	acc     telegraf.Accumulator
	taken   time.Time
	tagWith []string
	slots   *proctable.Slots // of zombies_process
	series  metric.Series    // the row at hand
	name    []byte           // of its series
}

// begin returns the next row, which is empty.
func (e *emitter) begin() *metric.Series {
	e.series.Clear()
	return &e.series
}

// send sends the row at hand.
func (e *emitter) send(measurement string) { e.series.Send(e.acc, measurement, e.taken) }

// totals sends zombies.
func (e *emitter) totals(t *totals) {
	setTotals(e.begin(), t)
	e.send("zombies")
}

// parents sends zombies_parent.
func (e *emitter) parents(rows []parentRow, rest *restRow) {
	for i := range rows {
		p, s := &rows[i], e.begin()
		setParent(s, p)
		s.Tags["rank"] = strconv.Itoa(p.rank)
		e.setPlace(s.Tags, &s.Gauges, p.place)
		e.send("zombies_parent")
	}
	if rest != nil {
		s := e.begin()
		setRest(s, rest)
		s.Tags["parent_name"], s.Tags["rank"] = restTag, restTag
		e.send("zombies_parent")
	}
}

// setPlace sets the tags of a place, and the fields with what changes with every
// container.
func (e *emitter) setPlace(tags map[string]string, fields *metric.Fields, at place) {
	tags["parent_name"] = at.name
	metric.SetTag(tags, "unit", at.unit)
	e.setContainer(tags, fields, "container", at.container)
	e.setContainer(tags, fields, "pod", at.pod)
}

func (e *emitter) setContainer(tags map[string]string, fields *metric.Fields, fact, text string) {
	metric.SetName(fields, fact, text)
	if slices.Contains(e.tagWith, fact) {
		metric.AddTag(tags, fact, text)
	}
}

// zombies sends zombies_process. Each zombie keeps its rank among those of one
// name, parent name and user.
func (e *emitter) zombies(rows []zombieRow) {
	for i := range rows {
		d, s := &rows[i], e.begin()
		setZombie(s, d)
		tags := s.Tags
		tags["process_name"], tags["parent_name"] = lineproto.Tag(d.Proc.Name), parentTag(d.Parent)
		tags["user"] = lineproto.Tag(d.user)
		e.name = append(append(append(e.name[:0], tags["process_name"]...), '\n'), tags["parent_name"]...)
		e.name = append(append(e.name, '\n'), tags["user"]...)                         // tags hold no control characters
		tags["rank"] = strconv.Itoa(e.slots.Rank(e.name, d.Proc.ID, e.slots.Gather())) // an age has no rate
		e.send("zombies_process")
	}
}

// alerts sends zombie_event.
func (e *emitter) alerts(found []alert) {
	for i := range found {
		a, s := &found[i], e.begin()
		s.Tags["event"], s.Tags["rank"] = a.of+"_cleared", strconv.Itoa(a.rank)
		if a.exceeded {
			s.Tags["event"] = a.of + "_exceeded"
		}
		s.Gauges.Put("parent_pid", metric.Int(a.pid))
		s.Gauges.Put("value", a.value)
		s.Gauges.Put("limit", a.limit)
		e.setPlace(s.Tags, &s.Gauges, a.place)
		s.SendEvent(e.acc, "zombie_event", e.taken)
	}
}
