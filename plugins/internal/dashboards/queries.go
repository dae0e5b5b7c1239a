package dashboards

import (
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"
)

// promQL writes q for Prometheus. Hosts is a regular expression of what the label host
// has to match, and window the range of a rate.
func (q *Query) promQL(hosts, window string) string {
	text := q.Value.promQL(hosts, window)
	if q.Plus != nil {
		text = fmt.Sprintf("(%s + %s)", text, q.Plus.promQL(hosts, window))
	}
	if q.Factor != 0 {
		text = fmt.Sprintf("%d * %s", q.Factor, text)
	}
	if q.Over != nil {
		text = fmt.Sprintf("%s / %s", text, q.Over.promQL(hosts, window))
	}
	return text
}

// promQL writes v for Prometheus.
func (v *Value) promQL(hosts, window string) string {
	matchers := []string{fmt.Sprintf("host=~%q", hosts)}
	for _, tag := range slices.Sorted(maps.Keys(v.Where)) {
		matchers = append(matchers, fmt.Sprintf("%s=%q", tag, v.Where[tag]))
	}
	text := fmt.Sprintf("%s_%s{%s}", v.Measurement, v.Field, strings.Join(matchers, ","))
	if v.Rate {
		text = fmt.Sprintf("rate(%s[%s])", text, window)
	}
	if v.Positive {
		text = fmt.Sprintf("(%s > 0)", text)
	}
	if v.Times != 0 {
		text = fmt.Sprintf("(%d * %s)", v.Times, text)
	}
	return text
}

// influxQL writes q for InfluxDB, with the variables of Grafana.
func (q *Query) influxQL() string {
	text := q.Value.influxQL()
	if q.Plus != nil {
		text = fmt.Sprintf("(%s + %s)", text, q.Plus.influxQL())
	}
	if q.Factor != 0 {
		text = fmt.Sprintf("%d * %s", q.Factor, text)
	}
	if q.Over != nil {
		text = fmt.Sprintf("%s / %s", text, q.Over.influxQL())
	}
	where := []string{`$timeFilter AND "host" =~ /^$host$/`}
	for _, tag := range slices.Sorted(maps.Keys(q.Value.Where)) {
		where = append(where, fmt.Sprintf("%q = '%s'", tag, q.Value.Where[tag]))
	}
	if q.Over != nil && q.Over.Positive {
		where = append(where, fmt.Sprintf("%q > 0", q.Over.Field))
	}
	by := []string{"time($__interval)", `"host"`}
	for _, tag := range q.By {
		by = append(by, strconv.Quote(tag))
	}
	return fmt.Sprintf("SELECT %s FROM %q WHERE %s GROUP BY %s fill(none)", text, q.Value.Measurement, strings.Join(where, " AND "), strings.Join(by, ", "))
}

// influxQL writes v for InfluxDB.
func (v *Value) influxQL() string {
	text := fmt.Sprintf("max(%q)", v.Field)
	if v.Rate {
		text = fmt.Sprintf("non_negative_derivative(%s, 1s)", text)
	}
	if v.Times != 0 {
		text = fmt.Sprintf("(%d * %s)", v.Times, text)
	}
	return text
}

// legend writes the legend of q, in which before and after are around each tag.
func (q *Query) legend(before, after string) string {
	return strings.NewReplacer("{", before, "}", after).Replace("{host} " + q.Legend)
}
