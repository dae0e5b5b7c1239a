package conf

import (
	"cmp"
	"errors"
	"fmt"
	"maps"
	"reflect"
	"regexp"
	"slices"
	"strings"
	"time"

	"github.com/influxdata/telegraf"
	"github.com/influxdata/telegraf/config"
	"github.com/influxdata/telegraf/plugins/inputs"
	"github.com/influxdata/toml/ast"
)

// InputNames lists the inputs that are compiled in, in alphabetical order.
func InputNames() []string { return slices.Sorted(maps.Keys(inputs.Inputs)) }

// readTables reads the tables of a file.
func (r *reader) readTables(root *ast.Table) {
	for _, name := range slices.Sorted(maps.Keys(root.Fields)) {
		node := root.Fields[name]
		table, isTable := node.(*ast.Table)
		switch name {
		case "agent", "global_tags", "tags":
			if !isTable {
				r.fail(lineOf(node), "", fmt.Errorf("%s must be a table, written as [%s]", name, name))
				break
			}
			whose := "[" + name + "]"
			r.checkVariables(table, whose)
			if name == "agent" {
				r.readAgent(table, whose)
			} else {
				r.fit(table, new(map[string]string), fitting{whose: whose})
			}
		case "inputs":
			if !isTable {
				r.fail(lineOf(node), "", fmt.Errorf("inputs must be tables, such as [[inputs.%s]]", InputNames()[0]))
			} else {
				r.readInputs(table)
			}
		case "outputs", "processors", "aggregators", "secretstores":
			r.fail(lineOf(node), "", fmt.Errorf(
				"%s belong to Telegraf, which reads what this program prints: move [[%s.*]] to its configuration", name, name))
		default:
			r.fail(lineOf(node), "", fmt.Errorf("unknown table or option %q: there are [agent], [global_tags] and [[inputs.*]]", name))
		}
	}
}

// idle are options that Telegraf takes in [agent] and that have no effect here, with
// the reason.
var idle = map[string]string{
	"buffer_directory":                  "nothing is buffered here",
	"buffer_disk_sync":                  "nothing is buffered here",
	"buffer_strategy":                   "nothing is buffered here",
	"config_url_retry_attempts":         "the configuration is read by then",
	"flush_interval":                    "metrics are written as they come",
	"flush_jitter":                      "metrics are written as they come",
	"log_with_timezone":                 "Telegraf writes the time of a message",
	"logfile_rotation_interval":         "messages go to stderr",
	"logfile_rotation_max_archives":     "messages go to stderr",
	"logfile_rotation_max_size":         "messages go to stderr",
	"metric_batch_size":                 "metrics are written as they come",
	"metric_buffer_limit":               "nothing is buffered here",
	"skip_processors_after_aggregators": "processors belong to Telegraf",
	"snmp_translator":                   "no input here speaks SNMP",
	"structured_log_message_key":        "messages are lines that inputs.execd knows",
}

// refused are options of [agent] that might hide messages or state from who set them.
var refused = map[string]string{
	"logfile":   "messages go to stderr, where inputs.execd reads them",
	"logtarget": "messages go to stderr, where inputs.execd reads them",
	"logformat": "messages are lines that inputs.execd knows",
	"statefile": "no input here keeps a state",
}

// readAgent reads the table [agent].
func (r *reader) readAgent(table *ast.Table, whose string) {
	agent := config.NewConfig().Agent
	r.fit(table, agent, fitting{whose: whose})
	for _, option := range slices.Sorted(maps.Keys(table.Fields)) {
		line := lineOf(table.Fields[option])
		if why, ok := idle[option]; ok {
			r.remark(line, whose, "%s has no effect here: %s", option, why)
		}
		value := textOf(table, option)
		if why, ok := refused[option]; ok && value != "" && (option != "logformat" || value != "text") {
			r.fail(line, whose, fmt.Errorf("%s = %q has no effect here: %s; remove it", option, value, why))
		}
	}
	if _, set := table.Fields["hostname"]; set && booleanOf(table, "omit_hostname") != "false" {
		r.remark(lineOf(table.Fields["hostname"]), whose, "hostname has no effect here: the host tag is Telegraf's to add, unless omit_hostname = false")
	}
	if node, set := table.Fields["interval"]; set || agent.Interval <= 0 {
		r.checkInterval(lineOf(node), whose, time.Duration(agent.Interval))
	}
}

