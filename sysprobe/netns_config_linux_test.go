//go:build linux

package sysprobe

import (
	"errors"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"golang.org/x/sys/unix"
)

// open opens and closes both handles.
func open(c *Config) (addrs, stats error) {
	a, addrs := OpenNICAddrs(c)
	if addrs == nil {
		addrs = a.Close()
	}
	s, stats := OpenNICStats(c)
	if stats == nil {
		stats = s.Close()
	}
	return addrs, stats
}

func TestNetNSThatIsNotThere(t *testing.T) {
	dir := t.TempDir()
	file := filepath.Join(dir, "file")
	if err := os.WriteFile(file, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	pipe := filepath.Join(dir, "pipe")
	if err := unix.Mkfifo(pipe, 0o600); err != nil {
		t.Fatal(err)
	}
	for _, tt := range []struct {
		netns, path string
		want        error
	}{
		{"no-such-namespace", "/run/netns/no-such-namespace", fs.ErrNotExist},
		{filepath.Join(dir, "none"), filepath.Join(dir, "none"), fs.ErrNotExist},
		{file, file, fs.ErrNotExist},
		{pipe, pipe, fs.ErrNotExist}, // not waited for
		{"/proc/self/ns/pid", "/proc/self/ns/pid", fs.ErrNotExist},
	} {
		addrs, stats := open(&Config{NetNS: tt.netns})
		for _, err := range []error{addrs, stats} {
			var op *OpError
			if !errors.As(err, &op) || op.Target != tt.path || !errors.Is(err, tt.want) {
				t.Errorf("%s: %v, want an OpError about %s with %v", tt.netns, err, tt.path, tt.want)
			}
		}
	}
}

func TestNetNSByNameAndPath(t *testing.T) {
	ns := newNetNSWithPair(t)
	for _, netns := range []string{ns.name, "/run/netns/" + ns.name} {
		h, err := OpenNICAddrs(&Config{NetNS: netns})
		if err != nil {
			t.Fatal(err)
		}
		var s AddrSnapshot
		if err := errors.Join(h.Snapshot(t.Context(), &s), h.Close()); err != nil || len(s.Interfaces) != 3 {
			t.Errorf("%s: %d interfaces, %v; want 3", netns, len(s.Interfaces), err)
		}
	}
}

// foreignNetNS holds, in the environment of this program started by itself
// without privileges, the name of a namespace.
const foreignNetNS = "SYSPROBE_TEST_FOREIGN_NETNS"

func TestNetNSWithoutPrivilege(t *testing.T) {
	if name := os.Getenv(foreignNetNS); name != "" {
		checkWithoutPrivilege(t, name)
		return
	}
	ns := newNetNSWithPair(t)
	cmd := exec.Command("/proc/self/exe", "-test.run=^"+t.Name()+"$", "-test.v")
	cmd.Env = append(os.Environ(), foreignNetNS+"="+ns.name)
	asNobody(cmd)
	if out, err := cmd.CombinedOutput(); err != nil || !strings.Contains(string(out), "--- PASS: "+t.Name()) {
		t.Errorf("as nobody: %v\n%s", err, out)
	}
}

// checkWithoutPrivilege runs as nobody: the own namespace answers as it does
// to root, another one not.
func checkWithoutPrivilege(t *testing.T, netns string) {
	t.Helper()
	addrs, stats := open(&Config{NetNS: netns})
	if !errors.Is(addrs, ErrAccessDenied) || !errors.Is(stats, ErrAccessDenied) {
		t.Errorf("another namespace: %v and %v, want ErrAccessDenied", addrs, stats)
	}
	h, err := OpenNICStats(nil)
	if err != nil {
		t.Fatal(err)
	}
	closeAfter(t, h)
	var s LinkSnapshot
	if err := h.Snapshot(t.Context(), &s, 0); err != nil || len(s.Links) == 0 || s.Ethtool != nil || s.Denied != 0 {
		t.Errorf("own namespace: %d links, %d denied, %v, %v; want all", len(s.Links), s.Denied, s.Ethtool, err)
	}
}
