package decode

import (
	"encoding/binary"
	"unicode/utf16"
)

// UTF16 returns the text of b, which is UTF-16 in little-endian order, as Windows
// writes it on every architecture. Half of a surrogate pair, which Windows allows
// in names, becomes U+FFFD; a last single byte is dropped.
func UTF16(b []byte) string {
	units := make([]uint16, len(b)/2)
	for i := range units {
		units[i] = binary.LittleEndian.Uint16(b[2*i:])
	}
	return string(utf16.Decode(units))
}

// BeforeNUL16 returns what precedes the first NUL of b, which is UTF-16, and
// whether there is one.
func BeforeNUL16(b []byte) (before []byte, found bool) {
	for i := 0; i+1 < len(b); i += 2 {
		if b[i] == 0 && b[i+1] == 0 {
			return b[:i:i], true
		}
	}
	return b, false
}