// leastInterval is the shortest interval that can be meant.
const leastInterval = time.Millisecond

func (r *reader) checkInterval(line int, whose string, interval time.Duration) {
	switch {
	case interval <= 0:
		r.fail(line, whose, fmt.Errorf(`interval = "%v" must be above zero, such as "10s"`, interval))
	case interval < leastInterval:
		r.fail(line, whose, fmt.Errorf(`interval = "%v" is shorter than any gather; use "1s" or more, and at least "%v"`, interval, leastInterval))
	}
}

// readInputs reads the table inputs.
func (r *reader) readInputs(table *ast.Table) {
	for _, kind := range slices.Sorted(maps.Keys(table.Fields)) {
		node := table.Fields[kind]
		if _, known := inputs.Inputs[kind]; !known {
			r.fail(lineOf(node), "", fmt.Errorf("there is no input %q here, only %s%s: what Telegraf has itself belongs to its own configuration",
				kind, strings.Join(InputNames(), ", "), didYouMean(kind, InputNames())))
			continue
		}
		instances, ok := node.([]*ast.Table)
		if !ok {
			r.fail(lineOf(node), "", fmt.Errorf("an input is written as [[inputs.%s]], with two brackets", kind))
			continue
		}
		for i, instance := range instances {
			r.readInput(instance, Input{Kind: kind, Number: i + 1, Alias: textOf(instance, "alias"), Line: instance.Line})
		}
	}
}

// readInput reads one input, and initializes it where its options can be read.
func (r *reader) readInput(table *ast.Table, input Input) {
	before := len(r.problems)
	r.checkVariables(table, input.String())
	input.Alias = textOf(table, "alias") // with the values of variables
	whose := input.String()
	input.Options = written(table)
	r.Inputs = append(r.Inputs, input)
	for _, option := range slices.Sorted(maps.Keys(table.Fields)) {
		if why, ok := common[option]; ok && why != "" {
			r.remark(lineOf(table.Fields[option]), whose, "%s has no effect here: %s", option, why)
		}
	}
	r.checkCommon(table, whose)
	plugin := inputs.Inputs[input.Kind]()
	r.fit(table, plugin, fitting{whose: whose, common: true})
	if len(r.problems) > before {
		return
	}
	if err := r.try(input.Kind, input.Alias, plugin); err != nil {
		r.fail(cmp.Or(lineOfOption(table, err), input.Line), whose, err)
		return
	}
	if p, ok := plugin.(idler); ok {
		for option, why := range p.Idle() {
			if node, set := table.Fields[option]; set {
				r.remark(lineOf(node), whose, "%s has no effect here: %s", option, why)
			}
		}
	}
}

// lineOfOption returns the line of the option that an error of an input begins with; 0
// where it begins otherwise, or the table has no such option.
func lineOfOption(table *ast.Table, err error) int {
	if m := regexp.MustCompile(`^option (\w+): `).FindStringSubmatch(err.Error()); m != nil {
		return lineOf(table.Fields[m[1]])
	}
	return 0
}

// idler is implemented by an input some of whose options can have no effect beside
// the others. Idle returns those with the reason.
type idler interface{ Idle() map[string]string }

