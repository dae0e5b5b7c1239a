package sysprobe

import (
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"telegraf-sysprobe/sysprobe/sysprobetest"
)

// psutilNames prints every public name of psutil and of its Process.
const psutilNames = `import json, psutil
print(json.dumps([n for n in psutil.__all__ if not n.startswith("_") and not n.isupper()]
    + [n for n in dir(psutil.Process) if not n.startswith("_")]))`

// namesOnPage returns the names in the first column of the tables of README.md, and
// whether this package has something for each.
func namesOnPage(t *testing.T) map[string]bool {
	t.Helper()
	page, err := os.ReadFile("README.md")
	check(t, err)
	names, _, _ := strings.Cut(string(page), "## What each call costs")
	has := map[string]bool{}
	for line := range strings.Lines(names) {
		if cells := strings.Split(line, "|"); len(cells) > 2 {
			for _, m := range regexp.MustCompile("`([A-Za-z_]+)`").FindAllStringSubmatch(cells[1], -1) {
				has[m[1]] = has[m[1]] || strings.TrimSpace(cells[2]) != "-"
			}
		}
	}
	return has
}

// TestPageNamesAllOfPsutil looks for the names in the first column of README.md.
func TestPageNamesAllOfPsutil(t *testing.T) {
	out, err := exec.Command(sysprobetest.NeedPython(t, "psutil"), "-c", psutilNames).Output()
	check(t, err)
	var names []string
	check(t, json.Unmarshal(out, &names))
	has := namesOnPage(t)
	for _, name := range names {
		if _, ok := has[name]; !ok {
			t.Errorf("README.md does not say what stands for %s", name)
		}
	}
	if len(names) < 60 {
		t.Errorf("psutil has %d names only", len(names))
	}
}

// psutilOracles are the tests that compare what this package has for each name of psutil
// with what psutil says, or for a name that is not a value, show the same.
var psutilOracles = map[string]string{
	"TestNICsAgreeWithPsutil":     "net_if_addrs net_if_stats",
	"TestSteadyCountersOracle":    "net_io_counters",
	"TestConnectionsOracle":       "net_connections",
	"TestHostTimesOracle":         "pids process_iter boot_time cpu_times getloadavg",
	"TestHostOracle":              "virtual_memory swap_memory cpu_count",
	"TestHostPercentOracle":       "cpu_percent cpu_times_percent",
	"TestProcessCPUTimesOracle":   "cpu_percent",
	"TestSessionsOracle":          "users",
	"TestControlAgreesWithPsutil": "send_signal suspend resume terminate kill nice ionice rlimit cpu_affinity",
	"TestWaitAgreesWithPsutil":    "wait wait_procs TimeoutExpired",
	"TestReadOracle":              "oneshot as_dict",
	"TestProcessMemoryOracle":     "memory_info_ex memory_full_info",
	"TestZooAgreesWithPsutil": "Process pid pid_exists name ppid parent parents children status create_time username uids gids terminal exe " +
		"cmdline cwd environ cpu_num cpu_times memory_info memory_footprint memory_percent memory_maps io_counters num_ctx_switches num_fds " +
		"num_threads threads open_files connections is_running NoSuchProcess ZombieProcess AccessDenied",
	"TestErrorFamily":    "Error",       // whose subclasses the zoo raises
	"TestBackendsAgree":  "page_faults", // of psutil 8, not here: the kernel's BPF compares
	"TestProcsOfWindows": "num_handles", // of Windows, whose psutil is not here
}

// TestNamesHaveOracles checks that each name of the page for which there is something
// here is compared with psutil's by a test that exists.
func TestNamesHaveOracles(t *testing.T) {
	files, err := filepath.Glob("*_test.go")
	check(t, err)
	var sources strings.Builder
	for _, file := range files {
		b, err := os.ReadFile(file)
		check(t, err)
		sources.Write(b)
	}
	compared := map[string]bool{}
	for test, names := range psutilOracles {
		if !strings.Contains(sources.String(), "func "+test+"(t *testing.T)") {
			t.Errorf("there is no %s", test)
		}
		for name := range strings.FieldsSeq(names) {
			compared[name] = true
		}
	}
	page := namesOnPage(t)
	for name, here := range page {
		if here && !compared[name] && strings.ToUpper(name) != name {
			t.Errorf("nothing compares %s with psutil's", name)
		}
	}
	for name := range compared {
		if _, ok := page[name]; !ok {
			t.Errorf("%s is not on the page", name)
		}
	}
}
