package sysprobe

import (
	"encoding/json"
	"fmt"
	"math"
	"os/exec"
	"testing"

	"github.com/google/go-cmp/cmp"

	"telegraf-sysprobe/sysprobe/sysprobetest"
)

// psutilHostScript prints numbers of the machine for each line that it reads, by name.
const psutilHostScript = `import json, psutil, sys
for line in sys.stdin:
    m, s = psutil.virtual_memory(), psutil.swap_memory()
    print(json.dumps(dict(
        total=m.total, available=m.available, free=m.free, buffers=m.buffers, cached=m.cached, shared=m.shared, slab=m.slab,
        active=m.active, inactive=m.inactive, percent=m.percent, swap_total=s.total, swap_used=s.used, swap_free=s.free,
        swap_percent=s.percent, sin=s.sin, sout=s.sout,
        cpus=psutil.cpu_count(), cores=psutil.cpu_count(logical=False))), flush=True)
`

// hostAsPsutil returns the same numbers of ours. What is used of the memory is not among
// them: releases of psutil count that in two ways, of which [HostMemory.Used] is the
// later one, and that of percent in all.
func hostAsPsutil(t *testing.T) map[string]float64 {
	t.Helper()
	m, err := ReadMemory(nil)
	check(t, err)
	cpus, err := ReadCPUs(nil)
	check(t, err)
	tenths := func(percent float64) float64 { return math.Round(percent*10) / 10 }
	return map[string]float64{
		"total": float64(m.Total), "available": float64(m.Available), "free": float64(m.Free), "buffers": float64(m.Buffers.Or(0)),
		"cached": float64(m.Cached.Or(0)), "shared": float64(m.Shared.Or(0)), "slab": float64(m.Slab.Or(0)),
		"active": float64(m.Active.Or(0)), "inactive": float64(m.Inactive.Or(0)), "percent": tenths(m.UsedPercent()),
		"swap_total": float64(m.SwapTotal.Or(0)), "swap_used": float64(m.SwapUsed().Or(0)), "swap_free": float64(m.SwapFree.Or(0)),
		"swap_percent": tenths(m.SwapPercent().Or(-1)), "sin": float64(m.SwappedIn.Or(0)), "sout": float64(m.SwappedOut.Or(0)),
		"cpus": float64(cpus.Logical.Or(0)), "cores": float64(cpus.Cores.Or(0)),
	}
}

// TestHostOracle reads memory, swap and processors between two answers of psutil, again
// and again until each number was between theirs once: memory moves both ways meanwhile.
func TestHostOracle(t *testing.T) {
	cmd := exec.Command(sysprobetest.NeedPython(t, "psutil"), "-c", psutilHostScript)
	stdin, stdout := piped(t, cmd)
	start(t, cmd)
	answers := json.NewDecoder(stdout)
	ask := func() (a map[string]*float64) {
		t.Helper()
		_, err := fmt.Fprintln(stdin)
		check(t, err)
		check(t, answers.Decode(&a))
		return a
	}
	agreed := map[string]bool{}
	sysprobetest.Eventually(t, func() string {
		before, ours, after := ask(), hostAsPsutil(t), ask()
		if len(ours) != len(before) {
			return fmt.Sprintf("%d numbers, psutil has %d", len(ours), len(before))
		}
		apart := ""
		for name, value := range ours {
			if before[name] == nil { // cores: no machine that says them
				agreed[name] = value == 0
				continue
			}
			low, high := min(*before[name], *after[name]), max(*before[name], *after[name])
			agreed[name] = agreed[name] || low <= value && value <= high
			if !agreed[name] {
				apart += fmt.Sprintf("%s is %v, psutil's %v and then %v\n", name, value, *before[name], *after[name])
			}
		}
		return apart
	})
}

// TestHostPercentOracle has psutil and us read the same two files, in which processors
// were busy, idle, waited for disks, ran virtual machines, and ran backwards. Of one that
// did nothing, not even idle, psutil says 0, and ours is absent.
func TestHostPercentOracle(t *testing.T) {
	python := sysprobetest.NeedPython(t, "psutil")
	tree := sysprobetest.NewProcTree(t)
	files := [...]string{
		"cpu  400 40 400 4000 400 40 40 40 40 4\ncpu0 100 10 100 1000 100 10 10 10 10 1\ncpu1 100 10 100 1000 100 10 10 10 10 1\n" +
			"cpu2 100 10 100 1000 100 10 10 10 10 1\ncpu3 100 10 100 1000 100 10 10 10 10 1\n",
		"cpu  443 43 415 4150 465 43 42 44 60 5\ncpu0 110 11 105 1030 170 12 11 12 20 2\ncpu1 133 12 110 1017 100 11 11 12 20 1\n" +
			"cpu2 100 10 100 1103 95 10 10 10 10 1\ncpu3 100 10 100 1000 100 10 10 10 10 1\n",
	}
	var times [2]HostCPUTimes
	for i, file := range files {
		tree.Write("stat", file)
		var err error
		times[i], err = ReadCPUTimes(&Config{ProcRoot: tree.Root})
		check(t, err)
	}
	got := []float64{times[1].All.PercentSince(times[0].All).Or(-1)}
	for i := range times[1].Each {
		got = append(got, times[1].Each[i].PercentSince(times[0].Each[i].CPUTimes).Or(0))
	}
	for i := range got {
		got[i] = math.Round(got[i]*10) / 10
	}
	tree.Write("before/stat", files[0])
	out, err := exec.Command(python, "-c", `import json, psutil, sys
answers = []
for root in sys.argv[1:]:
    psutil.PROCFS_PATH = root
    answers = [psutil.cpu_percent()] + psutil.cpu_percent(percpu=True)
print(json.dumps(answers))`, tree.Root+"/before", tree.Root).Output()
	check(t, err)
	var want []float64
	check(t, json.Unmarshal(out, &want))
	if diff := cmp.Diff(want, got); diff != "" || len(want) != 5 {
		t.Errorf("percentages of all and of each (-psutil +got):\n%s", diff)
	}
}
