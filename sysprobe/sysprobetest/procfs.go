package sysprobetest

import (
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"testing"
)

// ProcTree is a proc(5) tree in a temporary directory, for Config.ProcRoot.
// Its methods fail the test where they cannot do what they say.
type ProcTree struct {
	Root string
	tb   testing.TB
}

// BootTime is btime of a tree made by NewProcTree, in seconds since 1970.
const BootTime = 1700000000

// NewProcTree returns a tree without processes, of a machine with 16,000,000
// kB, 32,768 process IDs and 1,000 threads. Everybody may read it. It is
// removed when the test ends.
func NewProcTree(tb testing.TB) *ProcTree {
	tb.Helper()
	t := emptyProcTree(tb)
	t.Write("stat", fmt.Sprintf("cpu  1 2 3 4 5 6 7 8 9 10\nintr 5 0\nctxt 7\nbtime %d\nprocesses 9\n", BootTime))
	t.Write("meminfo", "MemTotal:       16000000 kB\nMemFree:         8000000 kB\n")
	t.Write("sys/kernel/pid_max", "32768\n")
	t.Write("sys/kernel/threads-max", "1000\n")
	t.Link("self", "1")
	return t
}

// LoadProcTree returns a copy of testdata/proc/NAME, to be changed at will.
func LoadProcTree(tb testing.TB, name string) *ProcTree {
	tb.Helper()
	t := emptyProcTree(tb)
	t.check(os.CopyFS(t.Root, os.DirFS(Path(tb, "proc", name))))
	return t
}

func emptyProcTree(tb testing.TB) *ProcTree {
	tb.Helper()
	root := tb.TempDir()
	t := &ProcTree{Root: root, tb: tb}
	// Temporary directories are their owner's alone; tests look as others too.
	t.check(os.Chmod(filepath.Dir(root), 0o755))
	t.check(os.Chmod(root, 0o755))
	return t
}

// Write makes a file and the directories above it.
func (t *ProcTree) Write(path, content string) {
	t.tb.Helper()
	t.check(os.MkdirAll(filepath.Join(t.Root, filepath.Dir(path)), 0o755))
	t.check(os.WriteFile(filepath.Join(t.Root, path), []byte(content), 0o644))
}

// Link makes a symbolic link and the directories above it.
func (t *ProcTree) Link(path, target string) {
	t.tb.Helper()
	t.check(os.MkdirAll(filepath.Join(t.Root, filepath.Dir(path)), 0o755))
	t.check(os.Symlink(target, filepath.Join(t.Root, path)))
}

// Mkdir makes a directory and those above it.
func (t *ProcTree) Mkdir(path string) {
	t.tb.Helper()
	t.check(os.MkdirAll(filepath.Join(t.Root, path), 0o755))
}

// Deny takes all permissions from a file or directory; root may read it still.
func (t *ProcTree) Deny(path string) {
	t.tb.Helper()
	path = filepath.Join(t.Root, path)
	t.check(os.Chmod(path, 0))
	t.tb.Cleanup(func() {
		if err := os.Chmod(path, 0o755); err != nil && !os.IsNotExist(err) { // so that it can be removed
			t.tb.Error(err)
		}
	})
}

// Remove removes a file or directory with all it has.
func (t *ProcTree) Remove(path string) {
	t.tb.Helper()
	t.check(os.RemoveAll(filepath.Join(t.Root, path)))
}

func (t *ProcTree) check(err error) {
	t.tb.Helper()
	if err != nil {
		t.tb.Fatal(err)
	}
}

// Process is a process of a ProcTree.
type Process struct {
	PID, PPID int
	Comm      string
	State     byte // the letter; 0 means S
	Threads   int  // 0 means 1
	Start     uint64
	// UserTicks and SystemTicks are hundredths of a second.
	UserTicks, SystemTicks uint64
	Faults                 uint64 // minor
	Pages                  uint64 // resident
	ExitCode               uint32
	UID                    uint32
	KernelThread           bool
	// Cmdline is the command line with its NULs. Of all the files of a process
	// only stat and status are there always; io, statm, fd and task are up to
	// the test.
	Cmdline string
}

// Add makes the directory of p with stat, status and cmdline, or makes them
// anew.
func (t *ProcTree) Add(p Process) {
	t.tb.Helper()
	dir := strconv.Itoa(p.PID)
	t.Write(dir+"/stat", p.Stat())
	t.Write(dir+"/status", fmt.Sprintf("Name:\tx\nTgid:\t%d\nPid:\t%d\nUid:\t%d\t%d\t%d\t%d\nGid:\t0\t0\t0\t0\n",
		p.PID, p.PID, p.UID, p.UID, p.UID, p.UID))
	t.Write(dir+"/cmdline", p.Cmdline)
}

// AddThread makes task/TID/stat of the process.
func (t *ProcTree) AddThread(pid int, thread Process) {
	t.tb.Helper()
	t.Write(fmt.Sprintf("%d/task/%d/stat", pid, thread.PID), thread.Stat())
}

// Stat is /proc/PID/stat of p, of 52 fields.
func (p Process) Stat() string {
	flags := 0x400000
	if p.KernelThread {
		flags |= 0x200000
	}
	state, threads := p.State, max(p.Threads, 1)
	if state == 0 {
		state = 'S'
	}
	return fmt.Sprintf("%d (%s) %c %d %d %d 0 -1 %d %d 0 0 0 %d %d 0 0 20 0 %d 0 %d 8192000 %d 18446744073709551615"+
		" 1 1 0 0 0 0 0 0 0 0 0 0 17 0 0 0 0 0 0 0 0 0 0 0 0 0 %d\n",
		p.PID, p.Comm, state, p.PPID, p.PID, p.PID, flags, p.Faults, p.UserTicks, p.SystemTicks, threads,
		p.Start, p.Pages, p.ExitCode)
}
