package sysprobe

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"math"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"testing"

	"github.com/google/go-cmp/cmp"

	"telegraf-sysprobe/sysprobe/sysprobetest"
)

// openProcess opens a process for the time of the test.
func openProcess(t testing.TB, procs *Procs, pid int) *Process {
	t.Helper()
	p, err := procs.OpenPID(t.Context(), int32(pid))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := p.Close(); err != nil {
			t.Error(err)
		}
	})
	return p
}

// startSleep starts a copy of sleep(1) under that path.
func startSleep(t *testing.T, path string, change func(*exec.Cmd)) *exec.Cmd {
	t.Helper()
	sleep, err := os.ReadFile("/bin/sleep")
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, sleep, 0o755); err != nil {
		t.Fatal(err)
	}
	cmd := &exec.Cmd{Path: path, Args: []string{path, "600"}}
	if change != nil {
		change(cmd)
	}
	start(t, cmd)
	return cmd
}

func TestOpenProcess(t *testing.T) {
	procs := openTable(t, "")
	own := openProcess(t, procs, os.Getpid())
	row, err := procs.Lookup(context.Background(), int32(os.Getpid()), 0)
	if err != nil || own.ID() != row.ID {
		t.Errorf("identity %v, %v, want %v", own.ID(), err, row.ID)
	}
	tasks, err := os.ReadDir("/proc/self/task")
	other := slices.IndexFunc(tasks, func(task os.DirEntry) bool { return task.Name() != strconv.Itoa(os.Getpid()) })
	if err != nil || other < 0 {
		t.Fatal(tasks, err)
	}
	tid, err := strconv.Atoi(tasks[other].Name())
	if err != nil {
		t.Fatal(err)
	}
	for _, tt := range []struct {
		name string
		id   ProcID
		want error
	}{
		{"F05 a thread", ProcID{PID: int32(tid)}, ErrNoSuchProcess},
		{"F06 -1", ProcID{PID: -1}, fs.ErrInvalid},
		{"F06 0", ProcID{PID: 0}, ErrNoSuchProcess},
		{"F06 beyond the largest", ProcID{PID: 4194305}, ErrNoSuchProcess},
		{"F06 2^31-1", ProcID{PID: math.MaxInt32}, ErrNoSuchProcess},
		{"F01 another start", ProcID{PID: row.ID.PID, Start: row.ID.Start + 1}, ErrNoSuchProcess},
	} {
		t.Run(tt.name, func(t *testing.T) {
			open := func() (*Process, error) { return procs.OpenProcess(t.Context(), tt.id) }
			if tt.id.Start == 0 {
				open = func() (*Process, error) { return procs.OpenPID(t.Context(), tt.id.PID) }
			}
			p, err := open()
			if !errors.Is(err, tt.want) || p != nil {
				t.Errorf("error %v, want %v", err, tt.want)
			}
			var op *OpError
			if !errors.As(err, &op) || op.Target != strconv.Itoa(int(tt.id.PID)) {
				t.Errorf("error %#v does not name the process", err)
			}
		})
	}
	t.Run("closed", func(t *testing.T) {
		p, err := procs.OpenProcess(t.Context(), row.ID)
		if err != nil {
			t.Fatal(err)
		}
		if err := p.Close(); err != nil {
			t.Error(err)
		}
		for method, call := range processMethods {
			if method == "ConnectionsOf" {
				continue // it opens the process anew
			}
			if _, err := call(t.Context(), p); !errors.Is(err, fs.ErrClosed) && method != "IsRunning" {
				t.Errorf("%s of a closed process: %v", method, err)
			}
		}
		if err := p.Close(); !errors.Is(err, fs.ErrClosed) || p.IsRunning(t.Context()) {
			t.Errorf("closed again: %v, runs: %v", err, p.IsRunning(t.Context()))
		}
	})
}

func TestCmdlines(t *testing.T) {
	procs := openTable(t, "")
	long := []string{"sleep"}
	for range 20 {
		long = append(long, strings.Repeat("x", 9999))
	}
	long = append(long, "")
	for _, tt := range []struct {
		name string
		cmd  *exec.Cmd
		want []string
	}{
		{
			"D15 empty arguments", &exec.Cmd{Path: "/bin/sh", Args: []string{"sh", "-c", "sleep 600; true", "", "a b", ""}},
			[]string{"sh", "-c", "sleep 600; true", "", "a b", ""},
		},
		{"D12 a blank in the path", &exec.Cmd{Path: "/bin/sleep", Args: []string{"/a b/c", "600"}}, []string{"/a b/c", "600"}},
		{"D14 not UTF-8", &exec.Cmd{Path: "/bin/sh", Args: []string{"\xff\xfe", "-c", "sleep 600; true"}}, []string{"\xff\xfe", "-c", "sleep 600; true"}},
		{
			"D21 200,000 bytes", &exec.Cmd{Path: "/bin/sh", Args: append([]string{"sh", "-c", "sleep 600; true"}, long...)},
			append([]string{"sh", "-c", "sleep 600; true"}, long...),
		},
	} {
		t.Run(tt.name, func(t *testing.T) {
			tt.cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
			start(t, tt.cmd)
			t.Cleanup(func() { syscall.Kill(-tt.cmd.Process.Pid, syscall.SIGKILL) }) //nolint:errcheck // what sh started
			got, err := openProcess(t, procs, tt.cmd.Process.Pid).Cmdline(t.Context())
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(tt.want, got); diff != "" {
				t.Errorf("command line (-want +got):\n%s", diff)
			}
		})
	}
	for _, tt := range []struct {
		name, title, pad string
		want             []string // the last ones
	}{
		{"D10 a title, to which the kernel adds a NUL", "x idle", "-", []string{"idle"}},
		{"D10 a title with a blank at the end", "x idle ", "-", []string{"idle", ""}},
		{"D09 a title that ends in NUL", "\x00x y\x00z\x00", "-", []string{"x y", "z"}},
		{"D13 a title of nothing", "", "\x00", []string{"", "", ""}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			h := startHelper(t, nil, "title", strconv.Quote(tt.title), strconv.Quote(tt.pad), "room for it")
			got, err := openProcess(t, procs, int(h.pid())).Cmdline(t.Context())
			if err != nil || len(got) <= len(tt.want) {
				t.Fatal(got, err)
			}
			if diff := cmp.Diff(tt.want, got[len(got)-len(tt.want):]); diff != "" {
				t.Errorf("command line (-want +got):\n%s", diff)
			}
		})
	}
}

