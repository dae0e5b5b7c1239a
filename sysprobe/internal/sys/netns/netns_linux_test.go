package netns_test

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
	"testing"

	"golang.org/x/sys/unix"

	"telegraf-sysprobe/sysprobe/internal/sys/netns"
	"telegraf-sysprobe/sysprobe/sysprobetest"
)

func TestPath(t *testing.T) {
	for name, want := range map[string]string{"": "", "blue": "/run/netns/blue", "/proc/1/ns/net": "/proc/1/ns/net"} {
		if got := netns.Path(name); got != want {
			t.Errorf("path of %q is %q, want %q", name, got, want)
		}
	}
}

// ip runs ip(8).
func ip(t *testing.T, args ...string) {
	t.Helper()
	if out, err := exec.Command("ip", args...).CombinedOutput(); err != nil {
		t.Fatalf("ip %v: %v\n%s", args, err, out)
	}
}

// threadNS is the inode of the namespace of the calling thread.
func threadNS() (uint64, error) {
	var s unix.Stat_t
	err := unix.Stat("/proc/thread-self/ns/net", &s)
	return s.Ino, err
}

func TestDo(t *testing.T) {
	sysprobetest.NeedTool(t, "ip")
	sysprobetest.NeedNamespaces(t)
	name := fmt.Sprintf("netns-%d", os.Getpid())
	ip(t, "netns", "add", name)
	t.Cleanup(func() { ip(t, "netns", "del", name) })
	path := netns.Path(name)
	if paths, err := netns.Named(); err != nil || !slices.Contains(paths, path) || !slices.IsSorted(paths) {
		t.Errorf("list %v, %v", paths, err)
	}
	if err := netns.MayEnter(); err != nil {
		t.Error(err)
	}
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	own, err := threadNS()
	if err != nil {
		t.Fatal(err)
	}
	failed := errors.New("failed")
	for range 50 {
		var in uint64
		err := netns.Do(path, func() (err error) {
			in, err = threadNS()
			return errors.Join(err, failed)
		})
		var want unix.Stat_t
		if statErr := unix.Stat(path, &want); statErr != nil || !errors.Is(err, failed) || in != want.Ino || in == own {
			t.Fatalf("f ran in %d and Do returned %v; want %d", in, err, want.Ino)
		}
	}
	for range 50 { // no thread stays there
		if err := netns.Do("", func() error {
			in, err := threadNS()
			if in != own {
				t.Errorf("in %d, want %d", in, own)
			}
			return err
		}); err != nil {
			t.Error(err)
		}
	}
	done := make(chan uint64)
	for range 100 {
		go func() {
			in, _ := threadNS()
			done <- in
		}()
		if in := <-done; in != own {
			t.Fatalf("a goroutine is in %d, want %d", in, own)
		}
	}
	if now, err := threadNS(); now != own || err != nil {
		t.Errorf("the caller is in %d, %v; want %d", now, err, own)
	}
}

