package arch

import (
	"go/ast"
	"go/token"
	"regexp"
	"slices"
	"testing"
)

// TestEverythingExportedHasAComment covers constants and variables by the
// comment of their group. It covers packages that only this repository imports,
// too, but not those of its tests.
func TestEverythingExportedHasAComment(t *testing.T) {
	for _, s := range sources(t) {
		if s.isTest() {
			continue
		}
		for _, d := range s.Decls {
			for _, name := range undocumented(d) {
				t.Errorf("%v: %s has no comment", s.fset.Position(name.Pos()), name.Name)
			}
		}
	}
}

// undocumented returns the exported names that d declares without a comment.
func undocumented(d ast.Decl) []*ast.Ident {
	var names []*ast.Ident
	switch d := d.(type) {
	case *ast.FuncDecl:
		if d.Name.IsExported() && d.Doc == nil && !slices.Contains(wellKnown, d.Name.Name) {
			names = append(names, d.Name)
		}
	case *ast.GenDecl:
		if d.Doc != nil && d.Tok != token.TYPE {
			return nil
		}
		for _, spec := range d.Specs {
			switch spec := spec.(type) {
			case *ast.TypeSpec:
				if spec.Name.IsExported() && spec.Doc == nil && d.Doc == nil {
					names = append(names, spec.Name)
				}
			case *ast.ValueSpec:
				for _, name := range spec.Names {
					if name.IsExported() && spec.Doc == nil && spec.Comment == nil {
						names = append(names, name)
					}
				}
			}
		}
	}
	return names
}

// wellKnown are methods whose interface says what they do.
var wellKnown = []string{"Error", "String", "Unwrap", "Is", "Len", "Less", "Swap", "MarshalText", "UnmarshalText", "Init", "Gather", "SampleConfig"}

// TestErrorsAreInTheComment checks of exported functions and methods of package
// sysprobe that return an error that their comments, or that of the type of the
// receiver, mention it.
func TestErrorsAreInTheComment(t *testing.T) {
	saysError := regexp.MustCompile(`\b(errors?|Err\w+|fails?)\b`)
	types := map[string]string{} // comments by the name of the type
	var functions []*ast.FuncDecl
	for _, s := range sources(t) {
		if s.dir() != "sysprobe" || s.isTest() {
			continue
		}
		for _, d := range s.Decls {
			switch d := d.(type) {
			case *ast.FuncDecl:
				if d.Name.IsExported() && returnsError(d) && !slices.Contains(wellKnown, d.Name.Name) {
					functions = append(functions, d)
				}
			case *ast.GenDecl:
				for _, spec := range d.Specs {
					if spec, ok := spec.(*ast.TypeSpec); ok {
						types[spec.Name.Name] = d.Doc.Text() + spec.Doc.Text()
					}
				}
			}
		}
	}
	for _, f := range functions {
		receiver := receiverOf(f)
		if receiver != "" && !ast.IsExported(receiver) {
			continue
		}
		if !saysError.MatchString(f.Doc.Text()) && !saysError.MatchString(types[receiver]) {
			t.Errorf("the comment of %s %s says nothing of its error", receiver, f.Name.Name)
		}
	}
	if len(functions) == 0 {
		t.Error("found no function that returns an error")
	}
}

// returnsError reports whether the last result of f is an error.
func returnsError(f *ast.FuncDecl) bool {
	if f.Type.Results.NumFields() == 0 {
		return false
	}
	results := f.Type.Results.List
	return isName(results[len(results)-1].Type, "error")
}

// receiverOf is the name of the type that f is a method of; empty where it is
// none.
func receiverOf(f *ast.FuncDecl) string {
	if f.Recv == nil {
		return ""
	}
	typ := f.Recv.List[0].Type
	if star, ok := typ.(*ast.StarExpr); ok {
		typ = star.X
	}
	if generic, ok := typ.(*ast.IndexExpr); ok {
		typ = generic.X
	}
	if id, ok := typ.(*ast.Ident); ok {
		return id.Name
	}
	return ""
}
