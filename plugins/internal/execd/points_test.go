package execd

import (
	"testing"
	"time"

	"github.com/influxdata/telegraf"
	"github.com/influxdata/telegraf/metric"
	"github.com/influxdata/telegraf/testutil"

	sysprobemetric "telegraf-sysprobe/plugins/internal/metric"
)

// TestOnePointOfTwo holds what reaches stdout to one line for each series and time, in
// the order in which the series came.
func TestOnePointOfTwo(t *testing.T) {
	var acc testutil.Accumulator
	at := time.Unix(1, 5)
	p := &points{Accumulator: &acc}
	row := sysprobemetric.Series{Tags: map[string]string{"row": "1"}}
	row.Gauges.Put("up", true)
	row.Counters.Put("bytes", int64(1))
	row.Send(p, "nic", at)
	row.Clear()
	row.Tags["row"] = "2"
	row.Counters.Put("bytes", int64(1))
	row.Send(p, "nic", at.Add(time.Second))
	p.AddFields("event", map[string]any{"n": 1}, nil, at.Add(-time.Second))
	p.AddGauge("gauge", map[string]any{"n": 1}, nil, at)
	p.AddCounter("counter", map[string]any{"n": 1}, nil, at)
	if latest := p.end(); !latest.Equal(at.Add(time.Second)) {
		t.Errorf("the latest metric is of %v", latest)
	}
	testutil.RequireMetricsEqual(t, []telegraf.Metric{
		metric.New("nic", map[string]string{"row": "1"}, map[string]any{"up": true, "bytes": 1}, at),
		metric.New("nic", map[string]string{"row": "2"}, map[string]any{"bytes": 1}, at.Add(time.Second)),
		metric.New("event", nil, map[string]any{"n": 1}, at.Add(-time.Second)),
		metric.New("gauge", nil, map[string]any{"n": 1}, at),
		metric.New("counter", nil, map[string]any{"n": 1}, at),
	}, acc.GetTelegrafMetrics(), testutil.IgnoreType())
}

// TestOneGatherATime gathers twice within one unit of the precision.
func TestOneGatherATime(t *testing.T) {
	g := &guard{Input: &fake{Rows: 1}, log: testutil.Logger{}, precision: time.Hour}
	var acc testutil.Accumulator
	for range 2 {
		if err := g.Gather(&acc); err != nil {
			t.Fatal(err)
		}
	}
	if n := len(acc.GetTelegrafMetrics()); n != 1 {
		t.Errorf("%d metrics of one series in an hour, want the first", n)
	}
	g.latest = g.latest.Add(-time.Hour)
	if err := g.Gather(&acc); err != nil || len(acc.GetTelegrafMetrics()) != 2 {
		t.Errorf("%v, %d metrics in the next hour, want two in all", err, len(acc.GetTelegrafMetrics()))
	}
}
