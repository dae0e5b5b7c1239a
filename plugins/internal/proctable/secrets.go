package proctable

import (
	"path"
	"regexp"
	"slices"
	"strings"
)

// program is what the arguments of some programs hold that is secret. Their names
// and options can be anywhere in a command line, with NUL or blanks between them: a
// shell has a whole command in one argument.
type program struct {
	names string // a regular expression of base names
	needs string // a word that has to precede the options, such as "login"
	// options are those with a secret, in the next word or, if that starts with the
	// option, behind it. Those of attached are of the second form alone.
	options, attached []string
	// behind is the character behind which a value is secret; all of it where that
	// is 0.
	behind byte
	// plain says that a word that is no option is a value.
	plain bool
	// once says that another program with its own options follows.
	once bool
}

// programsWithSecrets are programs whose short options have no telling name.
func programsWithSecrets() []program {
	return []program{
		{names: `(?:mysql|mariadb)[\w.-]*`, attached: []string{"-p"}},
		{names: `7z\w*|u?n?rar`, attached: []string{"-p"}},
		{names: `sshpass`, options: []string{"-p"}, once: true},
		{names: `mongo\w*`, options: []string{"-p"}},
		{names: `curl|https?|ncat`, options: []string{"-u", "-U", "--user", "--proxy-user", "--proxy-auth"}, behind: ':'},
		{names: `smb\w+|rpcclient|net`, options: []string{"-U", "--user"}, behind: '%'},
		{names: `lftp`, options: []string{"-u", "--user"}, behind: ','},
		{names: `(?:redis|valkey)-\w+`, options: []string{"-a", "--masterauth", "--requirepass"}},
		{names: `ldap\w+`, options: []string{"-w"}},
		{names: `snmp\w+`, options: []string{"-A", "-X", "-c"}},
		{names: `ipmitool|sqlcmd|bcp|osql|isql|tsql|(?:un)?zip`, options: []string{"-P"}},
		{names: `mosquitto_\w+`, options: []string{"-P"}}, //nolint:misspell // the name of the programs
		{names: `docker|podman|buildah|skopeo|nerdctl|helm|oras|az`, needs: "login", options: []string{"-p"}},
		{names: `(?:plink|pscp|psftp|putty)(?:\.exe)?`, options: []string{"-pw"}},
		{names: `[xw]l?freerdp\d?`, attached: []string{"/p:"}},
		{names: `sqlplus|expdp|impdp|rman|sqlldr`, behind: '/', plain: true},
		{names: `nmcli`, options: []string{"password", "wifi-sec.psk", "802-11-wireless-security.psk"}},
		{names: `aws`, options: []string{"aws_secret_access_key", "aws_session_token"}},
		{names: `vault`, needs: "login", plain: true},
		{names: `openssl`, options: []string{"-pass", "-passin", "-passout"}, behind: ':'},
	}
}

// secretFinder finds the secrets of programs.
type secretFinder struct {
	programs []program
	names    []*regexp.Regexp // of the programs
}

func newSecretFinder() *secretFinder {
	f := &secretFinder{programs: programsWithSecrets()}
	for _, p := range f.programs {
		f.names = append(f.names, regexp.MustCompile(`^(?:`+p.names+`)$`))
	}
	return f
}

// word is a part of a command line.
type word struct {
	start, end int
	// argument is where the argument ends that the word is in, and first says that
	// the word begins it.
	argument int
	first    bool
}

// hide returns the command line, whose arguments are joined by NUL, without the
// secrets.
func (f *secretFinder) hide(line string) string {
	var b strings.Builder
	done := 0
	for _, s := range f.find(line, words(line)) {
		if s.start < done {
			continue
		}
		b.WriteString(line[done:s.start])
		b.WriteString(redacted)
		done = s.end
	}
	if done == 0 {
		return line
	}
	b.WriteString(line[done:])
	return b.String()
}

