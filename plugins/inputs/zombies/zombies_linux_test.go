package zombies

import (
	"errors"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/influxdata/telegraf"
	"github.com/influxdata/telegraf/plugins/inputs"
	"github.com/influxdata/telegraf/testutil"

	"telegraf-sysprobe/plugins/internal/lineproto"
	"telegraf-sysprobe/plugins/internal/plugintest"
	"telegraf-sysprobe/plugins/internal/proctable"
	"telegraf-sysprobe/sysprobe"
)

// makeZombie starts a child of the test that exits with 7 and returns once it
// is dead. The end of the test reaps it.
func makeZombie(t *testing.T) *exec.Cmd {
	t.Helper()
	cmd := exec.Command("/bin/sh", "-c", "exit 7")
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if cmd.ProcessState == nil {
			t.Log("reaped at the end: ", cmd.Wait())
		}
	})
	stat := filepath.Join("/proc", strconv.Itoa(cmd.Process.Pid), "stat")
	for deadline := time.Now().Add(10 * time.Second); time.Now().Before(deadline); time.Sleep(time.Millisecond) {
		if text, err := os.ReadFile(stat); err == nil && strings.Contains(string(text), ") Z ") {
			return cmd
		}
	}
	t.Fatal("the child did not become a zombie")
	return nil
}

// start returns a plugin that looks at this machine.
func start(t *testing.T) *Zombies {
	t.Helper()
	t.Setenv("HOST_PROC", "")
	t.Setenv("HOST_ETC", "")
	z, ok := inputs.Inputs["zombies"]().(*Zombies)
	if !ok {
		t.Fatal("inputs.zombies is not registered")
	}
	z.Log = testutil.Logger{Name: "zombies"}
	z.MaxParents, z.MaxZombies = 100_000, 1_000_000
	plugintest.Start(t, z, nil)
	return z
}

// TestHoldsNothing looks for what a gather leaves open of processes and cgroups,
// which then could not end for good.
func TestHoldsNothing(t *testing.T) {
	makeZombie(t)
	before := plugintest.Held(t)
	z := start(t)
	z.Cmdline = true
	for range 2 {
		var acc testutil.Accumulator
		if err := acc.GatherError(z.Gather); err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(before, plugintest.Held(t)); diff != "" {
			t.Errorf("open (-before +after a gather):\n%s", diff)
		}
	}
}

// TestRealZombie looks for a zombie of this test through the real backend.
func TestRealZombie(t *testing.T) {
	z := start(t)
	gather := func() []telegraf.Metric {
		t.Helper()
		var acc testutil.Accumulator
		if err := z.Gather(&acc); err != nil {
			t.Fatal(err)
		}
		if len(acc.Errors) > 0 {
			t.Errorf("errors: %v", acc.Errors)
		}
		return acc.GetTelegrafMetrics()
	}
	gather()
	cmd := makeZombie(t)
	self, err := os.ReadFile("/proc/self/comm")
	if err != nil {
		t.Fatal(err)
	}
	gather() // the kernel shows a zombie before it reports the exit
	metrics := gather()
	pid := int64(cmd.Process.Pid)
	t.Run("E17 the parent is named", func(t *testing.T) {
		m := find(metrics, "zombies_parent", "parent_pid", int64(os.Getpid()))
		if m == nil {
			t.Fatal("no row of this test's process")
		}
		want := lineproto.Tag(strings.TrimSuffix(string(self), "\n"))
		if name, _ := m.GetTag("parent_name"); name != want {
			t.Errorf("parent_name is %q, want %q", name, want)
		}
		if count, _ := m.GetField("zombies"); count != int64(1) {
			t.Errorf("zombies is %v, want 1", count)
		}
	})
	t.Run("E02 the zombie is named with its exit code", func(t *testing.T) {
		m := find(metrics, "zombies_process", "pid", pid)
		if m == nil {
			t.Fatal("no row of the zombie")
		}
		for field, want := range map[string]any{
			"ppid": int64(os.Getpid()), "exit_code": int64(7), "exit_signal": int64(0), "core_dumped": false, "age_exact": z.exits != nil,
		} {
			if got, _ := m.GetField(field); got != want {
				t.Errorf("%s is %v, want %v", field, got, want)
			}
		}
		if name, _ := m.GetTag("process_name"); name != "sh" {
			t.Errorf("process_name is %q, want sh", name)
		}
	})
	if err := cmd.Wait(); cmd.ProcessState.ExitCode() != 7 {
		t.Errorf("wait: %v, want exit code 7", err)
	}
	t.Run("E12 gone once it is reaped", func(t *testing.T) {
		if m := find(gather(), "zombies_process", "pid", pid); m != nil {
			t.Errorf("still there: %v", m)
		}
		if z.tracker.Reaped() == 0 {
			t.Error("reaped is 0")
		}
	})
}

// find returns the gauge of a measurement whose field has that value.
func find(metrics []telegraf.Metric, measurement, field string, value int64) telegraf.Metric {
	for _, m := range metrics {
		if got, ok := m.GetField(field); ok && m.Name() == measurement && got == value {
			return m
		}
	}
	return nil
}

func TestStartNamesHostProc(t *testing.T) {
	missing := filepath.Join(t.TempDir(), "proc")
	t.Setenv("HOST_PROC", missing)
	z := configured(t, func(z *Zombies) { z.open = proctable.Opener(sysprobe.Config{}, nil) })
	err := z.Start(nil)
	if !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("Start: %v, want an error that wraps fs.ErrNotExist", err)
	}
	for _, part := range []string{"HOST_PROC", missing} {
		if err == nil || !strings.Contains(err.Error(), part) {
			t.Errorf("Start: %v, want it to name %s", err, part)
		}
	}
}
