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

// HideArguments is the word of the option cmdline_redact for all arguments.
const HideArguments = "arguments"

// usualSecrets are patterns of secrets in a command line whose arguments are
// joined by NUL. All that follows the name of a secret in the same argument is
// taken for it. A title arrives as an argument for each of its words.
func usualSecrets() []string {
	const (
		name   = `(?:(?:passw(?:or)?d|passphrase|passcode|pwd|secret|token|credential|(?:api|access|private|auth)[-_]?key)[\w.-]*|pass|(?:tls[-_])?psk|otp)`
		quote  = `\\*["']?`
		header = `(?i)(?:authorization|cookie)` + quote + `\s*:`
		// scheme is of RFC 9110, 11.1: as IANA registers them, and widespread others.
		scheme = `(?:basic|bearer|digest|dpop|hawk|hoba|jwt|mutual|negotiate|ntlm|scram-[\w-]+|ssws|vapid|aws\d?[\w-]*|bot|` +
			`splunk|[\w-]*(?:token|key|oauth|hmac[\w-]*))`
		parts = `(?:[^\x00]*[,;]\x00)*` // of a value with blanks
		user  = `[^\x00\s/:@?#]+`       // of a URL
	)
	return []string{
		// --password=x, PASSWORD=x, "token": "x", and X-Api-Key: x in a title
		`(?i)` + name + quote + `(?:\s*[=:]\s*([^\x00]+)|:\x00([^\x00-][^\x00]*))`,
		`(?i)(?:^|[\x00\s'"])--?[\w.-]*` + name + quote + `[\x00\s]+([^\x00]+)`,                  // --password x
		`(?i)\bhttps?://(` + user + `):(?:x-oauth-basic)?@`,                                      // https://token:@host
		`://[^\x00\s/:@]*:([^\x00\s]+)@`,                                                         // https://user:x@host
		`(?i)\b(?:https?|wss?|git)://(` + user + `)@`,                                            // https://token@host
		`://([^\x00\s/:@]{16,})@`,                                                                // ssh://token@host
		`[\x00\s]['"]?(?:-u|--user)['"]?[\x00\s=]?[^\x00\s:]*:([^\x00]+)`,                        // -u user:x
		`(?i)authorization` + quote + `\s*[:=]\s*\x00?(` + scheme + `\x00` + parts + `[^\x00]+)`, // Authorization: Basic x in a title
		header + `\s*([^\x00]+)`,                                                                 // Authorization: x
		header + `\x00(` + parts + `[^\x00:-][^\x00:]*(?::[^\x00/][^\x00]*)?)(?:\x00|$)`,         // Cookie: x in a title, but no URL
		`(?i)\bbearer\s+([^\x00]+)`,
		`(?i):\x00?bearer\x00([^\x00]+)`, // X: Bearer x in a title
	}
}

// Cmdlines makes fields of command lines.
type Cmdlines struct {
	programs *secretFinder // nil where their secrets are not hidden
	secrets  []*regexp.Regexp
	limit    int  // bytes
	bare     bool // without arguments
}

// NewCmdlines compiles the patterns of the option cmdline_redact. It returns an
// error that names the option and the pattern.
func NewCmdlines(secrets []string, limit int) (Cmdlines, error) {
	c := Cmdlines{limit: limit, bare: slices.Contains(secrets, HideArguments)}
	if at := slices.Index(secrets, DefaultRedact); at >= 0 {
		secrets = slices.Replace(slices.Clone(secrets), at, at+1, usualSecrets()...)
		c.programs = newSecretFinder()
	}
	for _, pattern := range secrets {
		if pattern == HideArguments {
			continue
		}
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

// margin is how many bytes beyond its limit a command line is searched: the text
// after a secret can be what identifies it.
const margin = 4096

// Text is a command line without secrets, its arguments joined by blanks, cut
// at the limit between two characters.
func (c *Cmdlines) Text(args []string) string {
	if c.bare {
		args = program0(args)
	}
	text := joined(args, c.limit+margin)
	if c.programs != nil {
		text = c.programs.hide(text)
	}
	for _, secret := range c.secrets {
		text = hide(text, secret)
	}
	return c.Cut(strings.ReplaceAll(text, "\x00", " "))
}

// program0 returns the first argument alone, up to a blank: what a program writes
// over its arguments can have them in one.
func program0(args []string) []string {
	if len(args) == 0 {
		return nil
	}
	name, _, _ := strings.Cut(args[0], " ")
	return []string{name}
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
