package procdir

import (
	"bytes"
	"errors"
	"os"
	"os/exec"
	"runtime"
	"strconv"
	"testing"

	"golang.org/x/sys/unix"

	"telegraf-sysprobe/sysprobe/sysprobetest"
)

// startSleep starts a process that sleeps, and returns what ends it and reaps it.
func startSleep(t *testing.T) (pid int32, end func()) {
	t.Helper()
	cmd := exec.Command("sleep", "600")
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	end = func() {
		cmd.Process.Kill() //nolint:errcheck // it may have been
		cmd.Wait()         //nolint:errcheck // it was killed
	}
	t.Cleanup(end)
	return int32(cmd.Process.Pid), end
}

// openKept opens the directory of a process with files that are kept open.
func openKept(t *testing.T, pid int32, budget *Budget) Dir {
	t.Helper()
	root, err := Open("/proc")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { root.Close() }) //nolint:errcheck // of the test
	buf := new(Buffer)
	dir, err := root.OpenDir(buf, pid)
	if err != nil {
		t.Fatal(err)
	}
	dir.KeepOpen(buf, budget)
	return dir
}

// pathsOf are what the descriptors of files that are kept open lead to.
func pathsOf(dir Dir) []string {
	var paths []string
	if kept := dir.dir.kept.Load(); kept != nil {
		for _, fd := range kept.fds {
			path, err := os.Readlink("/proc/self/fd/" + strconv.Itoa(fd))
			if err != nil {
				path = err.Error()
			}
			paths = append(paths, path)
		}
	}
	return paths
}

func TestKeepOpen(t *testing.T) {
	pid, end := startSleep(t)
	budget := NewBudget(1)
	dir := openKept(t, pid, budget)
	base := "/proc/" + strconv.Itoa(int(pid)) + "/"
	paths := pathsOf(dir)
	if len(paths) != 3 || paths[0] != base+"stat" || paths[1] != base+"status" || paths[2] != base+"statm" {
		t.Fatalf("%q are open, want three of %s", paths, base)
	}
	buf := new(Buffer)
	dir.KeepOpen(buf, budget) // which they are already
	for range 2 {
		for _, file := range keptNames {
			// Counters of the process can grow between two reads, and not its name.
			b, err := dir.Read(buf, file)
			if name := "sleep"; err != nil || len(b) == 0 || file != Statm && !bytes.Contains(b, []byte(name)) {
				t.Errorf("%s is %q, %v", file, b, err)
			}
		}
	}
	if st, err := dir.Thread(pid).Stat(buf); err != nil || st.PID != pid {
		t.Errorf("stat of the thread %+v, %v", st, err)
	}
	if b, err := dir.Read(buf, "comm"); err != nil || string(b) != "sleep\n" {
		t.Errorf("comm, which is not kept open, is %q, %v", b, err)
	}
	if other := openKept(t, int32(os.Getpid()), budget); len(pathsOf(other)) != 0 {
		t.Error("files are kept open beyond the budget")
	} else if err := other.Close(); err != nil {
		t.Error(err)
	}
	end()
	for _, file := range keptNames {
		if b, err := dir.Read(buf, file); !errors.Is(err, unix.ESRCH) {
			t.Errorf("%s of a process that is gone is %q, %v, want ESRCH", file, b, err)
		}
	}
	fds := dir.dir.kept.Load().fds
	if err := dir.Close(); err != nil {
		t.Error(err)
	}
	checkNotOf(t, base, fds[:])
	if left := budget.left.Load(); left != 1 {
		t.Errorf("%d processes are left in the budget after Close, want 1", left)
	}
}

// checkNotOf checks that none of the descriptors is a file below base.
func checkNotOf(t *testing.T, base string, fds []int) {
	t.Helper()
	for _, fd := range fds {
		if path, err := os.Readlink("/proc/self/fd/" + strconv.Itoa(fd)); err == nil && bytes.HasPrefix([]byte(path), []byte(base)) {
			t.Errorf("%s is still open", path)
		}
	}
}

// TestKeepOpenForgotten closes the files of a directory that nobody closes.
func TestKeepOpenForgotten(t *testing.T) {
	pid, _ := startSleep(t)
	budget := NewBudget(1)
	fds := openKept(t, pid, budget).dir.kept.Load().fds
	sysprobetest.Eventually(t, func() string {
		runtime.GC()
		if budget.left.Load() != 1 {
			return "the files of a forgotten directory stay open"
		}
		return ""
	})
	checkNotOf(t, "/proc/"+strconv.Itoa(int(pid))+"/", fds[:])
}

// TestKeepOpenOfNobody keeps nothing open of a process that is gone.
func TestKeepOpenOfNobody(t *testing.T) {
	pid, end := startSleep(t)
	budget := NewBudget(1)
	root, err := Open("/proc")
	if err != nil {
		t.Fatal(err)
	}
	defer root.Close() //nolint:errcheck // of the test
	buf := new(Buffer)
	dir, err := root.OpenDir(buf, pid)
	if err != nil {
		t.Fatal(err)
	}
	defer dir.Close() //nolint:errcheck // of the test
	end()
	dir.KeepOpen(buf, budget)
	root.Dir(int32(os.Getpid())).KeepOpen(buf, budget)
	if dir.dir.kept.Load() != nil || root.dir.kept.Load() != nil || budget.left.Load() != 1 {
		t.Error("files are kept open of a process that is gone, or of a tree")
	}
}
