package procs

import (
	"cmp"
	"errors"
	"slices"

	"telegraf-sysprobe/plugins/internal/options"
	"telegraf-sysprobe/plugins/internal/proctable"
	"telegraf-sysprobe/sysprobe"
)

// Options are the options of the plugin, which sample.conf describes.
type Options struct {
	Collect      []string `toml:"collect"`
	TopBy        []string `toml:"top_by"`
	TopCount     int      `toml:"top_count"`
	GroupBy      []string `toml:"group_by"`
	GroupDetails []string `toml:"group_details"`
	MaxGroups    int      `toml:"max_groups"`
	MaxProcesses int      `toml:"max_processes"`
	TagWith      []string `toml:"tag_with"`
	Properties   []string `toml:"properties"`
	Redact       []string `toml:"cmdline_redact"`
	MaxCmdline   int      `toml:"max_cmdline"`
	NameInclude  []string `toml:"name_include"`
	NameExclude  []string `toml:"name_exclude"`
	UserInclude  []string `toml:"user_include"`
	UserExclude  []string `toml:"user_exclude"`
	Mode         string   `toml:"mode"`
	Backend      string   `toml:"backend"`

	Select       []Condition `toml:"select"`
	GroupPattern []Condition `toml:"group_pattern"`
}

// The values of the option mode, which are those of inputs.procstat: whether
// cpu_usage is in percent of one processor, or of all.
const (
	modeIrix    = "irix"
	modeSolaris = "solaris"
)

// defaultOptions are the options of a configuration that sets none.
func defaultOptions() Options {
	return Options{
		Collect:      []string{"top"},
		TopBy:        []string{"cpu", "memory"},
		TopCount:     5,
		GroupBy:      []string{"process_name", "user"},
		MaxGroups:    200,
		MaxProcesses: 100,
		Redact:       []string{proctable.DefaultRedact},
		MaxCmdline:   1024,
		Mode:         modeIrix,
		Backend:      sysprobe.BackendAuto.String(),
	}
}

// collects reports whether the option collect lists measurement.
func (o *Options) collects(measurement string) bool { return slices.Contains(o.Collect, measurement) }

// check returns an error about an option that needs no compilation. The error
// names the option, its value and the remedy.
func (o *Options) check() error {
	err := cmp.Or(
		options.Words("collect", o.Collect, []string{"top", "group", "process"}),
		options.Words("top_by", o.TopBy, topKeyNames()),
		options.Range("top_count", o.TopCount, 1, 1000),
		options.Words("group_details", o.GroupDetails, []string{"io", "fds", "fd_usage", "switches", "memory"}),
		options.Range("max_groups", o.MaxGroups, 1, 100_000),
		options.Range("max_processes", o.MaxProcesses, 1, 1_000_000),
		options.Words("tag_with", o.TagWith, tagNames()),
		options.Words("properties", o.Properties, propertyNames()),
		options.Words("mode", []string{o.Mode}, []string{modeIrix, modeSolaris}),
		options.Range("max_cmdline", o.MaxCmdline, 1, 1_000_000),
	)
	if err == nil && o.collects("top") {
		err = options.NotEmpty("top_by", o.TopBy, topKeyNames(), `"collect" has "top"`)
	}
	if err == nil && o.collects("group") {
		err = options.NotEmpty("group_by", o.GroupBy, groupKeyNames(), `"collect" has "group"`)
	}
	return err
}

// checkTables returns an error where tables have no use, or are missing.
// ByPattern says that an entry of group_by has the key pattern.
func (o *Options) checkTables(byPattern bool) error {
	switch {
	case len(o.Select) > 0 && !o.collects("process"):
		return errors.New(`option select: there are tables but "collect" lacks "process"; add it, or remove the tables`)
	case len(o.GroupPattern) > 0 && (!byPattern || !o.collects("group")):
		return errors.New(`option group_pattern: there are tables but "collect" lacks "group" or "group_by" lacks "pattern"; add them, or remove the tables`)
	case len(o.GroupPattern) == 0 && byPattern:
		return errors.New(`option group_by: it has "pattern" but there is no group_pattern table; add one, or remove "pattern"`)
	}
	return nil
}

// Idle returns the options that have no effect beside the others, and why.
func (o *Options) Idle() map[string]string {
	idle := map[string]string{}
	because := func(why string, options ...string) {
		for _, option := range options {
			idle[option] = why
		}
	}
	if !o.collects("top") {
		because(`"collect" lacks "top"`, "top_by", "top_count")
	}
	if !o.collects("group") {
		because(`"collect" lacks "group"`, "group_by", "group_details", "max_groups")
	}
	if !o.collects("process") {
		because(`"collect" lacks "process"`, "max_processes")
	}
	if !o.collects("top") && !o.collects("process") {
		because(`"collect" has neither "top" nor "process"`, "properties", "tag_with")
	}
	if !slices.Contains(o.Properties, "cmdline") && !slices.Contains(o.TagWith, "cmdline") {
		because(`neither "properties" nor "tag_with" has "cmdline"`, "cmdline_redact", "max_cmdline")
	}
	if len(o.Collect) == 0 {
		because(`"collect" is empty`, "name_include", "name_exclude", "user_include", "user_exclude")
	}
	return idle
}
