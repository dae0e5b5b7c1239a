package sysprobe

import (
	"errors"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"

	"golang.org/x/sys/unix"

	"telegraf-sysprobe/sysprobe/sysprobetest"
)

// helpSandbox prints the sandbox of this process.
func helpSandbox([]string) error {
	s, err := ReadSandbox(nil)
	if err != nil {
		return err
	}
	return errors.Join(ready(), say(s))
}

func TestReadSandbox(t *testing.T) {
	s, err := ReadSandbox(nil)
	if err != nil {
		t.Fatal(err)
	}
	release, err := os.ReadFile("/proc/sys/kernel/osrelease")
	if err != nil || s.Kernel != strings.TrimSpace(string(release)) {
		t.Errorf("kernel %q, want %q, %v", s.Kernel, release, err)
	}
	_, err = os.Stat("/sys/kernel/btf/vmlinux")
	if known := !errors.Is(err, fs.ErrNotExist); s.BTF != known {
		t.Errorf("BTF %v, want %v", s.BTF, known)
	}
	for _, number := range []uint{unix.CAP_BPF, unix.CAP_SYS_PTRACE} {
		name := map[uint]string{unix.CAP_BPF: "CAP_BPF", unix.CAP_SYS_PTRACE: "CAP_SYS_PTRACE"}[number]
		if has := sysprobetest.HasCapability(t, number); has != slices.Contains(s.Effective, name) {
			t.Errorf("%s is effective: %v, in %v", name, has, s.Effective)
		}
	}
	for _, n := range s.Namespaces {
		if _, err := os.Readlink(filepath.Join("/proc/self/ns", n.Kind)); err != nil {
			t.Error(err)
		}
	}
	if len(s.Namespaces) < 7 || !slices.IsSortedFunc(s.Namespaces, func(a, b Namespace) int { return strings.Compare(a.Kind, b.Kind) }) {
		t.Errorf("namespaces %+v", s.Namespaces)
	}
}

// sandboxOf returns the sandbox of a helper.
func sandboxOf(t *testing.T, change func(*exec.Cmd)) Sandbox {
	t.Helper()
	var s Sandbox
	startHelper(t, change, "sandbox").answer(t, &s)
	return s
}

// TestSandboxElsewhere looks at the sandbox from a user without privileges and from
// namespaces.
func TestSandboxElsewhere(t *testing.T) {
	if s := sandboxOf(t, asNobody); len(s.Effective) != 0 {
		t.Errorf("nobody has %v", s.Effective)
	}
	in := sandboxOf(t, func(cmd *exec.Cmd) {
		cmd.SysProcAttr = &syscall.SysProcAttr{Cloneflags: syscall.CLONE_NEWPID | syscall.CLONE_NEWUTS | syscall.CLONE_NEWNET}
	})
	for _, n := range in.Namespaces {
		if of, known := n.OfMachine.Get(); (n.Kind == "pid" || n.Kind == "uts" || n.Kind == "net") && known && of {
			t.Errorf("%s is said to be that of the machine", n.Kind)
		}
	}
}

func TestContainerMarks(t *testing.T) {
	machine, other := []Namespace{{"uts", Some(true)}, {"mnt", Some(false)}}, []Namespace{{"uts", Some(false)}}
	run := t.TempDir()
	if err := os.Mkdir(filepath.Join(run, "systemd"), 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(run, "systemd/container"), []byte("lxc\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	if got := containerOf(run, other); got != "lxc" {
		t.Errorf("container %q, want lxc", got)
	}
	if got := containerOf(run, machine); got != "" {
		t.Errorf("container %q on the machine itself", got)
	}
	if err := os.RemoveAll(filepath.Join(run, "systemd")); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(run, ".containerenv"), nil, 0o600); err != nil {
		t.Fatal(err)
	}
	want := "podman"
	if _, err := os.Stat("/.dockerenv"); err == nil {
		want = "docker"
	}
	if got := containerOf(run, other); got != want {
		t.Errorf("container %q, want %s", got, want)
	}
}
