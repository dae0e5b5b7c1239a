// Package load checks the types of a package of this module as a build for any
// system would see it, without building what it imports.
//
// Only packages of the module are checked. Of every other one nothing is known
// but its name, so an expression whose type comes from such a package has no
// type. Which method a type of the module has, and whose, does not depend on
// that.
package load

import (
	"errors"
	"fmt"
	"go/ast"
	"go/build"
	"go/parser"
	"go/token"
	"go/types"
	"path"
	"path/filepath"
	"strings"
)

// Module is the path of this module.
const Module = "telegraf-sysprobe"

// Systems are the systems that everything compiles for.
func Systems() []string {
	return []string{"linux", "darwin", "freebsd", "netbsd", "openbsd", "windows"}
}

// Package is a package with its types.
type Package struct {
	*types.Package
	*types.Info

	Fset *token.FileSet
	// Files are in the order of their names, without tests.
	Files []*ast.File
}

// Load loads the package in the directory dir below root, the top level of
// the module, as a build for goos without cgo takes it. It returns an error
// where a file cannot be read or parsed, or where no file is for goos.
func Load(root, dir, goos string) (*Package, error) {
	ctx := build.Default
	ctx.GOOS, ctx.CgoEnabled = goos, false
	l := &loader{ctx: ctx, root: root, fset: token.NewFileSet(), packages: map[string]*Package{}}
	return l.load(path.Join(Module, dir))
}

// loader is one run of Load.
type loader struct {
	ctx      build.Context
	root     string
	fset     *token.FileSet
	packages map[string]*Package
}

// load checks a package of the module once.
func (l *loader) load(importPath string) (*Package, error) {
	if p := l.packages[importPath]; p != nil {
		return p, nil
	}
	dir := filepath.Join(l.root, filepath.FromSlash(strings.TrimPrefix(importPath, Module)))
	files, err := l.ctx.ImportDir(dir, 0)
	if err != nil {
		return nil, err
	}
	p := &Package{Fset: l.fset, Info: &types.Info{
		Types:      map[ast.Expr]types.TypeAndValue{},
		Defs:       map[*ast.Ident]types.Object{},
		Uses:       map[*ast.Ident]types.Object{},
		Selections: map[*ast.SelectorExpr]*types.Selection{},
	}}
	for _, name := range files.GoFiles {
		file, err := parser.ParseFile(l.fset, filepath.Join(dir, name), nil, parser.ParseComments|parser.SkipObjectResolution)
		if err != nil {
			return nil, err
		}
		p.Files = append(p.Files, file)
	}
	var failure error
	conf := types.Config{Importer: importerFunc(func(importPath string) (*types.Package, error) {
		imported, err := l.imported(importPath)
		failure = errors.Join(failure, err)
		return imported, err
	})}
	conf.Error = func(error) {} // of what other modules declare
	p.Package, err = conf.Check(importPath, l.fset, p.Files, p.Info)
	if failure != nil {
		return nil, fmt.Errorf("%s: %w", importPath, failure)
	}
	if p.Package == nil {
		return nil, err
	}
	l.packages[importPath] = p
	return p, nil
}

// imported returns a package of the module with its types, and any other one
// without.
func (l *loader) imported(importPath string) (*types.Package, error) {
	if strings.HasPrefix(importPath, Module+"/") {
		p, err := l.load(importPath)
		if err != nil {
			return nil, err
		}
		return p.Package, nil
	}
	p := types.NewPackage(importPath, path.Base(importPath))
	p.MarkComplete()
	return p, nil
}

// importerFunc is a function as a types.Importer.
type importerFunc func(string) (*types.Package, error)

// Import calls f.
func (f importerFunc) Import(importPath string) (*types.Package, error) { return f(importPath) }
