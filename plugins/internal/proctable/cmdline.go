package proctable

import (
	"fmt"
	"regexp"
	"slices"
	"strings"
	"unicode/utf8"
)

// redacted replaces what a pattern of the option cmdline_redact finds.
const redacted = "***"

// DefaultRedact is the word of the option cmdline_redact for usualSecrets.
const DefaultRedact = "default"

// usualSecrets are patterns of secrets in a command line whose arguments are
// joined by NUL. All that follows the name of a secret in the same argument is
// taken for it.
func usualSecrets() []string {
	const name = `(?:(?:passw(?:or)?d|passphrase|pwd|secret|token|credential|(?:api|access|private)[-_]?key)[\w.-]*|pass)`
	return []string{
		`(?i)` + name + `"?\s*[=:]\s*([^\x00]+)`,                                                // --password=x, PASSWORD=x, "token": "x"
		`(?i)(?:^|[\x00\s])--?[\w.-]*` + name + `[\x00\s]+([^\x00]+)`,                           // --password x
		`://[^\x00\s/:@]*:([^\x00\s]+)@`,                                                        // https://user:x@host
		`(?i)(?:authorization:\s*|\bbearer\s+)([^\x00]+)`,                                       // Authorization: x
		`[\x00\s](?:-u|--user)[\x00\s=]?[^\x00\s:]*:([^\x00]+)`,                                 // curl -u user:x
		`(?s)(?:^|[\x00/])(?:mysql|mariadb|sshpass)[^\x00/]*\x00(?:.*?\x00)??-p\x00?([^\x00]+)`, // mysql -px
	}
}

// Cmdlines makes fields of command lines.
type Cmdlines struct {
	secrets []*regexp.Regexp
	limit   int // bytes
}

// NewCmdlines compiles the patterns of the option cmdline_redact. It returns an
// error that names the option and the pattern.
func NewCmdlines(secrets []string, limit int) (Cmdlines, error) {
	c := Cmdlines{limit: limit}
	if at := slices.Index(secrets, DefaultRedact); at >= 0 {
		secrets = slices.Replace(slices.Clone(secrets), at, at+1, usualSecrets()...)
	}
	for _, pattern := range secrets {
		re, err := regexp.Compile(pattern)
		if err != nil {
			return Cmdlines{}, BadRegexp("cmdline_redact", pattern, err)
		}
		c.secrets = append(c.secrets, re)
	}
	return c, nil
}

// BadRegexp says what to do about a pattern.
func BadRegexp(option, pattern string, err error) error {
	return fmt.Errorf("option %s: bad regular expression %q: %w; write it as https://golang.org/s/re2syntax says", option, pattern, err)
}

// margin is how much beyond its limit of a command line is searched: a secret
// can be known by what follows it.
const margin = 4096

// Text is a command line without secrets, its arguments joined by blanks, cut
// at the limit between two characters.
func (c *Cmdlines) Text(args []string) string {
	text := joined(args, c.limit+margin)
	for _, secret := range c.secrets {
		text = hide(text, secret)
	}
	return c.Cut(strings.ReplaceAll(text, "\x00", " "))
}

// Cut returns the beginning of text up to the limit.
func (c *Cmdlines) Cut(text string) string {
	if len(text) <= c.limit {
		return text
	}
	end := c.limit
	for end > 0 && !utf8.RuneStart(text[end]) {
		end--
	}
	return text[:end]
}

// joined joins args by NUL, up to about limit bytes.
func joined(args []string, limit int) string {
	var b strings.Builder
	for i, arg := range args {
		if i > 0 {
			b.WriteByte(0)
		}
		if room := limit - b.Len(); len(arg) > room {
			b.WriteString(arg[:max(0, room)])
			break
		}
		b.WriteString(arg)
	}
	return b.String()
}

// hide replaces what the groups of secret match in text; all that it matches
// where it has none.
func hide(text string, secret *regexp.Regexp) string {
	matches := secret.FindAllStringSubmatchIndex(text, -1)
	if matches == nil {
		return text
	}
	var b strings.Builder
	end := 0
	for _, match := range matches {
		groups := match[2:]
		if len(groups) == 0 {
			groups = match
		}
		for i := 0; i < len(groups); i += 2 {
			if groups[i] < end { // took no part, or lies in another one
				continue
			}
			b.WriteString(text[end:groups[i]])
			b.WriteString(redacted)
			end = groups[i+1]
		}
	}
	b.WriteString(text[end:])
	return b.String()
}
