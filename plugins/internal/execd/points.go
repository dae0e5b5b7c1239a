package execd

import (
	"sync"
	"time"

	"github.com/influxdata/telegraf"
)

// points is the accumulator of one gather, or of what an input sends between. It takes gauges and counters of a series as
// one metric: line protocol has no types, and many a processor and database makes two
// half rows of two lines.
type points struct {
	telegraf.Accumulator

	mu     sync.Mutex
	latest time.Time // of the metrics so far
}

// AddMerged implements metric.Merger.
func (p *points) AddMerged(m telegraf.Metric) { p.AddMetric(m) }

// ComparedSeries implements writers.Comparer: load has compared them.
func (*points) ComparedSeries() {}

// AddMetric notes the time of m.
func (p *points) AddMetric(m telegraf.Metric) {
	p.note(m.Time())
	p.Accumulator.AddMetric(m)
}

// AddGauge notes the time of the metric.
func (p *points) AddGauge(measurement string, fields map[string]any, tags map[string]string, at ...time.Time) {
	p.Accumulator.AddGauge(measurement, fields, tags, p.timeOf(at))
}

// AddCounter notes the time of the metric.
func (p *points) AddCounter(measurement string, fields map[string]any, tags map[string]string, at ...time.Time) {
	p.Accumulator.AddCounter(measurement, fields, tags, p.timeOf(at))
}

// AddFields notes the time of the metric.
func (p *points) AddFields(measurement string, fields map[string]any, tags map[string]string, at ...time.Time) {
	p.Accumulator.AddFields(measurement, fields, tags, p.timeOf(at))
}

// end returns the latest time of all.
func (p *points) end() time.Time {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.latest
}

// timeOf returns the time of a metric: at, or now where that is empty.
func (p *points) timeOf(at []time.Time) time.Time {
	taken := time.Now()
	if len(at) > 0 {
		taken = at[0]
	}
	p.note(taken)
	return taken
}

// note notes the time of a metric.
func (p *points) note(taken time.Time) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if taken.After(p.latest) {
		p.latest = taken
	}
}
