package procs

import (
	"math"
	"slices"
	"strconv"
	"time"

	"telegraf-sysprobe/plugins/internal/lineproto"
	"telegraf-sysprobe/sysprobe"
)

// record is a row in the making. It is used for one after the other: an
// accumulator copies what it gets. The zero value is ready.
type record struct {
	tags             map[string]string
	gauges, counters fields
	tagWith          []string // what are tags and no fields
}

// reset empties r for a row of which those facts become tags.
func (r *record) reset(tagWith []string) {
	if r.tags == nil {
		r.tags, r.gauges, r.counters = map[string]string{}, fields{}, fields{}
	}
	clear(r.tags)
	clear(r.gauges)
	clear(r.counters)
	r.tagWith = tagWith
}

// text sets a text of any bytes.
func (r *record) text(name, text string) {
	if slices.Contains(r.tagWith, name) {
		r.tags[name] = lineproto.Tag(text)
	} else {
		r.gauges[name] = lineproto.Field(text)
	}
}

// set sets a property.
func (r *record) set(f fact) {
	switch value := f.value.(type) {
	case string:
		r.text(f.name, value)
	case uint64:
		r.gauges.number(f.name, value)
	default:
		r.gauges[f.name] = value
	}
}

// id sets the ID of a process.
func (r *record) id(name string, id int32) {
	if slices.Contains(r.tagWith, name) {
		r.tags[name] = strconv.Itoa(int(id))
	} else {
		r.gauges[name] = id
	}
}

// fields is a set of fields in which nothing absent is.
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

// sum sets the counters that are known. Times are in seconds.
func (f fields) sum(c *counters) {
	for i, name := range counterFields {
		if i == counterUser || i == counterSystem {
			f[name] = time.Duration(c.value[i]).Seconds()
		} else {
			f.optional(name, c.get(i))
		}
	}
}
