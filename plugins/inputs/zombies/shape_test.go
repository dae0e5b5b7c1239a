package zombies

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/influxdata/telegraf"
	"github.com/influxdata/telegraf/config"
	"github.com/influxdata/telegraf/testutil"

	"telegraf-sysprobe/plugins/internal/plugintest"
	"telegraf-sysprobe/plugins/internal/procfixture"
	"telegraf-sysprobe/plugins/internal/proctable"
	"telegraf-sysprobe/sysprobe"
)

// gatherAll returns the metrics of every gather of a machine.
func gatherAll(t *testing.T, machine *procfixture.Machine, change func(*Zombies)) [][]telegraf.Metric {
	t.Helper()
	z := configured(t, func(z *Zombies) {
		z.open = func() (proctable.Machine, error) { return machine, nil }
		z.listen = func() (exitSource, error) { return &machine.Exits, nil }
		change(z)
	})
	z.Log = testutil.Logger{Quiet: true}
	plugintest.Start(t, z, nil)
	return plugintest.GatherAll(t, z)
}

// TestNames gathers every recorded machine with every option that adds or takes a
// name.
func TestNames(t *testing.T) {
	var shape plugintest.Names
	root := filepath.Join("..", "..", "..", "testdata", "cases", "zombies")
	cases, err := os.ReadDir(root)
	if err != nil {
		t.Fatal(err)
	}
	for _, dir := range cases {
		for _, tagWith := range [][]string{nil, {"container", "pod"}} {
			machine := procfixture.New(t, filepath.Join(root, dir.Name()))
			for _, metrics := range gatherAll(t, machine, func(z *Zombies) {
				z.TagWith, z.Cmdline, z.AlertCount, z.AlertAge, z.AlertRate = tagWith, true, 1, 1, 1
				z.open = func() (proctable.Machine, error) { return crowded{machine, new(uint64)}, nil }
			}) {
				shape.Add(metrics)
			}
		}
	}
	shape.Check(t)
	shape.CheckAlerts(t)
	shape.CheckFields(t, "zombies")
	shape.CheckOwnTags(t, (*Zombies)(nil).SoleWriter())
	for _, name := range []string{
		"zombies_parent parent_is_init_code", "zombies_parent container", "zombies_process age_exact_code",
		"zombies_process core_dumped_code", "zombie_event container",
	} {
		measurement, field, _ := strings.Cut(name, " ")
		if _, fields := shape.Of(measurement); !slices.Contains(fields, field) {
			t.Errorf("no field %s", name)
		}
	}
	for _, name := range []string{"zombies_parent container_tag", "zombie_event container_tag"} {
		measurement, tag, _ := strings.Cut(name, " ")
		if tags, _ := shape.Of(measurement); !slices.Contains(tags, tag) {
			t.Errorf("no tag %s", name)
		}
	}
}

