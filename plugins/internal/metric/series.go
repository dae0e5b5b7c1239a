package metric

import (
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/influxdata/telegraf"
	"github.com/influxdata/telegraf/metric"
)

// Series is one series with its values at one time. Telegraf gives a type to a
// metric and not to a field, so gauges and counters are two metrics.
type Series struct {
	Tags             map[string]string
	Gauges, Counters Fields

	draft draft
}

// Clear removes all tags and fields, and keeps the memory for the next series: Send
// copies it. It makes the maps that are nil.
func (s *Series) Clear() {
	if s.Tags == nil {
		s.Tags, s.Gauges, s.Counters = map[string]string{}, Fields{}, Fields{}
	}
	clear(s.Tags)
	clear(s.Gauges)
	clear(s.Counters)
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
		merger.AddMerged(s.draft.metric(telegraf.Gauge, s.Gauges, s.Counters))
		return
	}
	if len(s.Gauges) > 0 {
		acc.AddMetric(s.draft.metric(telegraf.Gauge, s.Gauges))
	}
	if len(s.Counters) > 0 {
		acc.AddMetric(s.draft.metric(telegraf.Counter, s.Counters))
	}
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

// metric returns a metric with all these fields. Values of other types than line
// protocol has are left to Telegraf to convert.
func (d *draft) metric(kind telegraf.ValueType, lists ...Fields) telegraf.Metric {
	d.kind, d.fields = kind, d.fields[:0]
	var others []telegraf.Field
	for _, fields := range lists {
		for name, value := range fields {
			switch value.(type) {
			case int64, float64, bool, string:
				field := next(&d.fields)
				field.Key, field.Value = name, value
			default:
				others = append(others, telegraf.Field{Key: name, Value: value})
			}
		}
	}
	m := metric.FromMetric(d)
	for _, field := range others {
		m.AddField(field.Key, field.Value)
	}
	return m
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

// Equal reports whether s and other have the same tags, and fields of the same
// values. Values are numbers, booleans and text.
func (s *Series) Equal(other *Series) bool {
	return maps.Equal(s.Tags, other.Tags) && maps.Equal(s.Gauges, other.Gauges) && maps.Equal(s.Counters, other.Counters)
}
