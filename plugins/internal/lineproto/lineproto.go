// Package lineproto makes text of any bytes fit for InfluxDB line protocol.
//
// The kernel takes nearly any byte in the name of a process or an interface.
// Line protocol is UTF-8, drops empty tags, ends at a newline, and has no way
// to write a tag that ends in a backslash.
//
// A name is written as Tag returns it, in tags and in fields: what is one name to
// the kernel is one text to a database, which can then join them. Free text, which
// is never a tag, is written as Field returns it.
package lineproto

import (
	"strings"
	"unicode"
	"unicode/utf8"
)

// empty is what Tag makes of no text: NUL is the one byte that no name has.
const empty = "%00"

// Tag returns a name as a tag value, or as a field whose values are names. What line protocol cannot carry (control
// characters, backslashes, bytes that are not UTF-8) and the percent sign
// itself become %XX, as in RFC 3986, so that different names stay different
// series and net/url.PathUnescape gives the bytes back. No text becomes %00,
// since InfluxDB would take a point without the tag for another series.
func Tag(text string) string {
	if text == "" {
		return empty
	}
	clean := true
	for _, r := range text {
		if escaped(r) {
			clean = false
			break
		}
	}
	if clean {
		return text
	}
	var b strings.Builder
	for i := 0; i < len(text); {
		r, size := utf8.DecodeRuneInString(text[i:])
		if size == 1 && escaped(r) || unicode.IsControl(r) {
			for _, octet := range []byte(text[i : i+size]) {
				writeEscape(&b, octet)
			}
		} else {
			b.WriteString(text[i : i+size])
		}
		i += size
	}
	return b.String()
}

// escaped reports whether r needs more than what the serialiser does. An
// invalid byte decodes as RuneError, as a literal U+FFFD does: the size, which the
// caller has, distinguishes them.
func escaped(r rune) bool {
	return r == '%' || r == '\\' || r == utf8.RuneError || unicode.IsControl(r)
}

// writeEscape appends octet as %XX.
func writeEscape(b *strings.Builder, octet byte) {
	const digits = "0123456789ABCDEF"
	b.WriteByte('%')
	b.WriteByte(digits[octet>>4])
	b.WriteByte(digits[octet&0xf])
}

// Field returns free text as a string field. Line protocol quotes everything there,
// so only bytes that are not UTF-8 change, to U+FFFD.
func Field(text string) string { return strings.ToValidUTF8(text, "\uFFFD") }
