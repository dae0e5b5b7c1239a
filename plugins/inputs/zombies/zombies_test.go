package zombies

import (
	"errors"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/influxdata/telegraf/config"
	"github.com/influxdata/telegraf/plugins/inputs"
	"github.com/influxdata/telegraf/testutil"

	"telegraf-sysprobe/plugins/internal/plugintest"
	"telegraf-sysprobe/plugins/internal/procfixture"
	"telegraf-sysprobe/plugins/internal/proctable"
	"telegraf-sysprobe/sysprobe"
)

// TestCases runs the golden cases. Those whose folder ends in an ID are the
// acceptance cases of that ID.
func TestCases(t *testing.T) {
	plugintest.Run(t, "zombies", func(t *testing.T, z *Zombies, dir string) {
		machine := procfixture.New(t, dir)
		z.keepsZombies = true
		z.open = func() (proctable.Machine, error) { return machine, nil }
		z.listen = func() (exitSource, error) {
			if reason, err := os.ReadFile(filepath.Join(dir, "no-exits")); err == nil {
				return nil, fmt.Errorf("%w: %s", sysprobe.ErrNotSupported, strings.TrimSpace(string(reason)))
			}
			return &machine.Exits, nil
		}
	})
}

func TestSample(t *testing.T) { plugintest.CheckSample[Zombies](t, "zombies") }

// configured returns the plugin with its defaults, changed by change.
func configured(t *testing.T, change func(*Zombies)) *Zombies {
	t.Helper()
	z, ok := inputs.Inputs["zombies"]().(*Zombies)
	if !ok {
		t.Fatal("inputs.zombies is not registered")
	}
	z.Log = testutil.Logger{Name: "zombies"}
	z.open = proctable.OpenEmpty
	z.listen, z.keepsZombies = listener(false), false
	if change != nil {
		change(z)
	}
	return z
}

func TestInit(t *testing.T) {
	plugintest.InitCases(t, func(t *testing.T) *Zombies { return configured(t, nil) }, []plugintest.InitCase[*Zombies]{
		{"defaults", func(*Zombies) {}, ""},
		{"totals only", func(z *Zombies) { z.Collect = nil }, ""},
		{
			"unknown collect", func(z *Zombies) { z.Collect = []string{"parents"} },
			`option collect: unknown entry "parents"; use any of "parent", "process"`,
		},
		{
			"collect twice", func(z *Zombies) { z.Collect = []string{"parent", "parent"} },
			`option collect: entry "parent" is there twice; remove one`,
		},
		{"max parents", func(z *Zombies) { z.MaxParents = 0 }, "option max_parents: 0 is out of range; use 1 to 100000"},
		{"max zombies", func(z *Zombies) { z.MaxZombies = -1 }, "option max_zombies: -1 is out of range; use 1 to 1000000"},
		{
			"backend", func(z *Zombies) { z.Backend = "ebpf" },
			`option backend: unknown entry "ebpf"; use any of "auto", "bpf", "procfs"`,
		},
		{"min age", func(z *Zombies) { z.MinAge = config.Duration(-time.Second) }, "option min_age: -1s is negative; use 0s or more"},
		{"alert age", func(z *Zombies) { z.AlertAge = config.Duration(-time.Second) }, "option alert_age: -1s is negative; use 0s or more"},
		{"alert count", func(z *Zombies) { z.AlertCount = -1 }, "option alert_count: -1 is out of range; use 0 to 2147483647"},
		{"alert rate", func(z *Zombies) { z.AlertRate = math.NaN() }, "option alert_rate: NaN is not a number of zombies; use 0 or more"},
		{"events", func(z *Zombies) { z.Events = "yes" }, `option events: unknown entry "yes"; use any of "auto", "on", "off"`},
		{"bad name glob", func(z *Zombies) { z.NameExclude = []string{"[a"} }, `option name_exclude: bad glob "[a": `},
		{
			"bad pattern of secrets", func(z *Zombies) { z.Redact = []string{"("} },
			`option cmdline_redact: bad regular expression "(": `,
		},
		{"bad user glob", func(z *Zombies) { z.UserInclude = []string{"[a"} }, `option user_include: bad glob "[a": `},
	})
}

// TestEmptyTable is about a table without rows on a system that keeps zombies: it
// must not be taken for one that keeps none.
func TestEmptyTable(t *testing.T) {
	log := &testutil.CaptureLogger{}
	z := configured(t, func(z *Zombies) { z.Log, z.keepsZombies = log, true })
	plugintest.Start(t, z, nil)
	if err := z.Gather(&testutil.Accumulator{}); err != nil {
		t.Fatal(err)
	}
	if said := log.Messages(); len(said) != 1 || !strings.Contains(said[0].Text, "Process 1 cannot be seen") {
		t.Errorf("logged %v, want that processes are hidden", said)
	}
}

