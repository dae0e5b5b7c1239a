package sysprobe

import (
	"context"
	"errors"
	"io/fs"
	"strings"
	"syscall"
	"testing"
	"time"

	"telegraf-sysprobe/sysprobe/sysprobetest"
)

// TestLimitedAbove reads trees of processes in PID namespaces.
func TestLimitedAbove(t *testing.T) {
	for _, tt := range []struct {
		name, namespace, release string
		want                     bool
	}{
		{"the namespace of the machine", "pid:[4026531836]", "6.18.44-cloud\n", false},
		{"a namespace", "pid:[4026532001]", "6.18.44-cloud\n", true},
		{"a namespace, by the first kernel", "pid:[4026532001]", "6.14-rc1\n", true},
		{"a namespace of a later kernel", "pid:[4026532001]", "7.3.4\n", true},
		{"a namespace of a kernel with one limit", "pid:[4026532001]", "6.12.95+deb13\n", false},
		{"a kernel without a name", "pid:[4026532001]", "x\n", false},
		{"a copy", "", "6.18.44\n", false},
	} {
		t.Run(tt.name, func(t *testing.T) {
			tree := sysprobetest.NewProcTree(t)
			if tt.namespace != "" {
				tree.Link("1/ns/pid", tt.namespace) // self is 1
			}
			tree.Write("sys/kernel/osrelease", tt.release)
			host, err := ReadHost(&Config{ProcRoot: tree.Root})
			if err != nil || host.LimitedAbove != tt.want || host.PIDLimit().Known() == tt.want || host.Missing != nil {
				t.Errorf("%+v, %v, want limited above: %v", host, err, tt.want)
			}
		})
	}
}

// TestMissing reads a tree without the files that subset=pid takes away.
func TestMissing(t *testing.T) {
	tree := sysprobetest.NewProcTree(t)
	tree.Remove("sys")
	tree.Write("meminfo", "MemTotal: many kB\n")
	host, err := ReadHost(&Config{ProcRoot: tree.Root})
	check(t, err)
	if host.MemTotal.Known() || host.PIDLimit().Known() {
		t.Errorf("%+v", host)
	}
	missing := host.Missing.(interface{ Unwrap() []error }).Unwrap()
	if len(missing) != 3 {
		t.Fatalf("%v", missing)
	}
	for i, want := range []struct {
		file  string
		cause error
	}{{"meminfo", ErrMalformed}, {"sys/kernel/pid_max", fs.ErrNotExist}, {"sys/kernel/threads-max", fs.ErrNotExist}} {
		var op *OpError
		err := missing[i]
		if !errors.As(err, &op) || op.Target != tree.Root+"/"+want.file || !errors.Is(err, want.cause) || strings.Count(err.Error(), tree.Root) != 1 {
			t.Errorf("error %v, want one of %s that wraps %v", err, want.file, want.cause)
		}
	}
}

// subsetAnswer is what helpSubset prints.
type subsetAnswer struct {
	Host    Host
	Missing []string
	Boot    time.Time
	PIDs    int
	Denied  int
}

// helpSubset prints what is known with a proc(5) that has processes only.
func helpSubset([]string) error {
	if err := mountProc("/proc", "subset=pid"); err != nil {
		return err
	}
	host, err := ReadHost(nil)
	if err != nil {
		return err
	}
	procs, err := OpenProcs(&Config{Backend: BackendProcFS})
	if err != nil {
		return err
	}
	var s ProcSnapshot
	if err := procs.Snapshot(context.Background(), &s, 0); err != nil {
		return err
	}
	answer := subsetAnswer{Host: host, Boot: s.BootTime, PIDs: len(s.Procs), Denied: s.Denied + s.Malformed}
	answer.Missing = strings.Split(host.Missing.Error(), "\n")
	return errors.Join(ready(), say(answer))
}

// TestSubsetPID mounts proc(5) as ProcSubset=pid of systemd does (Linux 5.8).
func TestSubsetPID(t *testing.T) {
	host, err := ReadHost(nil)
	check(t, err)
	s := snapshotOf(t, openBackend(t, BackendProcFS), 0)
	var got subsetAnswer
	startHelper(t, inNamespaces(syscall.CLONE_NEWNS), "subset").answer(t, &got)
	if got.PIDs == 0 || got.Denied != 0 || got.Host.MemTotal != host.MemTotal || len(got.Missing) != 2 {
		t.Errorf("%+v, want memory as %+v, and two facts that are missing", got, host)
	}
	if off := got.Boot.Sub(s.BootTime); off < -2*time.Second || off > 2*time.Second {
		t.Errorf("boot time %v, want %v", got.Boot, s.BootTime)
	}
}
