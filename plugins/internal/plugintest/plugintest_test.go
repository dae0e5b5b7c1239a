package plugintest

import (
	"errors"
	"math"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/influxdata/telegraf"
	"github.com/influxdata/telegraf/metric"
	"github.com/influxdata/telegraf/plugins/inputs"
)

// echo is a plugin that sends what its source answers.
type echo struct {
	Bad  bool            `toml:"bad"`
	Log  telegraf.Logger `toml:"-"`
	read func(*answer) error
}

type answer struct {
	Count int64
	Added string
	Twice bool
}

func (*echo) SampleConfig() string { return "" }

func (e *echo) Init() error {
	if e.Bad {
		return errors.New("option bad: true")
	}
	return nil
}

func (e *echo) Start(telegraf.Accumulator) error {
	e.Log.Info("started")
	e.Log.Debug("not shown")
	return nil
}

func (e *echo) Stop() { e.Log.Warn("stopped") }

func (e *echo) Gather(acc telegraf.Accumulator) error {
	var a answer
	if err := e.read(&a); err != nil {
		return err
	}
	if a.Added != "" {
		acc.AddError(errors.New(a.Added))
	}
	if a.Twice {
		acc.AddCounter("echo", map[string]any{"count": a.Count}, nil)
	}
	acc.AddCounter("echo", map[string]any{"count": a.Count}, nil)
	acc.AddGauge("echo", map[string]any{"half": float64(a.Count) / 2}, map[string]string{"a": "b c"})
	return nil
}

// tree makes a module with the given files of one case and enters it.
func tree(t *testing.T, files map[string]string) string {
	t.Helper()
	inputs.Add("echo", func() telegraf.Input { return &echo{} })
	root := TempDir(t)
	dir := filepath.Join(root, "testdata", "cases", "echo", "one")
	for _, d := range []string{dir, filepath.Join(root, "plugins", "echo")} {
		if err := os.MkdirAll(d, 0o755); err != nil {
			t.Fatal(err)
		}
	}
	if err := os.WriteFile(filepath.Join(root, "go.mod"), nil, 0o644); err != nil {
		t.Fatal(err)
	}
	for name, text := range files {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	t.Chdir(filepath.Join(root, "plugins", "echo"))
	return dir
}

func runEcho(t *testing.T) {
	Run(t, "echo", func(t *testing.T, e *echo, dir string) {
		e.read = Replay[answer](t, dir)
	})
}

func TestRunLife(t *testing.T) {
	tree(t, map[string]string{
		"telegraf.conf": "[[inputs.echo]]\n",
		"input.json":    `{"Count": 3}`,
		"input-2.json":  `{"Count": 4, "Added": "half way"}`,
		"input-3.err":   "unplugged\n",
		"expected.out": `# gather 1, counter
echo count=3i
# gather 1, gauge
echo,a=b\ c half=1.5
# gather 2, counter
echo count=4i
# gather 2, gauge
echo,a=b\ c half=2
`,
		"expected.err": `start: I! started
gather 2: added: half way
gather 3: returned: unplugged
stop: W! stopped
`,
	})
	runEcho(t)
}

func TestRunEndsWhereInitFails(t *testing.T) {
	tree(t, map[string]string{
		"telegraf.conf": "[[inputs.echo]]\n  bad = true\n",
		"input.json":    `{}`,
		"expected.err":  "init: returned: option bad: true\n",
	})
	runEcho(t)
}

func TestUpdate(t *testing.T) {
	dir := tree(t, map[string]string{
		"telegraf.conf": "[[inputs.echo]]\n  no_such_option = 1\n",
		"expected.out":  "stale",
	})
	defer func(old bool) { *update = old }(*update)
	*update = true
	runEcho(t)
	text, err := os.ReadFile(filepath.Join(dir, "expected.err"))
	if err != nil {
		t.Fatal(err)
	}
	if !strings.HasPrefix(string(text), "config: returned: ") || !strings.Contains(string(text), "no_such_option") ||
		!strings.Contains(string(text), "$CASE") {
		t.Errorf("expected.err of a configuration with an unknown key is %q", text)
	}
	if _, err := os.Stat(filepath.Join(dir, "expected.out")); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("expected.out of a plugin without metrics: %v, want it removed", err)
	}
	*update = false
	runEcho(t)
}

func TestRoundTrip(t *testing.T) {
	for _, tc := range []struct {
		name   string
		tags   map[string]string
		fields map[string]any
		wrong  string
	}{
		{"fine", map[string]string{"a": `x,=" é`}, map[string]any{"f": "\"\\\n", "i": int64(math.MinInt64)}, ""},
		{"empty tag", map[string]string{"a": ""}, map[string]any{"f": 1}, "another metric"},
		{"newline in tag", map[string]string{"a": "x\ny"}, map[string]any{"f": 1}, "another metric"},
		{"uint64", nil, map[string]any{"f": uint64(1)}, "another metric"},
		{"NaN beside a number", nil, map[string]any{"f": math.NaN(), "i": 1}, "another metric"},
		{"NaN alone", nil, map[string]any{"f": math.NaN()}, "does not serialize"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			_, err := roundTrip(metric.New("m", tc.tags, tc.fields, time.Unix(0, 0)))
			if (err == nil) != (tc.wrong == "") || err != nil && !strings.Contains(err.Error(), tc.wrong) {
				t.Errorf("got %v, want an error with %q", err, tc.wrong)
			}
		})
	}
}

