package sysprobe

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
)

// enumText returns the name of v, or its number where names has none.
func enumText[T ~uint8 | ~uint16](v T, names []string) string {
	if int(v) < len(names) && names[v] != "" {
		return names[v]
	}
	return strconv.Itoa(int(v))
}

// enumParse is the inverse of enumText; kind is the name of T. It returns an
// error for any other text, and leaves v alone.
func enumParse[T ~uint8 | ~uint16](v *T, names []string, kind string, text []byte) error {
	for i, name := range names {
		if name != "" && name == string(text) {
			*v = T(i)
			return nil
		}
	}
	n, err := strconv.ParseUint(string(text), 10, 16)
	if err != nil || uint64(T(n)) != n {
		return fmt.Errorf("unknown %s %q", kind, text)
	}
	*v = T(n)
	return nil
}

// sparseText is enumText for values too far apart for a slice.
func sparseText[T ~uint8 | ~uint16](v T, names map[T]string) string {
	if name := names[v]; name != "" {
		return name
	}
	return enumText(v, nil)
}

// sparseParse is the inverse of sparseText.
func sparseParse[T ~uint8 | ~uint16](v *T, names map[T]string, kind string, text []byte) error {
	for value, name := range names {
		if name == string(text) {
			*v = value
			return nil
		}
	}
	return enumParse(v, nil, kind, text)
}

// flagText joins the names of the bits of f; bits without a name come last,
// together, in hexadecimal.
func flagText[T ~uint32](f T, names []string) string {
	var memory [128]byte
	b, rest := memory[:0], f
	for i, name := range names {
		if f&(1<<i) != 0 && name != "" {
			b = append(append(b, name...), ',')
			rest &^= 1 << i
		}
	}
	if rest != 0 {
		b = append(strconv.AppendUint(append(b, "0x"...), uint64(rest), 16), ',')
	}
	return string(b[:max(0, len(b)-1)])
}

// flagParse is the inverse of flagText; kind is the name of T. It returns an
// error for any other text, and leaves v alone.
func flagParse[T ~uint32](v *T, names []string, kind string, text []byte) error {
	var flags T
	for word := range strings.SplitSeq(string(text), ",") {
		if i := slices.Index(names, word); i >= 0 && word != "" {
			flags |= 1 << i
			continue
		}
		digits, isNumber := strings.CutPrefix(word, "0x")
		rest, err := strconv.ParseUint(digits, 16, 32)
		if len(text) > 0 && (!isNumber || err != nil) {
			return fmt.Errorf("unknown %s %q", kind, text)
		}
		flags |= T(rest)
	}
	*v = flags
	return nil
}
