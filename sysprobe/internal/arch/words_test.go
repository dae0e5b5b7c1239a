package arch

import (
	"go/ast"
	"go/token"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
)

// unclear are words that two readers take for two things: the first for "might
// not" or "must not", the second for "wraps" or "replies to".
var unclear = []string{"may" + " not", "answers" + " to"}

// TestWordsAreClear reads comments and string literals of Go files, READMEs and
// samples.
func TestWordsAreClear(t *testing.T) {
	words := regexp.MustCompile(`\b(` + strings.Join(unclear, "|") + `)\b`)
	check := func(name, text string) {
		if at := words.FindStringIndex(text); at != nil {
			t.Errorf("%s says %q: ...%s...", name, text[at[0]:at[1]], text[max(0, at[0]-30):min(len(text), at[1]+30)])
		}
	}
	for _, s := range sources(t) {
		for _, text := range textsOf(s) {
			check(s.path, text)
		}
	}
	err := filepath.WalkDir(top, func(path string, d fs.DirEntry, err error) error {
		switch {
		case err != nil:
			return err
		case d.IsDir() && (d.Name() == ".git" || d.Name() == "build"):
			return fs.SkipDir
		case !slices.Contains([]string{".md", ".conf", ".sh"}, filepath.Ext(path)):
			return nil
		}
		text, err := os.ReadFile(path)
		check(strings.TrimPrefix(filepath.ToSlash(path), top+"/"), unwrap(string(text)))
		return err
	})
	if err != nil {
		t.Error(err)
	}
}

// textsOf returns the comments and string literals of s, each on one line.
func textsOf(s *source) []string {
	var texts []string
	for _, c := range s.Comments {
		texts = append(texts, unwrap(c.Text()))
	}
	ast.Inspect(s.File, func(n ast.Node) bool {
		if lit, ok := n.(*ast.BasicLit); ok && lit.Kind == token.STRING {
			if text, err := strconv.Unquote(lit.Value); err == nil {
				texts = append(texts, unwrap(text))
			}
		}
		return true
	})
	return texts
}

// unwrap joins the lines of a text or of a comment that begins with #.
func unwrap(text string) string {
	return strings.Join(strings.FieldsFunc(text, func(r rune) bool { return r == '#' || r == ' ' || r == '\n' || r == '\t' }), " ")
}
