package plugintest

import (
	"fmt"
	"maps"
	"path"
	"runtime"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/influxdata/telegraf"
	"github.com/influxdata/telegraf/metric"
	"github.com/influxdata/telegraf/plugins/serializers/graphite"
)

// column is what is known of a field.
type column struct {
	kind string // gauge, counter or untyped
	of   string // integer, float, boolean or string
}

// addColumns notes the fields of metrics, and their tags where the measurement is new.
func (n *Names) addColumns(metrics []telegraf.Metric) {
	if n.columns == nil {
		n.columns, n.always = map[string]map[string]column{}, map[string]map[string]bool{}
	}
	before := maps.Clone(n.always)
	for _, m := range metrics {
		if n.columns[m.Name()] == nil {
			n.columns[m.Name()] = map[string]column{}
		}
		for _, f := range m.FieldList() {
			n.columns[m.Name()][f.Key] = column{typeName(m.Type()), valueName(f.Value)}
		}
		if _, known := before[m.Name()]; known {
			continue
		}
		tags := map[string]bool{}
		for _, tag := range m.TagList() {
			if tag.Key != "netns" { // which the namespace of the program lacks
				tags[tag.Key] = true
			}
		}
		if all, there := n.always[m.Name()]; there {
			maps.DeleteFunc(all, func(tag string, _ bool) bool { return !tags[tag] })
		} else {
			n.always[m.Name()] = tags
		}
	}
}

// valueName names the type of a field's value.
func valueName(v any) string {
	switch v.(type) {
	case int64:
		return "integer"
	case float64:
		return "float"
	case bool:
		return "boolean"
	default:
		return "string"
	}
}

// fieldsHeader begins FIELDS.md.
const fieldsHeader = `# Fields of inputs.%s

Made from the metrics of the plugin's tests by ` + "`make golden`" + `: what each field is called in
databases that know neither tags nor fields. A word in capitals is the value of that
tag. A tag that is not always there is not in these names: with ` + "`netns`" + ` or one of
` + "`tag_with`" + `, Graphite and Zabbix have its value too, in the order of the tags' names.

- Prometheus: of ` + "`outputs.prometheus_client`" + ` with ` + "`metric_version = 2`" + ` and
  ` + "`string_as_label = false`" + `; the same with VictoriaMetrics, and with OpenTelemetry but
  for booleans. Text has no name there.
- Graphite: of ` + "`outputs.graphite`" + ` without a template. Text is left out.
- Zabbix: of ` + "`outputs.zabbix`" + `. A boolean is the text ` + "`true`" + ` or ` + "`false`" + `.
`

// FieldsTable returns the content of FIELDS.md of a plugin.
func (n *Names) FieldsTable(plugin string) (string, error) {
	var b strings.Builder
	fmt.Fprintf(&b, fieldsHeader, plugin)
	for _, measurement := range slices.Sorted(maps.Keys(n.columns)) {
		fmt.Fprintf(&b, "\n## %s\n\nTags: %s\n\n", measurement, strings.Join(n.tagList(measurement), ", "))
		b.WriteString("| field | type | unit | kind | Prometheus | Graphite | Zabbix |\n|---|---|---|---|---|---|---|\n")
		for _, field := range slices.Sorted(maps.Keys(n.columns[measurement])) {
			row, err := n.fieldRow(measurement, field)
			if err != nil {
				return "", err
			}
			fmt.Fprintf(&b, "| %s |\n", strings.Join(row, " | "))
		}
	}
	return b.String(), nil
}

// tagList lists the tags of a measurement, those that are not always there in
// brackets.
func (n *Names) tagList(measurement string) []string {
	var list []string
	for _, tag := range slices.Sorted(maps.Keys(n.tags[measurement])) {
		if !n.always[measurement][tag] {
			tag = "[" + tag + "]"
		}
		list = append(list, tag)
	}
	if len(list) == 0 {
		return []string{"none"}
	}
	return list
}

// fieldRow returns the cells of a field.
func (n *Names) fieldRow(measurement, field string) ([]string, error) {
	c := n.columns[measurement][field]
	tags := slices.Sorted(maps.Keys(n.always[measurement]))
	values := map[string]string{"host": "HOST"}
	var upper []string
	for _, tag := range tags {
		values[tag] = strings.ToUpper(tag)
		upper = append(upper, values[tag])
	}
	key := "telegraf." + measurement + "." + field
	if len(upper) > 0 {
		key += "[" + strings.Join(upper, ",") + "]"
	}
	prometheus, carbon := measurement+"_"+field, ""
	if c.of == "string" {
		prometheus = ""
	} else {
		s := graphite.Serializer{}
		if err := s.Init(); err != nil {
			return nil, err
		}
		line, err := s.Serialize(metric.New(measurement, values, map[string]any{field: 1}, time.Unix(0, 0)))
		if err != nil {
			return nil, err
		}
		carbon, _, _ = strings.Cut(string(line), " ")
	}
	return []string{field, c.of, unitOf(field, c), c.kind, prometheus, carbon, key}, nil
}

// units are the units of numbers by patterns of path.Match, the first that matches.
func units() [][2]string {
	return [][2]string{
		{"*_code", "code"},
		{"fd_usage*", "%"},
		{"cpu_usage", "%"},
		{"memory_usage", "%"},
		{"speed*", "Mbit/s"},
		{"mtu", "bytes"},
		{"txqueuelen", "packets"},
		{"bond_miimon", "ms"},
		{"prefix_length", "bits"},
		{"*_lifetime", "s"},
		{"bytes_*", "bytes"},
		{"packets_*", "packets"},
		{"err_*", "packets"},
		{"drop_*", "packets"},
		{"compressed_*", "packets"},
		{"multicast", "packets"},
		{"unhandled_recv", "packets"},
		{"cpu_time_*", "s"},
		{"memory_*", "bytes"},
		{"*_bytes", "bytes"},
		{"*created_at", "ns since 1970"},
		{"*_time_ns", "ns"},
		{"age", "s"},
		{"oldest_age", "s"},
		{"seconds_to_*", "s"},
		{"disk_rate", "bytes/s"},
		{"*_rate", "1/s"},
		{"rlimit_memory_*", "bytes"},
		{"rlimit_*_size_*", "bytes"},
		{"rlimit_message_queues_*", "bytes"},
		{"rlimit_cpu_time_*", "s"},
		{"rlimit_realtime_time_*", "us"},
	}
}

// unitOf returns the unit of a field, which a number that counts has none of.
func unitOf(field string, c column) string {
	if c.of == "string" || c.of == "boolean" {
		return ""
	}
	for _, u := range units() {
		if matched, err := path.Match(u[0], field); err == nil && matched {
			return u[1]
		}
	}
	return ""
}

// CheckFields holds FIELDS.md, beside the plugin, to the metrics that n has.
func (n *Names) CheckFields(t *testing.T, plugin string) {
	t.Helper()
	if runtime.GOOS != "linux" {
		t.Log("FIELDS.md is that of Linux")
		return
	}
	text, err := n.FieldsTable(plugin)
	if err != nil {
		t.Fatal(err)
	}
	compare(t, "FIELDS.md", text)
}
