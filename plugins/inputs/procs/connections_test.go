package procs

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/influxdata/telegraf/testutil"

	"telegraf-sysprobe/plugins/internal/plugintest"
	"telegraf-sysprobe/plugins/internal/procfixture"
)

// A gather reads the sockets of all processes with a row in one call, each process
// once, and of no other process. All malformed sockets are counted, and the errors
// of processes with a row are added.
func TestConnectionsAreAskedForOnce(t *testing.T) {
	const (
		procs = `{"Snapshot": {"Procs": [{"ID": {"PID": 1}, "Comm": "init", "RSS": 1}, {"ID": {"PID": 2}, "Comm": "sh"},
			{"ID": {"PID": 3}, "Comm": "cron", "RSS": 9}, {"ID": {"PID": 4}, "Comm": "db"}]}, "Gone": [4], `
		first = procs + `"Details": {"1": {"Connections": {"Malformed": 2, "Sockets": [{"Family": "unix"}, {"Family": "unix"}]}},
			"2": {}, "3": {"Errors": {"connections": "broken pipe"}}}}`
		second = procs + `"Details": {"1": {"Connections": {"Sockets": [{"Family": "unix"}]}}, "2": {}, "3": {}}}`
	)
	type gathered struct {
		Asked            map[string]int
		Sockets          int64 // of process 1
		Malformed, Wrong int
	}
	for _, tc := range []struct {
		name   string
		change func(*Procs)
		want   []gathered
	}{
		{"rankings and processes", func(p *Procs) { p.Collect = []string{"top", "process"} }, []gathered{
			{map[string]int{"connections": 1, "connections 1": 1, "connections 2": 1, "connections 3": 1}, 2, 2, 1},
			{map[string]int{"connections": 1, "connections 1": 1, "connections 2": 1, "connections 3": 1}, 1, 0, 0},
		}},
		{"a ranking", func(p *Procs) { p.Collect = []string{"top"} }, []gathered{
			{map[string]int{"connections": 1, "connections 1": 1, "connections 3": 1}, 2, 2, 1},
			{map[string]int{"connections": 1, "connections 1": 1, "connections 3": 1}, 1, 0, 0},
		}},
		{"selected processes", func(p *Procs) {
			p.Collect, p.Select = []string{"process"}, []Condition{{Name: []string{"init", "sh"}}}
		}, []gathered{
			{map[string]int{"connections": 1, "connections 1": 1, "connections 2": 1}, 2, 2, 0},
			{map[string]int{"connections": 1, "connections 1": 1, "connections 2": 1}, 1, 0, 0},
		}},
		{"no row", func(p *Procs) { p.Collect = []string{"group"} }, []gathered{{nil, -1, 0, 0}, {nil, -1, 0, 0}}},
		{"another property", func(p *Procs) {
			p.Collect, p.Properties, p.NameInclude = []string{"process"}, []string{"affinity"}, []string{"sh"}
		}, []gathered{{map[string]int{"affinity 2": 1}, -1, 0, 0}, {map[string]int{"affinity 2": 1}, -1, 0, 0}}},
	} {
		t.Run(tc.name, func(t *testing.T) {
			dir := plugintest.TempDir(t)
			for name, input := range map[string]string{"input.json": first, "input-2.json": second} {
				if err := os.WriteFile(filepath.Join(dir, name), []byte(input), 0o600); err != nil {
					t.Fatal(err)
				}
			}
			machine := procfixture.New(t, dir)
			p := configured(t, func(p *Procs) {
				inject(p, machine)
				p.TopBy, p.Properties = []string{"memory"}, []string{"connections"}
				tc.change(p)
			})
			plugintest.Start(t, p, nil)
			for gather, want := range tc.want {
				machine.Asked = nil
				var acc testutil.Accumulator
				if err := p.Gather(&acc); err != nil {
					t.Fatal(err)
				}
				got := gathered{Asked: machine.Asked, Sockets: -1, Wrong: len(acc.Errors)}
				malformed, _ := acc.Int64Field("procs", "malformed")
				got.Malformed = int(malformed)
				for _, m := range acc.GetTelegrafMetrics() {
					if pid, _ := m.GetField("pid"); pid == int64(1) && m.HasField("unix_sockets") {
						n, _ := m.GetField("unix_sockets")
						got.Sockets, _ = n.(int64)
					}
				}
				if diff := cmp.Diff(want, got); diff != "" {
					t.Errorf("gather %d (-want +got):\n%s", gather, diff)
				}
			}
		})
	}
}