func TestClashes(t *testing.T) {
	early, late := time.Unix(1, 0), time.Unix(2, 0)
	point := func(tag, field string, value any, at time.Time) telegraf.Metric {
		return metric.New("m", map[string]string{"t": tag}, map[string]any{field: value}, at)
	}
	for _, tc := range []struct {
		name    string
		gathers [][]telegraf.Metric
		want    []string
	}{
		{
			"two fields of one series",
			[][]telegraf.Metric{{point("a", "f", 1, early), point("a", "g", 1, early)}},
			nil,
		},
		{
			"one field twice",
			[][]telegraf.Metric{{point("a", "f", 1, early), point("a", "f", 2, early)}},
			[]string{"gather 1: field f of series m map[t:a] is set twice"},
		},
		{
			"one series at two times",
			[][]telegraf.Metric{{point("a", "f", 1, early), point("a", "g", 1, late)}},
			[]string{"gather 1: series m map[t:a] has two timestamps"},
		},
		{
			"two gathers",
			[][]telegraf.Metric{{point("a", "f", 1, early)}, {point("a", "f", 1, late)}},
			nil,
		},
		{
			"another type",
			[][]telegraf.Metric{{point("a", "f", 1, early)}, {point("b", "f", 1.5, early)}},
			[]string{"gather 2: field m f is float64 after int64"},
		},
	} {
		t.Run(tc.name, func(t *testing.T) {
			r := recorder{gathers: tc.gathers}
			if diff := cmp.Diff(tc.want, r.clashes()); diff != "" {
				t.Errorf("clashes (-want +got):\n%s", diff)
			}
		})
	}
}

func TestCheckSample(t *testing.T) {
	dir := tree(t, nil)
	t.Chdir(dir)
	sample := "# Echo\n[[inputs.echo]]\n  ## Whether it is bad.\n  # bad = false\n"
	if want := os.Getenv("PLUGINTEST_RED"); want != "" {
		sample = strings.Replace(sample, "bad = false", want, 1)
	}
	if err := os.WriteFile("sample.conf", []byte(sample), 0o644); err != nil {
		t.Fatal(err)
	}
	CheckSample[echo](t, "echo")
}

// TestRed runs broken cases in another process and wants each to fail there.
func TestRed(t *testing.T) {
	const conf = "[[inputs.echo]]\n"
	files := map[string]map[string]string{
		"has no cases":                      nil,
		"unknown field":                     {"telegraf.conf": conf, "input.json": `{"Cuont": 3}`},
		"is set twice":                      {"telegraf.conf": conf, "input.json": `{"Twice": true}`},
		"expected.out differs":              {"telegraf.conf": conf, "input.json": `{"Count": 3}`},
		"expected.err differs":              {"telegraf.conf": conf, "input.err": "unplugged"},
		"configures 2 inputs":               {"telegraf.conf": conf + conf, "input.json": `{}`},
		"inputs.echo is a *plugintest.echo": {"telegraf.conf": conf, "input.json": `{}`},
	}
	if want := os.Getenv("PLUGINTEST_RED"); want != "" {
		dir := tree(t, files[want])
		if files[want] == nil {
			if err := os.RemoveAll(dir); err != nil {
				t.Fatal(err)
			}
		}
		if strings.HasPrefix(want, "inputs.echo is") {
			Run(t, "echo", func(*testing.T, *otherEcho, string) {})
		}
		runEcho(t)
		return
	}
	for want := range files {
		t.Run(want, func(t *testing.T) { wantRed(t, "TestRed", want, want) })
	}
	t.Run("sample with another default", func(t *testing.T) { wantRed(t, "TestCheckSample", "bad = true", "differs from the defaults") })
	t.Run("sample with another option", func(t *testing.T) { wantRed(t, "TestCheckSample", "good = true", `"good"`) })
}

// wantRed wants a test to fail in another process, with PLUGINTEST_RED set, and
// to say why.
func wantRed(t *testing.T, test, red, why string) {
	t.Helper()
	cmd := exec.Command(os.Args[0], "-test.run=^"+test+"$")
	cmd.Env = append(os.Environ(), "PLUGINTEST_RED="+red)
	out, err := cmd.CombinedOutput()
	if err == nil || !strings.Contains(string(out), why) {
		t.Errorf("it ended with %v and said:\n%s", err, out)
	}
}

// otherEcho is not what is registered.
type otherEcho struct{ echo }

func TestBegins(t *testing.T) {
	for _, tc := range []struct {
		text, want string
		begins     bool
	}{
		{"option a: 1 is wrong; use 2", "option a", true},
		{"option a: 1 is wrong; use 2", "option a…use", true},
		{"option a: 1 is wrong; use 2", "a: 1", false},
		{"option a: 1 is wrong; use 2", "option a…use…wrong", false},
		{"option a: 1 is wrong; use 2", "option a…", true},
		{"", "option", false},
	} {
		if got := begins(tc.text, tc.want); got != tc.begins {
			t.Errorf("begins(%q, %q) is %v", tc.text, tc.want, got)
		}
	}
}
