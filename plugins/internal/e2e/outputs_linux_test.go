package e2e

import (
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// outputs are the snippets of packaging/outputs that this test sends through.
func outputs() []string { return []string{"graphite", "mqtt", "prometheus", "zabbix"} }

// outputSnippet is one of packaging/outputs.
func outputSnippet(t *testing.T, name string) string {
	t.Helper()
	text, err := os.ReadFile(filepath.Join("..", "..", "cmd", "sysprobe-execd", "packaging", "outputs", name+".conf"))
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

// TestOutputs sends through all outputs that this test has a receiver for, with the
// snippets of the packages, and looks for what the test made: a link that is up, its
// address, and zombies of odd names.
func TestOutputs(t *testing.T) {
	for _, args := range [][]string{
		{"link", "add", "o0", "type", "veth", "peer", "name", "g++#,=\""},
		{"addr", "add", "192.0.2.77/25", "dev", "o0"},
		{"link", "set", "o0", "up"},
		{"link", "set", "g++#,=\"", "up"},
	} {
		run(t, "ip", args...)
	}
	startZombies(t, parentName, names)
	config := telegrafConfig + snippetFor(t, `
[agent]
  interval = "1s"
[[inputs.nicaddrs]]
[[inputs.nicstats]]
[[inputs.procs]]
  collect = ["top", "group"]
[[inputs.zombies]]
`)
	for _, name := range outputs() {
		config += outputSnippet(t, name)
	}
	received := map[string]func() (map[string]string, error){
		"graphite":   listen(t, "127.0.0.1:2003", graphite).all,
		"mqtt":       listen(t, "127.0.0.1:1883", mqtt).all,
		"zabbix":     listen(t, "127.0.0.1:10051", zabbix).all,
		"prometheus": scrape,
	}
	tg := startTelegraf(t, config)
	for _, name := range outputs() {
		t.Run(name, func(t *testing.T) {
			eventually(t, "all that this test made", func() error {
				values, err := received[name]()
				if err != nil {
					return err
				}
				return arrived(values, wanted()[name])
			})
		})
	}
	for _, line := range tg.lines(t) {
		if strings.HasPrefix(line, "E! ") || strings.HasPrefix(line, "W! [outputs.") {
			t.Errorf("Telegraf says: %s", line)
		}
	}
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

// TestCountersOfPrometheus holds the list in its snippet to the tables of fields.
func TestCountersOfPrometheus(t *testing.T) {
	want := map[string]bool{}
	tables, err := filepath.Glob("../../inputs/*/FIELDS.md")
	if err != nil || len(tables) != 4 {
		t.Fatalf("tables %v, error %v", tables, err)
	}
	for _, path := range tables {
		text, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		for line := range strings.Lines(string(text)) {
			if cells := strings.Split(line, " | "); len(cells) == 7 && cells[3] == "counter" && cells[4] != "" {
				want[cells[4]] = true
			}
		}
	}
	_, list, _ := strings.Cut(outputSnippet(t, "prometheus"), "counter = [")
	got := map[string]bool{}
	for line := range strings.Lines(list) {
		if name, _, is := strings.Cut(strings.TrimSpace(line), ","); is {
			got[strings.Trim(name, `"`)] = true
		}
	}
	if !maps.Equal(want, got) {
		t.Errorf("the counters of the inputs are\n%v\nand the list is\n%v", slices.Sorted(maps.Keys(want)), slices.Sorted(maps.Keys(got)))
	}
}
