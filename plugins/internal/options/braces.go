package options

import (
	"errors"
	"strings"
)

// maxAlternatives limits what the braces of a glob expand to.
const maxAlternatives = 1000

// The errors of expand.
var (
	errOpenBrace = errors.New("a brace is not closed; close it, or put a backslash before it")
	errTooMany   = errors.New("its braces expand to more than 1000 alternatives; use fewer")
)

// expand returns the globs that a glob with braces stands for: "{a,b}c" for "ac"
// and "bc". Telegraf compiles a glob that has no other wildcard as plain text, and
// its library matches some alternatives wrongly that have wildcards. A backslash
// before a brace or a comma makes it an ordinary character, and so do brackets.
func expand(glob string) ([]string, error) {
	b, err := findBraces(glob)
	if err != nil {
		return nil, err
	}
	if b == nil {
		if !strings.ContainsAny(glob, "*?[") { // Telegraf removes no backslash from it
			glob = strings.NewReplacer(`\{`, "{", `\}`, "}", `\,`, ",", `\^`, "^", `\$`, "$").Replace(glob)
		}
		return []string{glob}, nil
	}
	var all []string
	for _, part := range b.alternatives {
		more, err := expand(b.before + part + b.after)
		if err != nil {
			return nil, err
		}
		if all = append(all, more...); len(all) > maxAlternatives {
			return nil, errTooMany
		}
	}
	return all, nil
}

// braces is a glob at its first pair of braces.
type braces struct {
	before       string
	alternatives []string
	after        string
}

// findBraces returns nil for a glob without braces, and errOpenBrace if a brace
// is not closed.
func findBraces(glob string) (*braces, error) {
	var b braces
	depth, from, inBrackets := 0, 0, false
	for i := 0; i < len(glob); i++ {
		switch c := glob[i]; {
		case c == '\\':
			i++
		case inBrackets:
			inBrackets = c != ']'
		case c == '[' && strings.Contains(glob[i:], "]"):
			inBrackets = true
		case c == '{':
			if depth++; depth == 1 {
				b.before, from = glob[:i], i+1
			}
		case depth == 0:
		case c == ',' && depth == 1:
			b.alternatives, from = append(b.alternatives, glob[from:i]), i+1
		case c == '}':
			if depth--; depth == 0 {
				b.alternatives, b.after = append(b.alternatives, glob[from:i]), glob[i+1:]
				return &b, nil
			}
		}
	}
	if depth > 0 {
		return nil, errOpenBrace
	}
	return nil, nil
}
