package procs

import (
	"fmt"
	"path"
	"regexp"
	"slices"
	"strings"

	"telegraf-sysprobe/plugins/internal/options"
	"telegraf-sysprobe/plugins/internal/proctable"
)

// Each of these compiles the patterns of a list into a test. It returns what of
// them is taken for something else than it says, since it could match nothing as it
// is, and an error that names the option and the pattern.

func nameTest(patterns []string) (test, []string, error) {
	passes, err := factTest("name", "name", patterns)
	return passes, nil, err
}

func containerTest(patterns []string) (test, []string, error) {
	passes, err := factTest("container", "container", patterns)
	return passes, nil, err
}

// userTest also takes the numbers of users.
func userTest(patterns []string) (test, []string, error) {
	byName, err := factTest("user", "user", patterns)
	if err != nil {
		return nil, nil, err
	}
	numbers := slices.DeleteFunc(slices.Clone(patterns), func(p string) bool { return !proctable.IsNumber(p) })
	if len(numbers) == 0 {
		return byName, nil, nil
	}
	byNumber, err := factTest("user", "uid", numbers)
	return either(byName, byNumber), meantAs("user", numbers, func(string) string { return "the user with this number" }), err
}

// unitTest also takes units without the suffix, which are services.
func unitTest(patterns []string) (test, []string, error) {
	return rewrittenTest("unit", patterns, func(pattern string) string {
		if strings.HasSuffix(pattern, "*") || hasUnitSuffix(pattern) {
			return pattern
		}
		return pattern + ".service"
	})
}

// hasUnitSuffix reports whether a pattern can be a unit as systemd names it
// (systemd.unit(5)), or has a wildcard where that says so.
func hasUnitSuffix(pattern string) bool {
	at := strings.LastIndexByte(pattern, '.')
	return at >= 0 && (strings.ContainsAny(pattern[at:], "*?[]{}") || slices.Contains([]string{
		".service", ".scope", ".slice", ".socket", ".mount", ".swap", ".target", ".timer", ".path", ".device", ".automount", ".snapshot",
	}, pattern[at:]))
}

// cgroupTest also takes paths below the mount of the cgroup file system, and
// without the slash at the beginning.
func cgroupTest(patterns []string) (test, []string, error) {
	return rewrittenTest("cgroup", patterns, func(pattern string) string {
		if rest, below := strings.CutPrefix(pattern, "/sys/fs/cgroup"); below && (rest == "" || rest[0] == '/') {
			pattern = rest
			for _, hierarchy := range []string{"/systemd", "/unified"} {
				if rest, below := strings.CutPrefix(pattern, hierarchy); below && (rest == "" || rest[0] == '/') {
					pattern = rest
				}
			}
		} else if rest, below := strings.CutPrefix(pattern, "systemd/"); below {
			pattern = rest
		}
		if pattern == "" || !strings.ContainsRune("/*?[{", rune(pattern[0])) {
			pattern = "/" + pattern
		}
		return pattern
	})
}

// rewrittenTest compiles patterns as rewrite has them.
func rewrittenTest(fact string, patterns []string, rewrite func(string) string) (test, []string, error) {
	rewritten := make([]string, len(patterns))
	for i, pattern := range patterns {
		rewritten[i] = rewrite(pattern)
	}
	passes, err := factTest(fact, fact, rewritten)
	return passes, meantAs(fact, patterns, func(p string) string { return fmt.Sprintf("%q", rewrite(p)) }, rewritten...), err
}

// exeTest also takes names of executables without a path.
func exeTest(patterns []string) (test, []string, error) {
	bare := func(p string) bool { return !strings.Contains(p, "/") && !strings.HasPrefix(p, "*") }
	names := slices.DeleteFunc(slices.Clone(patterns), func(p string) bool { return !bare(p) })
	paths := slices.DeleteFunc(slices.Clone(patterns), bare)
	byPath, err := factTest("exe", "exe", paths)
	if err != nil || len(names) == 0 {
		return byPath, nil, err
	}
	matches, err := options.Matcher("exe", names)
	if err != nil {
		return nil, nil, err
	}
	byName := func(m member) bool {
		exe, known := m.text("exe")
		return known && matches(path.Base(exe))
	}
	return either(byPath, byName), meantAs("exe", names, func(string) string { return "a name without a path" }), nil
}

// cmdlineTest takes regular expressions.
func cmdlineTest(patterns []string) (test, []string, error) {
	compiled := make([]*regexp.Regexp, 0, len(patterns))
	for _, pattern := range patterns {
		re, err := regexp.Compile(pattern)
		if err != nil {
			return nil, nil, proctable.BadRegexp("cmdline", pattern, err)
		}
		compiled = append(compiled, re)
	}
	return func(m member) bool {
		text, known := m.text("cmdline")
		return known && slices.ContainsFunc(compiled, func(re *regexp.Regexp) bool { return re.MatchString(text) })
	}, nil, nil
}

// factTest returns the test whether a fact matches one of the globs of option.
func factTest(option, fact string, globs []string) (test, error) {
	matches, err := options.Matcher(option, globs)
	if err != nil {
		return nil, err
	}
	return func(m member) bool {
		text, known := m.text(fact)
		return known && matches(text)
	}, nil
}

// either passes what one of two tests passes.
func either(a, b test) test { return func(m member) bool { return a(m) || b(m) } }

// meantAs says what each pattern is taken for, except for those that are among
// unchanged.
func meantAs(option string, patterns []string, as func(string) string, unchanged ...string) (meant []string) {
	for _, pattern := range patterns {
		if !slices.Contains(unchanged, pattern) {
			meant = append(meant, fmt.Sprintf("%s %q for %s", option, pattern, as(pattern)))
		}
	}
	return meant
}
