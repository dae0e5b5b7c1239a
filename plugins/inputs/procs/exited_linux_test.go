package procs

import (
	"os"
	"os/exec"
	"testing"
	"time"

	"github.com/influxdata/telegraf/testutil"

	"telegraf-sysprobe/plugins/internal/plugintest"
	"telegraf-sysprobe/sysprobe"
	"telegraf-sysprobe/sysprobe/sysprobetest"
)

// TestShortLived lets processes begin and exit between two gathers, so that no
// snapshot has a row of them.
func TestShortLived(t *testing.T) {
	sysprobetest.NeedBPF(t)
	p := configured(t, func(p *Procs) {
		p.open = nil // the real one
		p.Collect, p.GroupBy, p.Backend = []string{"group"}, []string{"process_name"}, sysprobe.BackendBPF.String()
		p.MaxGroups = 100_000 // others can run programs too
		p.GroupDetails = []string{"io", "switches"}
		p.MaxGroups = 100_000 // whatever else the machine runs
	})
	var acc testutil.Accumulator
	plugintest.Start(t, p, &acc)
	if err := p.Gather(&acc); err != nil {
		t.Fatal(err)
	}
	const lives = 200
	// The kernel's name of a process is that of the file it executes.
	name := "lives-briefly"
	file := t.TempDir() + "/" + name
	if err := os.Symlink("/bin/true", file); err != nil {
		t.Fatal(err)
	}
	for range lives {
		if err := exec.Command(file).Run(); err != nil {
			t.Fatal(err)
		}
	}
	// The kernel reports an exit a moment after it, and a group without
	// processes is sent only when something is added to it. A kernel that hides
	// its first process from BPF runs no program where a thread of that frees
	// another process, so that a few are missing.
	const want = lives - lives/10
	var short, faults int64
	var cpu float64
	for deadline := time.Now().Add(20 * time.Second); ; time.Sleep(50 * time.Millisecond) {
		acc.ClearMetrics()
		if err := p.Gather(&acc); err != nil {
			t.Fatal(err)
		}
		group := map[string]string{"process_name": name}
		short = max(short, counter(&acc, "procs", nil, "short_lived"))
		faults = max(faults, counter(&acc, "procs_group", group, "minor_faults"))
		system, _ := field(&acc, "procs_group", group, "cpu_time_system").(float64)
		cpu = max(cpu, system)
		if short >= want && faults >= 10*want && cpu > 0 {
			return
		}
		if time.Now().After(deadline) {
			t.Fatalf("%d short lives, %d faults and %v s of CPU time of %s, want those of %d processes", short, faults, cpu, name, lives)
		}
	}
}
