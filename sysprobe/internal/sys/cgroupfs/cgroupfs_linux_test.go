package cgroupfs

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"testing"

	"golang.org/x/sys/unix"

	"telegraf-sysprobe/sysprobe/sysprobetest"
)

func TestPath(t *testing.T) {
	sysprobetest.NeedCapabilities(t, unix.CAP_SYS_ADMIN)
	sysRoot := t.TempDir()
	if _, err := Path(sysRoot, 1); !errors.Is(err, unix.ENODEV) {
		t.Errorf("no mount: %v, want ENODEV", err)
	}
	// Wherever the machine has the hierarchy, here it is below sysRoot.
	mount := filepath.Join(sysRoot, "fs/cgroup/unified")
	if err := os.MkdirAll(mount, 0o755); err != nil {
		t.Fatal(err)
	}
	if _, err := Path(sysRoot, 1); !errors.Is(err, unix.ENODEV) {
		t.Errorf("a mount of another kind: %v, want ENODEV", err)
	}
	if err := unix.Mount("cgroup2", mount, "cgroup2", 0, ""); err != nil {
		t.Fatal(err)
	}
	defer unix.Unmount(mount, unix.MNT_DETACH) //nolint:errcheck // the directory goes with the test
	name := fmt.Sprintf("/sysprobe-%d-path", os.Getpid())
	idOf := func(path string) uint64 {
		var st unix.Stat_t
		if err := unix.Stat(mount+path, &st); err != nil {
			t.Fatal(err)
		}
		return st.Ino
	}
	if err := os.MkdirAll(mount+name+"/below", 0o755); err != nil {
		t.Fatal(err)
	}
	removed := idOf(name + "/below")
	for _, path := range []string{"/", name, name + "/below"} {
		if got, err := Path(sysRoot, idOf(path)); err != nil || got != path {
			t.Errorf("%q, %v, want %s", got, err, path)
		}
	}
	if err := errors.Join(os.Remove(mount+name+"/below"), os.Remove(mount+name)); err != nil {
		t.Fatal(err)
	}
	for _, id := range []uint64{removed, 1 << 60} {
		if got, err := Path(sysRoot, id); !errors.Is(err, unix.ESTALE) {
			t.Errorf("cgroup %d: %q, %v, want ESTALE", id, got, err)
		}
	}
}
