// Testsum reads the output of `go test -json` from the named files and prints
// what failed, what was skipped and why, and the totals. A test that one run
// skipped and another passed counts as passed. It fails where a test or the
// build of one did, where nothing ran, and with -noskip where a test skipped.
//
// With -test=GO, it runs GO test with the arguments and ends as that does. It
// prints what go test prints, or with -json among the arguments its events, and
// then a line with the totals and what skipped tests need. That line goes to
// standard error where standard output is for events.
package main

import (
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"
	"maps"
	"os"
	"slices"
	"strings"
)

// event is a line of test2json, see `go doc test2json`.
type event struct {
	Action, Package, ImportPath, Test, Output string
}

// test is what is known of a test; a package that does not build is one whose
// name is its import path.
type test struct {
	action string
	output strings.Builder
}

// rank orders the outcomes of several runs: the highest counts.
var rank = map[string]int{"skip": 1, "pass": 2, "fail": 3, "build-fail": 3}

func main() {
	noskip := flag.Bool("noskip", false, "fail where a test skipped")
	failed := flag.Bool("failed", false, "something else failed: count it where no test did")
	run := flag.String("test", "", "run the tests with this `go` command and the arguments")
	flag.Parse()
	if *run != "" {
		os.Exit(goTest(*run, flag.Args(), os.Stdout, os.Stderr))
	}
	tests := map[string]*test{}
	for _, name := range flag.Args() {
		if err := read(name, tests); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(2)
		}
	}
	count := report(tests)
	if *failed {
		count["fail"] = max(count["fail"], 1)
	}
	fmt.Printf("%d passed, %d failed, %d skipped\n", count["pass"], count["fail"], count["skip"])
	if count["fail"] > 0 || count["pass"] == 0 || *noskip && count["skip"] > 0 {
		os.Exit(1)
	}
}

// read adds the events of a file to tests.
func read(name string, tests map[string]*test) error {
	f, err := os.Open(name)
	if err != nil {
		return err
	}
	defer f.Close()
	for d := json.NewDecoder(f); ; {
		var e event
		if err := d.Decode(&e); errors.Is(err, io.EOF) {
			return nil
		} else if err != nil {
			return fmt.Errorf("%s: %w", name, err)
		}
		add(tests, e)
	}
}

// add notes one event.
func add(tests map[string]*test, e event) {
	key := strings.TrimSpace(e.Package + e.ImportPath + " " + e.Test)
	t := tests[key]
	if t == nil {
		t = &test{}
		tests[key] = t
	}
	t.output.WriteString(e.Output)
	if rank[e.Action] > rank[t.action] {
		t.action = e.Action
	}
}

// report prints failures and skips, and counts the outcomes. A package counts
// only where it failed without a test that did.
func report(tests map[string]*test) map[string]int {
	count := map[string]int{}
	failed := map[string]bool{}
	for _, key := range slices.Backward(slices.Sorted(maps.Keys(tests))) {
		t := tests[key]
		pkg, _, isTest := strings.Cut(key, " ")
		switch {
		case rank[t.action] == rank["fail"] && (isTest || !failed[pkg]):
			failed[pkg] = true
			count["fail"]++
			fmt.Printf("FAILED %s\n%s", key, t.output.String())
		case isTest && t.action == "skip":
			count["skip"]++
			fmt.Printf("SKIPPED %s\n%s", key, t.output.String())
		case isTest && t.action == "pass":
			count["pass"]++
		}
	}
	return count
}
