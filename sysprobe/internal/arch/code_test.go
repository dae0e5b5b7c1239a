package arch

import (
	"go/ast"
	"go/token"
	"slices"
	"strings"
	"testing"
)

func TestEveryDecoderIsFuzzed(t *testing.T) {
	fuzzed := map[string]map[string]bool{}
	all := sources(t)
	for _, s := range all {
		if within(s.dir(), decodeDir) && s.isTest() {
			if fuzzed[s.dir()] == nil {
				fuzzed[s.dir()] = map[string]bool{}
			}
			noteFuzzed(s, fuzzed[s.dir()])
		}
	}
	decoders := 0
	for _, s := range all {
		if !within(s.dir(), decodeDir) || s.isTest() {
			continue
		}
		for _, d := range s.Decls {
			f, ok := d.(*ast.FuncDecl)
			if !ok || !isDecoder(f) {
				continue
			}
			decoders++
			if !fuzzed[s.dir()][f.Name.Name] {
				t.Errorf("%s: no fuzz target of its package calls %s", s.path, f.Name.Name)
			}
		}
	}
	if decoders == 0 {
		t.Error("found no decoders")
	}
}

// noteFuzzed adds every name that the fuzz targets of s mention to names.
func noteFuzzed(s *source, names map[string]bool) {
	for _, d := range s.Decls {
		f, ok := d.(*ast.FuncDecl)
		if !ok || !strings.HasPrefix(f.Name.Name, "Fuzz") {
			continue
		}
		ast.Inspect(f.Body, func(n ast.Node) bool {
			if id, ok := n.(*ast.Ident); ok {
				names[id.Name] = true
			}
			return true
		})
	}
}

// isDecoder says that f is exported and is named a decoder, or takes bytes and
// does not just append to them.
func isDecoder(f *ast.FuncDecl) bool {
	if !f.Name.IsExported() {
		return false
	}
	if strings.HasPrefix(f.Name.Name, "Decode") {
		return true
	}
	params := f.Type.Params.List
	if strings.HasPrefix(f.Name.Name, "Append") && len(params) > 0 && isBytes(params[0].Type) {
		return false
	}
	return slices.ContainsFunc(params, func(p *ast.Field) bool { return isBytes(p.Type) })
}

// isBytes says that a type is written []byte.
func isBytes(x ast.Expr) bool {
	array, ok := x.(*ast.ArrayType)
	if !ok || array.Len != nil {
		return false
	}
	element, ok := array.Elt.(*ast.Ident)
	return ok && element.Name == "byte"
}

// TestErrorsAreNotComparedByText finds comparisons of Error() outside tests.
func TestErrorsAreNotComparedByText(t *testing.T) {
	for _, s := range sources(t) {
		if s.isTest() {
			continue
		}
		ast.Inspect(s.File, func(n ast.Node) bool {
			var operands []ast.Expr
			switch n := n.(type) {
			case *ast.BinaryExpr:
				if n.Op == token.EQL || n.Op == token.NEQ {
					operands = []ast.Expr{n.X, n.Y}
				}
			case *ast.CallExpr:
				if f, ok := n.Fun.(*ast.SelectorExpr); ok && isName(f.X, "strings") {
					operands = n.Args
				}
			}
			if slices.ContainsFunc(operands, isErrorText) {
				t.Errorf("%v compares the text of an error", s.fset.Position(n.Pos()))
			}
			return true
		})
	}
}

// TestZombiesAreToldApartFirst is J07: errors.Is(ErrZombieProcess,
// ErrNoSuchProcess) is true, so a function that tests for both has to test for
// ErrZombieProcess first.
func TestZombiesAreToldApartFirst(t *testing.T) {
	tests := 0
	for _, s := range sources(t) {
		if s.isTest() {
			continue
		}
		for _, d := range s.Decls {
			gone := false
			ast.Inspect(d, func(n ast.Node) bool {
				switch errorsIsTarget(n) {
				case "ErrNoSuchProcess":
					gone = true
				case "ErrZombieProcess":
					if tests++; gone {
						t.Errorf("%v tests for ErrZombieProcess after ErrNoSuchProcess", s.fset.Position(n.Pos()))
					}
				}
				return true
			})
		}
	}
	if tests == 0 {
		t.Error("no function tests for ErrZombieProcess")
	}
}

// errorsIsTarget returns the name of the second argument where n is a call of
// errors.Is.
func errorsIsTarget(n ast.Node) string {
	call, ok := n.(*ast.CallExpr)
	if !ok || len(call.Args) != 2 {
		return ""
	}
	if f, ok := call.Fun.(*ast.SelectorExpr); !ok || f.Sel.Name != "Is" || !isName(f.X, "errors") {
		return ""
	}
	switch target := call.Args[1].(type) {
	case *ast.Ident:
		return target.Name
	case *ast.SelectorExpr:
		return target.Sel.Name
	}
	return ""
}

// isName says that x is the identifier name.
func isName(x ast.Expr, name string) bool {
	id, ok := x.(*ast.Ident)
	return ok && id.Name == name
}

// isErrorText says that x calls a method Error without arguments.
func isErrorText(x ast.Expr) bool {
	call, ok := x.(*ast.CallExpr)
	if !ok || len(call.Args) > 0 {
		return false
	}
	method, ok := call.Fun.(*ast.SelectorExpr)
	return ok && method.Sel.Name == "Error"
}

// TestSkipsNameWhatIsMissing holds the reasons of skips to the form that make
// test counts.
func TestSkipsNameWhatIsMissing(t *testing.T) {
	skips := 0
	for _, s := range sources(t) {
		ast.Inspect(s.File, func(n ast.Node) bool {
			call, ok := n.(*ast.CallExpr)
			if !ok || !isSkip(call) || within(s.dir(), "sysprobe/sysprobetest") && s.isTest() {
				return true
			}
			skips++
			if !strings.HasPrefix(firstText(call.Args[0]), `"needs `) {
				t.Errorf("%s: the reason of a skip does not begin with \"needs \"", s.fset.Position(call.Pos()))
			}
			return true
		})
	}
	if skips == 0 {
		t.Error("found no skips")
	}
}

// isSkip says that call skips a test.
func isSkip(call *ast.CallExpr) bool {
	f, ok := call.Fun.(*ast.SelectorExpr)
	if !ok || f.Sel.Name != "Skip" && f.Sel.Name != "Skipf" {
		return false
	}
	test, ok := f.X.(*ast.Ident)
	return ok && slices.Contains([]string{"t", "b", "tb"}, test.Name)
}

// firstText returns the literal that e begins with, or "".
func firstText(e ast.Expr) string {
	switch e := e.(type) {
	case *ast.BinaryExpr:
		return firstText(e.X)
	case *ast.BasicLit:
		return e.Value
	default:
		return ""
	}
}
