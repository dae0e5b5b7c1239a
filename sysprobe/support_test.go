package sysprobe

import (
	"fmt"
	"go/build"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// systems are the systems everything compiles for, and the columns of the
// matrix in README.md.
var systems = []string{"linux", "darwin", "freebsd", "netbsd", "openbsd", "windows"}

// features are the rows of the matrix. Where a feature is a view of what
// another handle reads, noun names the files of that one.
var features = []struct {
	feature Feature
	noun    string
}{
	{FeatureNICAddrs, "nicaddrs"},
	{FeatureNICStats, "nicstats"},
	{FeatureProcs, "procs"},
	{FeatureZombies, "procs"},
}

func TestSupportedOnIsWhatThereAreFilesFor(t *testing.T) {
	for _, f := range features {
		t.Run(f.feature.String(), func(t *testing.T) {
			var have []string
			for _, system := range systems {
				backend, fallback := filesFor(t, system, f.noun)
				if len(backend) > 0 == fallback {
					t.Errorf("%s: want a backend or the fallback, have backend %v, fallback %v", system, backend, fallback)
				}
				if len(backend) > 0 {
					have = append(have, system)
				}
			}
			if diff := cmp.Diff(have, supportedOn[f.feature]); diff != "" {
				t.Errorf("supportedOn differs from the files (-files +supportedOn):\n%s", diff)
			}
		})
	}
	if len(features) != len(supportedOn) {
		t.Errorf("supportedOn has %d features, this test %d", len(supportedOn), len(features))
	}
}

// filesFor returns the files of this package that a build for system takes and
// others do not, and whether it takes the fallback.
func filesFor(t *testing.T, system, noun string) (backend []string, fallback bool) {
	t.Helper()
	files, err := filepath.Glob(noun + "*_*.go")
	if err != nil {
		t.Fatal(err)
	}
	ctx := build.Default
	ctx.GOOS, ctx.CgoEnabled = system, false
	for _, file := range files {
		suffix := systemSuffix(file)
		matches, err := ctx.MatchFile(".", file)
		switch {
		case err != nil:
			t.Fatal(err)
		case !matches || suffix == "" || strings.HasSuffix(file, "_test.go"):
		case suffix == "other":
			fallback = true
		default:
			backend = append(backend, file)
		}
	}
	return backend, fallback
}

func TestSupportedAnswersForThisSystem(t *testing.T) {
	for _, f := range features {
		want := slices.Contains(supportedOn[f.feature], build.Default.GOOS)
		if err := Supported(f.feature); (err == nil) != want {
			t.Errorf("Supported(%v) = %v, want support: %v", f.feature, err, want)
		}
	}
}

func TestReadmeHasTheSupportMatrix(t *testing.T) {
	readme, err := os.ReadFile("../README.md")
	if err != nil {
		t.Fatal(err)
	}
	const marker = "<!-- support matrix -->\n"
	parts := strings.Split(string(readme), marker)
	if len(parts) != 3 {
		t.Fatalf("README.md has %d lines %q, want 2 with the matrix between them", len(parts)-1, marker)
	}
	if diff := cmp.Diff(supportMatrix(), strings.TrimSpace(parts[1])); diff != "" {
		t.Errorf("matrix of README.md (-supportedOn +README):\n%s", diff)
	}
}

// supportMatrix is supportedOn as a table in Markdown.
func supportMatrix() string {
	var b strings.Builder
	row := func(cells ...string) { fmt.Fprintf(&b, "| %s |\n", strings.Join(cells, " | ")) }
	row(append([]string{""}, systems...)...)
	b.WriteString("|---" + strings.Repeat("|:-:", len(systems)) + "|\n")
	for _, f := range features {
		cells := []string{"`" + f.feature.String() + "`"}
		for _, system := range systems {
			if slices.Contains(supportedOn[f.feature], system) {
				cells = append(cells, "yes")
			} else {
				cells = append(cells, "no")
			}
		}
		row(cells...)
	}
	return strings.TrimSpace(b.String())
}
