package options

import "testing"

func TestGlobsMatch(t *testing.T) {
	for _, tt := range []struct {
		name             string
		include, exclude []string
		text             string
		want             bool
	}{
		{"no glob", nil, nil, "a", true},
		{"included", []string{"x", "a*"}, nil, "abc", true},
		{"not included", []string{"x", "a*"}, nil, "b", false},
		{"excluded", nil, []string{"a?"}, "ab", false},
		{"included and excluded", []string{"a*"}, []string{"ab"}, "ab", false},
		{"a comma is a comma", []string{"a,b*", "c"}, nil, "a,bc", true},
		{"a comma divides nothing", []string{"a,b*", "c"}, nil, "a", false},
		{"bytes that are not UTF-8", []string{"a*"}, nil, "a\xff", true},
		{"newline", []string{"a*c"}, nil, "a\nc", true},
		{"nothing", []string{"?*"}, nil, "", false},
	} {
		t.Run(tt.name, func(t *testing.T) {
			globs, err := NewGlobs("name", tt.include, tt.exclude)
			if err != nil {
				t.Fatal(err)
			}
			if got := globs.Match(tt.text); got != tt.want {
				t.Errorf("Match(%q) = %t, want %t", tt.text, got, tt.want)
			}
		})
	}
}

// TestEscapesOfSystemd wants a pattern of a unit to mean the same with a wildcard
// and without.
func TestEscapesOfSystemd(t *testing.T) {
	for _, tt := range []struct {
		glob, text string
		want       bool
	}{
		{`dev-disk-by\x2duuid-a.device`, `dev-disk-by\x2duuid-a.device`, true},
		{`dev-disk-by\x2duuid-*.device`, `dev-disk-by\x2duuid-a.device`, true},
		{`dev-disk-by\\x2duuid-*.device`, `dev-disk-by\x2duuid-a.device`, true},
		{`dev-disk-by\x2duuid-*.device`, `dev-disk-byx2duuid-a.device`, false},
		{`{dev,run}-\x2d*`, `run-\x2dx`, true},
		{`a\*\x2D?`, `a*\x2Db`, true},
		{`a\xyz*`, `axyz1`, true},
	} {
		matches, err := Matcher("unit", []string{tt.glob})
		if err != nil {
			if tt.want {
				t.Errorf("%s: %v", tt.glob, err)
			}
			continue
		}
		if got := matches(tt.text); got != tt.want {
			t.Errorf("%s and %s: %t", tt.glob, tt.text, got)
		}
	}
}
