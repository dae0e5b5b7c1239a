package pidfd

import (
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"slices"
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

// start starts a shell that ends as the script says once its input is closed.
func start(t *testing.T, script string) (*exec.Cmd, io.Closer) {
	t.Helper()
	cmd := &exec.Cmd{Path: "/bin/sh", Args: []string{"sh", "-c", "read line; " + script}, Dir: t.TempDir()}
	stdin, err := cmd.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		cmd.Process.Kill() //nolint:errcheck // the test may have reaped it
		cmd.Wait()         //nolint:errcheck // likewise
	})
	return cmd, stdin
}

func openFD(t *testing.T, pid int) *FD {
	t.Helper()
	f, err := Open(int32(pid))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { f.Close() }) //nolint:errcheck // the test may have closed it
	return f
}

// TestPeek waits for children that end in each way, and compares with what wait4(2)
// returns of them afterwards, and a pidfd after that.
func TestPeek(t *testing.T) {
	for _, script := range []string{"exit 7", "exit 0", "kill -TERM $$", "ulimit -c unlimited; kill -ABRT $$"} {
		t.Run(script, func(t *testing.T) {
			cmd, stdin := start(t, script)
			f := openFD(t, cmd.Process.Pid)
			if _, err := f.Peek(); !errors.Is(err, unix.ECHILD) {
				t.Errorf("a child that lives: %v, want ECHILD", err)
			}
			stdin.Close() //nolint:errcheck // the test has no other use for it
			var status uint32
			err := f.Await(time.Now().Add(10*time.Second), func() (done bool) {
				var peekErr error
				status, peekErr = f.Peek()
				return peekErr == nil
			})
			if err != nil {
				t.Fatal(err)
			}
			if again, err := Peek(int32(cmd.Process.Pid)); err != nil || again != status {
				t.Errorf("wait status %#x by PID, %v, and %#x by pidfd", again, err, status)
			}
			if told, err := f.Exit(); !errors.Is(err, unix.ENODATA) {
				t.Errorf("wait status %#x, %v of a zombie, want ENODATA", told, err)
			}
			var want unix.WaitStatus
			if _, err := unix.Wait4(cmd.Process.Pid, &want, 0, nil); err != nil || status != uint32(want) {
				t.Errorf("wait status %#x, want %#x (%v)", status, want, err)
			}
			if _, err := f.Peek(); !errors.Is(err, unix.ECHILD) {
				t.Errorf("a child that was reaped: %v, want ECHILD", err)
			}
			switch told, err := f.Exit(); {
			case !tellsExits(t):
				if !errors.Is(err, unix.ENODATA) {
					t.Errorf("wait status %#x, %v of a kernel that does not tell", told, err)
				}
			case err != nil || told != status:
				t.Errorf("wait status %#x, %v after it was reaped, want %#x", told, err, status)
			}
		})
	}
	if _, err := Peek(1); !errors.Is(err, unix.ECHILD) {
		t.Errorf("process 1: %v, want ECHILD", err)
	}
}

// tellsExits reports whether the kernel tells how a process exited that was reaped:
// Linux 6.15.
func tellsExits(t *testing.T) bool {
	t.Helper()
	var name unix.Utsname
	if err := unix.Uname(&name); err != nil {
		t.Fatal(err)
	}
	var major, minor int
	if _, err := fmt.Sscanf(unix.ByteSliceToString(name.Release[:]), "%d.%d", &major, &minor); err != nil {
		t.Fatal(err)
	}
	return major > 6 || major == 6 && minor >= 15
}

func TestWaitStatus(t *testing.T) {
	for _, tt := range []struct {
		code, status int32
		want         uint32
	}{{1, 7, 0x700}, {childKilled, 9, 9}, {childDumped, 6, 0x86}, {1, 0x107, 0x700}} {
		if got := waitStatus(tt.code, tt.status); got != tt.want {
			t.Errorf("code %d, status %d: %#x, want %#x", tt.code, tt.status, got, tt.want)
		}
	}
}

func TestAwait(t *testing.T) {
	f := openFD(t, os.Getppid())
	never := func() bool { return false }
	if err := f.Await(time.Now().Add(time.Millisecond), never); !errors.Is(err, os.ErrDeadlineExceeded) {
		t.Errorf("at the deadline: %v", err)
	}
	time.AfterFunc(10*time.Millisecond, f.Interrupt)
	if err := f.Await(time.Time{}, never); !errors.Is(err, os.ErrDeadlineExceeded) {
		t.Errorf("interrupted: %v", err)
	}
	if err := f.Await(time.Time{}, func() bool { return true }); err != nil {
		t.Errorf("done at once: %v", err)
	}
	if _, err := Open(1 << 30); err == nil {
		t.Error("opened no process")
	}
}

func TestSignal(t *testing.T) {
	cmd, _ := start(t, "exit 0")
	dir, err := os.Open("/proc/self")
	if err != nil {
		t.Fatal(err)
	}
	defer dir.Close()
	if err := Signal(int(dir.Fd()), 0); err != nil {
		t.Errorf("signal 0 to this process by its directory: %v", err)
	}
	f := openFD(t, cmd.Process.Pid)
	if err := Signal(f.fd, unix.SIGTERM); err != nil {
		t.Error(err)
	}
	if status, err := f.Peek(); err != nil {
		err = f.Await(time.Now().Add(10*time.Second), func() bool { status, err = f.Peek(); return err == nil })
		if err != nil || status != uint32(unix.SIGTERM) {
			t.Errorf("wait status %#x, %v, want SIGTERM", status, err)
		}
	}
	if err := Kill(int32(os.Getpid()), 0); err != nil {
		t.Errorf("signal 0 to this process: %v", err)
	}
	if err := Kill(1<<30, 0); !errors.Is(err, unix.ESRCH) {
		t.Errorf("signal to no process: %v", err)
	}
}

// TestPriorities compares with what the calls for the own thread return.
func TestPriorities(t *testing.T) {
	cmd, _ := start(t, "exit 0")
	pid := int32(cmd.Process.Pid)
	cpus, err := Affinity(pid)
	if err != nil || len(cpus) == 0 {
		t.Fatalf("CPUs %v, %v", cpus, err)
	}
	var one unix.CPUSet
	one.Set(cpus[len(cpus)-1])
	if err := unix.SchedSetaffinity(int(pid), &one); err != nil {
		t.Fatal(err)
	}
	if got, err := Affinity(pid); err != nil || !slices.Equal(got, cpus[len(cpus)-1:]) {
		t.Errorf("CPUs %v, %v, want %v", got, err, cpus[len(cpus)-1:])
	}
	const idle = 3
	if _, _, errno := unix.Syscall(unix.SYS_IOPRIO_SET, ioprioWhoProcess, uintptr(pid), idle<<ioprioClassShift|5); errno != 0 {
		t.Fatal(errno)
	}
	if class, level, err := IOPriority(pid); err != nil || class != idle || level != 5 {
		t.Errorf("I/O priority %d, level %d, %v, want %d, level 5", class, level, err, idle)
	}
	for name, err := range map[string]error{"affinity": second(Affinity(1 << 30)), "I/O priority": third(IOPriority(1 << 30))} {
		if !errors.Is(err, unix.ESRCH) {
			t.Errorf("%s of no process: %v, want ESRCH", name, err)
		}
	}
}

func second[T any](_ T, err error) error { return err }

func third[T, U any](_ T, _ U, err error) error { return err }
