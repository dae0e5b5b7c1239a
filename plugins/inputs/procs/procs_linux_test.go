package procs

import (
	"os"
	"strings"
	"testing"
	"time"

	"github.com/influxdata/telegraf"
	"github.com/influxdata/telegraf/testutil"

	"telegraf-sysprobe/plugins/internal/proctable"
	"telegraf-sysprobe/sysprobe"
)

// TestRealProcesses looks for this test's own process through the real
// backend.
func TestRealProcesses(t *testing.T) {
	t.Setenv("HOST_PROC", "")
	t.Setenv("HOST_ETC", "")
	comm, err := os.ReadFile("/proc/self/comm")
	if err != nil {
		t.Fatal(err)
	}
	p := configured(t, func(p *Procs) {
		p.open = proctable.Opener(sysprobe.BackendAuto, nil)
		everyGroup(p)
		p.Collect = []string{"top", "group", "process"}
		p.TopBy, p.TopCount = topKeyNames(), 1000
		p.MaxGroups, p.MaxProcesses = 100_000, 1_000_000
	})
	if err := p.Init(); err != nil {
		t.Fatal(err)
	}
	if err := p.Start(nil); err != nil {
		t.Fatal(err)
	}
	defer p.Stop()
	sums := sumsChecker{t: t, last: map[string]float64{}}
	gather := func() []telegraf.Metric {
		t.Helper()
		var acc testutil.Accumulator
		if err := p.Gather(&acc); err != nil {
			t.Fatal(err)
		}
		if len(acc.Errors) > 0 {
			t.Errorf("errors: %v", acc.Errors)
		}
		sums.check(acc.GetTelegrafMetrics())
		return acc.GetTelegrafMetrics()
	}
	gather()
	for end := time.Now().Add(100 * time.Millisecond); time.Now().Before(end); {
		_ = os.Getpid() // burns CPU, to have a rank
	}
	metrics := gather()

	var own telegraf.Metric
	for _, m := range metrics {
		if pid, ok := m.GetField("pid"); ok && m.Name() == "procs_process" && pid == int64(os.Getpid()) {
			own = m
		}
	}
	if own == nil {
		t.Fatal("procs_process has no row of this process")
	}
	if name, _ := own.GetTag("process_name"); name != strings.TrimSuffix(string(comm), "\n") {
		t.Errorf("process_name is %q, want %q", name, comm)
	}
	for _, field := range []string{"memory_rss", "memory_usage", "num_fds", "num_threads", "cpu_usage", "created_at"} {
		if value, ok := own.GetField(field); !ok || value == int64(0) || value == 0.0 {
			t.Errorf("%s is %v, want it above zero", field, value)
		}
	}

	ranked := false
	for _, m := range metrics {
		if m.Name() == "procs_top" {
			by, _ := m.GetTag("by")
			pid, _ := m.GetField("pid")
			ranked = ranked || by == "cpu" && pid == int64(os.Getpid())
		}
	}
	if !ranked {
		t.Error("this process burnt CPU but has no rank by cpu")
	}
}
