package arch

import (
	"go/ast"
	"os"
	"path"
	"slices"
	"strings"
	"testing"

	"telegraf-sysprobe/sysprobe/internal/gen/load"
)

// systemSuffixes make a name that of a file for some systems. Those that Go
// does not know need a build constraint.
var systemSuffixes = map[string]struct{ magic bool }{
	"linux": {true}, "darwin": {true}, "freebsd": {true}, "netbsd": {true}, "openbsd": {true}, "windows": {true},
	"bsd": {}, "unix": {}, "other": {},
}

// systemSuffix returns the part of a file name that says for which systems the
// file is, or nothing.
func systemSuffix(name string) string {
	base := strings.TrimSuffix(strings.TrimSuffix(path.Base(name), ".go"), "_test")
	_, suffix, _ := cutLast(base, "_")
	if _, ok := systemSuffixes[suffix]; !ok {
		return ""
	}
	return suffix
}

// cutLast is strings.Cut at the last sep.
func cutLast(s, sep string) (before, after string, found bool) {
	if i := strings.LastIndex(s, sep); i >= 0 {
		return s[:i], s[i+len(sep):], true
	}
	return s, "", false
}

func TestSuffixesThatGoDoesNotKnowHaveConstraints(t *testing.T) {
	for _, s := range sources(t) {
		suffix := systemSuffix(s.path)
		if suffix != "" && !systemSuffixes[suffix].magic && !hasConstraint(s) {
			t.Errorf("%s: Go builds _%s for every system unless there is a //go:build", s.path, suffix)
		}
	}
}

// hasConstraint says that there is a //go:build above the package clause.
func hasConstraint(s *source) bool {
	return slices.ContainsFunc(s.Comments, func(c *ast.CommentGroup) bool {
		return c.Pos() < s.Package && strings.HasPrefix(c.List[0].Text, "//go:build ")
	})
}

// systemCalls are packages that make system calls, or ask the system for what
// package sysprobe means.
var systemCalls = []string{
	module + "/" + sysDir, "golang.org/x/sys", "syscall", "os", "net", "github.com/mdlayher", "github.com/cilium",
}

// TestSystemSuffixMeansSystemCalls finds files that are built for one system
// only and need not be: they import none of systemCalls and use no such file
// that does, at any remove. Only package sysprobe and what is below internal/sys
// have files for one system.
func TestSystemSuffixMeansSystemCalls(t *testing.T) {
	files := map[string][]*source{} // by directory
	for _, s := range sources(t) {
		if suffix := systemSuffix(s.path); suffix == "" || suffix == "other" || s.isTest() {
			continue
		}
		if dir := s.dir(); dir != "sysprobe" && dir != "sysprobe/sysprobetest" && !within(dir, sysDir) {
			t.Errorf("%s: only package sysprobe and those below %s differ by system", s.path, sysDir)
		}
		files[s.dir()] = append(files[s.dir()], s)
	}
	for dir, in := range files {
		asks := map[string]bool{}
		for _, s := range in {
			asks[path.Base(s.path)] = s.importsAny(systemCalls...) != ""
		}
		spread(t, dir, asks)
		for name, does := range asks {
			if !does {
				t.Errorf("%s/%s makes no system call: its name need not say a system", dir, name)
			}
		}
	}
}

// spread sets the values of asks, which has the files of a directory for one
// system by name, of those that use a file whose value is set.
func spread(t *testing.T, dir string, asks map[string]bool) {
	t.Helper()
	for _, system := range load.Systems() {
		p, err := load.Load(top, dir, system)
		if err != nil {
			t.Fatal(err)
		}
		for grown := true; grown; {
			grown = false
			for _, u := range uses(p) {
				from := path.Base(p.Fset.Position(u.at).Filename)
				if does, ok := asks[from]; ok && !does && asks[path.Base(p.Fset.Position(u.of).Filename)] {
					asks[from], grown = true, true
				}
			}
		}
	}
}

// TestSizes holds the budgets for files and functions outside tests.
func TestSizes(t *testing.T) {
	var files, functions []int
	for _, s := range sources(t) {
		most := 450
		if s.isTest() {
			most = 600
		}
		if s.lines > most {
			t.Errorf("%s has %d lines, want at most %d", s.path, s.lines, most)
		}
		if s.isTest() {
			continue
		}
		files = append(files, s.lines)
		for _, d := range s.Decls {
			if f, ok := d.(*ast.FuncDecl); ok {
				functions = append(functions, s.length(f))
			}
		}
	}
	for _, budget := range []struct {
		what       string
		lengths    []int
		percentile int
		limit      int
	}{
		{"files", files, 95, 350},
		{"functions", functions, 50, 12},
		{"functions", functions, 95, 45},
	} {
		slices.Sort(budget.lengths)
		if got := budget.lengths[(len(budget.lengths)-1)*budget.percentile/100]; got > budget.limit {
			t.Errorf("%d %% of the %s have at most %d lines, want %d", budget.percentile, budget.what, got, budget.limit)
		}
	}
}

// TestTopLevelIsClosed allows what has its place there, dot files, and what
// make leaves.
func TestTopLevelIsClosed(t *testing.T) {
	allowed := []string{
		"LICENSE", "Makefile", "README.md", "go.mod", "go.sum", "plugins", "sample.conf", "sysprobe", "testdata", "findings",
		"bin", "build", "coverage.out",
	}
	entries, err := os.ReadDir(top)
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range entries {
		if !strings.HasPrefix(e.Name(), ".") && !slices.Contains(allowed, e.Name()) {
			t.Errorf("%s does not belong at the top", e.Name())
		}
	}
}
