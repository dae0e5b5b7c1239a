package execd

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/influxdata/telegraf/plugins/inputs"
	"github.com/influxdata/toml"
	"github.com/influxdata/toml/ast"
)

// stringOptions are options of every input that Telegraf takes as strings and
// ignores as anything else, so that interval = 60 would gather at 10 s.
var stringOptions = []string{
	"alias", "collection_jitter", "collection_offset", "interval", "log_level", "metricpass", "name_override",
	"name_prefix", "name_suffix", "namedrop_separator", "namepass_separator", "precision", "startup_error_behavior",
}

// checkTables finds tables of Telegraf's own configuration that have no meaning
// here. Telegraf's loader would report them as undefined plugins.
func checkTables(data []byte) error {
	root, err := toml.Parse([]byte(strings.TrimPrefix(string(data), "\uFEFF")))
	if err != nil {
		return err
	}
	for _, name := range slices.Sorted(maps.Keys(root.Fields)) {
		node := root.Fields[name]
		switch name {
		case "agent", "global_tags", "tags":
		case "inputs":
			if err := checkInputs(node); err != nil {
				return err
			}
		case "outputs", "processors", "aggregators", "secretstores":
			return at(node, "%s belong to Telegraf, which reads what this program prints: move [[%s.*]] to its configuration", name, name)
		default:
			return at(node, "unknown table or option %q: there are [agent], [global_tags] and [[inputs.*]]", name)
		}
	}
	return nil
}

func checkInputs(node any) error {
	table, ok := node.(*ast.Table)
	if !ok {
		return at(node, "inputs must be tables, such as [[inputs.%s]]", inputNames()[0])
	}
	for _, name := range slices.Sorted(maps.Keys(table.Fields)) {
		node := table.Fields[name]
		if _, known := inputs.Inputs[name]; !known {
			return at(node, "there is no input %q here, only %s: what Telegraf has itself belongs to its own configuration",
				name, strings.Join(inputNames(), ", "))
		}
		instances, ok := node.([]*ast.Table)
		if !ok {
			return at(node, "an input is written as [[inputs.%s]], with two brackets", name)
		}
		for _, instance := range instances {
			if err := checkOptions(instance); err != nil {
				return err
			}
		}
	}
	return nil
}

func checkOptions(instance *ast.Table) error {
	for _, option := range stringOptions {
		pair, ok := instance.Fields[option].(*ast.KeyValue)
		if !ok {
			continue
		}
		if _, ok := pair.Value.(*ast.String); !ok {
			return at(pair, "%s must be a string in quotes", option)
		}
	}
	return nil
}

// at returns an error that knows the line of node.
func at(node any, format string, args ...any) error {
	e := &toml.LineError{Err: fmt.Errorf(format, args...)}
	switch n := node.(type) {
	case *ast.KeyValue:
		e.Line = n.Line
	case *ast.Table:
		e.Line = n.Line
		for _, child := range n.Fields { // [[outputs.influxdb]] makes a table "outputs" that has no line of its own
			if below, ok := child.([]*ast.Table); ok {
				e.Line = below[0].Line
			}
		}
	case []*ast.Table:
		e.Line = n[0].Line
	}
	return e
}