func TestExecutables(t *testing.T) {
	procs := openTable(t, "")
	for _, tt := range []struct {
		name, file string
		then       func(t *testing.T, path string)
		deleted    bool
	}{
		{"there", "plain", nil, false},
		{"C23 blank and parenthesis", "foo bar )", nil, false},
		{"D01 removed", "plain", func(t *testing.T, path string) { check(t, os.Remove(path)) }, true},
		{"D02 named as if removed", "lit (deleted)", nil, false},
		{"D02 named as if removed, and removed", "lit (deleted)", func(t *testing.T, path string) { check(t, os.Remove(path)) }, true},
		{"D04 replaced", "plain", func(t *testing.T, path string) {
			check(t, os.Remove(path))
			check(t, os.WriteFile(path, nil, 0o755))
		}, true},
		{"D04 one of two names removed", "plain", func(t *testing.T, path string) {
			check(t, os.Link(path, path+"2"))
			check(t, os.Remove(path))
		}, true},
		{"renamed", "plain", func(t *testing.T, path string) { check(t, os.Rename(path, path+" (deleted)")) }, false},
	} {
		t.Run(tt.name, func(t *testing.T) {
			path := filepath.Join(t.TempDir(), tt.file)
			cmd := startSleep(t, path, nil)
			if tt.then != nil {
				tt.then(t, path)
			}
			want := ProcPath{Path: path, Deleted: tt.deleted}
			if tt.name == "renamed" {
				want.Path += " (deleted)"
			}
			got, err := openProcess(t, procs, cmd.Process.Pid).Exe(t.Context())
			if err != nil || got != want {
				t.Errorf("executable %+v, %v, want %+v", got, err, want)
			}
		})
	}
}

func TestWorkingDirectories(t *testing.T) {
	procs := openTable(t, "")
	for _, tt := range []struct {
		name   string
		remove bool
	}{{"there", false}, {"D06 removed", true}} {
		t.Run(tt.name, func(t *testing.T) {
			dir := filepath.Join(t.TempDir(), "x y\nz")
			check(t, os.Mkdir(dir, 0o755))
			cmd := &exec.Cmd{Path: "/bin/sleep", Args: []string{"sleep", "600"}, Dir: dir}
			start(t, cmd)
			if tt.remove {
				check(t, os.Remove(dir))
			}
			got, err := openProcess(t, procs, cmd.Process.Pid).Cwd(t.Context())
			if want := (ProcPath{Path: dir, Deleted: tt.remove}); err != nil || got != want {
				t.Errorf("working directory %+v, %v, want %+v", got, err, want)
			}
		})
	}
}

func TestEnvironments(t *testing.T) {
	procs := openTable(t, "")
	// A shell would drop what is no variable, and os/exec what it thinks is twice.
	environ := []string{"A=1", "B=", "C=x=y", "D=1\n2=3", "E=\xff", "NOEQUALS", "DUP=1", "DUP=2", "=empty", "", "LAST=end"}
	p, err := os.StartProcess("/bin/sleep", []string{"sleep", "600"}, &os.ProcAttr{Env: environ})
	check(t, err)
	t.Cleanup(func() {
		check(t, p.Kill())
		p.Wait() //nolint:errcheck // it was killed
	})
	executes(t, p.Pid)
	got, err := openProcess(t, procs, p.Pid).Environ(t.Context())
	check(t, err)
	if diff := cmp.Diff(environ, got); diff != "" {
		t.Errorf("D16 D18 environment (-want +got):\n%s", diff)
	}
	want := []EnvVar{{"A", "1"}, {"B", ""}, {"C", "x=y"}, {"D", "1\n2=3"}, {"E", "\xff"}, {"DUP", "1"}, {"DUP", "2"}}
	if diff := cmp.Diff(want, ParseEnviron(got)); diff != "" {
		t.Errorf("variables (-want +got):\n%s", diff)
	}
}

func check(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// TestForgottenProcess opens processes and does not close them: their descriptors
// are closed all the same.
func TestForgottenProcess(t *testing.T) {
	entries, err := os.ReadDir("/proc/self/fd")
	check(t, err)
	before := len(entries)
	func() {
		procs := openTableOf(t, BackendProcFS)
		for range 50 {
			p, err := procs.OpenPID(t.Context(), int32(os.Getpid()))
			check(t, err)
			if !p.IsRunning(t.Context()) {
				t.Error("this process is gone")
			}
		}
		if p, err := FindProcess(t.Context(), int32(os.Getpid())); err != nil {
			t.Errorf("%v, %v", p, err)
		}
	}()
	sysprobetest.Eventually(t, func() string {
		runtime.GC()
		entries, err := os.ReadDir("/proc/self/fd")
		check(t, err)
		if len(entries) > before+1 { // the table
			return fmt.Sprintf("%d descriptors, want %d", len(entries), before+1)
		}
		return ""
	})
}
