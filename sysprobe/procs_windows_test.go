package sysprobe

import (
	"context"
	"errors"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"
)

// childVariable makes a process of this binary one that waits to be ended.
const childVariable = "SYSPROBE_TEST_CHILD"

func TestMain(m *testing.M) {
	if os.Getenv(childVariable) != "" {
		time.Sleep(time.Minute)
		os.Exit(9)
	}
	os.Exit(m.Run())
}

// startChild starts a process that waits, with arguments.
func startChild(t *testing.T, args ...string) *exec.Cmd {
	t.Helper()
	cmd := exec.Command(os.Args[0], args...)
	cmd.Env = append(os.Environ(), childVariable+"=1")
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		cmd.Process.Kill() //nolint:errcheck // it might have ended
		cmd.Wait()         //nolint:errcheck // it was killed
	})
	return cmd
}

func openTable(t *testing.T) *Procs {
	t.Helper()
	procs, err := OpenProcs(nil)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := procs.Close(); err != nil {
			t.Error(err)
		}
		if err := procs.Close(); !errors.Is(err, fs.ErrClosed) {
			t.Errorf("second close: %v, want fs.ErrClosed", err)
		}
	})
	return procs
}

func snapshotOf(t *testing.T, procs *Procs, want Fields) *ProcSnapshot {
	t.Helper()
	var s ProcSnapshot
	if err := procs.Snapshot(t.Context(), &s, want); err != nil {
		t.Fatal(err)
	}
	return &s
}

