package execd

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"telegraf-sysprobe/plugins/internal/plugintest"
)

// twoServices configures two of one kind with a tag a, where that is not empty. At a
// number sign
// there is room for an option.
func twoServices(values ...string) string {
	var text strings.Builder
	for _, value := range values {
		text.WriteString("[[inputs.service]]\n #\n")
		if value != "" {
			fmt.Fprintf(&text, " [inputs.service.tags]\n  a = %q\n", value)
		}
	}
	return text.String()
}

func TestBadConfigs(t *testing.T) {
	for _, tt := range []struct {
		name, conf string
		want       []string // parts of the error: option, value, remedy
	}{
		{"no TOML", "[[inputs.fake]\n", []string{"line 1", `"[[inputs.fake]"`}},
		{"no input", "[agent]\n", []string{"no input configured", "[[inputs.fake]], [[inputs.service]]"}},
		{"unknown input", "[[inputs.fake]]\n[[inputs.cpu]]\n", []string{"line 2", `no input "cpu"`, "fake, service", "its own configuration"}},
		{"unknown option", "[[inputs.fake]]\n rowz = 1\n", []string{`"rowz"`, "inputs.fake", "typo"}},
		{"unknown agent option", "[agent]\n intervall = \"1s\"\n[[inputs.fake]]\n", []string{`"intervall"`, "typo"}},
		{"unknown table", "[[input.fake]]\n", []string{`"input"`, "[[inputs.*]]"}},
		{"option outside a table", "interval = \"1s\"\n[[inputs.fake]]\n", []string{`"interval"`, "[agent]", "line 1"}},
		{"wrong type", "[[inputs.fake]]\n\n  rows = \"many\"\n", []string{"line 3", `"rows = \"many\""`, "must be a whole number, and is a string"}},
		{"wrong type of a common option", "[[inputs.fake]]\n  interval = 60\n", []string{"line 2", "interval must be a string", `"interval = 60"`}},
		{"bad duration", "[[inputs.fake]]\n  interval = \"10\"\n", []string{"missing unit", `"10"`}},
		{"negative interval", "[[inputs.fake]]\n  interval = \"-1s\"\n", []string{`interval = "-1s"`, "above zero"}},
		{"zero interval", "[agent]\n  interval = \"0s\"\n[[inputs.fake]]\n", []string{`interval = "0s"`, "above zero"}},
		{"bad level", "[[inputs.fake]]\n  log_level = \"loud\"\n", []string{`log_level = "loud"`, `"debug"`}},
		{"single brackets", "[inputs.fake]\n  rows = 1\n", []string{"[[inputs.fake]]", "two brackets"}},
		{"inputs are no table", "inputs = 1\n", []string{"[[inputs.fake]]"}},
		{"output", "[[inputs.fake]]\n[[outputs.influxdb]]\n", []string{"outputs belong to Telegraf", `line 2 reads "[[outputs.influxdb]]"`}},
		{"processor", "[[processors.rename]]\n", []string{"processors belong to Telegraf"}},
		{"aggregator", "[[aggregators.minmax]]\n", []string{"aggregators belong to Telegraf"}},
		{"secret store", "[[secretstores.os]]\n", []string{"secretstores belong to Telegraf"}},
		{"log file", "[agent]\n logfile = \"/x\"\n[[inputs.fake]]\n", []string{`logfile = "/x"`, "stderr", "remove it"}},
		{"log format", "[agent]\n logformat = \"structured\"\n[[inputs.fake]]\n", []string{`logformat = "structured"`, "remove it"}},
		{"state file", "[agent]\n statefile = \"/x\"\n[[inputs.fake]]\n", []string{`statefile = "/x"`, "remove it"}},
		{
			"two writers of one series", "[[inputs.service]]\n alias = \"a\"\n[[inputs.service]]\n",
			[]string{"inputs.service[1]/a", "inputs.service[2] count for themselves in the same series", "[inputs.service.tags]"},
		},
		{
			"a tag that is global", "[global_tags]\n a = \"1\"\n" + twoServices("", "1"),
			[]string{"in the same series", "the tag a is the same on the metrics of both, by [global_tags]"},
		},
		{"a tag that is excluded", strings.ReplaceAll(twoServices("1", "2"), "#", "tagexclude = [\"a\"]"), []string{"the tag a is the same"}},
		{"a tag that is not included", strings.ReplaceAll(twoServices("1", "2"), "#", "taginclude = [\"row\"]"), []string{"the tag a is the same"}},
		{"a tag without a value", "[[inputs.service]]\n[[inputs.service]]\n [inputs.service.tags]\n  a = \"\"\n", []string{"same series"}},
		{
			"a tag of the input's own", "[[inputs.service]]\n[[inputs.service]]\n [inputs.service.tags]\n  row = \"0\"\n",
			[]string{"in the same series", "row is a tag that the input sets itself"},
		},
		{
			"names that are the same", "[[inputs.service]]\n name_override = \"service\"\n[[inputs.service]]\n",
			[]string{"in the same series"},
		},
		{"what the plugin refuses", "[[inputs.fake]]\n rows = -1\n", []string{"inputs.fake", "rows = -1 must not be negative"}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			w := newWorld(t, tt.conf, Check)
			err := w.host.Run(t.Context())
			if err == nil {
				t.Fatal("accepted")
			}
			for _, part := range tt.want {
				if !strings.Contains(err.Error(), part) {
					t.Errorf("error %q lacks %q", err, part)
				}
			}
			if logged := w.stderr.String(); logged != "" {
				t.Errorf("said twice: %s", logged)
			}
		})
	}
}

