package lineproto

import (
	"net/url"
	"testing"
	"unicode/utf8"
)

func TestTag(t *testing.T) {
	for _, tt := range []struct{ name, in, want string }{
		{"plain", "kworker/0:1", "kworker/0:1"},
		{"empty", "", "%00"},
		{"separators are left to the serialiser", ` a,b=c "d`, ` a,b=c "d`},
		{"newline", "a\nb", "a%0Ab"},
		{"trailing backslash", `a\`, "a%5C"},
		{"percent", "100%", "100%25"},
		{"invalid UTF-8", "\xff\xfe\x80", "%FF%FE%80"},
		{"UTF-8", "é", "é"},
		{"C1 control", "\u0085", "%C2%85"},
		{"replacement character is not an invalid byte", "\uFFFD\xff", "\uFFFD%FF"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			if got := Tag(tt.in); got != tt.want {
				t.Errorf("Tag(%q) = %q, want %q", tt.in, got, tt.want)
			}
		})
	}
}

func TestField(t *testing.T) {
	if got, want := Field("a\xffb\n\\"), "a\uFFFDb\n\\"; got != want {
		t.Errorf("Field = %q, want %q", got, want)
	}
}

// FuzzTag checks that a tag is UTF-8 without control characters and that the
// bytes come back.
func FuzzTag(f *testing.F) {
	for _, s := range []string{"", "a b", "\xff", "%00", "a\\", "\n"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, in string) {
		out := Tag(in)
		if !utf8.ValidString(out) || out == "" || out[len(out)-1] == '\\' {
			t.Fatalf("Tag(%q) = %q, which line protocol cannot carry", in, out)
		}
		if in == "" {
			return
		}
		if back, err := url.PathUnescape(out); err != nil || back != in {
			t.Fatalf("Tag(%q) = %q comes back as %q, %v", in, out, back, err)
		}
	})
}
