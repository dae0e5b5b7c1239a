package procs

import (
	"errors"
	"fmt"
	"io/fs"
	"math"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/influxdata/telegraf"
	"github.com/influxdata/telegraf/testutil"

	"telegraf-sysprobe/plugins/internal/procfixture"
)

// summed are the fields that groups and totals have, by their names there.
func summed() map[string]string {
	fields := map[string]string{
		"count": "total", "num_threads": "total_threads", "memory_rss": "memory_rss", "memory_vms": "memory_vms",
		"cpu_usage": "cpu_usage", "num_fds": "num_fds",
	}
	for _, name := range counterFields {
		fields[name] = name
	}
	return fields
}

// sumsChecker holds every grouping to what all processes have: each is in
// exactly one group, so that the groups of a grouping sum up to the totals. Of
// counters that is so of what was added since the last gather: the series of a
// group without processes rests.
type sumsChecker struct {
	t    *testing.T
	last map[string]float64 // counters by series and field
}

// check looks at the metrics of the next gather.
func (c *sumsChecker) check(metrics []telegraf.Metric) {
	c.t.Helper()
	totals := map[string]float64{}
	groupings := map[string]map[string]float64{} // by their keys
	for _, m := range metrics {
		switch m.Name() {
		case "procs_group":
			var keys []string
			for _, tag := range m.TagList() {
				keys = append(keys, tag.Key)
			}
			name := strings.Join(keys, "+")
			if groupings[name] == nil {
				groupings[name] = map[string]float64{}
			}
			c.add(groupings[name], m)
		case "procs":
			c.add(totals, m)
		}
	}
	if len(groupings) == 0 && totals["total"] > 0 {
		c.t.Error("there are no groups")
	}
	for name, sums := range groupings {
		for field, total := range summed() {
			if math.Abs(sums[field]-totals[total]) > 1e-6*max(1, totals[total]) {
				c.t.Errorf("%s of all groups by %s is %v, of all processes %v", field, name, sums[field], totals[total])
			}
		}
	}
}

// add adds the fields of m to sums.
func (c *sumsChecker) add(sums map[string]float64, m telegraf.Metric) {
	for _, field := range m.FieldList() {
		value := 0.0
		switch v := field.Value.(type) {
		case int64:
			value = float64(v)
		case float64:
			value = v
		}
		if m.Type() == telegraf.Counter {
			counter := fmt.Sprint(m.Name(), m.Tags(), field.Key)
			value, c.last[counter] = value-c.last[counter], value
			if value < 0 {
				c.t.Errorf("%s runs backwards by %v", counter, -value)
			}
		}
		sums[field.Key] += value
	}
}

// everyGroup makes the groupings that checkSums looks at.
func everyGroup(p *Procs) {
	p.Collect, p.GroupBy = []string{"group"}, append(groupKeyNames(), strings.Join(groupKeyNames(), "+"))
	p.GroupDetails = []string{"io", "fds", "switches"}
	p.GroupPattern = []Condition{{As: "n", Name: []string{"*n*"}, Children: 1}, {As: "root", User: []string{"root"}}}
}

// TestGroupsSumUpToTotals takes every recorded machine there is.
func TestGroupsSumUpToTotals(t *testing.T) {
	root := filepath.Join("..", "..", "..", "testdata", "cases", "procs")
	cases, err := os.ReadDir(root)
	if err != nil {
		t.Fatal(err)
	}
	for _, dir := range cases {
		t.Run(dir.Name(), func(t *testing.T) {
			machine := procfixture.New(t, filepath.Join(root, dir.Name()))
			p := configured(t, func(p *Procs) { inject(p, machine); everyGroup(p) })
			p.Log = testutil.Logger{Quiet: true}
			if err := p.Init(); err != nil {
				t.Fatal(err)
			}
			if err := p.Start(nil); err != nil {
				t.Fatal(err)
			}
			defer p.Stop()
			checker := sumsChecker{t: t, last: map[string]float64{}}
			for {
				var acc testutil.Accumulator
				err := p.Gather(&acc)
				if errors.Is(err, fs.ErrNotExist) {
					break // no more input
				}
				checker.check(acc.GetTelegrafMetrics())
			}
		})
	}
}
