package plugintest

import (
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// alertFiles are the files beside an input that name its metrics as Prometheus does:
// the rules, their tests, and the README with the expressions.
var alertFiles = []string{"alerts.yml", "alerts_test.yml", "README.md"}

// CheckAlerts requires that whatever the files of alerts name exists: each metric is
// a field of a measurement that n has, as outputs.prometheus_client names it, and
// each label a tag, or one that Telegraf and Prometheus add.
func (n *Names) CheckAlerts(t *testing.T) {
	t.Helper()
	metrics, labels := map[string]bool{}, map[string]bool{"host": true, "instance": true, "job": true}
	for measurement, fields := range n.fields {
		for field := range fields {
			metrics[measurement+"_"+field] = true
		}
		for tag := range n.tags[measurement] {
			labels[tag] = true
		}
	}
	for _, name := range alertFiles {
		text, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		promQL := string(text)
		if strings.HasSuffix(name, ".md") {
			promQL = strings.Join(PromQL(promQL), "\n")
		}
		for _, metric := range n.metricsIn(promQL) {
			if !metrics[metric] {
				t.Errorf("%s: no field makes a metric %s", name, metric)
			}
		}
		for _, label := range labelsIn(promQL) {
			if !labels[label] {
				t.Errorf("%s: no tag makes a label %s", name, label)
			}
		}
	}
}

// metricsIn lists the words of text that begin with the name of a measurement.
func (n *Names) metricsIn(text string) []string {
	var metrics []string
	for _, word := range regexp.MustCompile(`\b[a-z]\w*\b`).FindAllString(text, -1) {
		for measurement := range n.fields {
			if strings.HasPrefix(word, measurement+"_") && n.fields[word] == nil && !slices.Contains(metrics, word) {
				metrics = append(metrics, word)
			}
		}
	}
	return metrics
}

// labelsIn lists what expressions match, group and join by, and what templates print.
func labelsIn(text string) []string {
	var labels []string
	for _, matchers := range regexp.MustCompile(`\w\{[^}]*\}`).FindAllString(text, -1) {
		for _, m := range regexp.MustCompile(`(\w+)\s*(?:=~|!~|!=|=)\s*"`).FindAllStringSubmatch(matchers, -1) {
			labels = append(labels, m[1])
		}
	}
	for _, list := range regexp.MustCompile(`\b(?:by|on|without|ignoring|group_left|group_right) \(([^)]*)\)`).FindAllStringSubmatch(text, -1) {
		labels = append(labels, strings.FieldsFunc(list[1], func(r rune) bool { return r == ',' || r == ' ' })...)
	}
	for _, m := range regexp.MustCompile(`\$labels\.(\w+)`).FindAllStringSubmatch(text, -1) {
		labels = append(labels, m[1])
	}
	slices.Sort(labels)
	return slices.Compact(labels)
}

// PromQL lists the expressions that a README shows.
func PromQL(readme string) []string {
	var all []string
	for _, block := range regexp.MustCompile("(?s)```promql\n(.*?)\n```").FindAllStringSubmatch(readme, -1) {
		all = append(all, block[1])
	}
	return all
}
