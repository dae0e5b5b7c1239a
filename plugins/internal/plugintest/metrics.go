package plugintest

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/influxdata/telegraf"
	parser "github.com/influxdata/telegraf/plugins/parsers/influx"
	serializer "github.com/influxdata/telegraf/plugins/serializers/influx"
)

// metricsText returns the content of expected.out, and what is wrong with the
// metrics that do not survive line protocol.
func (r *recorder) metricsText() (text string, problems []string) {
	var b strings.Builder
	for n, metrics := range r.gathers {
		groups := map[string][]string{}
		for _, m := range metrics {
			line, err := roundTrip(m)
			if err != nil {
				problems = append(problems, fmt.Sprintf("gather %d: %v", n+1, err))
			}
			kind := typeName(m.Type())
			groups[kind] = append(groups[kind], line)
		}
		for _, kind := range slices.Sorted(maps.Keys(groups)) {
			slices.Sort(groups[kind])
			fmt.Fprintf(&b, "# gather %d, %s\n%s", n+1, kind, strings.Join(groups[kind], ""))
		}
	}
	return b.String(), problems
}

// typeName names a value type, which to Telegraf is a number.
func typeName(v telegraf.ValueType) string {
	switch v {
	case telegraf.Counter:
		return "counter"
	case telegraf.Gauge:
		return "gauge"
	case telegraf.Summary:
		return "summary"
	case telegraf.Histogram:
		return "histogram"
	default:
		return "untyped"
	}
}

// roundTrip writes m as Telegraf does. It returns an error where Telegraf
// would not read the same metric from that line.
func roundTrip(m telegraf.Metric) (string, error) {
	s := serializer.Serializer{SortFields: true, OmitTimestamp: true}
	if err := s.Init(); err != nil {
		return "", err
	}
	line, err := s.Serialize(m)
	if err != nil {
		return "", fmt.Errorf("%s %v does not serialize: %w", m.Name(), m.Fields(), err)
	}
	p := parser.Parser{}
	if err := p.Init(); err != nil {
		return "", err
	}
	back, err := p.Parse(line)
	if err != nil || len(back) != 1 {
		return string(line), fmt.Errorf("%q parses into %d metrics: %w", line, len(back), err)
	}
	if diff := cmp.Diff(contentOf(m), contentOf(back[0])); diff != "" {
		return string(line), fmt.Errorf("%q is another metric when it comes back (-sent +received):\n%s", line, diff)
	}
	return string(line), nil
}

// content is a metric without time and type.
type content struct {
	Name   string
	Tags   map[string]string
	Fields map[string]any
}

func contentOf(m telegraf.Metric) content { return content{m.Name(), m.Tags(), m.Fields()} }

// clashes lists the metrics of one gather that overwrite each other or would
// be two points of one series, and the fields that change their type.
func (r *recorder) clashes() []string {
	var problems []string
	types := map[string]string{}
	for n, metrics := range r.gathers {
		set := map[string]bool{}
		times := map[string]time.Time{}
		for _, m := range metrics {
			series := fmt.Sprintf("%s %v", m.Name(), m.Tags())
			if first, seen := times[series]; seen && !first.Equal(m.Time()) {
				problems = append(problems, fmt.Sprintf("gather %d: series %s has two timestamps", n+1, series))
			}
			times[series] = m.Time()
			for _, f := range m.FieldList() {
				if set[series+" "+f.Key] {
					problems = append(problems, fmt.Sprintf("gather %d: field %s of series %s is set twice", n+1, f.Key, series))
				}
				set[series+" "+f.Key] = true
				column, now := m.Name()+" "+f.Key, fmt.Sprintf("%T", f.Value)
				if first, seen := types[column]; seen && first != now {
					problems = append(problems, fmt.Sprintf("gather %d: field %s is %s after %s", n+1, column, now, first))
				}
				types[column] = now
			}
		}
	}
	return problems
}
