package sysprobe

// interner keeps one copy of each string, so that the names of interfaces are
// allocated once and not in every snapshot.
type interner map[string]string

// internerLimit is the number of strings at which an interner starts anew, for
// machines on which interfaces come and go under ever new names.
const internerLimit = 1 << 14

// text returns b as a string.
func (in interner) text(b []byte) string {
	return in.textBy(b, func(b []byte) string { return string(b) })
}

// textBy returns the text that decode makes of b. An interner has the texts of one
// decode only.
func (in interner) textBy(b []byte, decode func([]byte) string) string {
	if len(b) == 0 {
		return ""
	}
	s, ok := in[string(b)] // does not allocate
	if ok {
		return s
	}
	if len(in) >= internerLimit {
		clear(in)
	}
	s = decode(b)
	in[string(b)] = s
	return s
}
