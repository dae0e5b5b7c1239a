package decode

import (
	"bytes"
	"testing"
	"unicode/utf8"
)

func TestUTF16(t *testing.T) {
	for _, tt := range []struct {
		name string
		in   []byte
		want string
	}{
		{"nothing", nil, ""},
		{"ASCII", []byte{'e', 0, 't', 0, 'h', 0}, "eth"},
		{"beyond the basic plane", []byte{0x3d, 0xd8, 0x00, 0xde}, "\U0001f600"},
		{"half a pair", []byte{0x3d, 0xd8, 'x', 0}, "\ufffdx"},
		{"an odd byte", []byte{'e', 0, 't'}, "e"},
	} {
		if got := UTF16(tt.in); got != tt.want {
			t.Errorf("%s: %q, want %q", tt.name, got, tt.want)
		}
	}
}

func TestBeforeNUL16(t *testing.T) {
	for _, tt := range []struct {
		name, in, want string
		found          bool
	}{
		{"nothing", "", "", false},
		{"ends", "a\x00b\x00\x00\x00c\x00", "a\x00b\x00", true},
		{"no end", "a\x00b\x00", "a\x00b\x00", false},
		{"zero bytes of two units", "\x01\x00\x00\x01\x00\x00", "\x01\x00\x00\x01", true},
		{"half an end", "a\x00\x00", "a\x00\x00", false},
	} {
		got, found := BeforeNUL16([]byte(tt.in))
		if string(got) != tt.want || found != tt.found {
			t.Errorf("%s: %q, %v, want %q, %v", tt.name, got, found, tt.want, tt.found)
		}
	}
}

func FuzzUTF16(f *testing.F) {
	f.Add([]byte("e\x00t\x00h\x00\x00\x00"))
	f.Add([]byte{0x3d, 0xd8})
	f.Fuzz(func(t *testing.T, b []byte) {
		before, found := BeforeNUL16(b)
		if !bytes.HasPrefix(b, before) || found && len(before)+2 > len(b) {
			t.Errorf("%q before NUL is %q", b, before)
		}
		if text := UTF16(before); !utf8.ValidString(text) || found && bytes.ContainsRune([]byte(text), 0) {
			t.Errorf("%q is %q", b, text)
		}
	})
}
