package procs

import (
	"slices"
	"strconv"
	"time"

	"telegraf-sysprobe/plugins/internal/lineproto"
	"telegraf-sysprobe/plugins/internal/metric"
)

// record is a row in the making. It is used for one after the other. The zero value is
// ready.
type record struct {
	metric.Series

	tagWith []string // what are tags and no fields
}

// reset empties r for a row of which those facts become tags too.
func (r *record) reset(tagWith []string) {
	r.Clear()
	r.tagWith = tagWith
}

// tag adds a tag of a fact if the option tag_with lists that.
func (r *record) tag(fact, text string) {
	if slices.Contains(r.tagWith, fact) {
		metric.AddTag(r.Tags, fact, text)
	}
}

// text sets a text that is no name.
func (r *record) text(field, text string) {
	r.Gauges.Put(field, lineproto.Field(text))
	r.tag(field, text)
}

// name sets a name, which the field has as tags have it.
func (r *record) name(field, text string) {
	r.Gauges.Put(field, lineproto.Tag(text))
	r.tag(field, text)
}

// id sets the ID of a process.
func (r *record) id(field string, id int32) {
	r.Gauges.Put(field, metric.Int(id))
	if slices.Contains(r.tagWith, field) {
		metric.AddTag(r.Tags, field, strconv.Itoa(int(id)))
	}
}

// set sets a property.
func (r *record) set(f fact) {
	switch value := f.value.(type) {
	case name:
		r.name(f.name, string(value))
	case string:
		r.text(f.name, value)
	case bool:
		metric.Bool(&r.Gauges, f.name, value)
	case int:
		r.Gauges.Put(f.name, metric.Int(value))
	default:
		r.Gauges.Put(f.name, value)
	}
}

// setCounters sets the counters that are known. Times are in seconds.
func setCounters(f *metric.Fields, c *counters) {
	for i, name := range counterFields {
		value, known := c.get(i).Get()
		switch {
		case !known:
		case i == counterUser || i == counterSystem:
			f.Put(name, time.Duration(value).Seconds())
		default:
			f.Put(name, metric.Int(value))
		}
	}
}

// setSum sets the counters of a sum, of which the times are always known: nothing
// used none.
func setSum(f *metric.Fields, sum *counters) {
	c := *sum
	c.known |= 1<<counterUser | 1<<counterSystem
	setCounters(f, &c)
}
