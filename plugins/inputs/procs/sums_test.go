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

	"github.com/google/go-cmp/cmp"
	"github.com/influxdata/telegraf"
	"github.com/influxdata/telegraf/testutil"

	"telegraf-sysprobe/plugins/internal/plugintest"
	"telegraf-sysprobe/plugins/internal/procfixture"
)

// summed are the fields that groups and totals have, by their names there.
func summed() map[string]string {
	fields := map[string]string{
		"processes": "total", "num_threads": "total_threads", "memory_rss": "memory_rss", "memory_vms": "memory_vms",
		"cpu_usage": "cpu_usage", "num_fds": "num_fds",
		"memory_anon": "memory_anon", "memory_file": "memory_file", "memory_shmem": "memory_shmem", "memory_swap": "memory_swap",
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
			name, _ := m.GetTag("group_by")
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
	p.GroupDetails = []string{"io", "fds", "fd_usage", "switches", "memory"}
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
			plugintest.Start(t, p, nil)
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

// sharers is a machine with two processes of one name that share memory, one of which
// has few descriptors left, and one that gave them up.
func sharers(t *testing.T) *procfixture.Machine {
	t.Helper()
	dir := plugintest.TempDir(t)
	row := func(pid, rss, anon, shmem, swap, fds, limit int) string {
		return fmt.Sprintf(`{"ID": {"PID": %d, "Start": 1}, "Comm": "db", "RSS": %d, "FDs": %d, "FDLimit": %d, "Status": {"Swap": %d},
			"Memory": {"RSS": %d, "Anon": %d, "File": 5, "Shmem": %d}}`, pid, rss, fds, limit, swap, rss, anon, shmem)
	}
	text := fmt.Sprintf(`{"Snapshot": {"Procs": [%s, %s, %s]}}`,
		row(1, 1000, 10, 985, 100, 90, 100), row(2, 1020, 30, 985, 0, 10, 1000), row(3, 5, 0, 0, 0, 23, 1))
	for _, name := range []string{"input.json", "input-2.json"} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return procfixture.New(t, dir)
}

// TestPartsOfMemoryAndWorstDescriptors sums up processes that share memory, and looks
// for the one that is nearest to its limit of descriptors.
func TestPartsOfMemoryAndWorstDescriptors(t *testing.T) {
	gathers := gatherAll(t, sharers(t), func(p *Procs) {
		p.Collect, p.GroupBy = []string{"group", "top", "process"}, []string{"process_name"}
		p.TopBy, p.TopCount = []string{"memory_anon", "fd_usage"}, 1
		p.GroupDetails = []string{"memory", "fd_usage"}
	})
	got := map[string]string{}
	for _, m := range gathers[1] {
		for _, name := range []string{"memory_anon", "memory_file", "memory_shmem", "memory_swap", "fd_usage_max"} {
			if value, has := m.GetField(name); has && (m.Name() == "procs" || m.Name() == "procs_group") {
				got[m.Name()+" "+name] = fmt.Sprint(value)
			}
		}
		if by, _ := m.GetTag("by"); m.Name() == "procs_top" {
			got[by] = fmt.Sprint(m.Fields()["pid"])
		}
		if pid, _ := m.GetField("pid"); m.Name() == "procs_process" && pid != nil {
			got[fmt.Sprint(pid)] = fmt.Sprint(m.Fields()["fd_usage"], " of ", m.Fields()["fd_limit"])
		}
	}
	want := map[string]string{"memory_anon": "1", "fd_usage": "1", "1": "90 of 100", "2": "1 of 1000", "3": "<nil> of 1"}
	for _, measurement := range []string{"procs", "procs_group"} {
		for name, value := range map[string]string{
			"memory_anon": "40", "memory_file": "15", "memory_shmem": "1970", "memory_swap": "100", "fd_usage_max": "90",
		} {
			want[measurement+" "+name] = value
		}
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}
