package nic

import (
	"strings"

	"github.com/influxdata/telegraf"

	"telegraf-sysprobe/plugins/internal/options"
	"telegraf-sysprobe/sysprobe"
)

// Included is an include list and what it has matched.
type Included struct {
	option, noun string
	entries      []includedEntry
}

// includedEntry is a glob of an include list.
type includedEntry struct {
	glob    string
	match   func(string) bool
	matched bool
}

// NewIncluded returns the list of an option, whose globs are over the names of
// things of which noun is one. It returns an error that names the option,
// the bad glob and the remedy.
func NewIncluded(option, noun string, globs []string) (Included, error) {
	list := Included{option: option, noun: noun}
	for _, glob := range globs {
		match, err := options.Matcher(option, []string{glob})
		if err != nil {
			return list, err
		}
		list.entries = append(list.entries, includedEntry{glob: glob, match: match})
	}
	return list, nil
}

// See notes which globs match a name.
func (l *Included) See(name string) {
	for i := range l.entries {
		if e := &l.entries[i]; !e.matched {
			e.matched = e.match(name)
		}
	}
}

// Remark logs that no glob has matched, as a warning, or else which entries without
// a wildcard have not. What they name might come later.
func (l *Included) Remark(log telegraf.Logger) {
	var missing []string
	some := len(l.entries) == 0
	for _, e := range l.entries {
		some = some || e.matched
		if !e.matched && e.glob != "" && !strings.ContainsAny(e.glob, "*?[{") {
			missing = append(missing, e.glob)
		}
	}
	hint := options.RegexpHint(l.unmatched())
	switch {
	case !some:
		log.Warnf("Option %s: no %s matches it yet%s", l.option, l.noun, hint)
	case len(missing) > 0:
		log.Infof("Option %s: no %s matches %q yet%s", l.option, l.noun, missing, hint)
	case hint != "":
		log.Infof("Option %s: not every entry matches yet%s", l.option, hint)
	}
}

// unmatched lists the globs that have matched nothing.
func (l *Included) unmatched() (globs []string) {
	for _, e := range l.entries {
		if !e.matched {
			globs = append(globs, e.glob)
		}
	}
	return globs
}

// FirstGather finds out what the include lists of interfaces match, and logs once
// what they do not.
type FirstGather struct {
	names, kinds Included
	ended        bool
}

// FirstGather returns a FirstGather of the options. It returns an error that names
// the option, the bad glob and the remedy.
func (o *Options) FirstGather() (f FirstGather, err error) {
	if f.names, err = NewIncluded("interface_include", "interface", o.InterfaceInclude); err != nil {
		return f, err
	}
	f.kinds, err = NewIncluded("kind_include", "interface", o.KindInclude)
	return f, err
}

// See notes an interface.
func (f *FirstGather) See(l *sysprobe.Link) {
	if f.ended {
		return
	}
	f.names.See(l.Name)
	for _, name := range l.AltNames {
		f.names.See(name)
	}
	f.kinds.See(l.Kind)
}

// End ends the gather.
func (f *FirstGather) End(log telegraf.Logger) {
	if !f.ended {
		f.ended = true
		f.names.Remark(log)
		f.kinds.Remark(log)
	}
}
