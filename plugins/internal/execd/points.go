package execd

import (
	"sync"
	"time"

	"github.com/influxdata/telegraf"
	"github.com/influxdata/telegraf/metric"
)

// points is the accumulator of one gather. It makes one metric of gauges and
// counters of one series and time that come one after the other: line protocol
// has no types, and many a processor and database makes two half rows of two
// lines.
type points struct {
	telegraf.Accumulator

	mu      sync.Mutex
	pending telegraf.Metric // gauges whose counters might follow, or nil
	latest  time.Time       // of the metrics so far
}

// AddGauge keeps the metric until the next one.
func (p *points) AddGauge(measurement string, fields map[string]any, tags map[string]string, at ...time.Time) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.flush()
	p.pending = metric.New(measurement, tags, fields, p.timeOf(at), telegraf.Gauge)
}

// AddCounter adds the fields to the gauges of that series and time, if these came
// just before.
func (p *points) AddCounter(measurement string, fields map[string]any, tags map[string]string, at ...time.Time) {
	p.mu.Lock()
	defer p.mu.Unlock()
	taken := p.timeOf(at)
	if p.pending != nil && isOf(p.pending, measurement, tags, taken) {
		for name, value := range fields {
			p.pending.AddField(name, value)
		}
		p.flush()
		return
	}
	p.flush()
	p.Accumulator.AddCounter(measurement, fields, tags, taken)
}

// AddFields adds a metric behind those before it.
func (p *points) AddFields(measurement string, fields map[string]any, tags map[string]string, at ...time.Time) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.flush()
	p.Accumulator.AddFields(measurement, fields, tags, p.timeOf(at))
}

// end passes on the last metric, and returns the latest time of all.
func (p *points) end() time.Time {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.flush()
	return p.latest
}

// flush is called with mu held.
func (p *points) flush() {
	if p.pending != nil {
		p.AddMetric(p.pending)
		p.pending = nil
	}
}

// timeOf returns the time of a metric: at, or now where that is empty. It is
// called with mu held.
func (p *points) timeOf(at []time.Time) time.Time {
	taken := time.Now()
	if len(at) > 0 {
		taken = at[0]
	}
	if taken.After(p.latest) {
		p.latest = taken
	}
	return taken
}

// isOf reports whether m is of that series and time.
func isOf(m telegraf.Metric, measurement string, tags map[string]string, at time.Time) bool {
	own := m.TagList()
	if m.Name() != measurement || !m.Time().Equal(at) || len(own) != len(tags) {
		return false
	}
	for _, tag := range own {
		if value, has := tags[tag.Key]; !has || value != tag.Value {
			return false
		}
	}
	return true
}
