package procs

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/influxdata/telegraf"
	"github.com/influxdata/telegraf/testutil"

	"telegraf-sysprobe/plugins/internal/plugintest"
	"telegraf-sysprobe/plugins/internal/procfixture"
)

// gatherAll returns the metrics of every gather of a machine.
func gatherAll(t *testing.T, machine *procfixture.Machine, change func(*Procs)) [][]telegraf.Metric {
	t.Helper()
	p := configured(t, func(p *Procs) { inject(p, machine); change(p) })
	p.Log = testutil.Logger{Quiet: true}
	plugintest.Start(t, p, nil)
	return plugintest.GatherAll(t, p)
}

// TestNames gathers every recorded machine with every option that adds or takes a
// name.
func TestNames(t *testing.T) {
	var shape plugintest.Names
	root := filepath.Join("..", "..", "..", "testdata", "cases", "procs")
	cases, err := os.ReadDir(root)
	if err != nil {
		t.Fatal(err)
	}
	machines := []func() *procfixture.Machine{func() *procfixture.Machine { return sharers(t) }}
	for _, dir := range cases {
		machines = append(machines, func() *procfixture.Machine { return procfixture.New(t, filepath.Join(root, dir.Name())) })
	}
	for _, machine := range machines {
		for _, tagWith := range [][]string{nil, tagNames()} {
			for _, metrics := range gatherAll(t, machine(), func(p *Procs) {
				everyGroup(p)
				p.Collect, p.TopBy = []string{"top", "group", "process"}, topKeyNames()
				p.Properties, p.TagWith = propertyNames(), tagWith
				p.Select = []Condition{{As: "n", Name: []string{"*n*"}, Children: 1}, {Name: []string{"*"}}}
			}) {
				shape.Add(metrics)
			}
		}
	}
	shape.Check(t)
	shape.CheckAlerts(t)
	shape.CheckFields(t, "procs")
	shape.CheckOwnTags(t, (*Procs)(nil).SoleWriter())
	for _, measurement := range []string{"procs_top", "procs_process"} {
		tags, fields := shape.Of(measurement)
		for _, fact := range tagNames() {
			if measurement == "procs_process" && (fact == "process_name" || fact == "user") {
				continue // tags, whatever tag_with says
			}
			if !slices.Contains(tags, fact+"_tag") || !slices.Contains(fields, fact) {
				t.Errorf("%s has no tag %s_tag or no field %s", measurement, fact, fact)
			}
		}
	}
}

