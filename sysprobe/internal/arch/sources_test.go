package arch

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

const (
	module    = "telegraf-sysprobe"
	top       = "../../.." // the top level of the repository
	decodeDir = "sysprobe/internal/decode"
	optDir    = "sysprobe/internal/opt"
	sysDir    = "sysprobe/internal/sys"
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
		err := filepath.WalkDir(filepath.Join(top, root), func(name string, d fs.DirEntry, err error) error {
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
			s.path = strings.TrimPrefix(filepath.ToSlash(name), top+"/")
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
