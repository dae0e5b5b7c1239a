package nic

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"

	"github.com/influxdata/telegraf/testutil"

	"telegraf-sysprobe/sysprobe"
	"telegraf-sysprobe/sysprobe/sysprobetest"
)

// openStats is an Opener of real handles.
func openStats(_ context.Context, o *Opening) (Source[sysprobe.LinkSnapshot], error) {
	h, err := sysprobe.OpenNICStats(o.Config)
	return statsSource{h}, err
}

type statsSource struct{ *sysprobe.NICStats }

func (s statsSource) Snapshot(ctx context.Context, dst *sysprobe.LinkSnapshot) error {
	return s.NICStats.Snapshot(ctx, dst, 0)
}

// TestReleaseOfAnEndedProcess ends a process in whose directory a namespace is.
// The other end of a pair of interfaces goes without a further gather.
func TestReleaseOfAnEndedProcess(t *testing.T) {
	sysprobetest.NeedTool(t, "ip")
	sysprobetest.NeedNamespaces(t)
	name := fmt.Sprintf("nic-%d", os.Getpid())
	ip(t, "netns add "+name)
	t.Cleanup(func() { ip(t, "netns del "+name) })
	sleeper := exec.Command("sleep", "1000")
	sleeper.SysProcAttr = &syscall.SysProcAttr{Cloneflags: syscall.CLONE_NEWNET}
	if err := sleeper.Start(); err != nil {
		t.Fatal(err)
	}
	end := sync.OnceFunc(func() {
		_ = sleeper.Process.Kill() //nolint:errcheck // Wait says
		_ = sleeper.Wait()         //nolint:errcheck // it was killed
	})
	t.Cleanup(end)
	pid := sleeper.Process.Pid
	ip(t, fmt.Sprintf("-n %s link add v0 type veth peer name eth0 netns %d", name, pid))
	system := ThisSystem()
	r, err := NewReader(&Options{NamespacePaths: []string{fmt.Sprintf("/proc/%d/ns/net", pid)}}, &system, testutil.Logger{}, openStats)
	if err != nil {
		t.Fatal(err)
	}
	r.Release()
	var acc testutil.Accumulator
	links := 0
	if err := r.Gather(&acc, func(_ string, s *sysprobe.LinkSnapshot) { links += len(s.Links) }); err != nil || links < 2 {
		t.Fatalf("%d links, error %v", links, err)
	}
	end()
	sysprobetest.Eventually(t, func() string {
		if exec.Command("ip", "-n", name, "link", "show", "v0").Run() == nil {
			return "v0 is still there"
		}
		return ""
	})
	if err := r.Close(); err != nil {
		t.Error(err)
	}
}

// TestOneNamespaceUnderSeveralNames reads each namespace once: the own one, which
// has a name too, and another one with two names, also when it loses the first.
func TestOneNamespaceUnderSeveralNames(t *testing.T) {
	sysprobetest.NeedTool(t, "ip")
	sysprobetest.NeedNamespaces(t)
	prefix := fmt.Sprintf("nic-%d-", os.Getpid())
	attach := func(name string, pid int) {
		ip(t, fmt.Sprintf("netns attach %s%s %d", prefix, name, pid))
		t.Cleanup(func() { _ = exec.Command("ip", "netns", "del", prefix+name).Run() }) //nolint:errcheck // is gone if all went well
	}
	attach("self", os.Getpid())
	ip(t, "netns add "+prefix+"b")
	t.Cleanup(func() { _ = exec.Command("ip", "netns", "del", prefix+"b").Run() }) //nolint:errcheck // is gone if all went well
	sleeper := exec.Command("ip", "netns", "exec", prefix+"b", "sleep", "1000")
	if err := sleeper.Start(); err != nil {
		t.Fatal(err)
	}
	defer func() {
		_ = sleeper.Process.Kill() //nolint:errcheck // Wait says
		_ = sleeper.Wait()         //nolint:errcheck // it was killed
	}()
	log := &testutil.CaptureLogger{}
	system := ThisSystem()
	var k kernel
	r, err := NewReader(&Options{NamespaceInclude: []string{"", prefix + "*"}}, &system, log, k.open)
	if err != nil {
		t.Fatal(err)
	}
	if err := r.Open(); err != nil {
		t.Fatal(err)
	}
	step := func(want map[string]string) {
		t.Helper()
		emitted, added, err := gather(r)
		wantEmitted(t, emitted, want)
		if err != nil || added != nil {
			t.Errorf("added %v, returned %v", added, err)
		}
	}
	step(map[string]string{"": "source 1", prefix + "b": "source 2"})
	sysprobetest.Eventually(t, func() string { // ip-netns(8) execs the program when it has entered
		id, err := sysprobe.IdentifyNetNS(fmt.Sprintf("/proc/%d/ns/net", sleeper.Process.Pid))
		want, wantErr := sysprobe.IdentifyNetNS(prefix + "b")
		if err = errors.Join(err, wantErr); err != nil || id != want {
			return fmt.Sprintf("the program is in %v, error %v", id, err)
		}
		return ""
	})
	attach("a", sleeper.Process.Pid)
	step(map[string]string{"": "source 1", prefix + "b": "source 2"})
	ip(t, "netns del "+prefix+"b")
	step(map[string]string{"": "source 1", prefix + "a": "source 3"})
	if said := log.Messages(); len(said) != 1 || !strings.Contains(said[0].Text, "the own namespace is also namespace") {
		t.Errorf("log %v, want one line", said)
	}
	if err := r.Close(); err != nil || k.closed != k.opened {
		t.Errorf("Close returned %v; %d handles opened, %d closed", err, k.opened, k.closed)
	}
}

