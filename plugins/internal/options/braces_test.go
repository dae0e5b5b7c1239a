package options

import (
	"errors"
	"strconv"
	"strings"
	"testing"
)

func TestGlobsWithBraces(t *testing.T) {
	for _, tt := range []struct {
		glob    string
		matches string // texts
		not     string
	}{
		{"d{0,1}", "d0 d1", "d d2 d{0,1}"},
		{"{lo,docker0}", "lo docker0", "l {lo,docker0}"},
		{"d{0,1}*", "d0 d1x", "d2"},
		{"{docker*,*lan.*.*}", "docker0 br-lan.1.5", "br-lan.1"},
		{"{a,b{c,d}e}f", "af bcef bdef", "bf bef"},
		{"{a}", "a", "{a}"},
		{"x{,y}", "x xy", "y"},
		{`a\{b`, "a{b", `a\{b`},
		{`{a\,b,c}`, "a,b c", "a b"},
		{`a\{b*`, "a{bc", "ab"},
		{"[{]x", "{x", "x"},
		{"a}", "a}", "a"},
		{`\^a\$`, "^a$", "a"},
		{`dev-disk-by\x2duuid.swap`, `dev-disk-by\x2duuid.swap`, "dev"},
	} {
		matches, err := Matcher("name_include", []string{tt.glob})
		if err != nil {
			t.Errorf("%s: %v", tt.glob, err)
			continue
		}
		for text := range strings.FieldsSeq(tt.matches) {
			if !matches(text) {
				t.Errorf("%s does not match %s", tt.glob, text)
			}
		}
		for text := range strings.FieldsSeq(tt.not) {
			if matches(text) {
				t.Errorf("%s matches %s", tt.glob, text)
			}
		}
	}
}

func TestBadGlobs(t *testing.T) {
	for glob, want := range map[string]string{
		"d{0":                       "close it",
		"d{0*":                      "close it",
		"{a,{b}":                    "close it",
		"^eth.*":                    "regular expression",
		"eth0$":                     "regular expression",
		".*":                        "regular expression",
		"(eth0|lo)":                 "regular expression",
		"lo|eth0":                   "regular expression",
		"eth[0-9]+":                 "regular expression",
		`eth\d`:                     "regular expression",
		"(eth)+":                    "regular expression",
		"[a":                        "close the brackets",
		strings.Repeat("{a,b}", 10): "fewer",
	} {
		_, err := NewGlobs("name", []string{glob}, nil)
		if err == nil || !strings.Contains(err.Error(), want) || !strings.Contains(err.Error(), "name_include") {
			t.Errorf("%s: %v, want an error with %q", glob, err, want)
		}
	}
	if _, err := expand("{"); !errors.Is(err, errOpenBrace) {
		t.Errorf("{: %v", err)
	}
}

func TestVocabulary(t *testing.T) {
	words := []string{"global", "link", "17"}
	if err := Vocabulary("scope_include", []string{"global", "l*", "{link,x}", "17"}, words, words[:2]); err != nil {
		t.Error(err)
	}
	for _, glob := range []string{"Global", "universe", "x*"} {
		err := Vocabulary("scope_include", []string{glob}, words, words[:2])
		if err == nil || !strings.Contains(err.Error(), `"global", "link"`) || strings.Contains(err.Error(), "17") {
			t.Errorf("%s: %v, want an error that lists the words", glob, err)
		}
	}
}

// TestRegexpHint tells regular expressions from globs that look odd.
func TestRegexpHint(t *testing.T) {
	for _, pattern := range []string{"eth.*", ".*bash", "e.+", "(a)*"} {
		if hint := RegexpHint([]string{"lo", pattern}); !strings.Contains(hint, strconv.Quote(pattern)) {
			t.Errorf("%q: %q", pattern, hint)
		}
	}
	for _, pattern := range []string{"eth*", "{lo,eth?}", "(sd-pam)", "c++", "a.b", "kworker/0:1+*", `\*`, "[a-z]*", `a\|b`, `b\$`} {
		if hint := RegexpHint([]string{pattern}); hint != "" {
			t.Errorf("%q: %q", pattern, hint)
		}
		if _, err := NewGlobs("name", []string{pattern}, nil); err != nil {
			t.Error(err)
		}
	}
}
