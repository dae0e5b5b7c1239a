package arch

import (
	"go/ast"
	"go/token"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"telegraf-sysprobe/sysprobe/internal/gen/load"
)

// shared are the nouns that every other one of package sysprobe may use, and
// that use none but shared ones.
var shared = []string{"config", "enums", "errors", "interner", "opt", "support", "ticks", "turn"}

// halves are the nouns of package sysprobe, and those that each may use beside
// the shared ones. No arrow leads from one half to the other.
var halves = []map[string][]string{
	{ // network interfaces
		"hwaddr":    nil,
		"linkmode":  nil,
		"wakeonlan": nil,
		"link":      {"hwaddr"},
		"netns":     nil,
		"nicaddrs":  {"link"},
		"nicstats":  {"hwaddr", "link", "linkmode", "wakeonlan"},
		"nicwatch":  {"hwaddr", "link", "nicaddrs"},
	},
	{ // processes
		"origin":      nil,
		"procs":       {"origin"},
		"process":     {"procs"},
		"accounting":  {"procs"},
		"connections": {"process", "procs"},
		"exits":       {"procs"},
		"zombies":     {"exits", "procs"},
		"host":        nil,
		"sandbox":     {"host"},
		"sessions":    {"host"},
		"usernames":   nil,
		"privileges":  nil,
	},
}

// above are nouns that may use all others: the functions that need no handle,
// and the comment of the package.
var above = []string{"doc", "list"}

// TestNounsAreADAG checks on each system that a noun of package sysprobe, which
// is the files whose names begin with it, uses the nouns that it may and no
// other.
func TestNounsAreADAG(t *testing.T) {
	allowed := allowedNouns()
	for _, system := range load.Systems() {
		p, err := load.Load(top, "sysprobe", system)
		if err != nil {
			t.Fatal(err)
		}
		reported := map[[2]string]bool{}
		for _, use := range uses(p) {
			from, to := nounOf(p.Fset, use.at), nounOf(p.Fset, use.of)
			if from == to || slices.Contains(above, from) || reported[[2]string{from, to}] {
				continue
			}
			if _, ok := allowed[from]; !ok {
				t.Errorf("%v: no noun is called %s", p.Fset.Position(use.at), from)
			} else if !slices.Contains(allowed[from], to) {
				t.Errorf("%s: %s uses %s of %s, which it must not", p.Fset.Position(use.at), from, use.name, to)
			}
			reported[[2]string{from, to}] = true
		}
	}
}

// TestAllowedNounsAreADAG checks the walls themselves.
func TestAllowedNounsAreADAG(t *testing.T) {
	allowed := allowedNouns()
	state := map[string]int{} // 1 while its own arrows are followed, then 2
	var follow func(noun string)
	follow = func(noun string) {
		if state[noun] == 1 {
			t.Errorf("there is a circle through %s", noun)
		}
		if state[noun] > 0 {
			return
		}
		state[noun] = 1
		for _, to := range allowed[noun] {
			follow(to)
		}
		state[noun] = 2
	}
	for noun := range allowed {
		follow(noun)
	}
	for _, half := range halves {
		for noun, to := range half {
			for _, other := range to {
				if _, ok := half[other]; !ok {
					t.Errorf("%s of one half may use %s, which is not of it", noun, other)
				}
			}
		}
	}
}

// allowedNouns are the nouns that each noun may use.
func allowedNouns() map[string][]string {
	allowed := map[string][]string{
		"config": {"enums", "errors", "opt"}, "enums": {"opt"}, "errors": nil, "interner": nil, "opt": nil,
		"support": {"enums", "errors"}, "ticks": nil, "turn": {"errors"},
	}
	for _, half := range halves {
		for noun, to := range half {
			allowed[noun] = slices.Concat(shared, to)
		}
	}
	return allowed
}

// nounOf is the noun of the file at pos.
func nounOf(fset *token.FileSet, pos token.Pos) string {
	name := strings.TrimSuffix(filepath.Base(fset.Position(pos).Filename), ".go")
	noun, _, _ := strings.Cut(name, "_")
	return noun
}

// use is an identifier that stands for what a package declares.
type use struct {
	name   string
	at, of token.Pos // of the identifier, and of the declaration
}

// uses returns every use of what p declares within p, except in generated files:
// a generated method belongs to the noun of its type.
func uses(p *load.Package) []use {
	var all []use
	for _, file := range p.Files {
		if ast.IsGenerated(file) {
			continue
		}
		ast.Inspect(file, func(n ast.Node) bool {
			id, ok := n.(*ast.Ident)
			if !ok {
				return true
			}
			if of := p.Uses[id]; of != nil && of.Pkg() == p.Package && of.Pos().IsValid() {
				all = append(all, use{id.Name, id.Pos(), of.Pos()})
			}
			return true
		})
	}
	return all
}