// TestSwappedNames swaps the names of two namespaces between gathers.
func TestSwappedNames(t *testing.T) {
	dir := t.TempDir()
	paths := []string{filepath.Join(dir, "a"), filepath.Join(dir, "b")}
	for _, path := range paths {
		if err := os.WriteFile(path, nil, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	var k kernel
	r, err := newReader(&Options{NamespaceExclude: []string{""}}, system(func() ([]string, error) { return paths, nil }), k.open)
	if err != nil {
		t.Fatal(err)
	}
	emitted, _, _ := gather(r)
	wantEmitted(t, emitted, map[string]string{"a": "source 1", "b": "source 2"})
	for _, move := range [][2]string{{"a", "c"}, {"b", "a"}, {"c", "b"}} {
		if err := os.Rename(filepath.Join(dir, move[0]), filepath.Join(dir, move[1])); err != nil {
			t.Fatal(err)
		}
	}
	emitted, _, _ = gather(r)
	wantEmitted(t, emitted, map[string]string{"a": "source 3", "b": "source 4"})
	if k.closed != 2 {
		t.Errorf("%d handles closed, want 2", k.closed)
	}
}

// TestDirectoryOfNamespaces follows what comes and goes in a directory that is
// made later, as it is with a container engine, and a glob.
func TestDirectoryOfNamespaces(t *testing.T) {
	sysprobetest.NeedTool(t, "ip")
	sysprobetest.NeedNamespaces(t)
	name := fmt.Sprintf("nic-%d", os.Getpid())
	ip(t, "netns add "+name)
	t.Cleanup(func() { ip(t, "netns del "+name) })
	for kind, entry := range map[string]string{"directory": "netns", "glob": "n{etns,one}/[b]*"} {
		t.Run(kind, func(t *testing.T) {
			top := t.TempDir()
			dir := filepath.Join(top, "netns")
			log := &testutil.CaptureLogger{}
			system := ThisSystem()
			var k kernel
			r, err := NewReader(&Options{NamespacePaths: []string{filepath.Join(top, entry)}}, &system, log, k.open)
			if err != nil {
				t.Fatal(err)
			}
			step := func(want map[string]string) {
				t.Helper()
				emitted, added, err := gather(r)
				wantEmitted(t, emitted, want)
				if err != nil || added != nil {
					t.Errorf("added %v, returned %v", added, err)
				}
			}
			step(map[string]string{"": "source 1"})
			if err := os.Mkdir(dir, 0o700); err != nil {
				t.Fatal(err)
			}
			step(map[string]string{"": "source 1"})
			blue := filepath.Join(dir, "blue")
			if err := errors.Join(os.Symlink("/run/netns/"+name, blue), os.WriteFile(filepath.Join(dir, "b"), nil, 0o600)); err != nil {
				t.Fatal(err)
			}
			step(map[string]string{"": "source 1", "blue": "source 2"})
			if err := os.Remove(blue); err != nil {
				t.Fatal(err)
			}
			step(map[string]string{"": "source 1"})
			if err := r.Close(); err != nil || k.closed != 2 {
				t.Errorf("Close returned %v; %d handles closed", err, k.closed)
			}
		})
	}
}

// TestNamespaceThatComesLater starts without a namespace that the options name.
func TestNamespaceThatComesLater(t *testing.T) {
	path := filepath.Join(t.TempDir(), "later")
	log := &testutil.CaptureLogger{}
	system := system(func() ([]string, error) { return nil, nil })
	var k kernel
	r, err := NewReader(&Options{NamespacePaths: []string{path}, NamespaceExclude: []string{""}}, &system, log, k.open)
	if err != nil {
		t.Fatal(err)
	}
	step := func(want map[string]string) {
		t.Helper()
		emitted, added, err := gather(r)
		wantEmitted(t, emitted, want)
		if err != nil || added != nil {
			t.Errorf("added %v, returned %v", added, err)
		}
	}
	for range 3 {
		step(map[string]string{})
	}
	if said := log.Messages(); len(said) != 1 || !strings.Contains(said[0].Text, path) || !strings.Contains(said[0].Text, "is read when it is there") {
		t.Errorf("log %v, want one line", said)
	}
	if err := os.WriteFile(path, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	step(map[string]string{"later": "source 1"})
	if err := r.Close(); err != nil {
		t.Error(err)
	}
}
