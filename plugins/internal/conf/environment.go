package conf

import (
	"cmp"
	"encoding/json"
	"fmt"
	"maps"
	"os"
	"regexp"
	"slices"
	"strings"

	"github.com/influxdata/toml/ast"
)

// Telegraf replaces variables of the environment in strings alone, and leaves those
// that are not set as they are. A default can have variables, and those defaults.
const (
	bracedPattern   = `\$\{(?:\$\{[^}]*\}|[^}])*\}`
	variablePattern = `\$\$|\$\{([A-Za-z_][A-Za-z0-9_]*)(?:(:?[-+?])((?:` + bracedPattern + `|[^}])*))?\}|\$([A-Za-z_][A-Za-z0-9_]*)`
	secretPattern   = `@\{\w+:\w+\}`
	barePattern     = `^(true|false|[+-]?[0-9]+(\.[0-9]+)?)$`
)

// edit replaces a part of the text.
type edit struct {
	end int // in runes
	by  string
}

// replace replaces a string of the file.
func (r *reader) replace(text *ast.String, by string) {
	at := text.Position
	r.edits[at.Begin] = edit{at.End, by}
}

// edited returns the text with the edits.
func (r *reader) edited() string {
	var b strings.Builder
	done := 0
	for _, begin := range slices.Sorted(maps.Keys(r.edits)) {
		e := r.edits[begin]
		b.WriteString(string(r.text[done:begin]) + e.by)
		done = e.end
	}
	b.WriteString(string(r.text[done:]))
	return b.String()
}

// checkVariables finds variables in strings that are not set, and secrets, which
// would be taken for text. It takes those strings out of the table.
func (r *reader) checkVariables(table *ast.Table, whose string) {
	for _, name := range slices.Sorted(maps.Keys(table.Fields)) {
		switch node := table.Fields[name].(type) {
		case *ast.Table:
			r.checkVariables(node, whose+"."+name)
		case []*ast.Table:
			for i, each := range node {
				r.checkVariables(each, fmt.Sprintf("%s.%s[%d]", whose, name, i+1))
			}
		case *ast.KeyValue:
			before := len(r.problems)
			if r.checkValue(node.Value, node.Line, whose); len(r.problems) > before {
				delete(table.Fields, name)
			}
		}
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
	variables := variablesIn(text.Value)
	for _, v := range variables {
		r.checkVariable(v, line, whose, false)
	}
	text.Value = expand(text.Value)
	if secret := regexp.MustCompile(secretPattern).FindString(text.Value); secret != "" {
		r.fail(line, whose, fmt.Errorf("%s would be taken for text: secrets belong to Telegraf, and nothing here replaces them", secret))
	}
	// Telegraf blanks a variable that is not set in a default or behind one, and its
	// library prints that.
	if slices.ContainsFunc(variables, func(v variable) bool { return v.operator != "" }) {
		r.replace(text, quoted(text.Value))
	}
}

// quoted writes text as a string of TOML that has no variable.
func quoted(text string) string {
	written, _ := json.Marshal(strings.ReplaceAll(text, "$", "$$")) //nolint:errcheck // a string has no value that JSON lacks
	return string(written)
}

// checkVariable notes a variable that has to be set and is not. Within the default of
// another one every variable has to.
func (r *reader) checkVariable(v variable, line int, whose string, within bool) {
	switch {
	case v.isWord():
		for _, inner := range variablesIn(v.word) {
			r.checkVariable(inner, line, whose, true)
		}
	case !v.lacking() || strings.HasSuffix(v.operator, "-") || strings.HasSuffix(v.operator, "+"):
	case v.operator != "":
		r.fail(line, whose, fmt.Errorf("the environment variable %s has no value%s; set it", v.name, strings.TrimSuffix(": "+v.word, ": ")))
	case v.plain && !within: // which can be meant as text
		r.remark(line, whose, "the environment variable %s is not set, so that $%s stays as it is", v.name, v.name)
	default:
		r.fail(line, whose, fmt.Errorf("the environment variable %s is not set; set it, or write ${%s:-default}", v.name, v.name))
	}
}

// variable is one in a text.
type variable struct {
	name     string
	operator string // what is between name and word: one of - + ?, maybe after a colon; or nothing
	word     string // such as a default
	plain    bool   // $NAME
}

// variablesIn returns the variables of a text.
func variablesIn(text string) []variable {
	var all []variable
	for _, m := range regexp.MustCompile(variablePattern).FindAllStringSubmatch(text, -1) {
		if m[0] != "$$" {
			all = append(all, variable{name: cmp.Or(m[1], m[4]), operator: m[2], word: m[3], plain: m[4] != ""})
		}
	}
	return all
}

// lacking reports whether the variable is not set, or is empty where that is the same.
func (v *variable) lacking() bool {
	value, set := os.LookupEnv(v.name)
	return !set || value == "" && strings.HasPrefix(v.operator, ":")
}

// isWord reports whether the variable stands for its word.
func (v *variable) isWord() bool {
	return strings.HasSuffix(v.operator, "-") && v.lacking() || strings.HasSuffix(v.operator, "+") && !v.lacking()
}

// value returns what the variable stands for; false where that is nothing.
func (v *variable) value() (value string, is bool) {
	switch {
	case v.isWord():
		return expand(v.word), true
	case strings.HasSuffix(v.operator, "+"):
		return "", true
	}
	return os.Getenv(v.name), !v.lacking()
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
	all := variablesIn(text)
	if len(all) != 1 || regexp.MustCompile(variablePattern).FindString(text) != text {
		return "", "", false
	}
	value, is = all[0].value()
	return all[0].name, value, is
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
	r.replace(text, strings.TrimPrefix(value, "+"))
	return true
}

// unquoted returns a string as it is written, without its quotes.
func unquoted(text *ast.String) string { return strings.Trim(text.Source(), `"'`) }
