package main

import (
	"flag"
	"os"
	"strings"
	"testing"

	"telegraf-sysprobe/plugins/internal/execd"
)

// TestManualNamesAllFlags also wants no flag in the manual that there is not.
func TestManualNamesAllFlags(t *testing.T) {
	text, err := os.ReadFile("packaging/sysprobe-execd.8")
	if err != nil {
		t.Fatal(err)
	}
	manual := map[string]bool{}
	for line := range strings.Lines(string(text)) {
		if words := strings.Fields(line); len(words) > 2 && words[0] == ".It" && words[1] == "Fl" {
			manual[strings.TrimPrefix(words[2], "-")] = true
		}
	}
	flags := flag.NewFlagSet("", flag.ContinueOnError)
	new(choice).define(flags, &execd.Host{})
	flags.VisitAll(func(f *flag.Flag) {
		if !manual[f.Name] {
			t.Errorf("the manual says nothing of --%s", f.Name)
		}
		delete(manual, f.Name)
	})
	delete(manual, "help")
	if len(manual) > 0 {
		t.Errorf("the program has no flags %v", manual)
	}
}
