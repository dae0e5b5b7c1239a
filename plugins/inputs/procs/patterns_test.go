package procs

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/influxdata/telegraf/testutil"

	"telegraf-sysprobe/plugins/internal/plugintest"
	"telegraf-sysprobe/plugins/internal/procfixture"
)

// facts is a member that has them.
type facts map[string]string

func (f facts) text(fact string) (string, bool) { text, known := f[fact]; return text, known }
func (facts) addTo(*sums)                       {}
func (facts) lives() bool                       { return true }

// TestPatternsMeanWhatTheirWritersMeant takes what people write who come from
// systemctl, pgrep and inputs.procstat.
func TestPatternsMeanWhatTheirWritersMeant(t *testing.T) {
	nginx := facts{
		"name": "nginx", "user": "www-data", "uid": "33", "unit": "nginx.service", "cgroup": "/system.slice/nginx.service",
		"exe": "/usr/sbin/nginx", "container": "",
	}
	scope := facts{"unit": `machine-qemu\x2d3\x2dvm.scope`, "cgroup": "/", "user": "1000x", "uid": "1000", "exe": "/opt/nginx-1/bin/node"}
	for _, tt := range []struct {
		name  string
		table Condition
		of    facts
		want  bool
		meant int
	}{
		{"unit with suffix", Condition{Unit: []string{"nginx.service"}}, nginx, true, 0},
		{"unit without suffix", Condition{Unit: []string{"nginx"}}, nginx, true, 1},
		{"unit without suffix and with a wildcard", Condition{Unit: []string{"ng*x"}}, nginx, true, 1},
		{"unit with a wildcard at the end", Condition{Unit: []string{"nginx*"}}, nginx, true, 0},
		{"another unit", Condition{Unit: []string{"ngin"}}, nginx, false, 1},
		{"unit of any kind", Condition{Unit: []string{"nginx.{service,scope}"}}, nginx, true, 0},
		{"escaped unit", Condition{Unit: []string{`machine-qemu\x2d3\x2dvm.scope`}}, scope, true, 0},
		{"escaped unit with a wildcard", Condition{Unit: []string{`machine-qemu\x2d*.scope`}}, scope, true, 0},
		{"escaped unit with two backslashes and a wildcard", Condition{Unit: []string{`machine-qemu\\x2d*.scope`}}, scope, true, 0},
		{"cgroup", Condition{Cgroup: []string{"/system.slice/nginx.service"}}, nginx, true, 0},
		{"cgroup without slash", Condition{Cgroup: []string{"system.slice/nginx.service"}}, nginx, true, 1},
		{"cgroup of systemd", Condition{Cgroup: []string{"systemd/system.slice/nginx.service"}}, nginx, true, 1},
		{"cgroup below the mount", Condition{Cgroup: []string{"/sys/fs/cgroup/system.slice/*"}}, nginx, true, 1},
		{"cgroup below the mount of a hierarchy", Condition{Cgroup: []string{"/sys/fs/cgroup/systemd/system.slice/*"}}, nginx, true, 1},
		{"root of the mount", Condition{Cgroup: []string{"/sys/fs/cgroup"}}, scope, true, 1},
		{"cgroup with a wildcard", Condition{Cgroup: []string{"*/nginx.service"}}, nginx, true, 0},
		{"exe", Condition{Exe: []string{"/usr/sbin/nginx"}}, nginx, true, 0},
		{"exe without path", Condition{Exe: []string{"nginx"}}, nginx, true, 1},
		{"exe without path and with a wildcard", Condition{Exe: []string{"nginx*"}}, scope, false, 1},
		{"exe without path beside one with", Condition{Exe: []string{"/bin/a", "nginx"}}, nginx, true, 1},
		{"user", Condition{User: []string{"www-data"}}, nginx, true, 0},
		{"number of a user", Condition{User: []string{"33"}}, nginx, true, 1},
		{"number of another user", Condition{User: []string{"3"}}, nginx, false, 1},
		{"a glob is of names", Condition{User: []string{"10*"}}, facts{"user": "alice", "uid": "1000"}, false, 0},
	} {
		t.Run(tt.name, func(t *testing.T) {
			c, err := tt.table.compile(false)
			if err != nil {
				t.Fatal(err)
			}
			if got := c.match(tt.of); got != tt.want || len(c.meant) != tt.meant {
				t.Errorf("%t, and %v is said; want %t and %d", got, c.meant, tt.want, tt.meant)
			}
		})
	}
}

