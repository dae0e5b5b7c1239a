package plugintest

import (
	"maps"
	"reflect"
	"slices"
	"testing"
)

// Walk calls try with a plugin that create makes for each combination of values of
// its options, which are keyed by their name in TOML. It requires that values or
// others has each option of the plugin.
func Walk[P any](t *testing.T, create func() *P, values map[string][]any, others []string, try func(*P)) {
	t.Helper()
	fields := optionFields(reflect.TypeFor[P](), nil)
	for name := range fields {
		if _, walked := values[name]; !walked && !slices.Contains(others, name) {
			t.Errorf("the option %s has no values in this test", name)
		}
	}
	plugins := []func(reflect.Value){func(reflect.Value) {}}
	for _, name := range slices.Sorted(maps.Keys(values)) {
		index, ok := fields[name]
		if !ok {
			t.Fatalf("there is no option %s", name)
		}
		var more []func(reflect.Value)
		for _, before := range plugins {
			for _, value := range values[name] {
				more = append(more, func(p reflect.Value) {
					before(p)
					p.FieldByIndex(index).Set(reflect.ValueOf(value))
				})
			}
		}
		plugins = more
	}
	for _, set := range plugins {
		p := create()
		set(reflect.ValueOf(p).Elem())
		try(p)
	}
}

// optionFields returns the fields of a struct, and of the structs that it embeds, by
// their name in TOML.
func optionFields(of reflect.Type, under []int) map[string][]int {
	fields := map[string][]int{}
	for i := range of.NumField() {
		f := of.Field(i)
		index := append(slices.Clone(under), i)
		switch name := f.Tag.Get("toml"); {
		case f.Anonymous && f.Type.Kind() == reflect.Struct:
			maps.Copy(fields, optionFields(f.Type, index))
		case name != "" && name != "-":
			fields[name] = index
		}
	}
	return fields
}
