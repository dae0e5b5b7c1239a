package conf

import (
	"errors"
	"fmt"
	"maps"
	"reflect"
	"slices"
	"strings"

	"github.com/influxdata/toml"
	"github.com/influxdata/toml/ast"
)

// fit puts the values of table into target, which is a pointer, and notes each that
// does not fit. It takes those out of the table.
func (r *reader) fit(table *ast.Table, target any, f fitting) {
	f.root = reflect.TypeOf(target).Elem()
	decoder := toml.DefaultConfig
	decoder.MissingField = func(in reflect.Type, key string) error {
		if _, known := common[key]; known && f.common && in == f.root {
			return nil
		}
		return &optionError{in, key}
	}
	for {
		err := decoder.UnmarshalTable(table, target)
		if err == nil {
			return
		}
		at, ok := errors.AsType[*toml.LineError](err)
		if !ok {
			r.fail(table.Line, f.whose, err)
			return
		}
		key := ""
		unknown, isUnknown := errors.AsType[*optionError](at.Err)
		if isUnknown {
			key = unknown.key
		}
		found := find(table, f.root, at.Line, key)
		switch {
		case found == nil:
			r.fail(at.Line, f.whose, at.Err)
			return
		case isUnknown:
			r.fail(at.Line, f.whose, unknown.describe(found, f))
		case r.fromEnvironment(found):
			continue
		default:
			r.fail(at.Line, f.whose, wrongType(found, at.Err))
		}
		delete(found.owner.Fields, found.key)
	}
}

// optionError is the error of a key that no option has.
type optionError struct {
	in  reflect.Type
	key string
}

func (e *optionError) Error() string { return fmt.Sprintf("there is no option %q", e.key) }

// describe returns what is wrong, and what could have been meant.
func (e *optionError) describe(at *place, f fitting) error {
	known := optionsOf(e.in)
	if f.common && e.in == f.root {
		known = append(known, slices.Collect(maps.Keys(common))...)
	}
	where := ""
	if at.path != "" {
		where = " in " + at.path
	}
	return fmt.Errorf("%w %q%s: this is a typo, or an option of another version%s", errNoOption, e.key, where, didYouMean(e.key, known))
}

// place is where a value is.
type place struct {
	owner *ast.Table
	key   string
	path  string       // of owner, from the table that is fitted: nothing, or such as select
	in    reflect.Type // what the owner fills; nil where that is not known
}

// find returns the place of the value of that line and key, or of the first value of
// that line where key is empty; nil where there is none. In is what table fills.
func find(table *ast.Table, in reflect.Type, line int, key string) *place {
	for _, name := range slices.Sorted(maps.Keys(table.Fields)) {
		node := table.Fields[name]
		if lineOf(node) == line && (key == name || key == "" && below(node) == nil) {
			return &place{owner: table, key: name, in: in}
		}
		for _, t := range below(node) {
			if p := find(t, elem(fieldType(in, name)), line, key); p != nil {
				p.path = strings.TrimSuffix(name+"."+p.path, ".")
				return p
			}
		}
	}
	return nil
}

// below returns the tables of a part of a table.
func below(node any) []*ast.Table {
	switch n := node.(type) {
	case *ast.Table:
		return []*ast.Table{n}
	case []*ast.Table:
		return n
	}
	return nil
}

// wrongType returns what a value must be, and is not.
func wrongType(at *place, cause error) error {
	name := strings.TrimPrefix(at.path+"."+at.key, ".")
	pair, ok := at.owner.Fields[at.key].(*ast.KeyValue)
	if !ok {
		return fmt.Errorf("%s: %w", name, cause)
	}
	must, is := kindOf(fieldType(at.in, at.key)), kindOfValue(pair.Value)
	if must == "" || must == is {
		return fmt.Errorf("option %s: %w", name, cause)
	}
	if text, ok := pair.Value.(*ast.String); ok {
		if variable, value, is := variableOf(unquoted(text)); is {
			return fmt.Errorf("%s must be %s, and the environment variable %s is %q", name, must, variable, value)
		}
	}
	return fmt.Errorf("%s must be %s, and is %s", name, must, is)
}

