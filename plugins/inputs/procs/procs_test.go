package procs

import (
	"path/filepath"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	"github.com/influxdata/telegraf/plugins/inputs"
	"github.com/influxdata/telegraf/testutil"

	"telegraf-sysprobe/plugins/internal/plugintest"
	"telegraf-sysprobe/plugins/internal/procfixture"
	"telegraf-sysprobe/plugins/internal/proctable"
)

func TestCases(t *testing.T) {
	plugintest.Run(t, "procs", func(t *testing.T, p *Procs, dir string) {
		inject(p, procfixture.New(t, dir))
	})
}

// inject makes p ask machine, which is a recorded Linux, with a clock that goes on
// 1 ms each time it is looked at.
func inject(p *Procs, machine proctable.Machine) {
	p.hasNice = true
	p.open = func() (proctable.Machine, error) { return machine, nil }
	clock := time.Unix(0, 0)
	p.now = func() time.Time { clock = clock.Add(time.Millisecond); return clock }
}

func TestSample(t *testing.T) {
	plugintest.CheckSample[Procs](t, "procs", cmpopts.IgnoreFields(Procs{}, "Select", "GroupPattern"))
}

// configured returns the plugin with its defaults, changed by change.
func configured(t testing.TB, change func(*Procs)) *Procs {
	t.Helper()
	p, ok := inputs.Inputs["procs"]().(*Procs)
	if !ok {
		t.Fatal("inputs.procs is not registered")
	}
	p.Log = testutil.Logger{Name: "procs"}
	p.open = func() (proctable.Machine, error) { return proctable.OpenEmpty() }
	if change != nil {
		change(p)
	}
	return p
}

