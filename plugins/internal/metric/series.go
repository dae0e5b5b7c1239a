package metric

import (
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/influxdata/telegraf"
	"github.com/influxdata/telegraf/metric"
)

// Fields are the fields of one metric. The zero value is ready.
type Fields struct{ list []*telegraf.Field }

// Put adds a field, of which there is none of that name. The value is an int64, a
// float64, a bool or text.
func (f *Fields) Put(name string, value any) {
	field := next(&f.list)
	field.Key, field.Value = name, value
}

// Get returns the value of a field, or nil.
func (f *Fields) Get(name string) any {
	for _, field := range f.list {
		if field.Key == name {
			return field.Value
		}
	}
	return nil
}

// Take moves the fields of other to f.
func (f *Fields) Take(other *Fields) {
	f.add(other)
	other.clear()
}

// add copies the fields of other to f.
func (f *Fields) add(other *Fields) {
	for _, field := range other.list {
		f.Put(field.Key, field.Value)
	}
}

// clear removes all fields, and keeps their memory.
func (f *Fields) clear() { f.list = f.list[:0] }

// equal reports whether f and other have the same fields in the same order.
func (f *Fields) equal(other *Fields) bool {
	return slices.EqualFunc(f.list, other.list, func(a, b *telegraf.Field) bool { return *a == *b })
}

// Series is one series with its values at one time. Telegraf gives a type to a metric
// and not to a field, so gauges and counters are two metrics. It must not be copied.
type Series struct {
	Tags             map[string]string
	Gauges, Counters Fields

	draft draft
}

// Clear removes all tags and fields, and keeps the memory for the next series: Send
// copies it. It makes the map that is nil.
func (s *Series) Clear() {
	if s.Tags == nil {
		s.Tags = map[string]string{}
	}
	clear(s.Tags)
	s.Gauges.clear()
	s.Counters.clear()
}

// Copy makes s a copy of other.
func (s *Series) Copy(other *Series) {
	s.Clear()
	maps.Copy(s.Tags, other.Tags)
	s.Gauges.add(&other.Gauges)
	s.Counters.add(&other.Counters)
}

// Equal reports whether s and other have the same tags, and the same fields in the same
// order. Values are numbers, booleans and text.
func (s *Series) Equal(other *Series) bool {
	return maps.Equal(s.Tags, other.Tags) && s.Gauges.equal(&other.Gauges) && s.Counters.equal(&other.Counters)
}

// Merger is an accumulator whose metrics have no type, and can have gauges and counters
// at once.
type Merger interface {
	// AddMerged adds a metric with all fields of a series.
	AddMerged(m telegraf.Metric)
}

// Send adds the gauges and the counters of s to acc, as far as there are any: in one
// metric if acc is a Merger. Otherwise both have the time at, so that a database makes
// one point of them.
func (s *Series) Send(acc telegraf.Accumulator, measurement string, at time.Time) {
	s.draft.begin(measurement, s.Tags, at)
	if merger, ok := acc.(Merger); ok {
		merger.AddMerged(s.draft.metric(telegraf.Gauge, &s.Gauges, &s.Counters))
		return
	}
	if len(s.Gauges.list) > 0 {
		acc.AddMetric(s.draft.metric(telegraf.Gauge, &s.Gauges))
	}
	if len(s.Counters.list) > 0 {
		acc.AddMetric(s.draft.metric(telegraf.Counter, &s.Counters))
	}
}

// SendEvent adds the gauges of s to acc as what is no gauge: it happened at that time.
func (s *Series) SendEvent(acc telegraf.Accumulator, measurement string, at time.Time) {
	s.draft.begin(measurement, s.Tags, at)
	acc.AddMetric(s.draft.metric(telegraf.Untyped, &s.Gauges))
}

// draft is a metric in the making, whose memory is used again: metric.FromMetric asks
// it for the name, the lists, the time and the type, and copies them. Telegraf's
// metric.New takes twice the memory, since it makes each value anew.
type draft struct {
	telegraf.Metric // nil: nothing else is asked

	name   string
	at     time.Time
	kind   telegraf.ValueType
	tags   []*telegraf.Tag
	fields []*telegraf.Field
}

// Name implements telegraf.Metric, as the next four do.
func (d *draft) Name() string { return d.name }

// Time is when the values were read.
func (d *draft) Time() time.Time { return d.at }

// Type says whether the fields are gauges or counters.
func (d *draft) Type() telegraf.ValueType { return d.kind }

// TagList is sorted by name.
func (d *draft) TagList() []*telegraf.Tag { return d.tags }

// FieldList has no order.
func (d *draft) FieldList() []*telegraf.Field { return d.fields }

// begin makes d the draft of a series at a time, without fields.
func (d *draft) begin(measurement string, tags map[string]string, at time.Time) {
	d.name, d.at, d.tags = measurement, at, d.tags[:0]
	for name, value := range tags {
		tag := next(&d.tags)
		tag.Key, tag.Value = name, value
	}
	slices.SortFunc(d.tags, func(a, b *telegraf.Tag) int { return strings.Compare(a.Key, b.Key) })
}

// metric returns a metric with the fields of these lists.
func (d *draft) metric(kind telegraf.ValueType, lists ...*Fields) telegraf.Metric {
	d.kind, d.fields = kind, d.fields[:0]
	for _, fields := range lists {
		d.fields = append(d.fields, fields.list...)
	}
	return metric.FromMetric(d)
}

// next adds an element to a list, one that was there before if there is room.
func next[T any](list *[]*T) *T {
	n := len(*list)
	if n < cap(*list) {
		if *list = (*list)[:n+1]; (*list)[n] != nil {
			return (*list)[n]
		}
		(*list)[n] = new(T)
	} else {
		*list = append(*list, new(T))
	}
	return (*list)[n]
}
