// Package plugintest runs the golden cases of a plugin.
//
// A case is a folder testdata/cases/<plugin>/<case>. Every folder there is
// one, and a plugin without any fails. It holds
//
//   - telegraf.conf: a configuration with one [[inputs.<plugin>]], read by
//     Telegraf's own loader, to which an unknown key is an error. ${CASE} in it
//     is the folder of the case.
//   - input.json, input-2.json, ...: what the source returns to each gather, as
//     the public structs of package sysprobe. The number of inputs is the
//     number of gathers, at least one. Only the name up to the first dot
//     matters here: input-2.err or a folder input-2 counts as well.
//   - expected.out: the metrics, as line protocol without timestamps.
//   - expected.err: what was logged and which errors there were; no file means
//     none at all.
//
// The plugin's own test names the plugin and swaps its source:
//
//	func TestCases(t *testing.T) {
//		plugintest.Run(t, "zombies", func(t *testing.T, z *Zombies, dir string) {
//			replay := plugintest.Replay[sysprobe.ProcSnapshot](t, dir)
//			z.open = func() (source, error) { return fake(replay), nil }
//		})
//	}
//
// Run calls Init, Start and Stop where the plugin has them, and Gather once for
// each input. It then holds the plugin to what cannot be seen in one golden
// file:
//
//   - Every metric survives line protocol: what Telegraf's serializer writes,
//     its parser reads as the same series with the same fields of the same
//     types. A uint64 does not (the serializer writes an int64), nor does NaN,
//     an empty tag or a name that is not UTF-8.
//   - No field of a series is set twice in one gather: the second would
//     overwrite the first.
//   - Metrics of one series have one timestamp. A plugin that sends gauges and
//     counters of one series as two metrics takes the time once and passes it
//     to both, so that a database makes one point of them.
//   - A field keeps its type over all gathers of a case.
//
// # Golden files
//
// In expected.out a comment line opens each group of metrics of one gather and
// one value type, so that a counter sent as a gauge shows as a difference, and
// the file still is line protocol:
//
//	# gather 1, counter
//	nicstats,interface=lo bytes_recv=12i
//
// In expected.err each line says when it happened and what it was: a log line
// with its level, an error that the plugin added, or the error it returned:
//
//	gather 1: I! no ethtool here
//	gather 2: added: read namespace blue: permission denied
//	init: returned: option by: "cpuu" is not one of "cpu", "memory"
//
// Debug and trace lines are left out. The folder of the case prints as $CASE.
//
// go test -update writes the golden files from what the plugin did; of a green
// tree it changes nothing.
package plugintest

import (
	"flag"
	"fmt"
	"os"
	"path"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/influxdata/telegraf"
	"github.com/influxdata/telegraf/config"
	"github.com/influxdata/telegraf/models"
	"github.com/influxdata/telegraf/testutil"

	"telegraf-sysprobe/sysprobe/sysprobetest"
)

// Flags are parsed before any test runs, so this one is registered here.
var update = flag.Bool("update", false, "write the golden files of testdata/cases from what the plugins do") //nolint:gochecknoglobals // see above

// Run runs every case of plugin as a subtest. Inject is called with the
// configured plugin, before its Init, and the folder of the case. P is the
// type of the plugin, or telegraf.Input.
func Run[P telegraf.Input](t *testing.T, plugin string, inject func(t *testing.T, input P, dir string)) {
	t.Helper()
	root := filepath.ToSlash(sysprobetest.Path(t, "cases", plugin)) // as a configuration can hold it
	entries, err := os.ReadDir(root)
	if err != nil {
		t.Fatalf("%s has no cases: %v", plugin, err)
	}
	cases := 0
	for _, entry := range entries {
		if !entry.IsDir() {
			continue
		}
		cases++
		t.Run(entry.Name(), func(t *testing.T) {
			dir := path.Join(root, entry.Name())
			r := &recorder{log: &testutil.CaptureLogger{Name: plugin}}
			r.run(t, dir, func(input telegraf.Input) {
				p, ok := input.(P)
				if !ok {
					t.Fatalf("inputs.%s is a %T", plugin, input)
				}
				inject(t, p, dir)
			})
			text, problems := r.metricsText()
			for _, problem := range append(problems, r.clashes()...) {
				t.Error(problem)
			}
			compare(t, filepath.Join(dir, "expected.out"), text)
			compare(t, filepath.Join(dir, "expected.err"), strings.ReplaceAll(r.events.String(), dir, "$CASE"))
		})
	}
	if cases == 0 {
		t.Fatalf("%s has no cases in %s", plugin, root)
	}
}

// recorder keeps what a plugin did.
type recorder struct {
	log     *testutil.CaptureLogger
	events  strings.Builder
	gathers [][]telegraf.Metric
}

// run takes the plugin of a case through its life. The life ends at the first
// step before the gathers that returns an error.
func (r *recorder) run(t *testing.T, dir string, inject func(telegraf.Input)) {
	t.Helper()
	t.Setenv("CASE", dir)
	cfg := config.NewConfig()
	if err := cfg.LoadConfig(path.Join(dir, "telegraf.conf")); r.step("config", nil, err) {
		return
	}
	if len(cfg.Inputs) != 1 {
		t.Fatalf("telegraf.conf configures %d inputs, want 1", len(cfg.Inputs))
	}
	input := cfg.Inputs[0].Input
	models.SetLoggerOnPlugin(input, r.log)
	inject(input)
	if p, ok := input.(telegraf.Initializer); ok && r.step("init", nil, p.Init()) {
		return
	}
	var acc testutil.Accumulator
	if p, ok := input.(telegraf.ServiceInput); ok {
		if r.step("start", &acc, p.Start(&acc)) {
			return
		}
		defer func() {
			p.Stop()
			r.step("stop", &acc, nil)
		}()
	}
	for n := range max(1, countInputs(t, dir)) {
		r.step(fmt.Sprintf("gather %d", n+1), &acc, input.Gather(&acc))
		r.gathers = append(r.gathers, acc.GetTelegrafMetrics())
		acc.ClearMetrics()
	}
}

// step records what was logged, what was added to acc and what was returned,
// and reports whether the latter is an error.
func (r *recorder) step(name string, acc *testutil.Accumulator, returned error) bool {
	for _, m := range r.log.Messages() {
		if m.Level != testutil.LevelDebug && m.Level != testutil.LevelTrace {
			fmt.Fprintf(&r.events, "%s: %c! %s\n", name, m.Level, m.Text)
		}
	}
	r.log.Clear()
	if acc != nil {
		for _, err := range acc.Errors {
			fmt.Fprintf(&r.events, "%s: added: %v\n", name, err)
		}
		acc.Errors = nil
	}
	if returned != nil {
		fmt.Fprintf(&r.events, "%s: returned: %v\n", name, returned)
	}
	return returned != nil
}

// compare holds text against a golden file, or writes it there. No text means
// no file.
func compare(t *testing.T, path, text string) {
	t.Helper()
	want, err := os.ReadFile(path)
	if err != nil && !os.IsNotExist(err) {
		t.Fatal(err)
	}
	if string(want) == text {
		return
	}
	if !*update {
		t.Errorf("%s differs; go test -update writes it (-want +got):\n%s", filepath.Base(path),
			cmp.Diff(strings.SplitAfter(string(want), "\n"), strings.SplitAfter(text, "\n")))
		return
	}
	if text == "" {
		err = os.Remove(path)
	} else {
		err = os.WriteFile(path, []byte(text), 0o644)
	}
	if err != nil {
		t.Fatal(err)
	}
}
