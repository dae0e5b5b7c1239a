package procs

import (
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strings"
)

// capture names a group after parts of the command line, which the option as has in
// braces: Telegraf takes ${name} for a variable of the environment.
type capture struct {
	template string // as regexp.Regexp.Expand has it
	patterns []*regexp.Regexp
}

// newCapture returns nil where the option as is the name of all. It returns an error
// where as has a name that no regular expression has, or is no name of a group.
func newCapture(c *Condition, named bool) (*capture, error) {
	if !strings.Contains(c.As, "{") {
		return nil, nil
	}
	if !named {
		return nil, errors.New("option as: only tables group_pattern can have {...}, of which max_groups limits the groups; remove it")
	}
	part := regexp.MustCompile(`\{([^{}]*)\}`)
	made := &capture{template: part.ReplaceAllString(strings.ReplaceAll(c.As, "$", "$$"), "$${$1}")}
	var names []string
	for _, pattern := range c.Cmdline {
		re := regexp.MustCompile(pattern) // it was compiled before
		made.patterns = append(made.patterns, re)
		names = append(names, re.SubexpNames()...)
	}
	for _, found := range part.FindAllStringSubmatch(c.As, -1) {
		if !slices.Contains(names, found[1]) || found[1] == "" {
			return nil, fmt.Errorf("option as: no regular expression of cmdline has a group %q; write it as (?P<%s>...)", found[1], found[1])
		}
	}
	return made, nil
}

// name returns what the template makes of a command line; false where no pattern
// matches.
func (c *capture) name(line string) (string, bool) {
	for _, re := range c.patterns {
		if match := re.FindStringSubmatchIndex(line); match != nil {
			return string(re.ExpandString(nil, c.template, line, match)), true
		}
	}
	return "", false
}

// captured returns the name of the group that a process belongs to: that of its
// command line or, of a child that was added, that of the nearest ancestor that
// matches.
func (r *row) captured(c *capture) (string, bool) {
	for generation, at := 0, r; at != nil && generation <= len(r.gather.snapshot.Procs); generation++ {
		if line, known := at.text("cmdline"); known {
			if name, matches := c.name(line); matches {
				return name, name != ""
			}
		}
		at = r.gather.parentOf(at)
	}
	return "", false
}
