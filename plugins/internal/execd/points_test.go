package execd

import (
	"testing"
	"time"

	"github.com/influxdata/telegraf"
	"github.com/influxdata/telegraf/metric"
	"github.com/influxdata/telegraf/testutil"
)

// TestOnePointOfTwo holds what reaches stdout to one line for each series and
// time, in the order in which the series came.
func TestOnePointOfTwo(t *testing.T) {
	var acc testutil.Accumulator
	at := time.Unix(1, 5)
	tags := func(row string) map[string]string { return map[string]string{"row": row, "a": "b"} }
	p := &points{Accumulator: &acc}
	reused := map[string]any{"up": true}
	p.AddGauge("nic", reused, tags("1"), at)
	clear(reused)
	p.AddCounter("nic", map[string]any{"bytes": 1}, tags("1"), at)
	p.AddGauge("nic", map[string]any{"up": false}, tags("2"), at)                     // of another series
	p.AddCounter("nic", map[string]any{"bytes": 2}, tags("3"), at)                    // alone
	p.AddGauge("nic", map[string]any{"up": false}, tags("4"), at)                     // of another time
	p.AddCounter("nic", map[string]any{"bytes": 4}, tags("4"), at.Add(time.Second))   //
	p.AddGauge("nic", map[string]any{"up": true}, map[string]string{"row": "5"}, at)  // of fewer tags
	p.AddCounter("nic", map[string]any{"bytes": 5}, tags("5"), at)                    //
	p.AddGauge("nic", map[string]any{"up": true}, tags("6"), at)                      // of another name
	p.AddCounter("card", map[string]any{"bytes": 6}, tags("6"), at)                   //
	p.AddGauge("nic", map[string]any{"up": true}, tags("7"), at)                      // an event between
	p.AddFields("event", map[string]any{"n": 1}, nil, at)                             //
	p.AddCounter("nic", map[string]any{"bytes": 7}, tags("7"), at)                    //
	p.AddGauge("nic", map[string]any{"up": false}, tags("8"), at.Add(-1*time.Second)) // the last one
	if latest := p.end(); !latest.Equal(at.Add(time.Second)) {
		t.Errorf("the latest metric is of %v", latest)
	}
	both := metric.New("nic", tags("1"), map[string]any{"up": true, "bytes": 1}, at)
	one := func(name string, tags map[string]string, field string, value any, at time.Time) telegraf.Metric {
		return metric.New(name, tags, map[string]any{field: value}, at)
	}
	testutil.RequireMetricsEqual(t, []telegraf.Metric{
		both,
		one("nic", tags("2"), "up", false, at), one("nic", tags("3"), "bytes", 2, at),
		one("nic", tags("4"), "up", false, at), one("nic", tags("4"), "bytes", 4, at.Add(time.Second)),
		one("nic", map[string]string{"row": "5"}, "up", true, at), one("nic", tags("5"), "bytes", 5, at),
		one("nic", tags("6"), "up", true, at), one("card", tags("6"), "bytes", 6, at),
		one("nic", tags("7"), "up", true, at), one("event", nil, "n", 1, at), one("nic", tags("7"), "bytes", 7, at),
		one("nic", tags("8"), "up", false, at.Add(-1*time.Second)),
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
