package arch

import (
	"go/ast"
	"go/token"
	"slices"
	"strings"
	"testing"
)

// stateful are the variables of packages that may change, and why, by directory
// and name.
var stateful = map[string]string{
	"sysprobe/internal/sys/libproc addrOfPIDInfo":      "its assembler file sets it, and nothing writes to it",
	"sysprobe/internal/sys/libproc addrOfPIDPath":      "its assembler file sets it, and nothing writes to it",
	"sysprobe/internal/sys/libproc addrOfTimebaseInfo": "its assembler file sets it, and nothing writes to it",
	"sysprobe/internal/sys/taskiter shared":            "the handles of a process share one loaded BPF program; it counts them",
	"sysprobe/internal/sys/taskiter sharedDead":        "as shared",
	"sysprobe/internal/sys/taskiter sharedSockets":     "as shared",
	"sysprobe/internal/sys/taskiter sharedKin":         "as shared",
	"plugins/internal/plugintest update":               "a flag of go test, which package flag sets",
}

// TestPackagesHaveNoState finds variables of packages that can change: errors,
// embedded files, and tables that nobody writes to are all there may be beside
// those that stateful names. What is of any other kind counts as state even
// where no assignment is to be seen, for methods change it.
func TestPackagesHaveNoState(t *testing.T) {
	all := slices.DeleteFunc(sources(t), (*source).isTest)
	makers := errorMakers(all)
	variables := map[string]bool{} // whether nothing but a write changes them
	for _, s := range all {
		for _, v := range variablesOf(s) {
			id, fixed := s.dir()+" "+v.name.Name, v.isFixed(s.dir(), makers)
			variables[id] = fixed
			if !fixed && stateful[id] == "" {
				t.Errorf("%v can change, and stateful does not say why it may: %s", s.fset.Position(v.name.Pos()), v.name.Name)
			}
		}
	}
	for id := range stateful {
		if fixed, ok := variables[id]; !ok || fixed {
			t.Errorf("stateful names %s, which cannot change or is not there", id)
		}
	}
	for _, s := range all {
		for _, d := range s.Decls {
			if f, ok := d.(*ast.FuncDecl); ok && f.Body != nil {
				for _, name := range written(f) {
					if variables[s.dir()+" "+name.Name] {
						t.Errorf("%v writes to a variable of the package: %s", s.fset.Position(name.Pos()), name.Name)
					}
				}
			}
		}
	}
}

// packageVariable is the declaration of a variable of a package.
type packageVariable struct {
	name        *ast.Ident
	typ, value  ast.Expr // nil where there is none of its own
	description *ast.CommentGroup
}

// variablesOf returns the variables that s declares for its package.
func variablesOf(s *source) []packageVariable {
	var all []packageVariable
	for _, d := range s.Decls {
		d, ok := d.(*ast.GenDecl)
		if !ok || d.Tok != token.VAR {
			continue
		}
		for _, spec := range d.Specs {
			spec := spec.(*ast.ValueSpec)
			for i, name := range spec.Names {
				if name.Name == "_" { // it holds nothing
					continue
				}
				v := packageVariable{name: name, typ: spec.Type, description: spec.Doc}
				if !d.Lparen.IsValid() {
					v.description = d.Doc
				}
				if len(spec.Values) == len(spec.Names) {
					v.value = spec.Values[i]
				}
				all = append(all, v)
			}
		}
	}
	return all
}

// isFixed reports whether v, of a package in dir, changes by assignment only.
// Makers are the functions that errorMakers found.
func (v *packageVariable) isFixed(dir string, makers map[string]bool) bool {
	if isTable(v.value) || isName(v.typ, "error") {
		return true
	}
	switch x := v.value.(type) {
	case *ast.SelectorExpr: // an error of another package
		return strings.HasPrefix(x.Sel.Name, "Err")
	case *ast.CallExpr:
		switch f := x.Fun.(type) {
		case *ast.SelectorExpr:
			return isName(f.X, "errors") && f.Sel.Name == "New"
		case *ast.Ident:
			return makers[dir+" "+f.Name] || f.Name == "append" && isTable(x.Args[0])
		}
	}
	return v.description != nil && slices.ContainsFunc(v.description.List, func(c *ast.Comment) bool {
		return strings.HasPrefix(c.Text, "//go:embed ")
	})
}

// isTable says that x is a literal of a slice, array or map with elements, none
// of them a pointer or channel. One without any is there to be filled.
func isTable(x ast.Expr) bool {
	table, ok := x.(*ast.CompositeLit)
	if !ok || len(table.Elts) == 0 {
		return false
	}
	var element ast.Expr
	switch typ := table.Type.(type) {
	case *ast.ArrayType:
		element = typ.Elt
	case *ast.MapType:
		element = typ.Value
	}
	switch element.(type) {
	case nil, *ast.StarExpr, *ast.ChanType:
		return false
	}
	return true
}

// errorMakers are the functions that return an error and nothing else, by
// directory and name.
func errorMakers(all []*source) map[string]bool {
	makers := map[string]bool{}
	for _, s := range all {
		for _, d := range s.Decls {
			f, ok := d.(*ast.FuncDecl)
			if ok && f.Recv == nil && f.Type.Results.NumFields() == 1 && isName(f.Type.Results.List[0].Type, "error") {
				makers[s.dir()+" "+f.Name.Name] = true
			}
		}
	}
	return makers
}

// written returns the variables that f assigns to, clears, or calls a method of,
// by themselves, by index or by field, but not those that it declares.
func written(f *ast.FuncDecl) []*ast.Ident {
	var names []*ast.Ident
	own := map[string]bool{}
	for _, fields := range []*ast.FieldList{f.Recv, f.Type.Params, f.Type.Results} {
		if fields == nil {
			continue
		}
		for _, field := range fields.List {
			for _, name := range field.Names {
				own[name.Name] = true
			}
		}
	}
	note := func(defines bool, targets ...ast.Expr) {
		for _, x := range targets {
			if name := root(x); name != nil && defines {
				own[name.Name] = true
			} else if name != nil {
				names = append(names, name)
			}
		}
	}
	ast.Inspect(f.Body, func(n ast.Node) bool {
		switch n := n.(type) {
		case *ast.AssignStmt:
			note(n.Tok == token.DEFINE, n.Lhs...)
		case *ast.RangeStmt:
			note(n.Tok == token.DEFINE, n.Key, n.Value)
		case *ast.IncDecStmt:
			note(false, n.X)
		case *ast.CallExpr:
			switch f := n.Fun.(type) {
			case *ast.SelectorExpr: // a method may write
				note(false, f.X)
			case *ast.Ident:
				if slices.Contains([]string{"clear", "copy", "delete"}, f.Name) {
					note(false, n.Args[0])
				}
			}
		case *ast.ValueSpec:
			for _, name := range n.Names {
				own[name.Name] = true
			}
		case *ast.FuncLit:
			for _, field := range n.Type.Params.List {
				for _, name := range field.Names {
					own[name.Name] = true
				}
			}
		}
		return true
	})
	return slices.DeleteFunc(names, func(name *ast.Ident) bool { return own[name.Name] })
}

// root is the variable that x is, or is a part of; nil where x is none.
func root(x ast.Expr) *ast.Ident {
	for {
		switch part := x.(type) {
		case *ast.Ident:
			return part
		case *ast.IndexExpr:
			x = part.X
		case *ast.SelectorExpr:
			x = part.X
		case *ast.StarExpr:
			x = part.X
		case *ast.ParenExpr:
			x = part.X
		default:
			return nil
		}
	}
}