// TestMeantIsSaidOnce wants one message for all of it.
func TestMeantIsSaidOnce(t *testing.T) {
	log := &testutil.CaptureLogger{}
	p := configured(t, func(p *Procs) {
		p.Collect, p.GroupBy = []string{"process", "group"}, []string{"pattern"}
		p.Select = []Condition{{Unit: []string{"nginx"}, User: []string{"33"}}, {Exe: []string{"nginx"}}}
		p.GroupPattern = []Condition{{As: "a", Cgroup: []string{"a/b"}}}
	})
	p.Log = log
	if err := p.Init(); err != nil {
		t.Fatal(err)
	}
	if messages := log.Messages(); len(messages) != 1 {
		t.Errorf("%d messages: %v", len(messages), messages)
	} else if want := `As they are, these would match nothing; the plugin takes user "33" for the user with this number, ` +
		`unit "nginx" for "nginx.service", exe "nginx" for a name without a path, cgroup "a/b" for "/a/b"`; messages[0].Text != want {
		t.Errorf("%s, want %s", messages[0].Text, want)
	}
}

// machineOf writes a case of one gather. Each process is of root and, from left to
// right, has a PID, a parent, a name, a unit and a command line.
func machineOf(t *testing.T, processes ...[5]string) *procfixture.Machine {
	t.Helper()
	var rows, details []string
	for _, p := range processes {
		origin := "null"
		if p[3] != "" {
			origin = fmt.Sprintf(`{"Unit": %q, "Cgroup": %q}`, p[3], "/system.slice/"+p[3])
		}
		rows = append(rows, fmt.Sprintf(`{"ID": {"PID": %s, "Start": %s}, "PPID": %s, "Comm": %q, "Origin": %s, "Status": {}, "Threads": 1}`,
			p[0], p[0], p[1], p[2], origin))
		arguments, err := json.Marshal(strings.Fields(p[4]))
		if err != nil {
			t.Fatal(err)
		}
		details = append(details, fmt.Sprintf(`%q: {"Cmdline": %s, "Exe": {"Path": "/bin/%s"}}`, p[0], arguments, p[2]))
	}
	dir := plugintest.TempDir(t)
	text := fmt.Sprintf(`{"Users": {"0": "root"}, "Processors": 4, "Details": {%s}, "Snapshot": {"Taken": "2026-01-01T00:00:00Z", "Procs": [%s]}}`,
		strings.Join(details, ","), strings.Join(rows, ","))
	if err := os.WriteFile(filepath.Join(dir, "input.json"), []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return procfixture.New(t, dir)
}

// selected returns the PIDs and process names of the rows that a table chooses.
func selected(t *testing.T, machine *procfixture.Machine, table Condition) []string {
	t.Helper()
	var found []string
	for _, m := range gatherAll(t, machine, func(p *Procs) { p.Collect, p.Select = []string{"process"}, []Condition{table} })[0] {
		name, _ := m.GetTag("process_name")
		if pid, has := m.GetField("pid"); has {
			found = append(found, fmt.Sprint(pid, " ", name))
		}
	}
	slices.Sort(found)
	return found
}

func TestMainProcessOfAUnit(t *testing.T) {
	machine := func() *procfixture.Machine {
		return machineOf(t, [5]string{"1", "0", "systemd", "init.scope"}, [5]string{"10", "1", "nginx", "nginx.service"},
			[5]string{"11", "10", "nginx", "nginx.service"}, [5]string{"12", "1", "nginx", "nginx.service"}, [5]string{"13", "1", "cron", "cron.service"},
			[5]string{"14", "1", "free", ""})
	}
	if got, want := selected(t, machine(), Condition{Unit: []string{"nginx.service"}, Main: true}), []string{"10 nginx"}; !slices.Equal(got, want) {
		t.Errorf("%v, want %v", got, want)
	}
	if got, want := selected(t, machine(), Condition{Main: true}), []string{"1 systemd", "10 nginx", "13 cron"}; !slices.Equal(got, want) {
		t.Errorf("%v, want %v", got, want)
	}
	if got, want := selected(t, machine(), Condition{Main: true, Name: []string{"cron"}, ProcessName: "jobs"}), []string{"13 jobs"}; !slices.Equal(got, want) {
		t.Errorf("%v, want %v", got, want)
	}
}

func TestPIDFiles(t *testing.T) {
	dir := plugintest.TempDir(t)
	file := func(name, text string) string {
		path := filepath.Join(dir, name)
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		return path
	}
	table := Condition{PIDFile: []string{
		file("a.pid", " 10\n"), file("b.pid", "13\nmore of postgres\n"), file("empty.pid", "\n"), filepath.Join(dir, "missing.pid"),
		file("bad.pid", "none"),
	}}
	machine := machineOf(t, [5]string{"1", "0", "init", ""}, [5]string{"10", "1", "a", ""}, [5]string{"11", "10", "a", ""}, [5]string{"13", "1", "b", ""})
	if got, want := selected(t, machine, table), []string{"10 a", "13 b"}; !slices.Equal(got, want) {
		t.Errorf("%v, want %v", got, want)
	}
}

// TestGroupsOfCommandLines names groups after parts of them, as many as there is
// room for.
func TestGroupsOfCommandLines(t *testing.T) {
	machine := machineOf(t, [5]string{"1", "0", "init", "", "init"}, [5]string{"10", "1", "java", "", "java -jar shop.jar"},
		[5]string{"11", "1", "java", "", "java -jar shop.jar -v"}, [5]string{"12", "1", "java", "", "java -jar mail.jar"},
		[5]string{"13", "10", "sh", "", "sh -c ls"}, [5]string{"14", "1", "java", "", "java -version"})
	gathers := gatherAll(t, machine, func(p *Procs) {
		p.Collect, p.GroupBy, p.MaxGroups = []string{"group"}, []string{"pattern", "exe"}, 1
		p.GroupPattern = []Condition{{As: "java {jar}", Cmdline: []string{`^java\b.* -jar (?P<jar>[\w.]+)`}, Children: -1}, {As: "etl", Name: []string{"etl"}}}
	})
	for name, want := range map[string]int64{"java shop.jar": 3, "java mail.jar": -1, "other": 3, "etl": 0} {
		if got := processesOf(gathers, "procs_group", "pattern", name)[0]; got != want {
			t.Errorf("%s has %d processes, want %d", name, got, want)
		}
	}
	if got := processesOf(gathers, "procs_group", "exe", "/bin/java"); got[0] != 4 {
		t.Errorf("/bin/java has %d processes, want 4", got[0])
	}
}

// TestModeSolaris wants percent of all processors.
func TestModeSolaris(t *testing.T) {
	dir := filepath.Join("..", "..", "..", "testdata", "cases", "procs", "process-equal-names")
	usage := map[string]float64{}
	for mode, processors := range map[string]int{modeIrix: 4, modeSolaris: 4} {
		machine := procfixture.New(t, dir)
		p := configured(t, func(p *Procs) {
			inject(p, several{machine, processors})
			p.Mode, p.Collect = mode, []string{"process", "group"}
		})
		plugintest.Start(t, p, nil)
		var acc testutil.Accumulator
		for range 2 {
			acc.ClearMetrics()
			if err := p.Gather(&acc); err != nil {
				t.Fatal(err)
			}
		}
		for _, measurement := range []string{"procs", "procs_group", "procs_process"} {
			for _, m := range acc.GetTelegrafMetrics() {
				if value, has := m.GetField("cpu_usage"); has && m.Name() == measurement {
					percent, _ := value.(float64)
					usage[mode+measurement] += percent
				}
			}
		}
	}
	for _, measurement := range []string{"procs", "procs_group", "procs_process"} {
		if irix, solaris := usage[modeIrix+measurement], usage[modeSolaris+measurement]; irix == 0 || irix != 4*solaris {
			t.Errorf("%s: %v %% of one processor and %v %% of four", measurement, irix, solaris)
		}
	}
}

// several is a machine with that many processors.
type several struct {
	*procfixture.Machine
	processors int
}

func (s several) Processors() int { return s.processors }
