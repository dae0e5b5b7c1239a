package e2e

import (
	"os"
	"path/filepath"
	"regexp"
	"testing"
)

// query is what a README shows.
type query struct {
	readme string
	// alert is the rule whose runbook shows it, if one does.
	alert string
	// language is sql for InfluxQL, promql, or postgresql.
	language string
	text     string
}

// readmeQueries returns the queries of all READMEs, without what they say of answers.
func readmeQueries(t *testing.T) []query {
	t.Helper()
	readmes, err := filepath.Glob("../../inputs/*/README.md")
	if err != nil || len(readmes) != 4 {
		t.Fatalf("READMEs %v, error %v", readmes, err)
	}
	var all []query
	for _, path := range append(readmes, "../../../README.md") {
		text, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		chapter, section := "", ""
		for _, part := range regexp.MustCompile("(?ms)^(#+) ([^\n]*)$|^```(sql|promql|postgresql)\n(.*?)\n```").FindAllStringSubmatch(string(text), -1) {
			switch {
			case part[1] == "##":
				chapter, section = part[2], ""
			case part[1] == "###":
				section = part[2]
			case part[3] != "":
				q := query{readme: path, language: part[3], text: regexp.MustCompile(`\n(--|#) .*`).ReplaceAllString(part[4], "")}
				if chapter == "Alerts" {
					q.alert = section
				}
				all = append(all, q)
			}
		}
	}
	return all
}