func TestOpener(t *testing.T) {
	t.Run("E29 Windows has no zombies, which is no error", func(t *testing.T) {
		open, err := opener(false, nil)
		if err != nil {
			t.Fatal(err)
		}
		log := &testutil.CaptureLogger{}
		z := configured(t, func(z *Zombies) { z.open, z.Log = open, log })
		plugintest.Start(t, z, nil)
		var acc testutil.Accumulator
		for range 2 {
			if err := z.Gather(&acc); err != nil {
				t.Fatal(err)
			}
		}
		if len(acc.Errors) > 0 {
			t.Errorf("errors: %v", acc.Errors)
		}
		if !acc.HasPoint("zombies", map[string]string{}, "total", int64(0)) {
			t.Error("no metric says that there are none")
		}
		if said := log.Messages(); len(said) != 1 || !strings.Contains(said[0].Text, "no zombies") {
			t.Errorf("logged %v, want once that there are none", said)
		}
		for _, field := range []string{"pids_in_use", "pid_limit", "seconds_to_pid_exhaustion"} {
			if acc.HasField("zombies", field) {
				t.Errorf("field %s is there, whose value is not known", field)
			}
		}
	})
}

// TestReadmeNamesTheSystems compares the systems of the plugin's README with
// those of the matrix, which is made from the code.
func TestReadmeNamesTheSystems(t *testing.T) {
	read := func(name string) string {
		text, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		return string(text)
	}
	cells := func(line string) (trimmed []string) {
		for cell := range strings.SplitSeq(line, "|") {
			trimmed = append(trimmed, strings.TrimSpace(cell))
		}
		return trimmed
	}
	var systems, supported, claimed []string
	for line := range strings.Lines(read("../../../README.md")) {
		switch row := cells(line); {
		case strings.HasPrefix(line, "|  | linux"):
			systems = row
		case strings.HasPrefix(line, "| `Zombies` |"):
			for i, cell := range row {
				if cell == "yes" {
					supported = append(supported, systems[i])
				}
			}
		}
	}
	for line := range strings.Lines(read("README.md")) {
		if list, ok := strings.CutPrefix(line, "💻 "); ok {
			claimed = strings.Split(strings.TrimSpace(list), ", ")
		}
	}
	if len(supported) == 0 || !slices.Equal(supported, claimed) {
		t.Errorf("README.md of the plugin names %v, the matrix %v", claimed, supported)
	}
	conf := read("sample.conf")
	for _, system := range supported {
		if !strings.Contains(strings.ToLower(conf), system) {
			t.Errorf("sample.conf does not name %s", system)
		}
	}
}

// A plugin that never started must stop without harm, one that started closes
// what it opened, once.
func TestLifecycle(t *testing.T) {
	machine := procfixture.New(t, plugintest.TempDir(t))
	listened := 0
	z := configured(t, func(z *Zombies) {
		z.open = func() (proctable.Machine, error) { return machine, nil }
		z.listen = func() (exitSource, error) { listened++; return &machine.Exits, nil }
	})
	z.Stop()
	if err := z.Start(nil); err != nil {
		t.Fatal(err)
	}
	z.Stop()
	z.Stop()
	if machine.Closed != 1 || machine.Exits.Closed != 1 {
		t.Errorf("Stop closed the machine %d times and the exits %d times, want once", machine.Closed, machine.Exits.Closed)
	}
	z.Events = "off"
	if err := z.Start(nil); err != nil {
		t.Fatal(err)
	}
	z.Stop()
	if listened != 1 {
		t.Errorf("listened %d times, want once", listened)
	}
}

func TestEventsOnButNotToBeHad(t *testing.T) {
	for _, tc := range []struct {
		err  error
		want string
	}{
		{sysprobe.ErrAccessDenied, "grant CAP_NET_ADMIN"},
		{sysprobe.ErrNotSupported, "namespaces of the host"},
	} {
		machine := procfixture.New(t, plugintest.TempDir(t))
		z := configured(t, func(z *Zombies) {
			z.Events = "on"
			z.open = func() (proctable.Machine, error) { return machine, nil }
			z.listen = func() (exitSource, error) { return nil, tc.err }
		})
		err := z.Start(nil)
		if !errors.Is(err, tc.err) || !strings.Contains(err.Error(), "option events") || !strings.Contains(err.Error(), tc.want) {
			t.Errorf("Start: %v, want one that names the option and says %q", err, tc.want)
		}
		if machine.Closed != 1 {
			t.Errorf("the machine was closed %d times, want once", machine.Closed)
		}
	}
}
