package drivers

import (
	"errors"
	"os"
	"strings"
	"testing"

	"telegraf-sysprobe/sysprobe"
)

// TestLockedDown is for a kernel that keeps its memory from everybody, root
// included: make vm KERNELS=6.1-lockdown.
func TestLockedDown(t *testing.T) {
	check := func(t *testing.T, why error) {
		t.Helper()
		if !errors.Is(why, sysprobe.ErrNotSupported) || errors.Is(why, sysprobe.ErrAccessDenied) {
			t.Errorf("error %v, want ErrNotSupported: there is no privilege to grant", why)
		}
		if text := why.Error(); !strings.Contains(text, "lockdown=confidentiality") || strings.Contains(text, "\n") {
			t.Errorf("error %q, want one line that says why", text)
		}
	}
	t.Run("auto", func(t *testing.T) {
		procs, err := sysprobe.OpenProcs(nil)
		if err != nil {
			t.Fatal(err)
		}
		closeAfter(t, procs)
		var s sysprobe.ProcSnapshot
		if err := procs.Snapshot(t.Context(), &s, sysprobe.WantIO); err != nil {
			t.Fatal(err)
		}
		status := procs.Backend()
		if status.Used != sysprobe.BackendProcFS || s.Backend != sysprobe.BackendProcFS {
			t.Errorf("backend %v, in the snapshot %v; want procfs", status.Used, s.Backend)
		}
		check(t, status.Reason)
		if s.Find(int32(os.Getpid())) == nil || s.Find(1) == nil {
			t.Errorf("this process or the first one is not among the %d in the snapshot", len(s.Procs))
		}
		if a, err := procs.OpenAccounting(t.Context()); !errors.Is(err, sysprobe.ErrNotSupported) {
			t.Errorf("accounting %v, error %v, want ErrNotSupported", a, err)
		}
	})
	t.Run("bpf", func(t *testing.T) {
		procs, err := sysprobe.OpenProcs(&sysprobe.Config{Backend: sysprobe.BackendBPF})
		if err != nil {
			t.Fatal(err)
		}
		closeAfter(t, procs)
		err = procs.Load(t.Context())
		if err == nil {
			t.Fatal("no error")
		}
		check(t, err)
	})
}
