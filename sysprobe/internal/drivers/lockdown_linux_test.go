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
		if err := procs.Snapshot(&s, sysprobe.WantIO|sysprobe.WantEnded); err != nil {
			t.Fatal(err)
		}
		used, why := procs.Backend()
		if used != sysprobe.BackendProcFS || s.Backend != "procfs" {
			t.Errorf("backend %v, in the snapshot %s; want procfs", used, s.Backend)
		}
		check(t, why)
		if s.Find(int32(os.Getpid())) == nil || s.Find(1) == nil {
			t.Errorf("this process or the first one is not among the %d in the snapshot", len(s.Procs))
		}
		if s.EndedKnown || !errors.Is(s.EndedErr, sysprobe.ErrNotSupported) {
			t.Errorf("ended: %v, %v, want ErrNotSupported", s.EndedKnown, s.EndedErr)
		}
	})
	t.Run("bpf", func(t *testing.T) {
		_, err := sysprobe.OpenProcs(&sysprobe.Config{Backend: sysprobe.BackendBPF})
		if err == nil {
			t.Fatal("no error")
		}
		check(t, err)
	})
}
