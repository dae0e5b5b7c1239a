package conf

import (
	"cmp"
	"fmt"
	"maps"
	"os"
	"regexp"
	"slices"
	"strings"

	"github.com/influxdata/toml/ast"
)

// Telegraf replaces variables of the environment in strings alone, and leaves those
// that are not set as they are.
const (
	variablePattern = `\$\$|\$\{([A-Za-z_][A-Za-z0-9_]*)(:?[-+?][^}]*)?\}|\$([A-Za-z_][A-Za-z0-9_]*)`
	secretPattern   = `@\{\w+:\w+\}`
	barePattern     = `^(true|false|[+-]?[0-9]+(\.[0-9]+)?)$`
)

// edit replaces a part of the text.
type edit struct {
	begin, end int // in runes
	by         string
}

// edited returns the text with the edits.
func (r *reader) edited() string {
	slices.SortFunc(r.edits, func(a, b edit) int { return cmp.Compare(a.begin, b.begin) })
	var b strings.Builder
	done := 0
	for _, e := range r.edits {
		b.WriteString(string(r.text[done:e.begin]) + e.by)
		done = e.end
	}
	b.WriteString(string(r.text[done:]))
	return b.String()
}

// checkVariables finds variables in strings that are not set, and secrets, which
// would be taken for text.
func (r *reader) checkVariables(node any, whose string) {
	switch n := node.(type) {
	case *ast.Table:
		for _, name := range slices.Sorted(maps.Keys(n.Fields)) {
			r.checkVariables(n.Fields[name], strings.TrimPrefix(whose+"."+name, "."))
		}
	case []*ast.Table:
		for i, table := range n {
			r.checkVariables(table, fmt.Sprintf("%s[%d]", whose, i+1))
		}
	case *ast.KeyValue:
		r.checkValue(n.Value, n.Line, whose)
	}
}

func (r *reader) checkValue(value ast.Value, line int, whose string) {
	if list, ok := value.(*ast.Array); ok {
		for _, each := range list.Value {
			r.checkValue(each, line, whose)
		}
	}
	text, ok := value.(*ast.String)
	if !ok {
		return
	}
	for _, m := range regexp.MustCompile(variablePattern).FindAllStringSubmatch(text.Value, -1) {
		braced, otherwise, plain := m[1], m[2], m[3]
		if _, set := os.LookupEnv(cmp.Or(braced, plain)); set || braced+plain == "" || otherwise != "" {
			continue
		}
		if plain != "" { // which can be meant as text
			r.remark(line, whose, "the environment variable %s is not set, so that $%s stays as it is", plain, plain)
			continue
		}
		r.fail(line, whose, fmt.Errorf("the environment variable %s is not set; set it, or write ${%s:-default}", braced, braced))
	}
	text.Value = expand(text.Value)
	if secret := regexp.MustCompile(secretPattern).FindString(text.Value); secret != "" {
		r.fail(line, whose, fmt.Errorf("%s would be taken for text: secrets belong to Telegraf, and nothing here replaces them", secret))
	}
}

// expand returns text with the values of its variables, as Telegraf's loader does:
// what is not set stays as it is.
func expand(text string) string {
	return regexp.MustCompile(variablePattern).ReplaceAllStringFunc(text, func(variable string) string {
		if variable == "$$" {
			return "$"
		}
		if _, value, is := variableOf(variable); is {
			return value
		}
		return variable
	})
}

// variableOf returns the variable that a text is, and what it stands for; false where
// the text is more or something else, or stands for nothing.
func variableOf(text string) (name, value string, is bool) {
	m := regexp.MustCompile(variablePattern).FindStringSubmatch(text)
	if m == nil || m[0] != text || m[0] == "$$" {
		return "", "", false
	}
	name = cmp.Or(m[1], m[3])
	value, set := os.LookupEnv(name)
	empty := !set
	otherwise, colon := strings.CutPrefix(m[2], ":")
	if colon {
		empty = value == ""
	}
	switch {
	case strings.HasPrefix(otherwise, "-") && empty, strings.HasPrefix(otherwise, "+") && !empty:
		return name, otherwise[1:], true
	case strings.HasPrefix(otherwise, "+"):
		return name, "", true
	}
	return name, value, set
}

// fromEnvironment makes a number or a boolean of a value that is the name of a
// variable with one. It returns false for any other value.
func (r *reader) fromEnvironment(at *place) bool {
	pair, ok := at.owner.Fields[at.key].(*ast.KeyValue)
	if !ok {
		return false
	}
	text, ok := pair.Value.(*ast.String)
	if !ok {
		return false
	}
	_, value, is := variableOf(unquoted(text))
	if !is || !regexp.MustCompile(barePattern).MatchString(value) {
		return false
	}
	switch {
	case value == "true" || value == "false":
		pair.Value = &ast.Boolean{Value: value}
	case strings.Contains(value, "."):
		pair.Value = &ast.Float{Value: value}
	default:
		pair.Value = &ast.Integer{Value: strings.TrimPrefix(value, "+")}
	}
	r.edits = append(r.edits, edit{text.Position.Begin, text.Position.End, strings.TrimPrefix(value, "+")})
	return true
}

// unquoted returns a string as it is written, without its quotes.
func unquoted(text *ast.String) string { return strings.Trim(text.Source(), `"'`) }