func TestDoErrors(t *testing.T) {
	file := t.TempDir() + "/file"
	if err := os.WriteFile(file, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	for path, want := range map[string]error{"/run/netns/no-such-namespace": fs.ErrNotExist, file: fs.ErrNotExist, "/proc/self/ns/pid": fs.ErrNotExist} {
		err := netns.Do(path, func() error { t.Errorf("%s: f is called", path); return nil })
		if !errors.Is(err, want) {
			t.Errorf("%s: %v, want %v", path, err, want)
		}
	}
}

func TestWatchNeedsAMountInfo(t *testing.T) {
	if _, err := netns.NewWatch(t.TempDir() + "/none"); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("no file: %v", err)
	}
	file := t.TempDir() + "/file"
	if err := os.WriteFile(file, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := netns.NewWatch(file); err == nil {
		t.Error("a plain file reports no changes, and there is no error")
	}
}

func TestWatch(t *testing.T) {
	w, err := netns.NewWatch("/proc/self/mountinfo")
	if err != nil {
		t.Fatal(err)
	}
	<-w.Changed()
	if err := w.Close(); err != nil {
		t.Error(err)
	}
	if err := w.Close(); !errors.Is(err, fs.ErrClosed) {
		t.Errorf("second Close returned %v, want fs.ErrClosed", err)
	}
}

// TestList lists a directory, a pattern and a path of its own.
func TestList(t *testing.T) {
	sysprobetest.NeedTool(t, "ip")
	sysprobetest.NeedNamespaces(t)
	names := []string{fmt.Sprintf("netns-%d-a", os.Getpid()), fmt.Sprintf("netns-%d-b", os.Getpid())}
	var paths []string
	for _, name := range names {
		ip(t, "netns", "add", name)
		t.Cleanup(func() { ip(t, "netns", "del", name) })
		paths = append(paths, netns.Path(name))
	}
	file := filepath.Join(t.TempDir(), "file")
	if err := os.WriteFile(file, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	links := []string{filepath.Join(dir, "x"), filepath.Join(dir, "y")}
	for i, link := range links {
		if err := os.Symlink(paths[i], link); err != nil {
			t.Fatal(err)
		}
	}
	if err := os.Symlink(file, filepath.Join(dir, "z")); err != nil {
		t.Fatal(err)
	}
	for path, want := range map[string][]string{
		dir:                           links,
		dir + "/[xz]":                 links[:1],
		dir + "/none*":                {},
		filepath.Dir(dir) + "/none/*": {},
		file:                          {file},
		paths[0]:                      paths[:1],
		filepath.Join(dir, "none"):    {filepath.Join(dir, "none")},
		fmt.Sprintf("%s/netns-%d-?", netns.Dir, os.Getpid()): paths,
	} {
		if got, err := netns.List(path); err != nil || !slices.Equal(got, want) {
			t.Errorf("List(%q) = %q, %v; want %q", path, got, err, want)
		}
	}
	if got, err := netns.List("/proc/self/comm/*"); !errors.Is(err, unix.ENOTDIR) {
		t.Errorf("below a file: %q, %v; want ENOTDIR", got, err)
	}
	if _, err := netns.List(dir + "/["); !errors.Is(err, filepath.ErrBadPattern) {
		t.Errorf("List of a bad pattern returned %v", err)
	}
}

// TestIdentify identifies a namespace under two names, and the own one.
func TestIdentify(t *testing.T) {
	sysprobetest.NeedTool(t, "ip")
	sysprobetest.NeedNamespaces(t)
	name := fmt.Sprintf("netns-%d", os.Getpid())
	ip(t, "netns", "add", name)
	t.Cleanup(func() { ip(t, "netns", "del", name) })
	identify := func(path string) netns.Identity {
		t.Helper()
		id, err := netns.Identify(path)
		if err != nil || id == (netns.Identity{}) {
			t.Errorf("%q: %v, %v", path, id, err)
		}
		return id
	}
	link := filepath.Join(t.TempDir(), "link")
	if err := os.Symlink(netns.Path(name), link); err != nil {
		t.Fatal(err)
	}
	own, named := identify(""), identify(netns.Path(name))
	if own == named || own != identify("/proc/self/ns/net") || named != identify(link) {
		t.Errorf("the own namespace is %v, the named one %v", own, named)
	}
	file := filepath.Join(t.TempDir(), "file")
	if err := os.WriteFile(file, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	zombie := exec.Command("true")
	if err := zombie.Start(); err != nil {
		t.Fatal(err)
	}
	sysprobetest.Eventually(t, func() string {
		if _, err := netns.Identify(fmt.Sprintf("/proc/%d/ns/net", zombie.Process.Pid)); !errors.Is(err, fs.ErrNotExist) {
			return fmt.Sprintf("of a zombie: %v", err)
		}
		return ""
	})
	if err := zombie.Wait(); err != nil {
		t.Error(err)
	}
	for _, path := range []string{file, file + ".none", "/proc/self/ns/pid"} {
		if id, err := netns.Identify(path); !errors.Is(err, fs.ErrNotExist) {
			t.Errorf("%s: %v, %v; want fs.ErrNotExist", path, id, err)
		}
	}
}