// leaks writes a case whose n-th gather, 10 s after the one before, has the parents
// that parents[n] lists, as in "20:leakyd:3": PID, name, and its zombies, or those
// from one to another as in "20:leakyd:2-4".
func leaks(t *testing.T, parents ...string) *procfixture.Machine {
	t.Helper()
	dir := plugintest.TempDir(t)
	for n, list := range parents {
		var rows []string
		for parent := range strings.FieldsSeq(list) {
			var pid, first, last int
			part := strings.Split(parent, ":")
			if _, err := fmt.Sscan(part[0], &pid); err != nil {
				t.Fatal(err)
			}
			if _, err := fmt.Sscanf(part[2], "%d-%d", &first, &last); err != nil {
				first = 1
				if _, err := fmt.Sscan(part[2], &last); err != nil {
					t.Fatal(err)
				}
			}
			rows = append(rows, fmt.Sprintf(`{"ID": {"PID": %d, "Start": %d}, "Comm": %q, "State": "sleeping"}`, pid, pid, part[1]))
			for zombie := first; zombie <= last; zombie++ {
				rows = append(rows, fmt.Sprintf(`{"ID": {"PID": %d, "Start": %d}, "PPID": %d, "Comm": "worker", "State": "zombie"}`,
					pid+zombie, pid+zombie, pid))
			}
		}
		file := "input.json"
		if n > 0 {
			file = fmt.Sprintf("input-%d.json", n+1)
		}
		text := fmt.Sprintf(`{"Snapshot": {"Taken": "2026-01-01T00:00:%02dZ", "Procs": [%s]}}`, n*10, strings.Join(rows, ","))
		if err := os.WriteFile(filepath.Join(dir, file), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return procfixture.New(t, dir)
}

// rowsOf returns, for each gather, what text makes of the rows of a measurement.
func rowsOf(
	gathers [][]telegraf.Metric, measurement string, valueType telegraf.ValueType, text func(tags map[string]string, fields map[string]any) string,
) []string {
	texts := make([]string, len(gathers))
	for i, metrics := range gathers {
		var rows []string
		for _, m := range metrics {
			if m.Name() == measurement && m.Type() == valueType {
				rows = append(rows, text(m.Tags(), m.Fields()))
			}
		}
		slices.Sort(rows)
		texts[i] = strings.Join(rows, " ")
	}
	return texts
}

// TestLastWords lets parents reap, end, execute another program and fall behind
// others, and looks at the last row of each series.
func TestLastWords(t *testing.T) {
	parents := func(change func(*Zombies), gathers ...string) (gauges, counters []string) {
		all := gatherAll(t, leaks(t, gathers...), change)
		gauges = rowsOf(all, "zombies_parent", telegraf.Gauge, func(tags map[string]string, fields map[string]any) string {
			return fmt.Sprintf("%s/%s=%v", tags["parent_name"], tags["rank"], fields["zombies"])
		})
		counters = rowsOf(all, "zombies_parent", telegraf.Counter, func(tags map[string]string, fields map[string]any) string {
			return fmt.Sprintf("%s/%s=%v-%v", tags["parent_name"], tags["rank"], fields["created"], fields["reaped"])
		})
		return gauges, counters
	}
	for _, tt := range []struct {
		name             string
		change           func(*Zombies)
		gathers          []string
		gauges, counters []string
	}{
		{
			"reaps", func(*Zombies) {},
			[]string{"20:a:1", "20:a:3", "20:a:0", "20:a:0", "20:a:1"},
			[]string{"a/1=1", "a/1=3", "a/1=0", "", "a/1=1"},
			[]string{"a/1=0-0", "a/1=2-0", "a/1=2-3", "", "a/1=3-3"},
		},
		{
			"ends", func(*Zombies) {},
			[]string{"20:a:2 30:b:1", "30:b:1", "30:b:1"},
			[]string{"a/1=2 b/1=1", "a/1=0 b/1=1", "b/1=1"},
			[]string{"a/1=0-0 b/1=0-0", "a/1=0-2 b/1=0-0", "b/1=0-0"},
		},
		{
			"executes", func(*Zombies) {},
			[]string{"20:a:2", "20:b:2", "20:b:3"},
			[]string{"a/1=2", "a/1=0 b/1=2", "b/1=3"},
			[]string{"a/1=0-0", "a/1=0-0 b/1=0-0", "b/1=1-0"},
		},
		{
			"falls behind", func(z *Zombies) { z.MaxParents = 1 },
			[]string{"20:a:2 30:b:1", "20:a:2 30:b:3", "30:b:3", "30:b:3"},
			[]string{"a/1=2 other/other=1", "a/1=0 b/1=3 other/other=2", "b/1=3 other/other=0", "b/1=3"},
			[]string{"a/1=0-0", "a/1=0-0 b/1=2-0", "b/1=2-0", "b/1=2-0"},
		},
		{
			"of one name: the first ends", func(*Zombies) {},
			[]string{"20:a:1 30:a:2", "30:a:2", "30:a:2 50:a:1", "30:a:2 50:a:1"},
			[]string{"a/1=1 a/2=2", "a/1=0 a/2=2", "a/1=1 a/2=2", "a/1=1 a/2=2"},
			[]string{"a/1=0-0 a/2=0-0", "a/1=0-1 a/2=0-0", "a/1=1-0 a/2=0-0", "a/1=1-0 a/2=0-0"},
		},
	} {
		t.Run(tt.name, func(t *testing.T) {
			gauges, counters := parents(tt.change, tt.gathers...)
			if diff := cmp.Diff(tt.gauges, gauges); diff != "" {
				t.Errorf("zombies (-want +got):\n%s", diff)
			}
			if diff := cmp.Diff(tt.counters, counters); diff != "" {
				t.Errorf("created-reaped (-want +got):\n%s", diff)
			}
		})
	}
}

// TestEventsHaveOneIdentity raises alerts of parents that execute another program,
// have the name of another one, and end.
func TestEventsHaveOneIdentity(t *testing.T) {
	events := func(change func(*Zombies), gathers ...string) []string {
		return rowsOf(gatherAll(t, leaks(t, gathers...), change), "zombie_event", telegraf.Untyped,
			func(tags map[string]string, fields map[string]any) string {
				return fmt.Sprintf("%s:%s/%s=%v", tags["event"], tags["parent_name"], tags["rank"], fields["parent_pid"])
			})
	}
	for _, tt := range []struct {
		name          string
		change        func(*Zombies)
		gathers, want []string
	}{
		{
			"exec", func(z *Zombies) { z.AlertCount = 2 },
			[]string{"20:a:2", "20:b:2", "20:b:0"},
			[]string{"count_exceeded:a/1=20", "", "count_cleared:a/1=20"},
		},
		{
			"two of one name", func(z *Zombies) { z.AlertCount = 2 },
			[]string{"20:a:2 30:a:1", "20:a:2 30:a:2", "30:a:2", "30:a:2 40:a:2", "30:a:0 40:a:0"},
			[]string{
				"count_exceeded:a/1=20", "count_exceeded:a/2=30", "count_cleared:a/1=20", "count_exceeded:a/1=40",
				"count_cleared:a/1=40 count_cleared:a/2=30",
			},
		},
		{
			"reaped in time", func(z *Zombies) { z.AlertCount, z.MinAge = 2, config.Duration(15*time.Second) },
			[]string{"20:a:1-3", "20:a:4-6", "20:a:4-6", "20:a:4-6"},
			[]string{"", "", "", "count_exceeded:a/1=20"},
		},
	} {
		t.Run(tt.name, func(t *testing.T) {
			if diff := cmp.Diff(tt.want, events(tt.change, tt.gathers...)); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
		})
	}
}

// TestOldZombiesAreCounted tells those that min_age lets pass from all.
func TestOldZombiesAreCounted(t *testing.T) {
	gathers := gatherAll(t, leaks(t, "20:a:2", "20:a:3", "20:a:2-3"), func(z *Zombies) { z.MinAge = config.Duration(10 * time.Second) })
	counts := func(total string) func(map[string]string, map[string]any) string {
		return func(_ map[string]string, fields map[string]any) string {
			return fmt.Sprint(fields[total], "-", fields[total+"_old"])
		}
	}
	want := []string{"2-0", "3-2", "2-2"}
	if diff := cmp.Diff(want, rowsOf(gathers, "zombies", telegraf.Gauge, counts("total"))); diff != "" {
		t.Errorf("zombies (-want +got):\n%s", diff)
	}
	if diff := cmp.Diff(want, rowsOf(gathers, "zombies_parent", telegraf.Gauge, counts("zombies"))); diff != "" {
		t.Errorf("zombies_parent (-want +got):\n%s", diff)
	}
}

// TestLimitOfTheParentsCgroup fills the container of a parent, while the machine has
// room.
func TestLimitOfTheParentsCgroup(t *testing.T) {
	machine := crowded{Machine: leaks(t, "20:a:2", "20:a:7", "20:a:10", "20:a:10"), inUse: new(uint64)}
	z := configured(t, func(z *Zombies) { z.open = func() (proctable.Machine, error) { return machine, nil } })
	plugintest.Start(t, z, nil)
	var got []string
	for _, *machine.inUse = range []uint64{12, 17, 20, 20} {
		var acc testutil.Accumulator
		if err := z.Gather(&acc); err != nil {
			t.Fatal(err)
		}
		for _, m := range acc.GetTelegrafMetrics() {
			if current, has := m.GetField("pids_current"); has {
				got = append(got, fmt.Sprintf("%v/%v %v", current, m.Fields()["pids_max"], m.Fields()["seconds_to_pids_max"]))
			}
		}
	}
	if diff := cmp.Diff([]string{"12/20 <nil>", "17/20 6", "20/20 0", "20/20 0"}, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

// crowded is a machine with a limit of 20 processes in the cgroup of each.
type crowded struct {
	*procfixture.Machine
	inUse *uint64
}

func (c crowded) CgroupPIDs(int32) sysprobe.Opt[sysprobe.PIDUse] {
	return sysprobe.Some(sysprobe.PIDUse{InUse: *c.inUse, Limit: 20, Source: "cgroup"})
}
