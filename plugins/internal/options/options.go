// Package options checks the options of a configuration. Its errors name the
// option, the value and the remedy.
package options

import (
	"fmt"
	"regexp"
	"slices"
	"strings"

	"github.com/influxdata/telegraf/filter"
)

// Words returns an error where values holds a word that allowed lacks, or one
// word twice.
func Words(option string, values, allowed []string) error {
	for i, value := range values {
		if !slices.Contains(allowed, value) {
			return fmt.Errorf("option %s: unknown entry %q; use any of %s", option, value, quoted(allowed))
		}
		if slices.Contains(values[:i], value) {
			return fmt.Errorf("option %s: entry %q is there twice; remove one", option, value)
		}
	}
	return nil
}

// NotEmpty returns an error where values is empty. Allowed are the words that it
// can have, and why names what needs one.
func NotEmpty(option string, values, allowed []string, why string) error {
	if len(values) > 0 {
		return nil
	}
	return fmt.Errorf("option %s: the list is empty but %s; use any of %s", option, why, quoted(allowed))
}

// Range returns an error where value is not within low and high.
func Range(option string, value, low, high int) error {
	if value >= low && value <= high {
		return nil
	}
	return fmt.Errorf("option %s: %d is out of range; use %d to %d", option, value, low, high)
}

// Globs are an include and an exclude list, which a text passes or not. The zero
// value lets all texts pass.
type Globs struct {
	include, exclude []filter.Filter
}

// NewGlobs compiles the options <noun>_include and <noun>_exclude. It returns
// an error that names the option and the glob.
func NewGlobs(noun string, include, exclude []string) (Globs, error) {
	in, err := compile(noun+"_include", include)
	if err != nil {
		return Globs{}, err
	}
	ex, err := compile(noun+"_exclude", exclude)
	if err != nil {
		return Globs{}, err
	}
	return Globs{include: in, exclude: ex}, nil
}

// Matcher returns whether a text matches one of globs. It returns an error that
// names the option and the glob.
func Matcher(option string, globs []string) (func(text string) bool, error) {
	compiled, err := compile(option, globs)
	if err != nil {
		return nil, err
	}
	return func(text string) bool { return matchAny(compiled, text) }, nil
}

// Vocabulary returns an error where a glob matches none of words, which are all
// the texts that there can be. The error lists those of words that named has.
func Vocabulary(option string, globs, words, named []string) error {
	for _, glob := range globs {
		matches, err := Matcher(option, []string{glob})
		if err != nil {
			return err
		}
		if !slices.ContainsFunc(words, matches) {
			return fmt.Errorf("option %s: %q matches nothing that there can be; use any of %s", option, glob, quoted(named))
		}
	}
	return nil
}

// RegexpHint returns the end of a message about globs that match nothing: which of them
// might be meant as a regular expression; nothing if none might. A dot before a star has
// a meaning in both: "eth0.*" are the VLANs of eth0.
func RegexpHint(globs []string) string {
	for _, glob := range globs {
		if strings.Contains(glob, ".*") || strings.Contains(glob, ".+") || strings.Contains(glob, ")*") {
			return fmt.Sprintf("; %q looks like a regular expression, where globs such as \"eth*\" and \"{lo,eth0}\" are taken", glob)
		}
	}
	return ""
}

// isRegexp reports whether a pattern has what only regular expressions have: their ends,
// classes of characters, repetitions of a group, and alternatives.
func isRegexp(pattern string) bool {
	return pattern == ".*" || regexp.MustCompile(`^\^|(^|[^\\])\$$|\\[dwsDWS]|[])]\+|[^\\]\|`).MatchString(pattern)
}

// compile compiles each glob alone: Telegraf joins the globs of a list with
// commas, which a name can hold too.
func compile(option string, patterns []string) ([]filter.Filter, error) {
	var globs []filter.Filter
	for _, pattern := range patterns {
		if isRegexp(pattern) {
			return nil, fmt.Errorf(
				"option %s: %q looks like a regular expression; use a glob such as \"eth*\", or put a backslash before the character", option, pattern)
		}
		alternatives, err := Expand(option, pattern)
		if err != nil {
			return nil, err
		}
		for _, alternative := range alternatives {
			glob, err := filter.Compile([]string{keepEscapes(alternative)})
			if err != nil {
				return nil, fmt.Errorf("option %s: bad glob %q: %w; close the brackets and braces, or put a backslash before them", option, pattern, err)
			}
			globs = append(globs, glob)
		}
	}
	return globs, nil
}

// Expand returns the globs that a glob with braces stands for. It returns an
// error that names the option, the bad glob and the remedy.
func Expand(option, glob string) ([]string, error) {
	all, err := expand(glob)
	if err != nil {
		err = fmt.Errorf("option %s: bad glob %q: %w", option, glob, err)
	}
	return all, err
}

// keepEscapes makes each \xXX of a glob, as systemd writes a character in the name
// of a unit (systemd.unit(5)), stand for itself. Without a wildcard Telegraf takes
// a backslash as it is.
func keepEscapes(glob string) string {
	if !strings.ContainsAny(glob, "*?[") {
		return glob
	}
	var b strings.Builder
	for i := 0; i < len(glob); i++ {
		if glob[i] == '\\' && i+1 < len(glob) {
			if i+3 < len(glob) && glob[i+1] == 'x' && isHex(glob[i+2]) && isHex(glob[i+3]) {
				b.WriteByte('\\')
			}
			b.WriteByte('\\')
			i++
		}
		b.WriteByte(glob[i])
	}
	return b.String()
}

// isHex reports whether c is a hexadecimal digit.
func isHex(c byte) bool { return '0' <= c && c <= '9' || 'a' <= c && c <= 'f' || 'A' <= c && c <= 'F' }

// Empty reports whether there is no glob, so that every text passes.
func (g Globs) Empty() bool { return len(g.include)+len(g.exclude) == 0 }

// Match reports whether what has the name text, and others, passes: any of them
// matches a glob of the include list, or that list is empty, and none matches a
// glob of the exclude list.
func (g Globs) Match(text string, others ...string) bool {
	matches := func(globs []filter.Filter) bool {
		return matchAny(globs, text) || slices.ContainsFunc(others, func(other string) bool { return matchAny(globs, other) })
	}
	return (len(g.include) == 0 || matches(g.include)) && !matches(g.exclude)
}

// matchAny reports whether text matches one of globs.
func matchAny(globs []filter.Filter, text string) bool {
	return slices.ContainsFunc(globs, func(g filter.Filter) bool { return g.Match(text) })
}

// quoted lists words as a configuration spells them.
func quoted(words []string) string { return `"` + strings.Join(words, `", "`) + `"` }
