// Package conf reads a configuration of inputs and finds everything that is wrong
// with it: Telegraf's own loader ends at the first mistake, and says a line of its
// file that is that of another plugin.
//
// What it finds nothing wrong with, Telegraf's loader reads.
package conf

import (
	"cmp"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/influxdata/telegraf"
	"github.com/influxdata/toml"
	"github.com/influxdata/toml/ast"
)

// File is a configuration file that was read.
type File struct {
	// Data is what Telegraf's loader is to read: the text, with numbers and
	// booleans of the environment in place of the strings that name them.
	Data []byte
	// Inputs are those of the file. Of each kind they have the order of the file.
	Inputs []Input
	// Problems say what is wrong, in the order of their lines.
	Problems []error
	// Remarks say what is accepted and has no effect.
	Remarks []string
}

// Input is one [[inputs.NAME]] of a file.
type Input struct {
	Kind   string // the NAME
	Number int    // of those of its kind in the file, from 1
	Alias  string // or nothing
	Line   int
	// Options are the values as they are written, without those that change
	// neither the rows nor their series.
	Options string
}

// String is how messages name the input, such as inputs.procs[2]/web.
func (i *Input) String() string {
	name := fmt.Sprintf("inputs.%s[%d]", i.Kind, i.Number)
	if i.Alias != "" {
		name += "/" + i.Alias
	}
	return name
}

// reader is a File in the making.
type reader struct {
	File

	name     string // of the file, or nothing
	lines    []string
	text     []rune
	edits    map[int]edit // by the rune with which each begins
	problems []problem
	remarks  []problem
	try      func(kind, alias string, input telegraf.Input) error
}

// problem is what is wrong in a line. Whose names the table that has the line, or
// is empty.
type problem struct {
	line  int
	whose string
	err   error
}

// Read reads data, which is the content of the file of that name; no name is that
// of the built-in configuration. Try initializes an input that has its options, and
// returns the error of that.
func Read(name string, data []byte, try func(kind, alias string, input telegraf.Input) error) *File {
	text := strings.TrimPrefix(string(data), "\uFEFF") // a byte order mark
	r := &reader{name: cmp.Or(name, "built-in configuration"), lines: strings.Split(text, "\n"), text: []rune(text), edits: map[int]edit{}, try: try}
	root, err := toml.Parse([]byte(text))
	if at, ok := errors.AsType[*toml.LineError](err); ok {
		r.fail(at.Line, "", fmt.Errorf("%w%s", at.Err, r.syntaxHint(at.Line)))
	} else if err != nil {
		r.fail(0, "", err)
	} else {
		r.readTables(root)
	}
	for _, p := range inOrder(r.problems) {
		r.Problems = append(r.Problems, r.describe(p))
	}
	for _, p := range inOrder(r.remarks) {
		r.Remarks = append(r.Remarks, fmt.Sprintf("%s: line %d: %s%v", r.name, p.line, prefix(p.whose), p.err))
	}
	r.Data = []byte(r.edited())
	return &r.File
}

// inOrder sorts problems by their lines.
func inOrder(problems []problem) []problem {
	slices.SortStableFunc(problems, func(a, b problem) int {
		return cmp.Or(cmp.Compare(a.line, b.line), cmp.Compare(a.err.Error(), b.err.Error()))
	})
	return problems
}

// syntaxHint is the remedy for a line that is no TOML because of a variable.
func (r *reader) syntaxHint(line int) string {
	text := r.line(line)
	if !strings.Contains(text, "${") || strings.Contains(text, `"`) {
		return ""
	}
	return `; a variable of the environment is written in quotes, as "${NAME}", also where it is a number`
}

// fail notes a problem.
func (r *reader) fail(line int, whose string, err error) {
	r.problems = append(r.problems, problem{line, whose, err})
}

// remark notes what has no effect.
func (r *reader) remark(line int, whose, format string, args ...any) {
	text := fmt.Sprintf(format, args...)
	r.remarks = append(r.remarks, problem{line, whose, errors.New(text)})
}

// describe returns the error of p with its place: a line is quoted, so that it shows
// option and value.
func (r *reader) describe(p problem) error {
	text := r.line(p.line)
	if text == "" {
		return fmt.Errorf("%s: %s%w", r.name, prefix(p.whose), p.err)
	}
	return fmt.Errorf("%s: line %d: %s%w; line %d reads %q", r.name, p.line, prefix(p.whose), p.err, p.line, text)
}

// prefix is what begins a message about whose.
func prefix(whose string) string {
	if whose == "" {
		return ""
	}
	return whose + ": "
}

// line returns a line without what surrounds it; nothing where there is no such line.
func (r *reader) line(number int) string {
	if number < 1 || number > len(r.lines) {
		return ""
	}
	return strings.TrimSpace(r.lines[number-1])
}

// lineOf returns the line of a part of a table, or 0 if it has none.
func lineOf(node any) int {
	switch n := node.(type) {
	case *ast.KeyValue:
		return n.Line
	case []*ast.Table:
		return n[0].Line
	case *ast.Table:
		if n.Line > 0 && n.Position != (ast.Position{}) {
			return n.Line
		}
		for _, child := range n.Fields { // [[outputs.influxdb]] makes a table "outputs" that has no line of its own
			if line := lineOf(child); line > 0 {
				return line
			}
		}
		return n.Line
	}
	return 0
}
