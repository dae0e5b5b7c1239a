// Package options checks what people write into a configuration. Its errors
// name the option, the value and the remedy.
package options

import (
	"fmt"
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

// NotEmpty returns an error where values is empty; allowed says what to put
// there, and why says who needs it.
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

// Globs says which texts pass an include and an exclude list. The zero value
// lets all pass.
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

// compile compiles each glob alone: Telegraf joins those of one list with
// commas, which a name may hold too.
func compile(option string, patterns []string) ([]filter.Filter, error) {
	var globs []filter.Filter
	for _, pattern := range patterns {
		glob, err := filter.Compile([]string{pattern})
		if err != nil {
			return nil, fmt.Errorf("option %s: bad glob %q: %w; close the brackets and braces, or put a backslash before them", option, pattern, err)
		}
		globs = append(globs, glob)
	}
	return globs, nil
}

// Empty says that there is no glob, so that Match need not be asked.
func (g Globs) Empty() bool { return len(g.include)+len(g.exclude) == 0 }

// Match says whether text passes: it matches one of the include list, or that
// is empty, and none of the exclude list.
func (g Globs) Match(text string) bool {
	return (len(g.include) == 0 || matchAny(g.include, text)) && !matchAny(g.exclude, text)
}

// matchAny says whether text matches one of globs.
func matchAny(globs []filter.Filter, text string) bool {
	return slices.ContainsFunc(globs, func(g filter.Filter) bool { return g.Match(text) })
}

// quoted lists words as a configuration spells them.
func quoted(words []string) string { return `"` + strings.Join(words, `", "`) + `"` }
