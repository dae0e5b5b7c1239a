package proctable

import (
	"errors"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/influxdata/telegraf/testutil"

	"telegraf-sysprobe/sysprobe"
	"telegraf-sysprobe/sysprobe/sysprobetest"
)

// TestHostProc checks that the tree of another machine is never mixed with what
// this kernel says.
func TestHostProc(t *testing.T) {
	tree := sysprobetest.LoadProcTree(t, "basic")
	t.Setenv("HOST_PROC", tree.Root)
	for _, backend := range []sysprobe.Backend{sysprobe.BackendAuto, sysprobe.BackendProcFS} {
		log := &testutil.CaptureLogger{}
		machine, err := Open(sysprobe.Config{Backend: backend}, log)
		if err != nil {
			t.Fatal(err)
		}
		var s sysprobe.ProcSnapshot
		for range 2 {
			if err := machine.Snapshot(&s, 0); err != nil {
				t.Fatal(err)
			}
		}
		if s.Backend != sysprobe.BackendProcFS || len(s.Procs) != 5 || s.Procs[0].Comm != "kthreadd" {
			t.Errorf("%s: backend %s, %d processes, want the 5 of the tree by procfs", backend, s.Backend, len(s.Procs))
		}
		said := 0
		for _, m := range log.Messages() {
			if strings.Contains(m.Text, "Reading processes through procfs, which costs more CPU time") && strings.Contains(m.Text, tree.Root) {
				said++
			}
		}
		if want := map[sysprobe.Backend]int{sysprobe.BackendAuto: 1}[backend]; said != want {
			t.Errorf("%s: the reason was said %d times, want %d: %v", backend, said, want, log.Messages())
		}
		if err := machine.Close(); err != nil {
			t.Error(err)
		}
	}
	_, err := Open(sysprobe.Config{Backend: sysprobe.BackendBPF}, nil)
	if !errors.Is(err, sysprobe.ErrNotSupported) {
		t.Fatalf("bpf: error %v, want one that is ErrNotSupported", err)
	}
	for _, part := range []string{"HOST_PROC", tree.Root, "unset", `backend to "auto"`} {
		if !strings.Contains(err.Error(), part) {
			t.Errorf("bpf: error %q does not name %s", err, part)
		}
	}
}

// TestBackendIsSaidOnce asks how this machine is read, whichever way that is.
func TestBackendIsSaidOnce(t *testing.T) {
	log := &testutil.CaptureLogger{}
	machine, err := Open(sysprobe.Config{Backend: sysprobe.BackendAuto}, log)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := machine.Close(); err != nil {
			t.Error(err)
		}
	})
	var s sysprobe.ProcSnapshot
	for range 2 {
		if err := machine.Snapshot(&s, 0); err != nil {
			t.Fatal(err)
		}
	}
	status := machine.Backend()
	want := []testutil.Entry{{Level: testutil.LevelDebug, Text: "Reading processes through bpf"}}
	if status.Used != sysprobe.BackendBPF {
		want = []testutil.Entry{{Level: testutil.LevelInfo, Text: "Reading processes through procfs, which costs more CPU time: " + status.Reason.Error()}}
	}
	if diff := cmp.Diff(want, log.Messages()); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

// TestMissingIsSaidOnce reads a proc(5) without the files that subset=pid takes away.
func TestMissingIsSaidOnce(t *testing.T) {
	tree := sysprobetest.NewProcTree(t)
	tree.Remove("sys")
	t.Setenv("HOST_PROC", tree.Root)
	log := &testutil.CaptureLogger{}
	machine, err := Open(sysprobe.Config{Backend: sysprobe.BackendProcFS}, log)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := machine.Close(); err != nil {
			t.Error(err)
		}
	})
	for range 2 {
		if host, err := machine.Host(); err != nil || host.PIDMax.Known() {
			t.Fatalf("%+v, %v", host, err)
		}
	}
	said := log.Warnings()
	if len(said) != 1 || !strings.Contains(said[0], "pid_max") || !strings.Contains(said[0], "ProcSubset=") || strings.Contains(said[0], "\n") {
		t.Errorf("%q, want one line that names the file and a reason", said)
	}
}

// TestLimitAboveIsSaidOnce is about namespaces of PIDs below another one.
func TestLimitAboveIsSaidOnce(t *testing.T) {
	log := &testutil.CaptureLogger{}
	m := machine{log: log}
	for range 2 {
		m.sayHost(&sysprobe.Host{LimitedAbove: true})
	}
	if said := log.Messages(); len(said) != 1 || !strings.Contains(said[0].Text, "PID namespace") {
		t.Errorf("%v, want one line", said)
	}
}

// TestUsersOfServices names users that only a service of systemd's user database knows.
func TestUsersOfServices(t *testing.T) {
	const name = "io.systemd.DynamicUser"
	run := sysprobetest.NewRunRoot(t)
	sysprobetest.ServeUsers(t, run, name, sysprobetest.ReplyUsers(name, map[int64]string{61184: "web"}))
	t.Setenv("HOST_ETC", t.TempDir())
	t.Setenv("HOST_RUN", run)
	m, err := Open(sysprobe.Config{Backend: sysprobe.BackendProcFS}, nil)
	if err != nil {
		t.Fatal(err)
	}
	defer m.Close() //nolint:errcheck // of the test
	// A service that takes longer than a second is asked again after ten.
	sysprobetest.Eventually(t, func() string {
		if !m.HasUser("web") {
			return "the user of a service is not there"
		}
		return ""
	})
	if m.HasUser("carol") {
		t.Error("a user is there that no service knows")
	}
}
