package execd

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/influxdata/telegraf/filter"
	"github.com/influxdata/telegraf/models"
)

// soleWriter is implemented by an input with counters that begin with the input: two
// of them in one series run backwards at each other's gathers. SoleWriter returns the
// names of the tags that the input sets itself: where it does, that of the
// configuration is not on the metric.
type soleWriter interface{ SoleWriter() []string }

func isSole(r *models.RunningInput) bool {
	_, sole := r.Input.(soleWriter)
	return sole
}

// ownTags returns the names of the tags that an input sets itself, where it says.
func ownTags(r *models.RunningInput) []string {
	if writer, ok := r.Input.(soleWriter); ok {
		return writer.SoleWriter()
	}
	return nil
}

// sameSeries reports whether a and b are of one kind and nothing tells their metrics
// apart for certain.
func (l *loaded) sameSeries(a, b *models.RunningInput) bool {
	return a.Config.Name == b.Config.Name && nameOf(a.Config) == nameOf(b.Config) && maps.Equal(l.tagsOf(a), l.tagsOf(b))
}

// nameOf returns the name of the metrics of an input that are called as the input.
func nameOf(c *models.InputConfig) string {
	return c.MeasurementPrefix + cmp.Or(c.NameOverride, c.Name) + c.MeasurementSuffix
}

// tagsOf returns the tags that all metrics of an input have from the configuration, as
// Telegraf adds them (RunningInput.MakeMetric).
func (l *loaded) tagsOf(r *models.RunningInput) map[string]string {
	c := r.Config
	include, err := filter.Compile(c.Filter.TagInclude)
	exclude, err2 := filter.Compile(c.Filter.TagExclude)
	if cmp.Or(err, err2) != nil {
		return nil // not for certain
	}
	tags := map[string]string{}
	addMissing(tags, c.Tags)
	addMissing(tags, l.Tags)
	maps.DeleteFunc(tags, func(name, _ string) bool { return !models.ShouldPassFilters(include, exclude, name) })
	if c.AlwaysIncludeLocalTags {
		addMissing(tags, c.Tags)
	}
	if c.AlwaysIncludeGlobalTags {
		addMissing(tags, l.Tags)
	}
	own := ownTags(r)
	maps.DeleteFunc(tags, func(name, value string) bool { return value == "" || slices.Contains(own, name) })
	return tags
}

// addMissing adds those of more that tags lacks.
func addMissing(tags, more map[string]string) {
	for name, value := range more {
		if _, has := tags[name]; !has {
			tags[name] = value
		}
	}
}

// why says what keeps the tags in which a and b differ from their metrics; nothing
// where there are none.
func why(a, b *models.RunningInput) string {
	all := maps.Clone(a.Config.Tags)
	maps.Copy(all, b.Config.Tags)
	var reasons strings.Builder
	for _, name := range slices.Sorted(maps.Keys(all)) {
		switch {
		case a.Config.Tags[name] == b.Config.Tags[name]:
		case slices.Contains(ownTags(a), name):
			fmt.Fprintf(&reasons, "; %s is a tag that the input sets itself", name)
		default:
			fmt.Fprintf(&reasons, "; the tag %s is the same on the metrics of both, by [global_tags], tagexclude or taginclude", name)
		}
	}
	return reasons.String()
}
