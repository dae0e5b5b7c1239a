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
