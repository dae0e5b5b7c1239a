package sysprobe

import (
	"context"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"testing"

	"golang.org/x/sys/unix"

	"telegraf-sysprobe/sysprobe/internal/decode/procfs"
	"telegraf-sysprobe/sysprobe/sysprobetest"
)

// wantAbandoned checks that f, which never gets an answer, promptly returns the
// error of its context.
func wantAbandoned(t *testing.T, name string, f func(context.Context) error) {
	t.Helper()
	if err := sysprobetest.Canceled(t, f); !errors.Is(err, context.Canceled) {
		t.Errorf("%s: %v, want context.Canceled", name, err)
	}
}

// TestProcessContexts asks about a process none of whose files is ever read to
// the end: opening a FIFO waits for a writer.
func TestProcessContexts(t *testing.T) {
	tree := sysprobetest.NewProcTree(t)
	tree.Add(sysprobetest.Process{PID: 10, Comm: "x", Start: 5})
	procs := openTable(t, tree.Root)
	p := openProcess(t, procs, 10)
	files := []string{"stat", "status", "cmdline", "environ", "limits", "smaps", "smaps_rollup", "net/tcp", "fdinfo/3", "task/10/stat"}
	for _, file := range files {
		path := filepath.Join(tree.Root, "10", file)
		check(t, os.MkdirAll(filepath.Dir(path), 0o755))
		if err := os.Remove(path); err != nil && !errors.Is(err, fs.ErrNotExist) {
			t.Fatal(err)
		}
		check(t, unix.Mkfifo(path, 0o644))
	}
	tree.Link("10/fd/3", filepath.Join(tree.Root, "meminfo"))
	tree.Link("10/fd/4", "socket:[7]")
	tree.Remove("self")
	tree.Link("self", "10")
	ended, end := context.WithCancel(t.Context())
	end()
	before := runtime.NumGoroutine()
	for method, call := range processMethods {
		if method == "Signal" || strings.HasPrefix(method, "Set") || method == "IsRunning" { // which take no context, or return no error
			continue
		}
		if _, err := call(ended, p); !errors.Is(err, context.Canceled) {
			t.Errorf("%s with a context that is done: %v, want context.Canceled", method, err)
		}
		if method == "Wait" { // which has a timeout of its own there
			call = func(ctx context.Context, p *Process) (any, error) { return p.Wait(ctx) }
		}
		wantAbandoned(t, method, func(ctx context.Context) error { _, err := call(ctx, p); return err })
	}
	wantAbandoned(t, "IsRunning", func(ctx context.Context) error {
		if p.IsRunning(ctx) {
			t.Error("it is running")
		}
		return ctx.Err()
	})
	for name, open := range map[string]func(context.Context) (*Process, error){
		"OpenPID":     func(ctx context.Context) (*Process, error) { return procs.OpenPID(ctx, 10) },
		"OpenProcess": func(ctx context.Context) (*Process, error) { return procs.OpenProcess(ctx, ProcID{PID: 10, Start: 5}) },
	} {
		wantAbandoned(t, name, func(ctx context.Context) error { _, err := open(ctx); return err })
	}
	wantAbandoned(t, "Procs.Connections", func(ctx context.Context) error {
		_, err := procs.Connections(ctx, ConnectionFilter{})
		return err
	})

	// Every read that was left ends now, with nothing, and the files close.
	sysprobetest.Eventually(t, func() string {
		for _, file := range files {
			fd, err := unix.Open(filepath.Join(tree.Root, "10", file), unix.O_WRONLY|unix.O_NONBLOCK|unix.O_CLOEXEC, 0)
			if err == nil {
				unix.Close(fd) //nolint:errcheck // nothing was written
			}
		}
		if n := runtime.NumGoroutine(); n > before {
			return "goroutines are left"
		}
		return ""
	})
}

