package zombies

import (
	"slices"
	"strconv"
	"strings"
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
}

// totals sends zombies.
func (e *emitter) totals(t totals) {
	gauges, counters := totalsFields(t)
	metric.Series{Gauges: gauges, Counters: counters}.Send(e.acc, "zombies", e.taken)
}

// parents sends zombies_parent.
func (e *emitter) parents(rows []parentRow, rest *restRow) {
	for i := range rows {
		p := &rows[i]
		gauges, counters := parentFields(p)
		tags := map[string]string{"rank": strconv.Itoa(p.rank)}
		e.setPlace(tags, gauges, p.place)
		metric.Series{Tags: tags, Gauges: gauges, Counters: counters}.Send(e.acc, "zombies_parent", e.taken)
	}
	if rest != nil {
		tags := map[string]string{"parent_name": restTag, "rank": restTag}
		e.acc.AddGauge("zombies_parent", restFields(*rest), tags, e.taken)
	}
}

// setPlace sets the tags of a place, and the fields with what changes with every
// container.
func (e *emitter) setPlace(tags map[string]string, fields metric.Fields, at place) {
	tags["parent_name"] = at.name
	metric.SetTag(tags, "unit", at.unit)
	e.setContainer(tags, fields, "container", at.container)
	e.setContainer(tags, fields, "pod", at.pod)
}

func (e *emitter) setContainer(tags map[string]string, fields metric.Fields, fact, text string) {
	metric.SetName(fields, fact, text)
	if slices.Contains(e.tagWith, fact) {
		metric.AddTag(tags, fact, text)
	}
}

// zombies sends zombies_process. Each zombie keeps its rank among those of one
// name, parent name and user.
func (e *emitter) zombies(rows []zombieRow) {
	for _, d := range rows {
		tags := map[string]string{
			"process_name": lineproto.Tag(d.Proc.Name), "parent_name": parentTag(d.Parent), "user": lineproto.Tag(d.user),
		}
		series := strings.Join([]string{tags["process_name"], tags["parent_name"], tags["user"]}, "\n")
		tags["rank"] = strconv.Itoa(e.slots.Rank(series, d.Proc.ID, e.slots.Gather())) // an age has no rate
		e.acc.AddGauge("zombies_process", zombieFields(d), tags, e.taken)
	}
}

// alerts sends zombie_event.
func (e *emitter) alerts(found []alert) {
	for _, a := range found {
		tags := map[string]string{"event": a.of + "_cleared", "rank": strconv.Itoa(a.rank)}
		if a.exceeded {
			tags["event"] = a.of + "_exceeded"
		}
		fields := metric.Fields{"parent_pid": a.pid, "value": a.value, "limit": a.limit}
		e.setPlace(tags, fields, a.place)
		e.acc.AddFields("zombie_event", fields, tags, e.taken)
	}
}