func TestGoodConfigs(t *testing.T) {
	t.Setenv("SYSPROBE_TEST_INTERVAL", "5s")
	for _, tt := range []struct{ name, conf string }{
		{"two writers with a tag of their own", "[[inputs.service]]\n[[inputs.service]]\n [inputs.service.tags]\n  of = \"b\"\n"},
		{"two writers, one with a global tag of its own value", "[global_tags]\n a = \"1\"\n" + twoServices("", "2")},
		{
			"two writers with tags that are excluded and included", "[agent]\n always_include_local_tags = true\n" +
				strings.ReplaceAll(twoServices("1", "2"), "#", "tagexclude = [\"a\"]"),
		},
		{"two writers, of which one excludes its tag", strings.Replace(twoServices("1", "1"), "#", "tagexclude = [\"a\"]", 1)},
		{"two writers with names of their own", "[[inputs.service]]\n[[inputs.service]]\n name_suffix = \"_b\"\n"},
		{"two inputs that count nothing themselves", "[[inputs.fake]]\n[[inputs.fake]]\n"},
		{"byte order mark", "\uFEFF[[inputs.fake]]\n"},
		{"environment", "[[inputs.fake]]\n  interval = \"${SYSPROBE_TEST_INTERVAL}\"\n"},
		{"what Telegraf has in [agent]", "[agent]\n  metric_batch_size = 1000\n  flush_jitter = \"1s\"\n  logformat = \"text\"\n[[inputs.fake]]\n"},
		{"one service of several", "[[inputs.service]]\n  log_level = \"debug\"\n"},
		{"filters", "[[inputs.fake]]\n  fieldexclude = [\"a\"]\n  [inputs.fake.tagpass]\n    row = [\"0\"]\n"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			w := newWorld(t, tt.conf, Check)
			if err := w.host.Run(t.Context()); err != nil {
				t.Error(err)
			}
		})
	}
}

func TestSeveralFiles(t *testing.T) {
	w := newWorld(t, "[[inputs.fake]]\n", Once)
	other := filepath.Join(plugintest.TempDir(t), "other.conf")
	if err := os.WriteFile(other, []byte("[[inputs.fake]]\n  name_override = \"other\"\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	w.host.Configs = append(w.host.Configs, other)
	if err := w.host.Run(t.Context()); err != nil {
		t.Fatal(err)
	}
	if w.stdout.count("other,") != 1 || w.stdout.count("fake,") != 1 {
		t.Errorf("metrics: %s", w.stdout)
	}

	missing := filepath.Join(plugintest.TempDir(t), "missing.conf")
	w.host.Configs = append(w.host.Configs, missing)
	if err := w.host.Run(t.Context()); !errors.Is(err, fs.ErrNotExist) || !strings.Contains(err.Error(), missing) {
		t.Errorf("Run = %v", err)
	}
}

// TestRemarks wants each once, whatever happens later.
func TestRemarks(t *testing.T) {
	w := newWorld(t, "[agent]\n  flush_interval = \"5s\"\n[[inputs.fake]]\n[[inputs.fake]]\n  alias = \"b\"\n[[inputs.fake]]\n  rows = 2\n", Check)
	if err := w.host.Run(t.Context()); err != nil {
		t.Fatal(err)
	}
	file := w.host.Configs[0]
	want := "W! [sysprobe-execd] " + file + ": line 2: [agent]: flush_interval has no effect here: metrics are written as they come\n" +
		"W! [sysprobe-execd] " + file + ": line 3: inputs.fake[1] and " + file +
		": line 4: inputs.fake[2]/b have the same options, so that every row comes twice; remove one\n"
	if diff := cmp.Diff(want, w.stderr.String()); diff != "" {
		t.Errorf("messages (-want +got):\n%s", diff)
	}
}

// TestCheckStarts wants the errors of Start and of the first gather, each with its
// place, and no input left running.
func TestCheckStarts(t *testing.T) {
	calls.names = nil
	w := newWorld(t, "[[inputs.fake]]\n  fail = \"no such thing\"\n"+
		"[[inputs.service]]\n  panic = \"Start\"\n[[inputs.service]]\n  name_suffix = \"_b\"\n", Check)
	err := w.host.Run(t.Context())
	file := w.host.Configs[0]
	for _, want := range []string{
		file + ": line 1: inputs.fake[1]: no such thing", file + ": line 3: inputs.service[1]: Start panicked: in Start at execd.(*service).Start",
	} {
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("Run = %v, want %s", err, want)
		}
	}
	if diff := cmp.Diff([]string{"Start", "Start", "Gather", "Stop"}, calls.names); diff != "" {
		t.Errorf("calls (-want +got):\n%s", diff)
	}
	if w.stdout.String() != "" {
		t.Errorf("metrics: %s", w.stdout)
	}
}
