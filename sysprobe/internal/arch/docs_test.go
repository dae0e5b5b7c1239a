package arch

import (
	"go/ast"
	"go/types"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"telegraf-sysprobe/sysprobe/internal/gen/load"
)

// TestPackageCommentNamesEveryHandle looks for a link to each type that is closed, and
// to each function that reads something of the machine, in the package comment.
func TestPackageCommentNamesEveryHandle(t *testing.T) {
	comment, named := "", map[string]bool{}
	for _, s := range sources(t) {
		if s.dir() != "sysprobe" || s.isTest() {
			continue
		}
		if s.Doc != nil {
			comment += s.Doc.Text()
		}
		for _, d := range s.Decls {
			f, ok := d.(*ast.FuncDecl)
			if !ok || !f.Name.IsExported() {
				continue
			}
			receiver := receiverOf(f)
			switch {
			case f.Name.Name == "Close" && ast.IsExported(receiver):
				named[receiver] = true
			case receiver == "" && strings.HasPrefix(f.Name.Name, "Read"):
				named[f.Name.Name] = true
			}
		}
	}
	if len(named) < 10 {
		t.Errorf("found %d handles and functions only", len(named))
	}
	for name := range named {
		if !strings.Contains(comment, "["+name+"]") {
			t.Errorf("doc.go does not name [%s]", name)
		}
	}
}

// TestPsutilPageNamesWhatExists reads the page for people who know psutil: every name of
// its second column is exported by package sysprobe, or by the standard library.
func TestPsutilPageNamesWhatExists(t *testing.T) {
	page, err := os.ReadFile(filepath.Join(top, "sysprobe", "README.md"))
	if err != nil {
		t.Fatal(err)
	}
	p, err := load.Load(top, "sysprobe", "linux")
	if err != nil {
		t.Fatal(err)
	}
	name := regexp.MustCompile("`([A-Z][A-Za-z0-9.]*)`")
	found := 0
	for line := range strings.Lines(string(page)) {
		cells := strings.Split(line, "|")
		if len(cells) < 5 {
			continue
		}
		for _, m := range name.FindAllStringSubmatch(cells[2]+cells[3], -1) {
			if found++; !isExported(p, m[1]) {
				t.Errorf("package sysprobe has no %s, which README.md names", m[1])
			}
		}
	}
	if found < 100 {
		t.Errorf("the page has %d names only", found)
	}
}

// isExported reports that p has a name, "Name" or "Type.FieldOrMethod".
func isExported(p *load.Package, name string) bool {
	first, member, ok := strings.Cut(name, ".")
	object := p.Scope().Lookup(first)
	if object == nil || !ok {
		return object != nil
	}
	found, _, _ := types.LookupFieldOrMethod(object.Type(), true, p.Package, member)
	return found != nil
}