// TestOwnProcess looks for this process and its child in the table.
func TestOwnProcess(t *testing.T) {
	procs := openTable(t)
	child := startChild(t)
	for begun := time.Now(); time.Since(begun) < 50*time.Millisecond; { // uses CPU time
	}
	s := snapshotOf(t, procs, WantStatus|WantIO|WantFDs|WantOrigin)
	own, started := s.Find(int32(os.Getpid())), s.Find(int32(child.Process.Pid))
	if own == nil || started == nil {
		t.Fatal("not in the table")
	}
	name := filepath.Base(os.Args[0])
	switch {
	case own.Name != name, started.Name != name:
		t.Errorf("names %q and %q, want %q", own.Name, started.Name, name)
	case own.PPID != int32(os.Getppid()), started.PPID != own.ID.PID, s.Parent(started) != own:
		t.Errorf("parents %d and %d", own.PPID, started.PPID)
	case own.Threads < 2, own.RSS < 1<<20:
		t.Errorf("%d threads, %d bytes", own.Threads, own.RSS)
	case !strings.Contains(own.Owner, `\`):
		t.Errorf("owner %q, want DOMAIN\\name", own.Owner)
	case own.UserTime+own.SystemTime < 40*time.Millisecond:
		t.Errorf("%v of CPU time, want 50 ms", own.UserTime+own.SystemTime)
	case time.Since(s.Created(started)) > time.Minute, s.Created(started).After(time.Now().Add(time.Second)):
		t.Errorf("the child was created at %v, it is %v", s.Created(started), time.Now())
	}
	if again := snapshotOf(t, procs, 0); again.Find(own.ID.PID).ID != own.ID || snapshotOf(t, openTable(t), 0).Find(own.ID.PID).ID != own.ID {
		t.Error("the identity of a process changed")
	}
}

// TestServicesOfWindows looks for services that Wine runs too: each process that is
// one has the service for a unit, and no other process has any.
func TestServicesOfWindows(t *testing.T) {
	s := snapshotOf(t, openTable(t), WantOrigin)
	units := map[string]string{}
	for i := range s.Procs {
		if p := &s.Procs[i]; p.Origin != nil {
			units[p.Origin.Unit] = p.Name
		}
	}
	if units["RpcSs"] != "rpcss.exe" && units["RpcSs"] != "svchost.exe" || units["Eventlog"] != "svchost.exe" {
		t.Errorf("services in processes: %v", units)
	}
	if own := s.Find(int32(os.Getpid())); own.Origin != nil {
		t.Errorf("this process is %+v", own.Origin)
	}
}

// TestKilledChildIsNoZombie kills a child, which the handle of this process keeps.
func TestKilledChildIsNoZombie(t *testing.T) {
	procs := openTable(t)
	child := startChild(t)
	pid := int32(child.Process.Pid)
	p, err := procs.OpenPID(t.Context(), pid)
	if err != nil {
		t.Fatal(err)
	}
	defer p.Close()
	if err := p.Signal(os.Kill); err != nil {
		t.Fatal(err)
	}
	if status, err := p.Wait(t.Context()); err != nil || status != Some(ExitStatus(1<<8)) {
		t.Errorf("exit %v, %v, want code 1", status, err)
	}
	s := snapshotOf(t, procs, 0)
	if s.Find(pid) != nil || len(s.Zombies(nil)) > 0 || KeepsZombies() {
		t.Errorf("%+v, %d zombies, want none", s.Find(pid), len(s.Zombies(nil)))
	}
	if _, err := p.Exe(t.Context()); !errors.Is(err, ErrNoSuchProcess) || p.IsRunning(t.Context()) {
		t.Errorf("%v, want ErrNoSuchProcess", err)
	}
	if _, err := procs.OpenPID(t.Context(), pid); !errors.Is(err, ErrNoSuchProcess) {
		t.Errorf("%v, want ErrNoSuchProcess", err)
	}
	if _, err := procs.Lookup(t.Context(), pid, 0); !errors.Is(err, ErrNoSuchProcess) {
		t.Errorf("%v, want ErrNoSuchProcess", err)
	}
}

// TestProcessOfWindows asks one process for what it has.
func TestProcessOfWindows(t *testing.T) {
	child := startChild(t, "an argument", `with "quotes"`)
	p, err := FindProcess(t.Context(), int32(child.Process.Pid))
	if err != nil {
		t.Fatal(err)
	}
	exe, err := p.Exe(t.Context())
	if err != nil || !strings.EqualFold(filepath.Base(exe.Path), filepath.Base(os.Args[0])) || !filepath.IsAbs(exe.Path) {
		t.Errorf("executable %q, %v", exe.Path, err)
	}
	if state, err := p.State(t.Context()); err != nil || state != StateSleeping && state != StateRunning {
		t.Errorf("state %v, %v", state, err)
	}
	own, err := FindProcess(t.Context(), int32(os.Getpid()))
	if err != nil {
		t.Fatal(err)
	}
	defer own.Close()
	if parent, err := p.Parent(t.Context()); err != nil || parent != Some(own.ID()) {
		t.Errorf("parent %v, %v, want %v", parent, err, own.ID())
	}
	if children, err := own.Children(t.Context()); err != nil || !slices.Contains(children, p.ID()) {
		t.Errorf("children %v, %v, want %v", children, err, p.ID())
	}
	if times, err := p.CPUTimes(t.Context()); err != nil || times.ID != p.ID() || times.Taken.IsZero() {
		t.Errorf("CPU times %+v, %v", times, err)
	}
	if processors, err := p.Affinity(t.Context()); err != nil || len(processors) == 0 {
		t.Errorf("affinity %v, %v", processors, err)
	}
	// Wine 8 does not know this class of NtQueryInformationProcess.
	if args, err := p.Cmdline(t.Context()); err == nil && !slices.Equal(args[1:], []string{"an argument", `with "quotes"`}) {
		t.Errorf("command line %q", args)
	}
	ctx, cancel := context.WithTimeout(t.Context(), 10*time.Millisecond)
	defer cancel()
	if _, err := p.Wait(ctx); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("wait: %v, want the end of the context", err)
	}
	if err := p.Signal(syscall.SIGHUP); !errors.Is(err, ErrNotSupported) {
		t.Errorf("a signal that Windows has not: %v", err)
	}
	if _, err := p.Environ(t.Context()); !errors.Is(err, ErrNotSupported) {
		t.Errorf("environment: %v, want ErrNotSupported", err)
	}
	if err := p.Close(); err != nil {
		t.Error(err)
	}
	if _, err := p.Exe(t.Context()); !errors.Is(err, fs.ErrClosed) {
		t.Errorf("%v after Close, want fs.ErrClosed", err)
	}
	if err := p.Close(); !errors.Is(err, fs.ErrClosed) {
		t.Errorf("second close: %v, want fs.ErrClosed", err)
	}
}

func TestNoSuchProcess(t *testing.T) {
	procs := openTable(t)
	for pid, want := range map[int32]error{-1: fs.ErrInvalid, 0: ErrAccessDenied, 1<<31 - 4: ErrNoSuchProcess} {
		if _, err := procs.OpenPID(t.Context(), pid); !errors.Is(err, want) {
			t.Errorf("%d: %v, want %v", pid, err, want)
		}
	}
	if _, err := procs.OpenProcess(t.Context(), ProcID{PID: int32(os.Getpid()), Start: 1}); !errors.Is(err, ErrNoSuchProcess) {
		t.Errorf("another process with that PID: %v, want ErrNoSuchProcess", err)
	}
}

// TestDeniedOwner has a process that refuses to say who runs it, as protected ones do:
// its row stays, without an owner, and is counted.
func TestDeniedOwner(t *testing.T) {
	r := newNTReader(time.Now)
	before, err := r.read(WantStatus)
	if err != nil {
		t.Fatal(err)
	}
	p := before.Find(int32(os.Getpid()))
	if p.Owner == "" || before.Denied != 0 {
		t.Errorf("owner %q, %d denied, want the owner of all", p.Owner, before.Denied)
	}
	r.owners[p.ID] = owner{err: syscall.ERROR_ACCESS_DENIED}
	for range 2 { // the second does not ask again
		s, err := r.read(WantStatus)
		if err != nil {
			t.Fatal(err)
		}
		if p := s.Find(int32(os.Getpid())); p == nil || p.Owner != "" || p.Threads == 0 || s.Denied != 1 {
			t.Errorf("%+v, %d denied, want the row without an owner, and 1", p, s.Denied)
		}
	}
}

func TestHostOfWindows(t *testing.T) {
	host, err := ReadHost(nil)
	if err != nil || host.MemTotal.Or(0) < 1<<26 || host.PIDLimit().Known() {
		t.Errorf("%+v, %v", host, err)
	}
	memory, err := ReadMemory(nil)
	if err != nil || memory.Total != host.MemTotal.Or(0) || memory.Available == 0 || memory.Available > memory.Total {
		t.Errorf("%+v, %v", memory, err)
	}
	cpus, err := ReadCPUs(nil)
	if err != nil || cpus.Logical.Or(0) < 1 || cpus.Cores.Or(0) < 1 || cpus.Cores.Or(0) > cpus.Logical.Or(0) {
		t.Errorf("%+v, %v", cpus, err)
	}
	own := int32(os.Getpid())
	pids, err := PIDs(nil)
	if exists, lookErr := PIDExists(nil, own); err != nil || !slices.Contains(pids, own) || !slices.IsSorted(pids) || !exists || lookErr != nil {
		t.Errorf("PIDs %v, %v; this process: %t, %v", pids, err, exists, lookErr)
	}
	if exists, err := PIDExists(nil, -1); exists || err != nil {
		t.Errorf("PID -1: %t, %v", exists, err)
	}
	if boot, err := ReadBootTime(nil); err != nil || boot.After(time.Now()) || boot.Year() < 2000 {
		t.Errorf("boot time %v, %v", boot, err)
	}
}
