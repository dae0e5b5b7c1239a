package all

import (
	"maps"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// sections returns the parts of a file below headings of the second level, by heading.
func sections(t *testing.T, name ...string) map[string]string {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(name...))
	if err != nil {
		t.Fatal(err)
	}
	found := map[string]string{}
	for _, part := range strings.Split(string(text), "\n## ")[1:] {
		heading, rest, _ := strings.Cut(part, "\n")
		found[heading] = rest
	}
	return found
}

// names returns the tags and fields that a section of FIELDS.md lists, and which of
// them are texts.
func names(section string) map[string]bool {
	all := map[string]bool{}
	for line := range strings.Lines(section) {
		if tags, ok := strings.CutPrefix(strings.TrimSpace(line), "Tags: "); ok && tags != "none" {
			for tag := range strings.SplitSeq(tags, ", ") {
				all[strings.Trim(tag, "[]")] = true
			}
		}
		if cells := strings.Split(line, " | "); strings.HasPrefix(line, "| ") && cells[0] != "| field" {
			all[strings.TrimPrefix(cells[0], "| ")] = cells[1] == "string"
		}
	}
	return all
}

// TestPrivacyPage compares PRIVACY.md with every tag and field of every measurement:
// FIELDS.md of each input is made from the metrics of the tests that walk all options.
func TestPrivacyPage(t *testing.T) {
	page := sections(t, "..", "..", "PRIVACY.md")
	files, err := filepath.Glob(filepath.Join("..", "*", "FIELDS.md"))
	if err != nil || len(files) != 4 {
		t.Fatalf("%q, %v, want four files", files, err)
	}
	quoted := regexp.MustCompile("`([a-z0-9_]+)`")
	for _, file := range files {
		for measurement, section := range sections(t, file) {
			texts, numbers, _ := strings.Cut(page[measurement], "- numbers and booleans:")
			listed := map[string]bool{}
			for _, text := range []string{texts, numbers} {
				for item := range strings.SplitSeq(text, "\n- ") {
					_, list, _ := strings.Cut(": "+item, ": ")
					if _, after, ok := strings.Cut(list, ": "); ok {
						list = after
					}
					for _, name := range quoted.FindAllStringSubmatch(list, -1) {
						listed[name[1]] = text == texts
					}
				}
			}
			want := names(section)
			for _, name := range slices.Sorted(maps.Keys(want)) {
				if isText, ok := listed[name]; !ok || isText != want[name] {
					t.Errorf("PRIVACY.md: %s: %s is missing, or is not listed as what it is (a text: %v)", measurement, name, want[name])
				}
				delete(listed, name)
			}
			for name := range listed {
				t.Errorf("PRIVACY.md: %s lists %s, which no input sends", measurement, name)
			}
			if len(want) == 0 {
				t.Errorf("%s lists nothing of %s", file, measurement)
			}
		}
	}
}
