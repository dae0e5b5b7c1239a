package procs

import (
	"errors"
	"fmt"
	"regexp"
	"slices"

	"telegraf-sysprobe/plugins/internal/options"
	"telegraf-sysprobe/plugins/internal/proctable"
	"telegraf-sysprobe/sysprobe"
)

// Condition is a table of the options select and group_pattern. It means the
// processes that match one pattern of each list that is not empty.
type Condition struct {
	As        string   `toml:"as"`
	Name      []string `toml:"name"`
	User      []string `toml:"user"`
	Unit      []string `toml:"unit"`
	Cgroup    []string `toml:"cgroup"`
	Container []string `toml:"container"`
	Exe       []string `toml:"exe"`
	Cmdline   []string `toml:"cmdline"`
	Children  int      `toml:"children"`
}

// facts tells what rows of a sweep do not have. All are false where that
// cannot be known.
type facts interface {
	user(p *sysprobe.Proc) (string, bool)
	exe(p *sysprobe.Proc) (string, bool)
	cmdline(p *sysprobe.Proc) (string, bool)
}

// test says whether a process matches one list of a Condition.
type test func(f facts, p *sysprobe.Proc) bool

// condition is a Condition compiled.
type condition struct {
	as       string
	needs    sysprobe.Fields
	tests    []test // what costs a file comes last
	children int
}

// compileConditions compiles the tables of option; named ones need a name. It
// returns an error that names the option, the value and the remedy.
func compileConditions(option string, tables []Condition, named bool) ([]condition, error) {
	compiled := make([]condition, 0, len(tables))
	for i := range tables {
		c, err := tables[i].compile()
		switch {
		case err != nil:
		case named && c.as == "":
			err = errors.New("option as: it is empty; set it to the name of the group")
		case named && slices.ContainsFunc(compiled, func(o condition) bool { return o.as == c.as }):
			err = fmt.Errorf("option as: %q is there twice; rename one", c.as)
		}
		if err != nil {
			return nil, fmt.Errorf("%s table %d: %w", option, i+1, err)
		}
		compiled = append(compiled, c)
	}
	return compiled, nil
}

// compile compiles the patterns of c.
func (c *Condition) compile() (condition, error) {
	compiled := condition{as: c.As, children: c.Children}
	for _, list := range []struct {
		option   string
		patterns []string
		matcher  func(option string, patterns []string) (func(string) bool, error)
		needs    sysprobe.Fields
		fact     func(f facts, p *sysprobe.Proc) (string, bool)
	}{
		{"name", c.Name, options.Matcher, sysprobe.WantName, func(_ facts, p *sysprobe.Proc) (string, bool) { return p.Name, true }},
		{"user", c.User, options.Matcher, sysprobe.WantStatus, facts.user},
		{"unit", c.Unit, options.Matcher, sysprobe.WantOrigin, originFact("unit")},
		{"cgroup", c.Cgroup, options.Matcher, sysprobe.WantOrigin, originFact("cgroup")},
		{"container", c.Container, options.Matcher, sysprobe.WantOrigin, originFact("container")},
		{"exe", c.Exe, options.Matcher, 0, facts.exe},
		{"cmdline", c.Cmdline, regexps, 0, facts.cmdline},
	} {
		if len(list.patterns) == 0 {
			continue
		}
		match, err := list.matcher(list.option, list.patterns)
		if err != nil {
			return condition{}, err
		}
		compiled.needs |= list.needs
		compiled.tests = append(compiled.tests, func(f facts, p *sysprobe.Proc) bool {
			text, known := list.fact(f, p)
			return known && match(text)
		})
	}
	switch {
	case len(compiled.tests) == 0:
		return condition{}, errors.New(`nothing says which processes; set at least one list (name = ["*"] is everything)`)
	case c.Children < -1:
		return condition{}, fmt.Errorf("option children: %d is out of range; use 0 for none, -1 for all generations, or how many", c.Children)
	}
	return compiled, nil
}

// match says whether p passes every test.
func (c *condition) match(f facts, p *sysprobe.Proc) bool {
	for _, passes := range c.tests {
		if !passes(f, p) {
			return false
		}
	}
	return true
}

// regexps returns whether a text matches one of patterns. It returns an error
// that names the option and the pattern.
func regexps(option string, patterns []string) (func(string) bool, error) {
	compiled := make([]*regexp.Regexp, 0, len(patterns))
	for _, pattern := range patterns {
		re, err := regexp.Compile(pattern)
		if err != nil {
			return nil, proctable.BadRegexp(option, pattern, err)
		}
		compiled = append(compiled, re)
	}
	return func(text string) bool {
		return slices.ContainsFunc(compiled, func(re *regexp.Regexp) bool { return re.MatchString(text) })
	}, nil
}

// originFact is a fact of where a process belongs; false where it has none.
func originFact(key string) func(facts, *sysprobe.Proc) (string, bool) {
	return func(_ facts, p *sysprobe.Proc) (string, bool) {
		text := originText(key, p.Origin)
		return text, text != ""
	}
}