// TestUnansweredQuestion asks for a command line that is not returned, and then
// for other facts.
func TestUnansweredQuestion(t *testing.T) {
	tree := sysprobetest.NewProcTree(t)
	tree.Add(sysprobetest.Process{PID: 10, Comm: "x", Start: 5})
	path := filepath.Join(tree.Root, "10/cmdline")
	check(t, os.Remove(path))
	check(t, unix.Mkfifo(path, 0o644))
	files, goroutines := openFiles(), runtime.NumGoroutine()
	p, err := openTable(t, tree.Root).OpenPID(t.Context(), 10)
	check(t, err)
	wantAbandoned(t, "Cmdline", func(ctx context.Context) error { _, err := p.Cmdline(ctx); return err })
	if state, err := p.State(t.Context()); err != nil || state != StateSleeping {
		t.Errorf("state %v, %v while a question is not answered", state, err)
	}
	check(t, p.Close())
	if _, err := p.State(t.Context()); !errors.Is(err, fs.ErrClosed) {
		t.Errorf("state of a closed process: %v", err)
	}
	sysprobetest.Eventually(t, func() string {
		if fd, err := unix.Open(path, unix.O_WRONLY|unix.O_NONBLOCK|unix.O_CLOEXEC, 0); err == nil {
			unix.Close(fd) //nolint:errcheck // nothing was written
		}
		if dir := filepath.Join(tree.Root, "10"); openFiles()[dir] > files[dir] {
			return "the directory of the process is open"
		}
		if runtime.NumGoroutine() > goroutines {
			return "goroutines are left"
		}
		return ""
	})
}

// TestExplain is about what a failure means of a process in each state.
func TestExplain(t *testing.T) {
	for _, tt := range []struct {
		name  string
		state byte
		flags uint32
		size  uint64
		err   error
		want  verdict
	}{
		{"no answer of a live process", 'S', 0, 4096, nil, verdictNone},
		{"denied", 'S', 0, 4096, unix.EACCES, verdictFailed},
		{"a file that is not there", 'S', 0, 4096, unix.ENOENT, verdictUnsupported},
		{"no memory to read", 'S', 0, 4096, unix.ESRCH, verdictFailed},
		{"a kernel thread", 'I', 0x00200000, 0, unix.ESRCH, verdictNone},
		{"a kernel thread, denied", 'I', 0x00200000, 0, unix.EACCES, verdictFailed},
		{"a zombie", 'Z', 0x4, 0, nil, verdictZombie},
		{"a zombie, denied", 'Z', 0x4, 0, unix.EACCES, verdictZombie},
		// Its environ is empty until Linux 6.1 and ESRCH since 6.12, its smaps_rollup
		// ESRCH at the first read until 6.1 and at open since 6.12, its exe ENOENT.
		{"a zombie without memory to read", 'Z', 0x4, 0, unix.ESRCH, verdictZombie},
		{"a zombie without an executable", 'Z', 0x4, 0, unix.ENOENT, verdictZombie},
		{"a zombie whose mounts cannot be read", 'Z', 0x4, 0, unix.EINVAL, verdictZombie},
		{"it exits, and has no memory any more", 'R', 0x4, 0, unix.EACCES, verdictZombie},
		{"it exits, and still has memory", 'R', 0x4, 4096, unix.EACCES, verdictFailed},
		{"it is being reaped", 'X', 0x4, 0, unix.EACCES, verdictGone},
	} {
		st := procfs.Stat{State: tt.state, Flags: tt.flags, VirtualSize: tt.size}
		if got := explain(tt.err, &st); got != tt.want {
			t.Errorf("%s: %d, want %d", tt.name, got, tt.want)
		}
	}
	for v, want := range map[verdict]error{
		verdictGone: ErrNoSuchProcess, verdictZombie: ErrZombieProcess, verdictNone: nil, verdictUnsupported: ErrNotSupported, verdictFailed: unix.ENOENT,
	} {
		if got := v.error(unix.ENOENT); !errors.Is(got, want) {
			t.Errorf("verdict %d: %v, want %v", v, got, want)
		}
	}
}

func TestFindProcess(t *testing.T) {
	before := openFiles()
	p, err := FindProcess(t.Context(), int32(os.Getpid()))
	check(t, err)
	if cmdline, err := p.Cmdline(t.Context()); err != nil || !slices.Equal(cmdline, os.Args) {
		t.Errorf("command line %q, %v, want %q", cmdline, err, os.Args)
	}
	parent, err := p.Parent(t.Context())
	if err != nil || parent.Or(ProcID{}).PID != int32(os.Getppid()) {
		t.Errorf("parent %v, %v", parent, err)
	}
	check(t, p.Close())
	if err := p.Close(); !errors.Is(err, fs.ErrClosed) {
		t.Errorf("closed again: %v", err)
	}
	if _, err := FindProcess(t.Context(), 1<<30); !errors.Is(err, ErrNoSuchProcess) {
		t.Errorf("no process: %v", err)
	}
	ended, end := context.WithCancel(t.Context())
	end()
	if _, err := FindProcess(ended, 1); !errors.Is(err, context.Canceled) {
		t.Errorf("with a context that is done: %v", err)
	}
	for name, n := range openFiles() {
		if n > before[name] {
			t.Errorf("%d x %s are left open", n-before[name], name)
		}
	}
}
