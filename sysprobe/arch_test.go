package sysprobe

import (
	"bytes"
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// These tests hold the layout of the whole repository: what a linter that sees
// one file or package at a time cannot.

const (
	module    = "telegraf-sysprobe"
	decodeDir = "sysprobe/internal/decode"
)

// source is a Go file of this module.
type source struct {
	*ast.File

	fset    *token.FileSet
	path    string // from the root, with slashes
	lines   int
	imports []string
}

// dir is the directory of the file.
func (s *source) dir() string { return path.Dir(s.path) }

// isTest says that the file is built for tests only.
func (s *source) isTest() bool { return strings.HasSuffix(s.path, "_test.go") }

// length is the number of lines of n.
func (s *source) length(n ast.Node) int {
	return s.fset.Position(n.End()).Line - s.fset.Position(n.Pos()).Line + 1
}

// sources parses every Go file of this module; what lies below testdata is not
// of it.
func sources(t *testing.T) []*source {
	t.Helper()
	var all []*source
	for _, root := range []string{"plugins", "sysprobe"} {
		err := filepath.WalkDir(filepath.Join("..", root), func(name string, d fs.DirEntry, err error) error {
			switch {
			case err != nil:
				return err
			case d.Name() == "testdata":
				return fs.SkipDir
			case filepath.Ext(name) != ".go":
				return nil
			}
			text, err := os.ReadFile(name)
			if err != nil {
				return err
			}
			s := &source{fset: token.NewFileSet(), lines: bytes.Count(text, []byte("\n"))}
			s.path = strings.TrimPrefix(filepath.ToSlash(name), "../")
			s.File, err = parser.ParseFile(s.fset, name, text, parser.ParseComments|parser.SkipObjectResolution)
			if err != nil {
				return err
			}
			for _, i := range s.Imports {
				s.imports = append(s.imports, strings.Trim(i.Path.Value, `"`))
			}
			all = append(all, s)
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	return all
}

// within says that an import path is that of pkg or of a package below it.
func within(importPath, pkg string) bool {
	return importPath == pkg || strings.HasPrefix(importPath, pkg+"/")
}

// importsAny returns the first import of s that is within one of packages.
func (s *source) importsAny(packages ...string) string {
	for _, i := range s.imports {
		if slices.ContainsFunc(packages, func(pkg string) bool { return within(i, pkg) }) {
			return i
		}
	}
	return ""
}

func TestImportsPointInwards(t *testing.T) {
	rings := []struct {
		below     string
		forbidden []string
	}{
		{"plugins", []string{module + "/" + decodeDir, "github.com/mdlayher", "golang.org/x/sys", "unsafe"}},
		{"sysprobe", []string{module + "/plugins", "github.com/influxdata"}},
		{decodeDir, []string{"golang.org/x/sys", "syscall", "os", "unsafe", "github.com/mdlayher", module + "/sysprobe/sysprobetest"}},
	}
	for _, s := range sources(t) {
		for _, ring := range rings {
			if !within(s.path, ring.below) || s.isTest() {
				continue
			}
			if i := s.importsAny(ring.forbidden...); i != "" {
				t.Errorf("%s imports %s", s.path, i)
			}
		}
		if within(s.dir(), decodeDir) && !s.isTest() && slices.Contains(s.imports, "net") {
			t.Errorf("%s imports net: a decoder takes bytes", s.path)
		}
	}
}

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

// TestSystemSuffixMeansSystemCalls finds files that are built for one system
// only and need not be: they use neither a package that makes system calls nor,
// at any remove, another such file.
func TestSystemSuffixMeansSystemCalls(t *testing.T) {
	files := map[string][]*source{}
	for _, s := range sources(t) {
		if suffix := systemSuffix(s.path); suffix == "" || suffix == "other" || s.isTest() {
			continue
		}
		if within(s.dir(), decodeDir) {
			t.Errorf("%s: a decoder is for every system", s.path)
		}
		files[s.dir()] = append(files[s.dir()], s)
	}
	for _, in := range files {
		reach := map[string]bool{} // names declared by files that do
		for grown := true; grown; {
			grown = false
			in = slices.DeleteFunc(in, func(s *source) bool {
				if s.importsAny("golang.org/x/sys", "syscall", "os", "net", "github.com/mdlayher", "github.com/cilium") == "" && !usesAny(s, reach) {
					return false
				}
				declare(s, reach)
				grown = true
				return true
			})
		}
		for _, s := range in {
			t.Errorf("%s makes no system call: its name need not say a system", s.path)
		}
	}
}

// declare adds the names of top-level functions, methods and types to names.
func declare(s *source, names map[string]bool) {
	for _, d := range s.Decls {
		switch d := d.(type) {
		case *ast.FuncDecl:
			names[d.Name.Name] = true
		case *ast.GenDecl:
			for _, spec := range d.Specs {
				if spec, ok := spec.(*ast.TypeSpec); ok {
					names[spec.Name.Name] = true
				}
			}
		}
	}
}

// usesAny says that one of names occurs in s.
func usesAny(s *source, names map[string]bool) bool {
	found := false
	ast.Inspect(s.File, func(n ast.Node) bool {
		if id, ok := n.(*ast.Ident); ok && names[id.Name] {
			found = true
		}
		return !found
	})
	return found
}

// TestSizes holds the budgets for files and functions outside tests.
func TestSizes(t *testing.T) {
	var files, functions []int
	for _, s := range sources(t) {
		if s.lines > 600 {
			t.Errorf("%s has %d lines, want at most 600", s.path, s.lines)
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
		{"files", files, 95, 400},
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
		"LICENSE", "Makefile", "README.md", "go.mod", "go.sum", "plugins", "sample.conf", "sysprobe", "testdata",
		"bin", "build", "coverage.out",
	}
	entries, err := os.ReadDir("..")
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range entries {
		if !strings.HasPrefix(e.Name(), ".") && !slices.Contains(allowed, e.Name()) {
			t.Errorf("%s does not belong at the top", e.Name())
		}
	}
}
