package main

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"telegraf-sysprobe/sysprobe/internal/gen/load"
)

// reason is why systems lack features, each separated by spaces. Without systems it is
// why every system lacks them that does.
type reason struct{ features, systems, why string }

// reasons has one for every no of the matrix.
func reasons() []reason {
	return []reason{
		{
			"Process.Connections Process.MemoryMaps Process.OpenFiles Procs.Connections Procs.ConnectionsOf", "darwin netbsd openbsd",
			"the kernel has them in structures of which nothing here has recorded bytes or a second description",
		},
		{"Process.MemoryMaps Process.OpenFiles Process.Threads ReadCPUTimes", "windows", "not written"},
		{"Process.Threads", "netbsd", "its table has no CPU times of threads"},
		{"Process.Threads ReadCPUTimes", "darwin", "Mach calls tell them, and not `sysctl`"},
		{"Process.Limits Process.SetLimit", "darwin openbsd", "a program learns and sets its own limits only"},
		{"Process.Limits Process.SetLimit", "windows", "limits are those of jobs"},
		{"Process.Affinity Process.SetAffinity", "darwin openbsd", "no call says or sets them for another process"},
		{"Process.Affinity Process.SetAffinity", "netbsd", "not written"},
		{"Process.Exe", "openbsd", "the kernel does not tell a path"},
		{"Process.Cwd Process.Environ", "windows", "they are in the memory of the process, which is not read"},
		{"Process.Terminal", "windows", "there are consoles without names"},
		{"Process.SetNice", "windows", "there are priority classes instead: `SetPriority`"},
		{"Process.Priority Process.SetPriority", "", "priority classes are those of Windows"},
		{"Process.IOPriority Process.SetIOPriority", "", "I/O priorities are those of Linux and Windows"},
		{"Process.Footprint Process.Memory", "", "what Linux counts beyond the resident and the virtual size, which every snapshot has"},
		{"Process.Read", "", "it reads proc(5)"},
		{"Exits", "", "a process is freed once no handle to it is open: none waits to be reaped"},
		{"ReadLoad", "", "Windows has no load average"},
		{"Accounting Procs.OpenAccounting", "", "task statistics are Linux's"},
		{"Procs.OriginOf ReadCgroupPIDs", "", "cgroups are Linux's"},
		{"RaisePrivileges ReadSandbox", "", "capabilities and what else confines a program of Linux"},
		{
			"IdentifyNetNS ListNetNS LocalNetNSID MayEnterNetNS NICWatch.Retire NamedNetNS NetNSWatch OpenNetNSWatch", "",
			"network namespaces are Linux's",
		},
	}
}

// lacks reports whether m has a no for a feature on a system: a handle that lacks the
// system says it for its methods.
func (m matrix) lacks(feature, system string) bool {
	if handle, _, isMethod := strings.Cut(feature, "."); isMethod && !slices.Contains(m[handle], system) {
		return false
	}
	return !slices.Contains(m[feature], system)
}

// why is a table of the reasons. It returns an error where a no has none or two, and
// where there is one for what is no no.
func (m matrix) why(all []reason) (string, error) {
	var b strings.Builder
	b.WriteString("\n| what | is missing on | for |\n|---|---|---|\n")
	said := map[string]bool{}
	for _, r := range all {
		systems := map[string]bool{}
		for feature := range strings.FieldsSeq(r.features) {
			for _, system := range load.Systems() {
				if r.systems == "" && !m.lacks(feature, system) || r.systems != "" && !slices.Contains(strings.Fields(r.systems), system) {
					continue
				}
				key := feature + " on " + system
				if _, known := m[feature]; !known || !m.lacks(feature, system) || said[key] {
					return "", fmt.Errorf("a reason too many for %s: %s", key, r.why)
				}
				said[key], systems[system] = true, true
			}
		}
		names := "`" + strings.Join(strings.Fields(r.features), "`, `") + "`"
		fmt.Fprintf(&b, "| %s | %s | %s |\n", names, strings.Join(slices.Sorted(maps.Keys(systems)), ", "), r.why)
	}
	for _, feature := range slices.Sorted(maps.Keys(m)) {
		for _, system := range load.Systems() {
			if key := feature + " on " + system; m.lacks(feature, system) && !said[key] {
				return "", fmt.Errorf("no reason for the lack of %s", key)
			}
		}
	}
	return b.String(), nil
}