// common are options that every input takes, with the reason where they have no effect.
var common = map[string]string{
	"alias": "", "collection_jitter": "", "collection_offset": "", "drop": "", "fielddrop": "", "fieldexclude": "", "fieldinclude": "",
	"fieldpass": "", "interval": "", "labels": "", "log_level": "", "metricpass": "", "name_override": "", "name_prefix": "",
	"name_suffix": "", "namedrop": "", "namedrop_separator": "", "namepass": "", "namepass_separator": "", "pass": "", "precision": "",
	"tagdrop": "", "tagexclude": "", "taginclude": "", "tagpass": "", "tags": "",

	"always_include_global_tags": "it belongs into [agent]", "always_include_local_tags": "it belongs into [agent]",
	"buffer_directory": "nothing is buffered here", "buffer_disk_sync": "nothing is buffered here", "buffer_strategy": "nothing is buffered here",
	"data_format": "the input parses no format", "data_type": "the input parses no format", "influx_parser_type": "the input parses no format",
	"flush_interval": "metrics are written as they come", "flush_jitter": "metrics are written as they come",
	"metric_batch_size": "metrics are written as they come", "metric_buffer_limit": "nothing is buffered here",
	"startup_error_behavior": "an input that cannot be opened ends the program, which inputs.execd starts again",
}

// stringOptions are options of every input that Telegraf takes as strings and
// ignores as anything else, so that interval = 60 would gather at 10 s.
var stringOptions = []string{
	"alias", "collection_jitter", "collection_offset", "interval", "log_level", "metricpass", "name_override",
	"name_prefix", "name_suffix", "namedrop_separator", "namepass_separator", "precision", "startup_error_behavior",
}

// durationOptions are those of stringOptions that are durations.
var durationOptions = []string{"collection_jitter", "collection_offset", "interval", "precision"}

// checkCommon checks the options that every input has.
func (r *reader) checkCommon(table *ast.Table, whose string) {
	for _, option := range stringOptions {
		pair, ok := table.Fields[option].(*ast.KeyValue)
		if !ok {
			continue
		}
		text, ok := pair.Value.(*ast.String)
		if !ok {
			r.fail(pair.Line, whose, fmt.Errorf("%s must be a string in quotes", option))
			continue
		}
		value := text.Value
		if slices.Contains(durationOptions, option) {
			r.checkDuration(pair.Line, whose, option, value)
		}
		if option == "log_level" && value != "" && telegraf.LogLevelFromString(value) == telegraf.None {
			r.fail(pair.Line, whose, fmt.Errorf(`log_level = %q must be one of "error", "warn", "info", "debug", "trace"`, value))
		}
	}
}

func (r *reader) checkDuration(line int, whose, option, value string) {
	d, err := time.ParseDuration(value)
	switch {
	case err != nil:
		r.fail(line, whose, fmt.Errorf("option %s: %w", option, err))
	case option == "interval":
		r.checkInterval(line, whose, d)
	case d < 0:
		r.fail(line, whose, fmt.Errorf("option %s: %v must not be negative", option, d))
	}
}

// textOf returns the value of an option that is a string; nothing for any other.
func textOf(table *ast.Table, option string) string {
	if pair, ok := table.Fields[option].(*ast.KeyValue); ok {
		if text, ok := pair.Value.(*ast.String); ok {
			return text.Value
		}
	}
	return ""
}

// booleanOf returns the value of an option that is a boolean, as text.
func booleanOf(table *ast.Table, option string) string {
	if pair, ok := table.Fields[option].(*ast.KeyValue); ok {
		if value, ok := pair.Value.(*ast.Boolean); ok {
			return value.Value
		}
	}
	return ""
}

// written returns the options of a table as they are written, except those that
// change neither the rows nor their series.
func written(table *ast.Table) string {
	var b strings.Builder
	for _, name := range slices.Sorted(maps.Keys(table.Fields)) {
		switch node := table.Fields[name].(type) {
		case *ast.KeyValue:
			if name != "alias" && name != "log_level" && name != "interval" {
				fmt.Fprintf(&b, "%s=%s\n", name, cmp.Or(node.Value.Source(), "''"))
			}
		case *ast.Table:
			fmt.Fprintf(&b, "[%s]\n%s", name, written(node))
		case []*ast.Table:
			for _, each := range node {
				fmt.Fprintf(&b, "[[%s]]\n%s", name, written(each))
			}
		}
	}
	return b.String()
}

// errNoOption is the cause of what fit finds for a key that no option has.
var errNoOption = errors.New("unknown option")

// fitting says how a table is fitted.
type fitting struct {
	whose  string
	common bool // it takes the options that every input takes
	root   reflect.Type
}
