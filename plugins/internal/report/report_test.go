package report

import (
	"fmt"
	"math/rand/v2"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/influxdata/telegraf/config"
	"github.com/influxdata/telegraf/testutil"

	"telegraf-sysprobe/plugins/internal/metric"
	"telegraf-sysprobe/plugins/internal/plugintest"
)

// second is the time of a gather of these tests.
func second(n int) time.Time { return time.Unix(int64(n), 0) }

// of returns a row.
func of(name string, gauge, counter int64) *metric.Series {
	s := &metric.Series{Tags: map[string]string{"name": name}}
	s.Gauges.Put("state", gauge)
	s.Counters.Put("grown", counter)
	return s
}

// reporter returns one that leaves out rows, with so long an interval.
func reporter(t *testing.T, every time.Duration) *Reporter {
	t.Helper()
	c := Choice{Report: "changes", ReportInterval: config.Duration(every)}
	r, err := c.Reporter()
	if err != nil {
		t.Fatal(err)
	}
	return r
}

// sent returns when which state and counter was sent, in order. Both were sent.
func sent(t *testing.T, acc *testutil.Accumulator) []string {
	t.Helper()
	var rows []string
	for i := 0; i < len(acc.Metrics); i += 2 {
		gauges, counters := acc.Metrics[i], acc.Metrics[i+1]
		if !gauges.Time.Equal(counters.Time) || gauges.Tags["name"] != counters.Tags["name"] {
			t.Fatalf("half a row: %v", gauges)
		}
		rows = append(rows, fmt.Sprintf("%d %s %d/%d", gauges.Time.Unix(), gauges.Tags["name"], gauges.Fields["state"], counters.Fields["grown"]))
	}
	return rows
}

// gather makes a gather with these rows, at a second.
func gather(acc *testutil.Accumulator, r *Reporter, at int, rows ...*metric.Series) {
	r.Begin(second(at))
	for _, row := range rows {
		r.Send(acc, "m", row, second(at))
	}
	r.End(acc)
}

func TestRunsOfEqualRows(t *testing.T) {
	var acc testutil.Accumulator
	r := reporter(t, time.Hour)
	for at, row := range []*metric.Series{
		of("a", 1, 0), of("a", 1, 0), of("a", 1, 0), of("a", 1, 5), of("a", 2, 5), of("a", 2, 5), nil, nil,
		of("a", 2, 5), of("a", 2, 5), of("a", 2, 5),
	} {
		if row == nil {
			gather(&acc, r, at)
		} else {
			gather(&acc, r, at, row)
		}
	}
	want := []string{
		"0 a 1/0",            // the first one
		"2 a 1/0", "3 a 1/5", // a counter grew, and began to after second 2
		"4 a 2/5",
		"5 a 2/5", // the last one before it was gone
		"8 a 2/5", // is new again
	}
	if diff := cmp.Diff(want, sent(t, &acc)); diff != "" {
		t.Errorf("sent (-want +got):\n%s", diff)
	}
}

func TestFullSets(t *testing.T) {
	var acc testutil.Accumulator
	r := reporter(t, 3*time.Second)
	for at := range 10 {
		gather(&acc, r, at, of("a", 1, 1), of("b", 1, 1))
	}
	want := []string{"0 a 1/1", "0 b 1/1", "3 a 1/1", "3 b 1/1", "6 a 1/1", "6 b 1/1", "9 a 1/1", "9 b 1/1"}
	if diff := cmp.Diff(want, sent(t, &acc)); diff != "" {
		t.Errorf("sent (-want +got):\n%s", diff)
	}
}

// TestFlush sends what was left out, once, before a change and the end.
func TestFlush(t *testing.T) {
	var acc testutil.Accumulator
	r := reporter(t, time.Hour)
	r.Flush()
	for at := range 3 {
		gather(&acc, r, at, of("b", 1, int64(at)), of("a", 1, 1))
	}
	r.Flush()
	r.Flush()
	want := []string{"0 b 1/0", "0 a 1/1", "1 b 1/1", "2 b 1/2", "2 a 1/1"}
	if diff := cmp.Diff(want, sent(t, &acc)); diff != "" {
		t.Errorf("sent (-want +got):\n%s", diff)
	}
}

// TestWhatIsLeftOutFollows restores all rows of three series, which change, come and
// go at random, from those that were sent.
func TestWhatIsLeftOutFollows(t *testing.T) {
	random := rand.New(rand.NewPCG(1, 2))
	var all, some testutil.Accumulator
	every := DefaultChoice()
	whole, err := every.Reporter()
	if err != nil {
		t.Fatal(err)
	}
	part := reporter(t, 50*time.Second)
	type values struct{ state, grown int64 }
	rows := map[string]*values{"a": {}, "b": {}, "c": {}}
	const gathers = 500
	for at := range gathers {
		var sent []*metric.Series
		for _, name := range []string{"a", "b", "c"} {
			switch random.IntN(20) {
			case 0:
				rows[name].state = random.Int64N(3)
			case 1:
				rows[name].grown = int64(at)
			case 2: // what comes back is another one
				*rows[name] = values{int64(at), int64(at)}
				continue
			}
			if at < gathers-1 {
				sent = append(sent, of(name, rows[name].state, rows[name].grown))
			}
		}
		gather(&all, whole, at, sent...)
		gather(&some, part, at, sent...)
	}
	times := make([]time.Time, gathers)
	for at := range times {
		times[at] = second(at)
	}
	plugintest.CheckRestored(t, all.GetTelegrafMetrics(), times, some.GetTelegrafMetrics(), times)
	if share := float64(len(some.Metrics)) / float64(len(all.Metrics)); share > 0.5 {
		t.Errorf("sent %.0f %% of the rows", 100*share)
	}
}

func TestOptions(t *testing.T) {
	for _, tt := range []struct {
		Choice

		want string
	}{
		{DefaultChoice(), ""},
		{Choice{"changes", config.Duration(time.Second)}, ""},
		{Choice{"change", config.Duration(time.Second)}, `option report: unknown entry "change"; use any of "all", "changes"`},
		{Choice{"changes", 0}, `option report_interval: 0s is no time between two full sets; use a duration such as "4m"`},
		{Choice{"all", -1}, `option report_interval: -1ns is no time between two full sets; use a duration such as "4m"`},
	} {
		_, err := tt.Reporter()
		if got := fmt.Sprint(err); err == nil && tt.want != "" || err != nil && got != tt.want {
			t.Errorf("%v: %s, want %q", tt.Choice, got, tt.want)
		}
	}
}

// TestAllocations holds that a row that is left out costs no memory.
func TestAllocations(t *testing.T) {
	var acc testutil.Accumulator
	r, row, at := reporter(t, time.Hour), of("a", 1, 1), 0
	if n := testing.AllocsPerRun(100, func() { at++; gather(&acc, r, at, row) }); n > 0 {
		t.Errorf("%.1f allocations", n)
	}
}