func TestInit(t *testing.T) {
	plugintest.InitCases(t, func(t *testing.T) *Procs { return configured(t, nil) }, []plugintest.InitCase[*Procs]{
		{"defaults", func(*Procs) {}, ""},
		{"totals only", func(p *Procs) { p.Collect = nil }, ""},
		{"empty lists that nothing needs", func(p *Procs) { p.Collect, p.TopBy, p.GroupBy = []string{"process"}, nil, nil }, ""},
		{"spaces around +", func(p *Procs) { p.GroupBy = []string{"user + process_name"} }, ""},
		{
			"unknown collect", func(p *Procs) { p.Collect = []string{"tops"} },
			`option collect: unknown entry "tops"; use any of "top", "group", "process"`,
		},
		{
			"collect twice", func(p *Procs) { p.Collect = []string{"top", "top"} },
			`option collect: entry "top" is there twice; remove one`,
		},
		{
			"unknown top key", func(p *Procs) { p.TopBy = []string{"foo"} },
			`option top_by: unknown entry "foo"; use any of "cpu", "memory", "memory_anon", "io", "fds", "fd_usage", "threads", "switches", "faults"`,
		},
		{
			"no top key", func(p *Procs) { p.TopBy = nil },
			`option top_by: the list is empty but "collect" has "top"; use any of "cpu", "memory", "memory_anon", "io", "fds", "fd_usage", `,
		},
		{"top count", func(p *Procs) { p.TopCount = 0 }, "option top_count: 0 is out of range; use 1 to 1000"},
		{"negative top count", func(p *Procs) { p.TopCount = -1 }, "option top_count: -1 is out of range; use 1 to 1000"},
		{
			"unknown group key", func(p *Procs) { p.GroupBy = []string{"user+cgruop"} },
			`option group_by: unknown entry "cgruop"; use any of "process_name", "user", "pattern", "exe", "cgroup", "unit", "slice", `,
		},
		{
			"empty group entry", func(p *Procs) { p.GroupBy = []string{""} },
			`option group_by: unknown entry ""; use any of "process_name", "user", "pattern", "exe", "cgroup", `,
		},
		{
			"group key twice", func(p *Procs) { p.GroupBy = []string{"user+user"} },
			`option group_by: entry "user" is there twice; remove one (in "user+user")`,
		},
		{
			"grouping twice", func(p *Procs) { p.GroupBy = []string{"user+process_name", "process_name+user"} },
			`option group_by: entry "process_name+user" is there twice; remove one`,
		},
		{
			"no grouping", func(p *Procs) { p.Collect, p.GroupBy = []string{"group"}, []string{} },
			`option group_by: the list is empty but "collect" has "group"; use any of "process_name", "user", "pattern", "exe", "cgroup", `,
		},
		{
			"unknown detail", func(p *Procs) { p.GroupDetails = []string{"cpu"} },
			`option group_details: unknown entry "cpu"; use any of "io", "fds", "fd_usage", "switches", "memory"`,
		},
		{"max groups", func(p *Procs) { p.MaxGroups = 0 }, "option max_groups: 0 is out of range; use 1 to 100000"},
		{
			"backend", func(p *Procs) { p.Backend = "ebpf" },
			`option backend: unknown entry "ebpf"; use any of "auto", "bpf", "procfs"`,
		},
		{"max processes", func(p *Procs) { p.MaxProcesses = -5 }, "option max_processes: -5 is out of range; use 1 to 1000000"},
		{
			"unknown tag", func(p *Procs) { p.TagWith = []string{"age"} },
			`option tag_with: unknown entry "age"; use any of "process_name", "user", "pid", "ppid", "status", "cgroup", "unit", "slice", "container", `,
		},
		{
			"unknown property", func(p *Procs) { p.Properties = []string{"environ"} },
			`option properties: unknown entry "environ"; use any of "cgroup", "cmdline", "exe", `,
		},
		{
			"bad redaction", func(p *Procs) { p.Redact = []string{"a", "b)"} },
			"option cmdline_redact: bad regular expression \"b)\": error parsing regexp: unexpected ): `b)`; write it as https://golang.org/s/re2syntax says",
		},
		{"max cmdline", func(p *Procs) { p.MaxCmdline = 0 }, "option max_cmdline: 0 is out of range; use 1 to 1000000"},
		{
			"bad regular expression", func(p *Procs) {
				p.Collect, p.Select = []string{"process"}, []Condition{{Cmdline: []string{"[z-a]"}}}
			},
			`select table 1: option cmdline: bad regular expression "[z-a]": `,
		},
		{
			"select without use", func(p *Procs) { p.Select = []Condition{{Name: []string{"*"}}} },
			`option select: there are tables but "collect" lacks "process"; add it, or remove the tables`,
		},
		{
			"empty select", func(p *Procs) { p.Collect, p.Select = []string{"process"}, []Condition{{As: "all"}} },
			`select table 1: nothing says which processes; set `,
		},
		{
			"bad glob of a select", func(p *Procs) {
				p.Collect, p.Select = []string{"process"}, []Condition{{Name: []string{"a"}}, {User: []string{"[b"}}}
			},
			`select table 2: option user: bad glob "[b": `,
		},
		{
			"children", func(p *Procs) {
				p.Collect, p.Select = []string{"process"}, []Condition{{Name: []string{"a"}, Children: -2}}
			},
			`select table 1: option children: -2 is out of range; use 0 for none, -1 for all generations, or how many`,
		},
		{
			"group pattern without use", func(p *Procs) {
				p.Collect, p.GroupPattern = []string{"group"}, []Condition{{As: "a", Name: []string{"*"}}}
			},
			`option group_pattern: there are tables but "collect" lacks "group" or "group_by" lacks "pattern"; add `,
		},
		{
			"group by pattern without table", func(p *Procs) { p.Collect, p.GroupBy = []string{"group"}, []string{"user+pattern"} },
			`option group_by: it has "pattern" but there is no group_pattern table; add one, or remove "pattern"`,
		},
		{
			"group pattern without name", func(p *Procs) {
				everyGroup(p)
				p.GroupPattern[1].As = ""
			},
			`group_pattern table 2: option as: it is empty; set it to the name of the group`,
		},
		{
			"two group patterns of a name", func(p *Procs) {
				everyGroup(p)
				p.GroupPattern[1].As = p.GroupPattern[0].As
			},
			`group_pattern table 2: option as: "n" is there twice; rename one`,
		},
		{"mode", func(p *Procs) { p.Mode = "linux" }, `option mode: unknown entry "linux"; use any of "irix", "solaris"`},
		{
			"relative pid file", func(p *Procs) {
				p.Collect, p.Select = []string{"process"}, []Condition{{PIDFile: []string{"run/a.pid"}}}
			},
			`select table 1: option pid_file: "run/a.pid" is no absolute path; `,
		},
		{
			"name with a NUL", func(p *Procs) {
				everyGroup(p)
				p.GroupPattern = []Condition{{As: "a\x00b", Name: []string{"*"}}}
			},
			`group_pattern table 1: option as: "a\x00b" has a NUL, which no name has; remove it`,
		},
		{
			"name of a group after nothing", func(p *Procs) {
				everyGroup(p)
				p.GroupPattern = []Condition{{As: "java {jar}", Cmdline: []string{`-jar (\S+)`}}}
			},
			"group_pattern table 1: option as: no regular expression of cmdline has a group \"jar\"; write it as (?P<jar>...)",
		},
		{
			"name of a selection after what it matches", func(p *Procs) {
				p.Collect, p.Select = []string{"process"}, []Condition{{As: "{a}", Cmdline: []string{`(?P<a>.)`}}}
			},
			"select table 1: option as: only tables group_pattern can have {...}",
		},
		{
			"process name of a group", func(p *Procs) {
				everyGroup(p)
				p.GroupPattern[0].ProcessName = "x"
			},
			"group_pattern table 1: option process_name: it is for rows of single processes; remove it",
		},
		{"bad name glob", func(p *Procs) { p.NameInclude = []string{"ok", "[a"} }, `option name_include: bad glob "[a": `},
		{"bad user glob", func(p *Procs) { p.UserExclude = []string{"[b"} }, `option user_exclude: bad glob "[b": `},
	})
}

