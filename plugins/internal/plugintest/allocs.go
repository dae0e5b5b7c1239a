package plugintest

import (
	"testing"

	"github.com/influxdata/telegraf"
	"github.com/influxdata/telegraf/metric"
)

// OwnAllocs returns how many allocations a gather makes of its own: without those for
// the metrics, each of which is memory that outputs keep.
func OwnAllocs(t *testing.T, gather func(telegraf.Accumulator) error) float64 {
	t.Helper()
	kept := &kept{}
	if err := gather(kept); err != nil {
		t.Fatal(err)
	}
	all := testing.AllocsPerRun(10, func() {
		if err := gather(ignored{}); err != nil {
			t.Fatal(err)
		}
	})
	return all - testing.AllocsPerRun(10, func() {
		for _, m := range kept.metrics {
			metric.FromMetric(m)
		}
	})
}

// kept keeps metrics.
type kept struct {
	telegraf.Accumulator
	metrics []telegraf.Metric
}

// AddMetric keeps m.
func (k *kept) AddMetric(m telegraf.Metric) { k.metrics = append(k.metrics, m) }

// ignored takes metrics and keeps nothing.
type ignored struct{ telegraf.Accumulator }

// AddMetric forgets the metric.
func (ignored) AddMetric(telegraf.Metric) {}
