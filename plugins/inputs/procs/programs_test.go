package procs

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/influxdata/telegraf/testutil"

	"telegraf-sysprobe/plugins/internal/procfixture"
)

// What a process executes is read once for as long as the kernel says that it
// is the same program, and in each gather where it does not say. Nobody is
// asked whom the cheap lists of a table leave out.
func TestProgramsAreReadOnce(t *testing.T) {
	const row = `{"ID": {"PID": 1, "Start": START}, "Comm": "init", "Task": TASK, "Status": {"UID": 0}}, {"ID": {"PID": 2}, "Comm": "sh"}`
	for _, tc := range []struct {
		name  string
		rows  []string // START and TASK of each gather
		asked int
	}{
		{"one program", []string{"1 {\"ExecID\":5}", "1 {\"ExecID\":5}", "1 {\"ExecID\":5}"}, 1},
		{"another program", []string{"1 {\"ExecID\":5}", "1 {\"ExecID\":6}", "1 {\"ExecID\":6}"}, 2},
		{"another process", []string{"1 {\"ExecID\":5}", "2 {\"ExecID\":5}"}, 2},
		{"nobody says", []string{"1 null", "1 null"}, 2},
	} {
		t.Run(tc.name, func(t *testing.T) {
			dir := t.TempDir()
			for i, values := range tc.rows {
				start, task, _ := strings.Cut(values, " ")
				rows := strings.NewReplacer("START", start, "TASK", task).Replace(row)
				input := `{"Details": {"1": {"Cmdline": ["init"], "Exe": {"Path": "/init"}}}, "Snapshot": {"Procs": [` + rows + `]}}`
				name := []string{"input.json", "input-2.json", "input-3.json"}[i]
				if err := os.WriteFile(filepath.Join(dir, name), []byte(input), 0o600); err != nil {
					t.Fatal(err)
				}
			}
			machine := procfixture.New(t, dir)
			p := configured(t, func(p *Procs) {
				inject(p, machine)
				p.Collect, p.Properties = []string{"process", "top"}, []string{"cmdline", "exe"}
				p.Select = []Condition{
					{As: "a", Cmdline: []string{"^never$"}, Name: []string{"init"}},
					{As: "b", Cmdline: []string{"^init$"}, Exe: []string{"/in*"}, Name: []string{"init"}},
				}
			})
			if err := p.Init(); err != nil {
				t.Fatal(err)
			}
			if err := p.Start(nil); err != nil {
				t.Fatal(err)
			}
			defer p.Stop()
			for range tc.rows {
				var acc testutil.Accumulator
				if err := p.Gather(&acc); err != nil {
					t.Fatal(err)
				}
				if !acc.HasMeasurement("procs_process") {
					t.Error("no process is selected")
				}
			}
			if diff := cmp.Diff(map[string]int{"cmdline 1": tc.asked, "exe 1": tc.asked}, machine.Asked); diff != "" {
				t.Errorf("asked (-want +got):\n%s", diff)
			}
			if machine.Opened[1] != 0 {
				t.Errorf("%d processes stay open", machine.Opened[1])
			}
		})
	}
}
