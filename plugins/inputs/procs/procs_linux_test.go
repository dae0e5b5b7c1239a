package procs

import (
	"errors"
	"fmt"
	"io/fs"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/influxdata/telegraf"
	"github.com/influxdata/telegraf/testutil"

	"telegraf-sysprobe/plugins/internal/plugintest"
	"telegraf-sysprobe/plugins/internal/proctable"
	"telegraf-sysprobe/sysprobe"
)

// TestHoldsNothing looks for what a gather leaves open of processes and cgroups,
// which then could not end for good.
func TestHoldsNothing(t *testing.T) {
	t.Setenv("HOST_PROC", "")
	before := plugintest.Held(t)
	p := configured(t, func(p *Procs) {
		p.open = proctable.Opener(sysprobe.Config{}, nil)
		everyGroup(p)
		p.Collect = []string{"top", "group", "process"}
		p.TopBy = topKeyNames()
		p.MaxGroups, p.MaxProcesses = 100_000, 1_000_000
	})
	plugintest.Start(t, p, nil)
	for range 2 {
		var acc testutil.Accumulator
		if err := p.Gather(&acc); err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(before, plugintest.Held(t)); diff != "" {
			t.Errorf("open (-before +after a gather):\n%s", diff)
		}
	}
}

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
		p.open = proctable.Opener(sysprobe.Config{}, nil)
		everyGroup(p)
		p.Collect = []string{"top", "group", "process"}
		p.TopBy, p.TopCount = topKeyNames(), 1000
		p.MaxGroups, p.MaxProcesses = 100_000, 1_000_000
	})
	plugintest.Start(t, p, nil)
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
	for _, field := range []string{"memory_rss", "memory_anon", "memory_usage", "num_fds", "fd_limit", "fd_usage", "num_threads", "cpu_usage", "created_at"} {
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

// TestRealSelections starts a shell with a child, which have a listening socket,
// and finds both by their properties, which it compares.
func TestRealSelections(t *testing.T) {
	t.Setenv("HOST_PROC", "")
	own := fmt.Sprint("sysprobe-test-", os.Getpid()) // others might run this test meanwhile
	shell := exec.Command("/bin/sh", "-c", "sleep 1000 & echo $!; wait", own, "--password=hunter2")
	shell.Dir = "/"
	shell.Env = []string{"SECRET_NAME=hidden"}
	listener, err := net.ListenTCP("tcp", &net.TCPAddr{IP: net.IPv4(127, 0, 0, 1)})
	if err != nil {
		t.Fatal(err)
	}
	defer listener.Close() //nolint:errcheck // of a test
	socket, err := listener.File()
	if err != nil {
		t.Fatal(err)
	}
	defer socket.Close()
	shell.ExtraFiles = []*os.File{socket}
	out, err := shell.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := shell.Start(); err != nil {
		t.Fatal(err)
	}
	var child int
	if _, err := fmt.Fscan(out, &child); err != nil {
		t.Fatal(err)
	}
	defer func() {
		for _, pid := range []int{child, shell.Process.Pid} {
			if err := syscall.Kill(pid, syscall.SIGKILL); err != nil {
				t.Error(err)
			}
		}
		shell.Wait() //nolint:errcheck // it was killed
	}()

	for _, backend := range []sysprobe.Backend{sysprobe.BackendAuto, sysprobe.BackendProcFS} {
		t.Run(backend.String(), func(t *testing.T) {
			p := configured(t, func(p *Procs) {
				p.open = proctable.Opener(sysprobe.Config{Backend: backend}, nil)
				p.Collect, p.Properties, p.TagWith = []string{"process"}, propertyNames(), []string{"pid"}
				p.Select = []Condition{{As: "shell", Cmdline: []string{own + ` --password=hunter2$`}, Exe: []string{"/*"}, Children: -1}}
			})
			plugintest.Start(t, p, nil)
			var acc testutil.Accumulator
			if err := p.Gather(&acc); err != nil {
				t.Fatal(err)
			}
			rows := map[string]map[string]any{} // by PID
			for _, m := range acc.GetTelegrafMetrics() {
				if pid, ok := m.GetTag("pid_tag"); ok && m.Type() == telegraf.Gauge {
					rows[pid] = m.Fields()
				}
			}
			if len(rows) != 2 {
				t.Fatalf("%d processes selected, want 2: %v", len(rows), rows)
			}
			checkShell(t, own, rows[strconv.Itoa(shell.Process.Pid)])
			row := rows[strconv.Itoa(child)]
			if row["cmdline"] != "sleep 1000" || row["ppid"] != int64(shell.Process.Pid) || row["tcp_listen"] != int64(1) {
				t.Errorf("the child is %v", row)
			}
		})
	}
}

// checkShell looks at the properties of the shell of TestRealSelections.
func checkShell(t *testing.T, own string, row map[string]any) {
	t.Helper()
	exe, err := filepath.EvalSymlinks("/bin/sh")
	if err != nil {
		t.Fatal(err)
	}
	want := map[string]any{
		"cmdline": "/bin/sh -c sleep 1000 & echo $!; wait " + own + " --password=***",
		"exe":     exe, "exe_deleted": false, "cwd": "/", "cwd_deleted": false, "environ_names": "SECRET_NAME",
		"threads_running": int64(0), "threads_sleeping": int64(1), "ionice_class": "none", "affinity_count": int64(runtime.NumCPU()),
		"num_sockets": int64(1), "tcp_listen": int64(1), "tcp_established": int64(0), "udp_sockets": int64(0), "unix_sockets": int64(0),
	}
	got := map[string]any{}
	for name := range want {
		got[name] = row[name]
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("properties (-want +got):\n%s", diff)
	}
	var limit syscall.Rlimit
	if err := syscall.Getrlimit(syscall.RLIMIT_NOFILE, &limit); err != nil {
		t.Fatal(err)
	}
	if row["rlimit_num_fds_hard"] != int64(limit.Max) {
		t.Errorf("rlimit_num_fds_hard is %v, want %d", row["rlimit_num_fds_hard"], limit.Max)
	}
	for _, field := range []string{"memory_pss", "memory_uss", "cgroup"} {
		if value, ok := row[field]; !ok || value == int64(0) {
			t.Errorf("%s is %v", field, value)
		}
	}
}

func TestStartNamesHostProc(t *testing.T) {
	missing := filepath.Join(t.TempDir(), "proc")
	t.Setenv("HOST_PROC", missing)
	p := configured(t, func(p *Procs) { p.open = proctable.Opener(sysprobe.Config{}, nil) })
	if err := p.Init(); err != nil {
		t.Fatal(err)
	}
	err := p.Start(nil)
	if !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("Start: %v, want an error that wraps fs.ErrNotExist", err)
	}
	for _, part := range []string{"HOST_PROC", missing} {
		if err == nil || !strings.Contains(err.Error(), part) {
			t.Errorf("Start: %v, want it to name %s", err, part)
		}
	}
}
