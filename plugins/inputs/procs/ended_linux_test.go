package procs

import (
	"os"
	"os/exec"
	"testing"
	"time"

	"github.com/influxdata/telegraf/testutil"

	"telegraf-sysprobe/sysprobe"
)

// TestShortLived lets processes begin and end between two gathers, which no
// sweep has a row of.
func TestShortLived(t *testing.T) {
	if os.Geteuid() != 0 {
		t.Skip("BPF needs root")
	}
	p := configured(t, func(p *Procs) {
		p.open = nil // the real one
		p.Collect, p.GroupBy, p.Backend = []string{"group"}, []string{"process_name"}, sysprobe.BackendBPF.String()
		p.GroupDetails = []string{"io", "switches"}
	})
	if err := p.Init(); err != nil {
		t.Fatal(err)
	}
	var acc testutil.Accumulator
	if err := p.Start(&acc); err != nil {
		t.Fatal(err)
	}
	defer p.Stop()
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
	// The kernel tells of an end a moment after it, and a group without
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

// counter returns an integer field of a metric, 0 where that is not there.
func counter(acc *testutil.Accumulator, measurement string, tags map[string]string, name string) int64 {
	n, _ := field(acc, measurement, tags, name).(int64)
	return n
}

// field returns a field of a metric with those tags, nil where that is not
// there.
func field(acc *testutil.Accumulator, measurement string, tags map[string]string, name string) any {
	for _, m := range acc.GetTelegrafMetrics() {
		matches := m.Name() == measurement
		for key, value := range tags {
			matches = matches && m.Tags()[key] == value
		}
		if value, there := m.GetField(name); matches && there {
			return value
		}
	}
	return nil
}
