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

// The command line and the executable of a process are read once in a gather,
// however many tables and rows need them, and not at all if the filters or the
// cheap lists of a table leave the process out. A changed command line shows.
func TestProgramsAreAskedForOnce(t *testing.T) {
	dir := plugintest.TempDir(t)
	for name, cmdline := range map[string]string{
		"input.json": `["init"]`, "input-2.json": `["init"]`, "input-3.json": `["init", "--token=x"]`,
	} {
		input := `{"Details": {"1": {"Cmdline": ` + cmdline + `, "Exe": {"Path": "/init"}}},
			"Snapshot": {"Procs": [{"ID": {"PID": 1}, "Comm": "init", "RSS": 1}, {"ID": {"PID": 2}, "Comm": "sh"},
			{"ID": {"PID": 3}, "Comm": "cron"}]}}`
		if err := os.WriteFile(filepath.Join(dir, name), []byte(input), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	machine := procfixture.New(t, dir)
	p := configured(t, func(p *Procs) {
		inject(p, machine)
		p.Collect, p.Properties = []string{"process", "top"}, []string{"cmdline", "exe", "cwd"}
		p.NameExclude = []string{"cron"}
		p.Select = []Condition{
			{As: "a", Cmdline: []string{"^never$"}, Name: []string{"init", "cron"}},
			{As: "b", Cmdline: []string{"^init"}, Exe: []string{"/in*"}, Name: []string{"init"}},
		}
	})
	plugintest.Start(t, p, nil)
	for gather, want := range []string{"init", "init", "init --token=***"} {
		machine.Asked = nil
		var acc testutil.Accumulator
		if err := p.Gather(&acc); err != nil {
			t.Fatal(err)
		}
		for _, measurement := range []string{"procs_process", "procs_top"} {
			if got, _ := acc.StringField(measurement, "cmdline"); got != want {
				t.Errorf("gather %d: cmdline of %s is %q, want %q", gather, measurement, got, want)
			}
		}
		if diff := cmp.Diff(map[string]int{"cmdline 1": 1, "exe 1": 1, "cwd 1": 1}, machine.Asked); diff != "" {
			t.Errorf("gather %d asked (-want +got):\n%s", gather, diff)
		}
		if machine.Opened[1] != 0 {
			t.Errorf("%d processes stay open", machine.Opened[1])
		}
	}
}