// A plugin that never started must stop without harm, one that started closes
// what it opened, once.
func TestLifecycle(t *testing.T) {
	machine := procfixture.New(t, plugintest.TempDir(t))
	p := configured(t, func(p *Procs) { inject(p, machine) })
	if err := p.Init(); err != nil {
		t.Fatal(err)
	}
	p.Stop()
	if machine.Closed != 0 {
		t.Error("Stop closed what Start had not opened")
	}
	if err := p.Start(nil); err != nil {
		t.Fatal(err)
	}
	p.Stop()
	p.Stop()
	if machine.Closed != 1 {
		t.Errorf("Stop closed the machine %d times, want once", machine.Closed)
	}
}

// A process that is sent is looked up once a gather, and not at all if the
// snapshot has everything.
func TestLookups(t *testing.T) {
	dir := filepath.Join("..", "..", "..", "testdata", "cases", "procs", "top-default")
	for _, tc := range []struct {
		name   string
		change func(*Procs)
		want   map[int32]int
	}{
		{"two rankings and all processes", func(p *Procs) {
			p.Collect, p.TopBy, p.TopCount = []string{"top", "process"}, []string{"memory", "threads"}, 1
		}, map[int32]int{1: 1, 2: 1, 100: 1, 101: 1, 102: 1, 103: 1}},
		{"one of a ranking", func(p *Procs) { p.TopBy, p.TopCount = []string{"memory"}, 1 }, map[int32]int{101: 1}},
		{"snapshot with everything", func(p *Procs) { p.TopBy = []string{"io", "fd_usage", "memory_anon"} }, nil},
		{"groups only", func(p *Procs) { p.Collect = []string{"group"} }, nil},
	} {
		t.Run(tc.name, func(t *testing.T) {
			machine := procfixture.New(t, dir)
			p := configured(t, func(p *Procs) { inject(p, machine); tc.change(p) })
			plugintest.Start(t, p, nil)
			var acc testutil.Accumulator
			if err := p.Gather(&acc); err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(tc.want, machine.Lookups); diff != "" {
				t.Errorf("look-ups by PID (-want +got):\n%s", diff)
			}
		})
	}
}
