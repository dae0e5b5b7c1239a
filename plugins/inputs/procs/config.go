package procs

import (
	"cmp"
	"errors"
	"slices"

	"telegraf-sysprobe/plugins/internal/options"
	"telegraf-sysprobe/plugins/internal/proctable"
	"telegraf-sysprobe/sysprobe"
)

// Init checks the options. Every error names the option, its value and the
// remedy.
func (p *Procs) Init() error {
	backend, err := proctable.Backend(p.Backend)
	if err != nil {
		return err
	}
	if p.open == nil {
		if err := sysprobe.Supported(sysprobe.FeatureProcs); err != nil {
			return err
		}
		p.open = proctable.Opener(backend, p.Log)
	}
	if err := p.checkOptions(); err != nil {
		return err
	}
	if p.choice, err = proctable.Choose(p.NameInclude, p.NameExclude, p.UserInclude, p.UserExclude); err != nil {
		return err
	}
	if p.selection.conditions, err = compileConditions("select", p.Select, false); err != nil {
		return err
	}
	if p.patterns.conditions, err = compileConditions("group_pattern", p.GroupPattern, true); err != nil {
		return err
	}
	if p.groupings, err = newGroupings(p.GroupBy, p.GroupDetails, p.MaxGroups); err != nil {
		return err
	}
	if err := p.checkTables(); err != nil {
		return err
	}
	for _, detail := range p.GroupDetails {
		p.history.want |= detailFields[detail]
	}
	if p.inspector.cmdlines, err = proctable.NewCmdlines(p.Redact, p.MaxCmdline); err != nil {
		return err
	}
	p.inspector.properties = chosenProperties(p.Properties, p.TagWith)
	p.shown = allDetails
	for _, property := range p.inspector.properties {
		p.shown |= property.sweep
	}
	p.sweep = p.sweepFields() | sysprobe.WantEnded
	p.out.tagWith = p.TagWith
	return nil
}

// checkOptions checks what needs no compilation.
func (p *Procs) checkOptions() error {
	err := cmp.Or(
		options.Words("collect", p.Collect, []string{"top", "group", "process"}),
		options.Words("top_by", p.TopBy, topKeyNames()),
		options.Range("top_count", p.TopCount, 1, 1000),
		options.Words("group_details", p.GroupDetails, []string{"io", "fds", "switches"}),
		options.Range("max_groups", p.MaxGroups, 1, 100_000),
		options.Range("max_processes", p.MaxProcesses, 1, 1_000_000),
		options.Words("tag_with", p.TagWith, tagNames()),
		options.Words("properties", p.Properties, propertyNames()),
		options.Range("max_cmdline", p.MaxCmdline, 1, 1_000_000),
	)
	if err == nil && p.collects("top") {
		err = options.NotEmpty("top_by", p.TopBy, topKeyNames(), `"collect" has "top"`)
	}
	if err == nil && p.collects("group") {
		err = options.NotEmpty("group_by", p.GroupBy, groupKeyNames(), `"collect" has "group"`)
	}
	return err
}

// checkTables returns an error where tables have no use, or are missing.
func (p *Procs) checkTables() error {
	byPattern := slices.ContainsFunc(p.groupings, func(g *grouping) bool { return g.hasKey(patternKey) })
	switch {
	case len(p.Select) > 0 && !p.collects("process"):
		return errors.New(`option select: there are tables but "collect" lacks "process"; add it, or remove the tables`)
	case len(p.GroupPattern) > 0 && (!byPattern || !p.collects("group")):
		return errors.New(`option group_pattern: there are tables but "collect" lacks "group" or "group_by" lacks "pattern"; add them, or remove the tables`)
	case len(p.GroupPattern) == 0 && byPattern:
		return errors.New(`option group_by: it has "pattern" but there is no group_pattern table; add one, or remove "pattern"`)
	}
	return nil
}

// collects says whether the option collect lists that measurement.
func (p *Procs) collects(measurement string) bool { return slices.Contains(p.Collect, measurement) }

// sweepFields is the least that a sweep has to read of every process. What only
// the emitted rows need is looked up for these alone.
func (p *Procs) sweepFields() sysprobe.Fields {
	if len(p.Collect) == 0 {
		return 0
	}
	want := sysprobe.WantName
	if p.choice.NeedsUser() {
		want |= sysprobe.WantStatus
	}
	if p.collects("top") {
		for _, key := range p.TopBy {
			want |= topKeys[topKeyIndex(key)].needs
		}
	}
	if p.collects("process") {
		want |= p.selection.needs()
	}
	if p.collects("group") {
		want |= p.patterns.needs()
		for _, g := range p.groupings {
			if g.hasKey("user") {
				want |= sysprobe.WantStatus
			}
			if slices.ContainsFunc(originKeys(), g.hasKey) {
				want |= sysprobe.WantOrigin
			}
		}
		want |= p.history.want
	}
	return want
}

// detailFields are the facts behind the words of the option group_details.
var detailFields = map[string]sysprobe.Fields{
	"io": sysprobe.WantIO, "fds": sysprobe.WantFDs, "switches": sysprobe.WantStatus,
}
