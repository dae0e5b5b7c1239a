package e2e

import (
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"syscall"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// snippets are what the packages have for outputs.
const snippets = "../../cmd/sysprobe-execd/packaging/outputs/*.conf"

// outputs are the names of the snippets.
func outputs(t *testing.T) []string {
	t.Helper()
	paths, err := filepath.Glob(snippets)
	if err != nil || len(paths) == 0 {
		t.Fatalf("snippets %v, error %v", paths, err)
	}
	for i, path := range paths {
		paths[i] = strings.TrimSuffix(filepath.Base(path), ".conf")
	}
	return paths
}

// outputSnippet is one of the snippets.
func outputSnippet(t *testing.T, name string) string {
	t.Helper()
	text, err := os.ReadFile(strings.Replace(snippets, "*", name, 1))
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

// outputsConfig has rows in every measurement.
const outputsConfig = `
[agent]
  interval = "1s"
[[inputs.nicaddrs]]
  watch = true
[[inputs.nicstats]]
[[inputs.procs]]
  collect = ["top", "group", "process"]
  properties = ["cmdline", "limits"]
  [[inputs.procs.select]]
    as = "all"
    name = ["*"]
[[inputs.zombies]]
  max_zombies = 1000
  alert_count = 10
`

// TestOutputs sends through all outputs at once, with the snippets of the packages. What
// the test made has to arrive everywhere: a link that is up, its address, and zombies of
// odd names; and where a database can be asked, every value that Telegraf sent.
func TestOutputs(t *testing.T) {
	for _, args := range [][]string{
		{"link", "add", "o0", "type", "veth", "peer", "name", "g++#,=\""},
		{"addr", "add", "192.0.2.77/25", "dev", "o0"},
		{"link", "set", "o0", "up"},
		{"link", "set", "g++#,=\"", "up"},
	} {
		run(t, "ip", args...)
	}
	removeLinks(t, "o0")
	startZombies(t, parentName, names)
	sent, lite := filepath.Join(t.TempDir(), "sent"), filepath.Join(t.TempDir(), "telegraf.db")
	config := telegrafConfig + snippetFor(t, outputsConfig) + fmt.Sprintf("[[outputs.file]]\n  files = [%q]\n  data_format = \"json\"\n", sent)
	for _, name := range outputs(t) {
		config += strings.NewReplacer("/var/lib/telegraf/telegraf.db", lite).Replace(outputSnippet(t, name))
	}
	// No InfluxDB 2 is packaged: VictoriaMetrics takes what it would get, but for text
	// with a newline, which it takes for the end of a row.
	config = strings.Replace(config, `"http://127.0.0.1:8086"]
  token`, `"http://127.0.0.1:8429"]
  fieldexclude = ["cmdline"]
  token`, 1)
	received := map[string]func() (map[string]string, error){
		"graphite":   listen(t, "127.0.0.1:2003", graphite).all,
		"mqtt":       listen(t, "127.0.0.1:1883", mqtt).all,
		"zabbix":     listen(t, "127.0.0.1:10051", zabbix).all,
		"prometheus": scrape,
	}
	sqlite := sqliteFile(t, lite)
	databases := map[string]database{
		"influxdb":        startInfluxDB(t).database(),
		"influxdb2":       startVictoriaMetrics(t, 8429).database(isNoCommand),
		"opentelemetry":   startOTLP(t).database(),
		"postgresql":      startPostgreSQL(t).database(`SELECT column_name AS name FROM information_schema.columns WHERE table_name = '%s'`),
		"sqlite":          sqlite.database(`SELECT name FROM pragma_table_info('%s')`),
		"victoriametrics": startVictoriaMetrics(t, 8428).database(isNoText),
	}
	tg := startTelegraf(t, config)
	for name, all := range received {
		t.Run(name, func(t *testing.T) {
			eventually(t, "all that this test made", func() error {
				values, err := all()
				if err != nil {
					return err
				}
				return arrived(values, wanted()[name])
			})
		})
	}
	run(t, "ip", "link", "set", "o0", "down")
	eventually(t, "every measurement", func() error { return everyMeasurement(t, metricsIn(t, sent)) })
	tg.childEnds(t)
	stop(t, tg.cmd, syscall.SIGTERM)
	for name, db := range databases {
		t.Run(name, func(t *testing.T) { db.nothingLost(t, metricsIn(t, sent)) })
	}
	for _, name := range outputs(t) {
		if received[name] == nil && databases[name].count == nil {
			t.Errorf("nothing receives what the snippet %s sends", name)
		}
	}
	for _, line := range append(tg.errors(t), tg.outputWarnings(t)...) {
		t.Errorf("Telegraf says: %s", line)
	}
}

// everyMeasurement returns which ones of the tables of fields did not arrive yet.
func everyMeasurement(t *testing.T, sent []metric) error {
	t.Helper()
	missing := map[string]bool{"sysprobe": true}
	for _, table := range fieldTables(t) {
		for _, m := range regexp.MustCompile(`(?m)^## (\w+)$`).FindAllStringSubmatch(table, -1) {
			missing[m[1]] = true
		}
	}
	for _, m := range sent {
		delete(missing, m.Name)
	}
	if len(missing) > 0 {
		return fmt.Errorf("no %v among %d metrics", sorted(missing), len(sent))
	}
	return nil
}

// wanted are names and values of what the test made; the value "" is any.
func wanted() map[string]map[string]string {
	return map[string]map[string]string{
		"graphite": {
			"e2e.o0.veth.nicstats.isup_code": "1", "e2e.192_0_2_77.ipv4.o0.nicaddrs.prefix_length": "25",
			"e2e.o0.nicaddrs_interface.ipv4_count": "1", "e2e.g____=_.veth.nicstats.isup_code": "1", "e2e.procs.total": "", "e2e.zombies.total": "",
			"e2e.cpu.1.procs_top.cpu_usage": "",
		},
		"mqtt": {
			"nicstats.isup[o0]": "true", "nicstats.isup[g++#,=\"]": "true", "nicaddrs_interface.ipv4_count[o0]": "1",
			"procs.total[]": "", "zombies.total[]": "", "procs_top.process_name[]": "", "zombies_parent.zombies[]": "", "procs_group.processes[]": "",
		},
		"zabbix": {
			"telegraf.nicstats.isup_code[o0,veth]": "1", "telegraf.nicaddrs.prefix_length[192.0.2.77,ipv4,o0]": "25",
			"telegraf.nicaddrs_interface.ipv4_count[o0]": "1", "telegraf.procs.total": "", "telegraf.zombies.total": "",
		},
		"prometheus": {
			`nicstats_isup_code{host="e2e",interface="o0",kind="veth"}`:                            "1",
			`nicaddrs_prefix_length{address="192.0.2.77",family="ipv4",host="e2e",interface="o0"}`: "25",
			`nicstats_isup_code{host="e2e",interface="g++#,=\"",kind="veth"}`:                      "1",
			`procs_total{host="e2e"}`: "", `zombies_total{host="e2e"}`: "", `procs_top_cpu_usage{by="cpu",host="e2e",rank="1"}`: "",
			"# TYPE nicstats_bytes_recv": "counter", "# TYPE procs_created": "counter", "# TYPE zombies_total": "untyped",
		},
	}
}

// arrived returns what is missing among values.
func arrived(values, want map[string]string) error {
	var missing []string
	for _, name := range slices.Sorted(maps.Keys(want)) {
		if got, there := values[name]; !there || want[name] != "" && got != want[name] {
			missing = append(missing, fmt.Sprintf("%s %q, is %q", name, want[name], got))
		}
	}
	if len(missing) > 0 {
		return fmt.Errorf("%d values, but without %s", len(values), strings.Join(missing, "; "))
	}
	return nil
}

// fieldTables are the tables of fields of the inputs.
func fieldTables(t *testing.T) []string {
	t.Helper()
	paths, err := filepath.Glob("../../inputs/*/FIELDS.md")
	if err != nil || len(paths) != 4 {
		t.Fatalf("tables %v, error %v", paths, err)
	}
	for i, path := range paths {
		text, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		paths[i] = string(text)
	}
	return paths
}

// cells returns the columns of the rows of fields in the tables.
func cells(t *testing.T) [][]string {
	t.Helper()
	var rows [][]string
	for _, table := range fieldTables(t) {
		for line := range strings.Lines(table) {
			if cells := strings.Split(strings.Trim(line, "| \n"), " | "); len(cells) >= 4 && strings.HasPrefix(line, "| ") {
				rows = append(rows, cells)
			}
		}
	}
	return rows
}

// listIn returns the entries of a list in a snippet.
func listIn(t *testing.T, name, option string) []string {
	t.Helper()
	_, text, _ := strings.Cut(outputSnippet(t, name), option+" = [")
	text, _, _ = strings.Cut(text, "]")
	var list []string
	for line := range strings.Lines(text) {
		if entry, _, is := strings.Cut(strings.TrimSpace(line), ","); is {
			list = append(list, strings.Trim(entry, `"`))
		}
	}
	return list
}

// TestCountersOfPrometheus holds the list in its snippet to the tables of fields.
func TestCountersOfPrometheus(t *testing.T) {
	var want []string
	for _, c := range cells(t) {
		if len(c) == 7 && c[3] == "counter" && c[4] != "" {
			want = append(want, c[4])
		}
	}
	sameEntries(t, want, listIn(t, "prometheus", "counter"))
}

// TestTextOfVictoriaMetrics holds the list in its snippet to the tables of fields, in
// which no name is text in one measurement and a number in another.
func TestTextOfVictoriaMetrics(t *testing.T) {
	want, numbers := map[string]bool{"capabilities_missing": true}, map[string]bool{}
	for _, c := range cells(t) {
		switch {
		case c[1] == "string":
			want[c[0]] = true
		case len(c) == 7:
			numbers[c[0]] = true
		}
	}
	for name := range want {
		if numbers[name] {
			t.Errorf("%s is text and a number", name)
		}
	}
	sameEntries(t, sorted(want), listIn(t, "victoriametrics", "fieldexclude"))
}

func sameEntries(t *testing.T, want, got []string) {
	t.Helper()
	slices.Sort(want)
	slices.Sort(got)
	if diff := cmp.Diff(slices.Compact(want), got); diff != "" {
		t.Errorf("the list of the snippet (-fields of the inputs +snippet):\n%s", diff)
	}
}
