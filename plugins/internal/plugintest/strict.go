package plugintest

import (
	"testing"

	"github.com/influxdata/telegraf"
	"github.com/influxdata/telegraf/testutil"
)

// Strict is an accumulator for a test of T. It fails that on a metric that has a field
// twice, or a value that line protocol has not, neither of which shows in the copy that a
// testutil.Accumulator makes.
type Strict struct {
	testutil.Accumulator
	T testing.TB
}

// AddMetric implements telegraf.Accumulator.
func (s *Strict) AddMetric(m telegraf.Metric) {
	s.T.Helper()
	seen := map[string]bool{}
	for _, field := range m.FieldList() {
		if seen[field.Key] {
			s.T.Errorf("%s has the field %s twice", m.Name(), field.Key)
		}
		seen[field.Key] = true
		switch field.Value.(type) {
		case int64, float64, bool, string:
		default:
			s.T.Errorf("field %s of %s is of type %T", field.Key, m.Name(), field.Value)
		}
	}
	s.Accumulator.AddMetric(m)
}
