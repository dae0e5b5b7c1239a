package plugintest

import (
	"fmt"
	"maps"
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/influxdata/telegraf"
	"github.com/influxdata/telegraf/testutil"
)

// CheckChanges gathers so many times from an input that sends all rows, and from one
// that leaves out those that do not change, and restores from the rows of the second
// those of the first. Create returns an input that has been started, and is to answer
// each from the same sources. At the last gather there must be nothing. It returns how
// many metrics each sent.
func CheckChanges(t *testing.T, gathers int, create func(report string) telegraf.Input) (all, changes int) {
	t.Helper()
	var metrics [2][]telegraf.Metric
	var times [2][]time.Time
	for i, report := range []string{"all", "changes"} {
		var acc testutil.Accumulator
		input := create(report)
		for range gathers {
			times[i] = append(times[i], newTime())
			if err := input.Gather(&acc); err != nil {
				t.Fatal(err)
			}
		}
		metrics[i] = acc.GetTelegrafMetrics()
	}
	CheckRestored(t, metrics[0], times[0], metrics[1], times[1])
	return len(metrics[0]), len(metrics[1])
}

// newTime returns the time, which is later than it was before: the clock of Windows can
// stand still for so long as several gathers take.
func newTime() time.Time {
	before := time.Now()
	for {
		if now := time.Now(); now.After(before) {
			return now
		}
	}
}

// CheckRestored requires that all is what there is when some has between two equal
// rows of a series that row for each gather. It knows a gather by the time when it
// began.
func CheckRestored(t *testing.T, all []telegraf.Metric, allTimes []time.Time, some []telegraf.Metric, someTimes []time.Time) {
	t.Helper()
	want, got := byGather(all, allTimes), byGather(some, someTimes)
	for series, rows := range got {
		at := slices.Sorted(maps.Keys(rows))
		for i := range len(at) - 1 {
			if cmp.Equal(rows[at[i]], rows[at[i+1]]) {
				for n := at[i] + 1; n < at[i+1]; n++ {
					rows[n] = rows[at[i]]
				}
			}
		}
		got[series] = rows
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("all rows, and those that are restored from the changes (-all +restored):\n%s", diff)
	}
}

// byGather returns the fields of each series, gauges and counters, by the number of the
// gather.
func byGather(metrics []telegraf.Metric, times []time.Time) map[string]map[int]map[string]any {
	rows := map[string]map[int]map[string]any{}
	for _, m := range metrics {
		series := fmt.Sprint(m.Name(), m.Tags())
		n := -1
		for n+1 < len(times) && !m.Time().Before(times[n+1]) {
			n++
		}
		if rows[series] == nil {
			rows[series] = map[int]map[string]any{}
		}
		if rows[series][n] == nil {
			rows[series][n] = map[string]any{}
		}
		maps.Copy(rows[series][n], m.Fields())
	}
	return rows
}
