package proctable

import (
	"regexp"
	"slices"
	"strings"
)

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

// hide returns the command line, whose arguments are joined by NUL, without the
// secrets.
func (f *secretFinder) hide(line string) string {
	secrets := f.find(line, words(line), depth)
	slices.SortFunc(secrets, func(a, b span) int { return a.start - b.start })
	var b strings.Builder
	done := 0
	for _, s := range secrets {
		if s.start >= done {
			b.WriteString(line[done:s.start])
			b.WriteString(redacted)
		}
		done = max(done, s.end)
	}
	if done == 0 {
		return line
	}
	b.WriteString(line[done:])
	return b.String()
}

// depth is how many commands are searched that are an argument of another one.
const depth = 3

// find returns where the secrets are. It looks below the first of levels commands.
func (f *secretFinder) find(line string, all []word, levels int) (secrets []span) {
	var current []command
	for i := 0; i < len(all); i++ {
		w := all[i]
		text := unquote(line, w.span).text
		if separates(text) {
			current = nil
			continue
		}
		if called := f.programsOf(text); called != nil && !slices.ContainsFunc(current, command.expectsWord) {
			current = join(current, called)
			continue
		}
		if inner := quoted(line, w.span); inner.end > 0 && levels > 1 {
			secrets = append(secrets, f.find(line, wordsOf(line, inner.start, inner.end), levels-1)...)
		}
		found, last := step(current, line, all, i)
		secrets = append(secrets, found...)
		i = last
		if endsCommand(line, all[i]) || len(found) > 0 && slices.ContainsFunc(current, command.isOver) {
			current = nil
		}
	}
	return secrets
}

// join adds those commands that a name called and that are not there. The name can
// be a value of those that are: mysql -h net -px.
func join(current, called []command) []command {
	for _, c := range called {
		if !slices.ContainsFunc(current, func(known command) bool { return known.program == c.program }) {
			current = append(current, c)
		}
	}
	return current
}

// step returns the secrets of the commands that begin with the word all[at], and the
// last word that belongs to it.
func step(current []command, line string, all []word, at int) (secrets []span, last int) {
	last = at
	for i := range current {
		secret, end := current[i].next(line, all, at)
		last = max(last, end)
		if secret.end > secret.start {
			secrets = append(secrets, secret)
		}
	}
	return secrets, last
}

// endsCommand reports whether a command ends with a word of a shell.
func endsCommand(line string, w word) bool { return !w.first && line[w.end-1] == ';' }

// programsOf returns the programs whose name, with a path or without, is text.
func (f *secretFinder) programsOf(text string) (called []command) {
	if text == "" || text[0] == '-' || strings.Contains(text, "://") || strings.ContainsAny(text, " \t\n") {
		return nil
	}
	name := strings.TrimLeft(text, "(`$")
	name = name[strings.LastIndexAny(name, `/\`)+1:]
	for i, re := range f.names {
		if re.MatchString(name) {
			called = append(called, command{program: &f.programs[i], ready: f.programs[i].needs == ""})
		}
	}
	return called
}

// separates reports whether a word of a shell ends a command.
func separates(text string) bool {
	return slices.Contains([]string{"|", "||", "&&", "&", ";", "|&"}, text)
}

// command is a program that a command line calls.
type command struct {
	*program
	ready bool // the word that the program needs has come
	count int  // of the words that are neither options nor values
}

// expectsWord reports whether the next word can be a secret, whatever it is.
func (c command) expectsWord() bool {
	return c.ready && c.plain != nil && (c.place == 0 || c.count < c.place)
}

func (c command) isOver() bool { return c.once }

// next returns the secret that begins with the word all[at], or nothing, and the
// last word that belongs to it.
func (c *command) next(line string, all []word, at int) (secret span, last int) {
	w := all[at]
	text := unquote(line, w.span).text
	if !c.ready {
		c.ready = text == c.needs
		return span{}, at
	}
	take, from := c.option(text)
	switch {
	case take == nil:
		return c.word(line, all, at, text)
	case from < len(text):
		return part(line, w.value(), from, take), at
	case at+1 < len(all):
		return part(line, all[at+1].value(), 0, take), at + 1
	}
	return span{}, at
}

// word is next for a word without a secret option.
func (c *command) word(line string, all []word, at int, text string) (secret span, last int) {
	if slices.Contains(c.values, text) {
		return span{}, min(at+1, len(all)-1)
	}
	if !c.expectsWord() || text == "" || text[0] == '-' {
		return span{}, at
	}
	if c.count++; c.count < c.place {
		return span{}, at
	}
	return part(line, all[at].value(), 0, c.plain), at
}

// option returns how to cut the value of a word that is an option with a secret, and
// where in the word that begins: at its end if it is the next word.
func (p *program) option(text string) (take cut, from int) {
	if take := p.options[text]; take != nil {
		return take, len(text)
	}
	if name, value, ok := strings.Cut(text, "="); ok && strings.HasPrefix(text, "--") {
		if value == "" {
			return nil, 0
		}
		return p.options[name], len(name) + 1
	}
	for _, begin := range p.attached {
		if len(text) > len(begin) && strings.HasPrefix(text, begin) {
			return whole, len(begin)
		}
	}
	if len(text) < 2 || text[0] != '-' || p.apart {
		return nil, 0
	}
	letter := 1 + len(text[1:]) - len(strings.TrimLeft(text[1:], p.flags))
	if letter == len(text) {
		return nil, 0
	}
	option := "-" + text[letter:letter+1]
	if slices.Contains(p.attached, option) && letter+1 < len(text) {
		return whole, letter + 1
	}
	return p.options[option], letter + 1
}

// part returns what take cuts from a value, which begins from bytes behind where s
// does.
func part(line string, s span, from int, take cut) span {
	value := unquote(line, s)
	if from >= len(value.text) {
		return span{}
	}
	start, end := take(value.text[from:])
	if start == end {
		return span{}
	}
	return span{value.offset(from + start), value.offset(from+end-1) + 1}
}