// find returns where the secrets are, in their order.
func (f *secretFinder) find(line string, all []word) (secrets []word) {
	var current *program
	ready := false // the word that the program needs has come
	for i := 0; i < len(all); i++ {
		w := all[i]
		text := strings.Trim(line[w.start:w.end], "'\"")
		if separates(text) {
			current = nil
			continue
		}
		if at := f.programOf(text); at >= 0 && (current == nil || !current.plain || !ready) {
			current = &f.programs[at]
			ready = current.needs == ""
			continue
		}
		if current == nil {
			continue
		}
		if !ready {
			ready = text == current.needs
			continue
		}
		secret, next := current.secret(line, all, i)
		if secret.end > secret.start {
			secrets = append(secrets, secret)
			if current.once {
				current = nil
			}
		}
		i = next
	}
	return secrets
}

// programOf returns the index of the program whose name, with a path or without, is
// text; -1 where there is none.
func (f *secretFinder) programOf(text string) int {
	if text == "" || text[0] == '-' {
		return -1
	}
	name := path.Base(strings.TrimLeft(text, "(`$'\""))
	return slices.IndexFunc(f.names, func(re *regexp.Regexp) bool { return re.MatchString(name) })
}

// separates reports whether a word of a shell ends a command.
func separates(text string) bool {
	return slices.Contains([]string{"|", "||", "&&", "&", ";", "|&"}, text)
}

// secret returns the secret that begins with the word all[at], or nothing, and the
// last word that belongs to it.
func (p *program) secret(line string, all []word, at int) (secret word, last int) {
	w := all[at]
	text := line[w.start:w.end]
	for _, option := range slices.Concat(p.options, p.attached) {
		switch {
		case text == option && slices.Contains(p.options, option):
			if at+1 == len(all) {
				return word{}, at
			}
			value := all[at+1]
			if value.first { // an argument of its own, which can have blanks
				value.end = value.argument
			}
			return p.part(line, value), at + 1
		case strings.HasPrefix(text, option) && (isShort(option) || strings.HasPrefix(text, option+"=")):
			value := w
			value.start += len(option)
			if strings.HasPrefix(option, "--") {
				value.start++ // the equals sign
			}
			if w.first {
				value.end = value.argument
			}
			return p.part(line, value), at
		}
	}
	if p.plain && !strings.ContainsAny(text[:1], "-/@") && (p.behind != 0 || !strings.Contains(text, "=")) {
		return p.part(line, w), at
	}
	return word{}, at
}

// isShort reports whether an option can have its value behind it: one letter, or
// what ends in a colon.
func isShort(option string) bool { return len(option) == 2 || strings.HasSuffix(option, ":") }

// part returns the part of a value that is secret, without quotes.
func (p *program) part(line string, value word) word {
	for value.end > value.start+1 && strings.ContainsRune("'\"", rune(line[value.start])) && line[value.end-1] == line[value.start] {
		value.start, value.end = value.start+1, value.end-1
	}
	if p.behind == 0 {
		return value
	}
	at := strings.IndexByte(line[value.start:value.end], p.behind)
	if at < 0 {
		return word{}
	}
	value.start += at + 1
	if p.behind == '/' { // user/password@database
		if at := strings.LastIndexByte(line[value.start:value.end], '@'); at >= 0 {
			value.end = value.start + at
		}
	}
	return value
}

// words divides a command line, whose arguments are joined by NUL, at NULs and
// blanks, except for blanks between quotes.
func words(line string) (all []word) {
	for start := 0; start <= len(line); {
		argument := len(line)
		if at := strings.IndexByte(line[start:], 0); at >= 0 {
			argument = start + at
		}
		all = append(all, wordsOf(line, start, argument)...)
		start = argument + 1
	}
	return all
}

// wordsOf divides one argument.
func wordsOf(line string, start, end int) (all []word) {
	quote, begin := byte(0), -1
	for i := start; i <= end; i++ {
		blank := i == end
		if !blank {
			switch c := line[i]; {
			case quote != 0:
				if c == quote {
					quote = 0
				}
			case c == '\'' || c == '"':
				if strings.IndexByte(line[i+1:end], c) >= 0 { // else it is a part of the word
					quote = c
				}
			case c == ' ' || c == '\t' || c == '\n':
				blank = true
			}
		}
		if blank && begin >= 0 {
			all = append(all, word{begin, i, end, begin == start})
			begin = -1
		} else if !blank && begin < 0 {
			begin = i
		}
	}
	return all
}
