package plugintest

import (
	"maps"
	"runtime"
	"slices"
	"strconv"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/influxdata/telegraf"
)

// Names are the names of the tags and fields that an input sends, whatever its
// options are. The zero value is ready.
type Names struct {
	tags, fields map[string]map[string]bool // by measurement
	alone        map[string]bool            // booleans without their twin
	columns      map[string]map[string]column
	always       map[string]map[string]bool // the tags of all rows of the first metrics with a measurement
}

// Add adds those of metrics.
func (n *Names) Add(metrics []telegraf.Metric) {
	if n.tags == nil {
		n.tags, n.fields, n.alone = map[string]map[string]bool{}, map[string]map[string]bool{}, map[string]bool{}
	}
	n.addColumns(metrics)
	for _, m := range metrics {
		if n.tags[m.Name()] == nil {
			n.tags[m.Name()], n.fields[m.Name()] = map[string]bool{}, map[string]bool{}
		}
		for _, tag := range m.TagList() {
			n.tags[m.Name()][tag.Key] = true
		}
		for _, field := range m.FieldList() {
			n.fields[m.Name()][field.Key] = true
			if on, isBool := field.Value.(bool); isBool {
				code, _ := m.GetField(field.Key + "_code")
				if code != map[bool]any{false: int64(0), true: int64(1)}[on] {
					n.alone[m.Name()+" has a boolean "+field.Key+" without its code"] = true
				}
			}
		}
	}
}

// Check fails where a measurement has a tag and a field of one name, which a
// database cannot tell apart, where a field has a name for which Telegraf takes an
// untyped metric for a histogram or a summary, and where a boolean lacks its code.
func (n *Names) Check(t *testing.T) {
	t.Helper()
	if len(n.fields) == 0 {
		t.Error("there is no metric")
	}
	for _, problem := range slices.Sorted(maps.Keys(n.alone)) {
		t.Error(problem)
	}
	for measurement, fields := range n.fields {
		for _, field := range slices.Sorted(maps.Keys(fields)) {
			if n.tags[measurement][field] {
				t.Errorf("%s has a tag and a field %s", measurement, field)
			}
			_, err := strconv.ParseFloat(field, 64)
			if err == nil || slices.Contains([]string{"count", "sum", "gauge", "counter"}, field) {
				t.Errorf("%s has a field %s", measurement, field)
			}
		}
	}
}

// Of returns the names of the tags and of the fields of a measurement.
func (n *Names) Of(measurement string) (tags, fields []string) {
	return slices.Sorted(maps.Keys(n.tags[measurement])), slices.Sorted(maps.Keys(n.fields[measurement]))
}

// CheckOwnTags fails where own are not the tags of all measurements.
func (n *Names) CheckOwnTags(t *testing.T, own []string) {
	t.Helper()
	if runtime.GOOS != "linux" {
		t.Log("elsewhere some tags of Linux do not occur")
		return
	}
	sent := map[string]bool{}
	for _, tags := range n.tags {
		maps.Copy(sent, tags)
	}
	if diff := cmp.Diff(slices.Sorted(maps.Keys(sent)), slices.Sorted(slices.Values(own))); diff != "" {
		t.Errorf("the tags that the input sets itself (-sent +said):\n%s", diff)
	}
}
