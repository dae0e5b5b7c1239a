package proctable

import "strings"

// span is a part of a command line.
type span struct{ start, end int }

// word is what blanks and NULs divide.
type word struct {
	span
	// argument is where the argument ends that the word is in, and first says that
	// the word begins it.
	argument int
	first    bool
}

// value is the part of a command line that belongs to a value that begins with
// this word.
func (w word) value() span {
	if w.first { // an argument of its own, which can have blanks
		return span{w.start, w.argument}
	}
	return w.span
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
			all = append(all, word{span{begin, i}, end, begin == start})
			begin = -1
		} else if !blank && begin < 0 {
			begin = i
		}
	}
	return all
}

// quoted returns what is between the quotes of a word that has blanks there, which
// can be a command; nothing of another word.
func quoted(line string, s span) span {
	text := line[s.start:s.end]
	if len(text) > 2 && isQuote(text[0]) && text[len(text)-1] == text[0] && strings.ContainsAny(text, " \t\n") {
		return span{s.start + 1, s.end - 1}
	}
	return span{}
}

func isQuote(c byte) bool { return c == '\'' || c == '"' }

// unquoted is a part of a command line without the quotes of a shell.
type unquoted struct {
	text  string
	start int
	at    []int // where in the command line each byte is, nil where there are no quotes
}

// offset is where in the command line a byte of the text is.
func (u unquoted) offset(i int) int {
	if u.at == nil {
		return u.start + i
	}
	return u.at[i]
}

func unquote(line string, s span) unquoted {
	text := line[s.start:s.end]
	if !strings.ContainsAny(text, `'"`) {
		return unquoted{text: text, start: s.start}
	}
	u := unquoted{at: make([]int, 0, len(text))}
	var b strings.Builder
	for i := range len(text) {
		escapes := text[i] == '\\' && i+1 < len(text) && isQuote(text[i+1])
		if isQuote(text[i]) || escapes {
			continue
		}
		b.WriteByte(text[i])
		u.at = append(u.at, s.start+i)
	}
	u.text = b.String()
	return u
}
