package alerts

import (
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"go.yaml.in/yaml/v3"

	"telegraf-sysprobe/plugins/internal/plugintest"
	"telegraf-sysprobe/sysprobe/sysprobetest"
)

// inputs are the inputs, each of which has rules.
var inputs = []string{"nicaddrs", "nicstats", "procs", "zombies"}

// dirOf is where an input is.
func dirOf(input string) string { return filepath.Join("..", "..", "inputs", input) }

// file returns the text of a file beside an input.
func file(t *testing.T, input, name string) string {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(dirOf(input), name))
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

// rule is a rule that alerts.
type rule struct {
	Alert       string
	Expr        string
	For         string
	Labels      map[string]string
	Annotations map[string]string
}

// rulesOf returns the rules of an input.
func rulesOf(t *testing.T, input string) []rule {
	t.Helper()
	var content struct{ Groups []struct{ Rules []rule } }
	if err := yaml.Unmarshal([]byte(file(t, input, "alerts.yml")), &content); err != nil {
		t.Fatal(err)
	}
	var all []rule
	for _, group := range content.Groups {
		all = append(all, group.Rules...)
	}
	if len(all) == 0 {
		t.Fatalf("%s has no rules", input)
	}
	return all
}

// promtool runs promtool in the directory of an input.
func promtool(t *testing.T, input string, args ...string) {
	t.Helper()
	cmd := exec.Command("promtool", args...)
	cmd.Dir = dirOf(input)
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Errorf("promtool %s: %v\n%s", strings.Join(args, " "), err, out)
	}
}

// TestPromtool has Prometheus read the rules, and evaluate them over the machines
// that are sick, for which they fire, and the healthy ones, for which they do not.
func TestPromtool(t *testing.T) {
	sysprobetest.NeedTool(t, "promtool")
	for _, input := range inputs {
		t.Run(input, func(t *testing.T) {
			promtool(t, input, "check", "rules", "alerts.yml")
			promtool(t, input, "test", "rules", "alerts_test.yml")
		})
	}
}

// TestRulesAreComplete holds each rule to what whom it wakes needs.
func TestRulesAreComplete(t *testing.T) {
	seen := map[string]bool{}
	for _, input := range inputs {
		for _, r := range rulesOf(t, input) {
			if seen[r.Alert] {
				t.Errorf("there are two rules %s", r.Alert)
			}
			seen[r.Alert] = true
			if r.For == "" {
				t.Errorf("%s fires for a single sample: it has no for", r.Alert)
			}
			if !slices.Contains([]string{"critical", "warning", "info"}, r.Labels["severity"]) {
				t.Errorf("%s has the severity %q", r.Alert, r.Labels["severity"])
			}
			if !strings.Contains(r.Annotations["summary"], "{{ or $labels.host $labels.instance }}") {
				t.Errorf("%s has a summary that does not say on which host: %q", r.Alert, r.Annotations["summary"])
			}
			if r.Annotations["description"] == "" {
				t.Errorf("%s has no description", r.Alert)
			}
			if want := "plugins/inputs/" + input + "/README.md#" + strings.ToLower(r.Alert); r.Annotations["runbook"] != want {
				t.Errorf("%s has the runbook %q, want %s", r.Alert, r.Annotations["runbook"], want)
			}
		}
	}
}

// TestRulesOfOneInputKnowOthers requires that a metric of another input is in the rules
// of that one, whose own test holds it to its fields.
func TestRulesOfOneInputKnowOthers(t *testing.T) {
	for _, input := range inputs {
		for _, r := range rulesOf(t, input) {
			for _, other := range inputs {
				for _, metric := range regexp.MustCompile(`\b`+other+`_\w+`).FindAllString(r.Expr, -1) {
					if other != input && !regexp.MustCompile(`\b`+metric+`\b`).MatchString(file(t, other, "alerts.yml")) {
						t.Errorf("%s uses %s, which %s has in no rule", r.Alert, metric, other)
					}
				}
			}
		}
	}
}

// TestRulesHaveMachines requires for each rule a machine for which it fires and one
// for which it does not.
func TestRulesHaveMachines(t *testing.T) {
	for _, input := range inputs {
		var content struct {
			Tests []struct {
				Rules []struct {
					Alert string `yaml:"alertname"`
					Fires []any  `yaml:"exp_alerts"`
				} `yaml:"alert_rule_test"`
			}
		}
		if err := yaml.Unmarshal([]byte(file(t, input, "alerts_test.yml")), &content); err != nil {
			t.Fatal(err)
		}
		fires, silent := map[string]bool{}, map[string]bool{}
		for _, test := range content.Tests {
			for _, r := range test.Rules {
				fires[r.Alert] = fires[r.Alert] || len(r.Fires) > 0
				silent[r.Alert] = silent[r.Alert] || len(r.Fires) == 0
			}
		}
		for _, r := range rulesOf(t, input) {
			if !fires[r.Alert] || !silent[r.Alert] {
				t.Errorf("%s fires for a machine: %v, does not for another one: %v", r.Alert, fires[r.Alert], silent[r.Alert])
			}
		}
	}
}

// runbookParts begin the paragraphs of a runbook.
var runbookParts = []string{"Means: ", "Look at: ", "Silent on: "}

// TestREADMEsHaveRunbooks requires a section for each rule, with its expression as it
// is in the file, and no other expressions in the chapter of alerts.
func TestREADMEsHaveRunbooks(t *testing.T) {
	for _, input := range inputs {
		_, chapter, _ := strings.Cut(file(t, input, "README.md"), "\n## Alerts\n")
		chapter, _, _ = strings.Cut(chapter, "\n## ")
		sections := map[string]string{}
		for _, section := range regexp.MustCompile(`(?m)^### `).Split(chapter, -1) {
			title, text, _ := strings.Cut(section, "\n")
			sections[title] = text
		}
		rules := rulesOf(t, input)
		for _, r := range rules {
			section, there := sections[r.Alert]
			if !there {
				t.Errorf("the README of %s has no section %s", input, r.Alert)
				continue
			}
			if shown := plugintest.PromQL(section); len(shown) != 1 || shown[0] != strings.TrimSpace(r.Expr) {
				t.Errorf("the README of %s shows for %s\n%s\nand the rule is\n%s", input, r.Alert, strings.Join(shown, "\n"), r.Expr)
			}
			for _, part := range runbookParts {
				if !strings.Contains(section, "\n"+part) {
					t.Errorf("the runbook of %s has no paragraph %q", r.Alert, part)
				}
			}
		}
		if shown := plugintest.PromQL(chapter); len(shown) != len(rules) {
			t.Errorf("the chapter of alerts of %s shows %d expressions, and there are %d rules", input, len(shown), len(rules))
		}
	}
}
