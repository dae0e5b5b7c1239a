package procs

import (
	"errors"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"github.com/influxdata/telegraf"
	"github.com/influxdata/telegraf/testutil"

	"telegraf-sysprobe/plugins/internal/plugintest"
	"telegraf-sysprobe/plugins/internal/proctable"
	"telegraf-sysprobe/sysprobe"
	"telegraf-sysprobe/sysprobe/sysprobetest"
)

// TestCancelledWrites writes a file and removes it before it reaches a disk, which
// is sent by both backends, and in no rate.
func TestCancelledWrites(t *testing.T) {
	t.Setenv("HOST_PROC", "")
	const size = 8 << 20
	for _, backend := range []sysprobe.Backend{sysprobe.BackendProcFS, sysprobe.BackendBPF} {
		t.Run(backend.String(), func(t *testing.T) {
			if backend == sysprobe.BackendBPF {
				sysprobetest.NeedBPF(t)
			}
			p := configured(t, func(p *Procs) {
				p.open = proctable.Opener(sysprobe.Config{Backend: backend}, nil)
				p.Collect, p.GroupBy, p.GroupDetails = []string{"group", "process"}, []string{"user"}, []string{"io"}
				p.MaxProcesses = 100_000
			})
			plugintest.Start(t, p, nil)
			start := time.Now()
			before := ownFields(t, p)
			name := filepath.Join(onDisk(t), "removed")
			if err := errors.Join(os.WriteFile(name, make([]byte, size), 0o600), os.Remove(name)); err != nil {
				t.Fatal(err)
			}
			after := ownFields(t, p)
			grew := func(field string) int64 { return after[field].(int64) - before[field].(int64) } //nolint:forcetypeassert // a panic is a failure
			if grew("disk_write_bytes") < size {
				t.Skipf("needs a directory for temporary files that is on a disk: %s is not", filepath.Dir(name))
			}
			if got := grew("disk_write_cancelled_bytes"); got < size {
				t.Errorf("%d bytes were cancelled, want %d", got, size)
			}
			// The directory is written.
			if rate, _ := after["disk_rate"].(float64); rate*time.Since(start).Seconds() > size/4 {
				t.Errorf("%v bytes reached a disk each second, of %d that were written", rate, size)
			}
		})
	}
}

// onDisk makes a directory that is on a disk where /tmp is none: hier(7) keeps what
// is in /var/tmp when the machine starts again.
func onDisk(t *testing.T) string {
	t.Helper()
	dir, err := os.MkdirTemp("/var/tmp", "sysprobe-test-") //nolint:usetesting // t.TempDir can be in memory
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := os.RemoveAll(dir); err != nil {
			t.Error(err)
		}
	})
	return dir
}

// ownFields gathers the fields of this process.
func ownFields(t *testing.T, p *Procs) map[string]any {
	t.Helper()
	var acc testutil.Accumulator
	if err := p.Gather(&acc); err != nil {
		t.Fatal(err)
	}
	rows := slices.DeleteFunc(acc.GetTelegrafMetrics(), func(m telegraf.Metric) bool { return m.Name() != "procs_process" })
	own := slices.IndexFunc(rows, func(m telegraf.Metric) bool { return m.Fields()["pid"] == int64(os.Getpid()) })
	if own < 0 {
		t.Fatal("procs_process has no row of this process")
	}
	fields := map[string]any{}
	for _, m := range rows { // the gauges and the counters
		if maps.Equal(m.Tags(), rows[own].Tags()) {
			maps.Copy(fields, m.Fields())
		}
	}
	return fields
}