// daemons writes a case whose n-th gather has the processes that running[n]
// names, "a1" being the first process of the name a.
func daemons(t *testing.T, running ...string) *procfixture.Machine {
	t.Helper()
	dir := plugintest.TempDir(t)
	for n, names := range running {
		var rows []string
		for process := range strings.FieldsSeq(names) {
			pid := int(process[0]-'a')*10 + int(process[1]-'0') + 1
			rows = append(rows, fmt.Sprintf(`{"ID": {"PID": %d, "Start": %d}, "Comm": %q, "Threads": 1, "UserTime": %d}`,
				pid, pid, process[:1], (100+n)*1_000_000_000))
		}
		file := "input.json"
		if n > 0 {
			file = fmt.Sprintf("input-%d.json", n+1)
		}
		text := fmt.Sprintf(`{"Snapshot": {"Taken": "2026-01-01T00:%02d:%02dZ", "Procs": [%s]}}`, n/6, n%6*10, strings.Join(rows, ","))
		if err := os.WriteFile(filepath.Join(dir, file), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return procfixture.New(t, dir)
}

// processesOf returns, for each gather, the number of processes of a row of a
// measurement; -1 where there is no row.
func processesOf(gathers [][]telegraf.Metric, measurement, tag, value string) []int64 {
	numbers := make([]int64, len(gathers))
	for i, metrics := range gathers {
		numbers[i] = -1
		for _, m := range metrics {
			n, has := m.GetField("processes")
			if is, _ := m.GetTag(tag); has && is == value && m.Name() == measurement {
				numbers[i], _ = n.(int64)
			}
		}
	}
	return numbers
}

// TestServiceRestarts ends a daemon that has a group while another one waits for
// a place: its group ends with 0, and has its place when it comes back.
func TestServiceRestarts(t *testing.T) {
	machine := daemons(t, "a1 b1 c1", "a1 b1 c1", "b1 c1", "b1 c1", "a2 b1 c1")
	gathers := gatherAll(t, machine, func(p *Procs) {
		p.Collect, p.GroupBy, p.MaxGroups = []string{"group"}, []string{"process_name"}, 2
	})
	for name, want := range map[string][]int64{"a": {1, 1, 0, -1, 1}, "b": {1, 1, 1, 1, 1}, "other": {1, 1, 1, 1, 1}} {
		if got := processesOf(gathers, "procs_group", "process_name", name); !slices.Equal(got, want) {
			t.Errorf("processes of %s: %v, want %v", name, got, want)
		}
	}
}

// TestNameThatLivedOnceMakesRoom does the same with a name of one gather, as a
// build has: its place is free at once, but not before its 0.
func TestNameThatLivedOnceMakesRoom(t *testing.T) {
	machine := daemons(t, "a1", "b1", "b1", "b1")
	gathers := gatherAll(t, machine, func(p *Procs) {
		p.Collect, p.GroupBy, p.MaxGroups = []string{"group"}, []string{"process_name"}, 1
	})
	for name, want := range map[string][]int64{"a": {1, 0, -1, -1}, "b": {-1, 1, 1, 1}} {
		if got := processesOf(gathers, "procs_group", "process_name", name); !slices.Equal(got, want) {
			t.Errorf("processes of %s: %v, want %v", name, got, want)
		}
	}
}

// TestPlaceIsNotKeptForEver lets a daemon stay away for long.
func TestPlaceIsNotKeptForEver(t *testing.T) {
	running := []string{"a1 b1", "a1 b1"}
	for range keepsPlace + 2 {
		running = append(running, "b1")
	}
	gathers := gatherAll(t, daemons(t, running...), func(p *Procs) {
		p.Collect, p.GroupBy, p.MaxGroups = []string{"group"}, []string{"process_name"}, 1
	})
	of := processesOf(gathers, "procs_group", "process_name", "b")
	if last := of[len(of)-1]; last != 1 || of[keepsPlace] != -1 {
		t.Errorf("processes of b: %v, want it in the rest until a was away for %d gathers", of, keepsPlace)
	}
}

// TestWhatIsConfiguredHasRows names patterns and selections that nothing matches,
// and groups beyond max_groups.
func TestWhatIsConfiguredHasRows(t *testing.T) {
	gathers := gatherAll(t, daemons(t, "a1 b1 c1", "a1 b1", "b1"), func(p *Procs) {
		p.Collect, p.GroupBy, p.MaxGroups = []string{"group", "process"}, []string{"pattern"}, 1
		p.GroupPattern = []Condition{{As: "etl", Name: []string{"etl"}}, {As: "a", Name: []string{"a"}}, {As: "c", Name: []string{"c"}}}
		p.Select = []Condition{{As: "etl", Name: []string{"etl"}}, {Name: []string{"a"}}, {As: "b", Name: []string{"b"}}}
		p.MaxProcesses = 1
	})
	for name, want := range map[string][]int64{"etl": {0, 0, 0}, "a": {1, 1, 0}, "c": {1, 0, 0}, "other": {1, 1, 1}} {
		if got := processesOf(gathers, "procs_group", "pattern", name); !slices.Equal(got, want) {
			t.Errorf("processes of pattern %s: %v, want %v", name, got, want)
		}
	}
	for name, want := range map[string][]int64{"etl": {0, 0, 0}, "2": {1, 1, 0}, "b": {1, 1, 1}} {
		if got := processesOf(gathers, "procs_selection", "selection", name); !slices.Equal(got, want) {
			t.Errorf("processes of selection %s: %v, want %v", name, got, want)
		}
	}
}

// TestSumsBeginWithTheProgram restarts the plugin beside processes with CPU time
// behind them: a database must see counters that begin at 0.
func TestSumsBeginWithTheProgram(t *testing.T) {
	gathers := gatherAll(t, daemons(t, "a1 b1", "a1 b1 b2", "a1"), func(p *Procs) {
		p.Collect, p.GroupBy = []string{"group"}, []string{"process_name"}
	})
	for group, want := range map[string][]float64{"": {0, 103, 104}, "a": {0, 1, 2}, "b": {0, 102, 102}} {
		for i, metrics := range gathers {
			var acc testutil.Accumulator
			acc.AddMetrics(metrics)
			measurement, tags := "procs", map[string]string(nil)
			if group != "" {
				measurement, tags = "procs_group", map[string]string{"process_name": group}
			}
			if got := field(&acc, measurement, tags, "cpu_time_user"); got != want[i] {
				t.Errorf("gather %d: cpu_time_user of %s %q is %v, want %v", i+1, measurement, group, got, want[i])
			}
		}
	}
}

// counter returns an integer field of a metric, 0 where that is not there.
func counter(acc *testutil.Accumulator, measurement string, tags map[string]string, name string) int64 {
	n, _ := field(acc, measurement, tags, name).(int64)
	return n
}

// field returns a field of a metric with those tags, nil where that is not
// there.
func field(acc *testutil.Accumulator, measurement string, tags map[string]string, name string) any {
	for _, m := range acc.GetTelegrafMetrics() {
		matches := m.Name() == measurement
		for key, value := range tags {
			matches = matches && m.Tags()[key] == value
		}
		if value, there := m.GetField(name); matches && there {
			return value
		}
	}
	return nil
}
