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
		machine, err := Open(backend, log)
		if err != nil {
			t.Fatal(err)
		}
		var s sysprobe.ProcSnapshot
		for range 2 {
			if err := machine.Snapshot(&s, 0); err != nil {
				t.Fatal(err)
			}
		}
		if s.Backend != "procfs" || len(s.Procs) != 5 || s.Procs[0].Comm != "kthreadd" {
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
	_, err := Open(sysprobe.BackendBPF, nil)
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
	machine, err := Open(sysprobe.BackendAuto, log)
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
	used, why := machine.Backend()
	want := []testutil.Entry{{Level: testutil.LevelDebug, Text: "Reading processes through bpf"}}
	if used != sysprobe.BackendBPF {
		want = []testutil.Entry{{Level: testutil.LevelInfo, Text: "Reading processes through procfs, which costs more CPU time: " + why.Error()}}
	}
	if diff := cmp.Diff(want, log.Messages()); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}
