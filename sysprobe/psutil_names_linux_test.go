package sysprobe

import (
	"encoding/json"
	"os"
	"os/exec"
	"regexp"
	"strings"
	"testing"

	"telegraf-sysprobe/sysprobe/sysprobetest"
)

// psutilNames prints every public name of psutil and of its Process.
const psutilNames = `import json, psutil
print(json.dumps([n for n in psutil.__all__ if not n.startswith("_") and not n.isupper()]
    + [n for n in dir(psutil.Process) if not n.startswith("_")]))`

// TestPageNamesAllOfPsutil looks for the names in the first column of README.md.
func TestPageNamesAllOfPsutil(t *testing.T) {
	out, err := exec.Command(sysprobetest.NeedPython(t, "psutil"), "-c", psutilNames).Output()
	check(t, err)
	var names []string
	check(t, json.Unmarshal(out, &names))
	page, err := os.ReadFile("README.md")
	check(t, err)
	has := map[string]bool{}
	for line := range strings.Lines(string(page)) {
		if cells := strings.Split(line, "|"); len(cells) > 2 {
			for _, m := range regexp.MustCompile("`([A-Za-z_]+)`").FindAllStringSubmatch(cells[1], -1) {
				has[m[1]] = true
			}
		}
	}
	for _, name := range names {
		if !has[name] {
			t.Errorf("README.md does not say what stands for %s", name)
		}
	}
	if len(names) < 60 {
		t.Errorf("psutil has %d names only", len(names))
	}
}