// kindOf says what an option of that type takes; nothing where its own method reads it.
func kindOf(t reflect.Type) string {
	if t == nil {
		return ""
	}
	if _, own := reflect.PointerTo(t).MethodByName("UnmarshalText"); own {
		return ""
	}
	switch t.Kind() {
	case reflect.Int, reflect.Int8, reflect.Int16, reflect.Int32, reflect.Int64, reflect.Uint, reflect.Uint8, reflect.Uint16, reflect.Uint32, reflect.Uint64:
		return "a whole number"
	case reflect.Float32, reflect.Float64:
		return "a number"
	case reflect.Bool:
		return "true or false"
	case reflect.String:
		return "a string in quotes"
	case reflect.Slice:
		return "a list in brackets"
	case reflect.Pointer:
		return kindOf(t.Elem())
	}
	return ""
}

// kindOfValue says what a value is, in the words of kindOf.
func kindOfValue(value ast.Value) string {
	switch value.(type) {
	case *ast.Integer:
		return "a whole number"
	case *ast.Float:
		return "a number"
	case *ast.Boolean:
		return "true or false"
	case *ast.String:
		return "a string in quotes"
	case *ast.Array:
		return "a list in brackets"
	default:
		return "a date"
	}
}

// elem returns the struct or map that tables of t fill; nil where there is none.
func elem(t reflect.Type) reflect.Type {
	for t != nil && (t.Kind() == reflect.Pointer || t.Kind() == reflect.Slice) {
		t = t.Elem()
	}
	return t
}

// fieldType returns the type of an option of t, or nil.
func fieldType(t reflect.Type, option string) reflect.Type {
	if t == nil {
		return nil
	}
	if t.Kind() == reflect.Map {
		return t.Elem()
	}
	for name, field := range fieldsOf(t) {
		if name == option {
			return field
		}
	}
	return nil
}

// optionsOf lists the options of t.
func optionsOf(t reflect.Type) []string { return slices.Collect(maps.Keys(fieldsOf(t))) }

// fieldsOf returns the options of a struct with their types, as package toml finds
// them: by their tag or else their name.
func fieldsOf(t reflect.Type) map[string]reflect.Type {
	fields := map[string]reflect.Type{}
	if t = elem(t); t == nil || t.Kind() != reflect.Struct {
		return fields
	}
	for _, field := range reflect.VisibleFields(t) {
		tag, _, _ := strings.Cut(field.Tag.Get("toml"), ",")
		switch {
		case !field.IsExported() || field.Anonymous || tag == "-":
		case tag != "":
			fields[tag] = field.Type
		case len(field.Index) == 1:
			fields[toml.DefaultConfig.FieldToKey(t, field.Name)] = field.Type
		}
	}
	return fields
}

// didYouMean names the word of known that is most like one that it lacks, or nothing.
func didYouMean(word string, known []string) string {
	slices.Sort(known)
	best, least := "", 1+len(word)/3
	for _, candidate := range known {
		if d := distance(word, candidate); d <= least && (best == "" || d < least) {
			best, least = candidate, d
		}
	}
	if best == "" {
		return ""
	}
	return fmt.Sprintf(" (did you mean %q?)", best)
}

// distance is the number of bytes to insert, delete or replace to make b of a.
func distance(a, b string) int {
	row := make([]int, len(b)+1)
	for j := range row {
		row[j] = j
	}
	for i := range len(a) {
		diagonal := row[0]
		row[0] = i + 1
		for j := range len(b) {
			replace := diagonal
			if a[i] != b[j] {
				replace++
			}
			diagonal = row[j+1]
			row[j+1] = min(replace, row[j+1]+1, row[j]+1)
		}
	}
	return row[len(b)]
}
