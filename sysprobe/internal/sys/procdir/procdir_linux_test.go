package procdir

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"math"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"testing"
	"unsafe"

	"golang.org/x/sys/unix"

	"telegraf-sysprobe/sysprobe/sysprobetest"
)

func open(t *testing.T, path string) *Root {
	t.Helper()
	root, err := Open(path)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { root.Close() }) //nolint:errcheck // the test may have closed it
	return root
}

func openDir(t *testing.T, root *Root, pid int) Dir {
	t.Helper()
	dir, err := root.OpenDir(new(Buffer), int32(pid))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { dir.Close() }) //nolint:errcheck // the test may have closed it
	return dir
}

func endless() error { return nil }

// TestFilesOfOneProcess reads each file by PID and through an open directory,
// and compares with package os.
func TestFilesOfOneProcess(t *testing.T) {
	args := []string{"sleep", "600"}
	for range 30 {
		args = append(args, strings.Repeat("x", 9999)) // 300 kB, more than a buffer begins with
	}
	cmd := &exec.Cmd{Path: "/bin/sh", Args: append([]string{"sh", "-c", "echo; read line"}, args...)}
	stdin, err := cmd.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	stdout, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { stdin.Close(); cmd.Wait() }) //nolint:errcheck // it ends with its input
	awaitSleep(t, cmd.Process.Pid, stdout)
	root := open(t, "/proc")
	var buf Buffer
	for name, dir := range map[string]Dir{"by PID": root.Dir(int32(cmd.Process.Pid)), "open": openDir(t, root, cmd.Process.Pid)} {
		for _, file := range []File{"cmdline", "limits", "cgroup", "maps", Statm} {
			want, err := os.ReadFile(filepath.Join("/proc", strconv.Itoa(cmd.Process.Pid), string(file)))
			if err != nil {
				t.Fatal(err)
			}
			if got, err := dir.ReadAll(&buf, file, endless); err != nil || !bytes.Equal(got, want) {
				t.Errorf("%s, ReadAll of %s: %d bytes, %v, want %d", name, file, len(got), err, len(want))
			}
			if file == "maps" { // which comes in parts
				continue
			}
			if got, err := dir.Read(&buf, file); err != nil || !bytes.Equal(got, want) {
				t.Errorf("%s, Read of %s: %d bytes, %v, want %d", name, file, len(got), err, len(want))
			}
		}
		if got, err := dir.Readlink(&buf, "cwd"); err != nil || string(got) != mustGetwd(t) {
			t.Errorf("%s: cwd %q, %v", name, got, err)
		}
		if _, err := dir.Read(&buf, "no such file"); !errors.Is(err, unix.ENOENT) {
			t.Errorf("%s, a file that is not there: %v", name, err)
		}
		stop := errors.New("stop")
		if _, err := dir.ReadAll(&buf, "maps", func() error { return stop }); !errors.Is(err, stop) {
			t.Errorf("%s, a read that is stopped: %v", name, err)
		}
	}
}

// awaitSleep waits until a process sleeps that has written a line: until then its
// memory grows.
func awaitSleep(t *testing.T, pid int, line io.Reader) {
	t.Helper()
	if _, err := bufio.NewReader(line).ReadString('\n'); err != nil {
		t.Fatal(err)
	}
	sysprobetest.Eventually(t, func() string {
		b, err := os.ReadFile(filepath.Join("/proc", strconv.Itoa(pid), "stat"))
		if err != nil {
			t.Fatal(err)
		}
		if !bytes.Contains(b, []byte(") S ")) {
			return "the process does not sleep yet"
		}
		return ""
	})
}

func mustGetwd(t *testing.T) string {
	t.Helper()
	dir, err := os.Readlink("/proc/self/cwd")
	if err != nil {
		t.Fatal(err)
	}
	return dir
}

// TestQuickFilesOfAnyLength reads a status that is longer than a buffer: that of
// a thread with many groups.
func TestQuickFilesOfAnyLength(t *testing.T) {
	sysprobetest.NeedRoot(t)
	const groups = 65536
	root := open(t, "/proc")
	done := make(chan error)
	go func() {
		runtime.LockOSThread() // which ends with the goroutine
		ids := make([]uint32, groups)
		for i := range ids {
			ids[i] = uint32(i) + 1<<31
		}
		// Of this thread alone, unlike unix.Setgroups.
		if _, _, errno := unix.RawSyscall(unix.SYS_SETGROUPS, groups, uintptr(unsafe.Pointer(&ids[0])), 0); errno != 0 {
			done <- errno
			return
		}
		b, err := root.Dir(int32(os.Getpid())).Thread(int32(unix.Gettid())).Read(new(Buffer), Status)
		if err == nil && (len(b) < 11*groups || !bytes.Contains(b, []byte("\nnonvoluntary_ctxt_switches:"))) {
			err = fmt.Errorf("%d bytes of the status", len(b))
		}
		done <- err
	}()
	if err := <-done; err != nil {
		t.Error(err)
	}
}

func TestThreads(t *testing.T) {
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	root := open(t, "/proc")
	tid := int32(unix.Gettid())
	name := []byte("tell me) apart\x00")
	if err := unix.Prctl(unix.PR_SET_NAME, uintptr(unsafe.Pointer(&name[0])), 0, 0, 0); err != nil {
		t.Fatal(err)
	}
	for name, dir := range map[string]Dir{"by PID": root.Dir(int32(os.Getpid())), "open": openDir(t, root, os.Getpid())} {
		var ids []int32
		var buf Buffer
		for st, err := range dir.Thread(tid).Threads(&buf) {
			if err != nil {
				t.Fatal(err)
			}
			if ids = append(ids, st.PID); st.PID == tid && string(st.Comm) != "tell me) apart" {
				t.Errorf("%s: thread %d is named %q", name, tid, st.Comm)
			}
			if _, err := dir.Read(&buf, "limits"); err != nil { // the sequence goes on
				t.Fatal(err)
			}
		}
		if !slices.Contains(ids, tid) || !slices.Contains(ids, int32(os.Getpid())) || !slices.IsSorted(ids) {
			t.Errorf("%s: threads %v, want %d among them, in order", name, ids, tid)
		}
		for _, err := range dir.Threads(&buf) {
			if err != nil {
				t.Error(err)
			}
			break
		}
	}
	for _, err := range root.Dir(1<<22 + 1).Threads(new(Buffer)) {
		if !errors.Is(err, unix.ENOENT) {
			t.Errorf("threads of no process: %v", err)
		}
	}
}

// second is the error of a call that returns a value too.
func second[T any](_ T, err error) error { return err }

func TestDescriptors(t *testing.T) {
	file, err := os.Open("/proc/self/limits")
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	var buf Buffer
	dir := open(t, "/proc").Dir(int32(os.Getpid()))
	null, err := os.OpenFile("/dev/null", os.O_WRONLY|os.O_APPEND, 0)
	if err != nil {
		t.Fatal(err)
	}
	defer null.Close()
	links, err := dir.OpenFDs(&buf)
	if err != nil {
		t.Fatal(err)
	}
	defer links.Close()
	fds, err := links.List(&buf)
	if err != nil || !slices.Contains(fds, int32(file.Fd())) || !slices.IsSorted(fds) {
		t.Errorf("descriptors %v, %v, want %d among them, in order", fds, err, file.Fd())
	}
	if n, err := dir.Count(&buf, "fd"); err != nil || n != len(fds)+1 { // it opens the directory once more
		t.Errorf("%d entries, %v, want %d", n, err, len(fds)+1)
	}
	if link, err := links.Readlink(&buf, int32(file.Fd())); err != nil || string(link) != fmt.Sprintf("/proc/%d/limits", os.Getpid()) {
		t.Errorf("the descriptor leads to %q, %v", link, err)
	}
	if _, err := links.Readlink(&buf, math.MaxInt32); !errors.Is(err, unix.ENOENT) {
		t.Errorf("no descriptor: %v", err)
	}
	infos, err := dir.OpenFDInfos(&buf)
	if err != nil {
		t.Fatal(err)
	}
	defer infos.Close()
	if regular, err := links.IsRegular(&buf, int32(file.Fd())); err != nil || !regular {
		t.Errorf("the descriptor is of a regular file: %t, %v", regular, err)
	}
	if regular, err := links.IsRegular(&buf, int32(null.Fd())); err != nil || regular {
		t.Errorf("/dev/null is a regular file: %t, %v", regular, err)
	}
	if info, err := infos.Info(&buf, int32(null.Fd())); err != nil || info.Flags&(unix.O_ACCMODE|unix.O_APPEND) != unix.O_WRONLY|unix.O_APPEND {
		t.Errorf("flags of a descriptor %#o, %v", info.Flags, err)
	}
	for name, err := range map[string]error{"IsRegular": second(links.IsRegular(&buf, math.MaxInt32)), "Info": second(infos.Info(&buf, math.MaxInt32))} {
		if !errors.Is(err, unix.ENOENT) {
			t.Errorf("%s of no descriptor: %v", name, err)
		}
	}
	if st, err := links.Stat(&buf); err != nil || st.PID != int32(os.Getpid()) {
		t.Errorf("they are those of %d, %v", st.PID, err)
	}
	if n, err := dir.Size(&buf, "fd"); err != nil || n != uint64(len(fds)+1) && n != 0 { // 0 before Linux 6.2
		t.Errorf("the size is %d, %v, want %d", n, err, len(fds)+1)
	}
	var st unix.Stat_t
	if err := unix.Stat("/proc/self/limits", &st); err != nil {
		t.Fatal(err)
	}
	link := File("fd/" + strconv.Itoa(int(file.Fd())))
	if id, err := dir.Lookup(&buf, link); err != nil || id != fileID(&st) || !id.IsRegular {
		t.Errorf("the open file is %+v, %v, want inode %d", id, err, st.Ino)
	}
	if id, err := dir.LookupPath(&buf, "/dev/null"); err != nil || id.IsRegular || id.Inode == 0 {
		t.Errorf("/dev/null is %+v, %v", id, err)
	}
	if _, err := dir.LookupPath(&buf, "/no such file"); !errors.Is(err, unix.ENOENT) {
		t.Errorf("no file: %v", err)
	}
}

// TestTrees is about what a tree is of.
func TestTrees(t *testing.T) {
	var buf Buffer
	if root := open(t, "/proc"); !root.IsKernel() || !root.IsOwn(&buf) {
		t.Error("/proc is not this process's")
	}
	tree := sysprobetest.NewProcTree(t)
	for _, pid := range []string{"30", "4", "200"} {
		tree.Write(pid+"/stat", pid+" (x) S")
	}
	root := open(t, tree.Root)
	if root.IsKernel() || root.IsOwn(&buf) || root.Dir(4).IsKernel() {
		t.Error("a copy is taken for the kernel's")
	}
	pids, err := root.PIDs(&buf, []int32{7})
	if err != nil || !slices.IsSorted(pids) || !slices.Contains(pids, 30) || !slices.Contains(pids, 200) {
		t.Errorf("processes %v, %v", pids, err)
	}
	if b, err := root.Dir(4).Read(&buf, Stat); err != nil || string(b) != "4 (x) S" {
		t.Errorf("stat %q, %v", b, err)
	}
	if _, err := Open(t.TempDir()); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("an empty directory: %v", err)
	}
	for _, inside := range []string{"/proc/1", "/proc/self", "/proc/self/net", "/proc/sys", filepath.Join(tree.Root, "30")} {
		if _, err := Open(inside); !errors.Is(err, fs.ErrInvalid) && !errors.Is(err, fs.ErrNotExist) {
			t.Errorf("%s, which is no root: %v", inside, err)
		}
	}
	if _, err := Open(filepath.Join(tree.Root, "stat")); !errors.Is(err, unix.ENOTDIR) {
		t.Errorf("a file: %v", err)
	}
}

// TestClose checks that a closed directory answers nothing, and keeps its
// descriptor for a call that is under way.
func TestClose(t *testing.T) {
	root := open(t, "/proc")
	dir := openDir(t, root, os.Getpid())
	err := dir.WithFD(func(fd int) error {
		if err := dir.Close(); err != nil {
			return err
		}
		var st unix.Stat_t
		return unix.Fstat(fd, &st)
	})
	if err != nil {
		t.Errorf("closed during a call: %v", err)
	}
	if err := root.Close(); err != nil {
		t.Error(err)
	}
	// A descriptor of that number can be another file by now.
	other, err := os.Open("/proc/self/limits")
	if err != nil {
		t.Fatal(err)
	}
	defer other.Close()
	var buf Buffer
	for name, call := range map[string]func() error{
		"Root.Close":   root.Close,
		"Root.Read":    func() error { _, err := root.Read(&buf, Stat); return err },
		"Root.PIDs":    func() error { _, err := root.PIDs(&buf, nil); return err },
		"Root.OpenDir": func() error { _, err := root.OpenDir(&buf, 1); return err },
		"Dir.Close":    dir.Close,
		"Dir.Read":     func() error { _, err := dir.Read(&buf, Stat); return err },
		"by PID":       func() error { _, err := root.Dir(1).Read(&buf, Stat); return err },
		"Readlink":     func() error { _, err := dir.Readlink(&buf, "exe"); return err },
		"ReadAll":      func() error { _, err := dir.ReadAll(&buf, "maps", endless); return err },
		"Size":         func() error { _, err := dir.Size(&buf, "fd"); return err },
		"Count":        func() error { _, err := dir.Count(&buf, "fd"); return err },
		"OpenFDs":      func() error { _, err := dir.OpenFDs(&buf); return err },
		"Lookup":       func() error { _, err := dir.Lookup(&buf, "exe"); return err },
		"WithFD":       func() error { return dir.WithFD(func(int) error { return nil }) },
	} {
		if err := call(); !errors.Is(err, fs.ErrClosed) {
			t.Errorf("%s of a closed directory: %v", name, err)
		}
	}
	if _, err := other.Stat(); err != nil {
		t.Errorf("another file was closed: %v", err)
	}
}

// TestReadsCostNoMemory checks that a Buffer is used again.
func TestReadsCostNoMemory(t *testing.T) {
	root := open(t, "/proc")
	var buf Buffer
	var pids []int32
	pid := int32(os.Getpid())
	read := func() {
		var err error
		dir := root.Dir(pid)
		if _, err = dir.Read(&buf, Stat); err != nil {
			t.Fatal(err)
		}
		if _, err = dir.Read(&buf, "cmdline"); err != nil {
			t.Fatal(err)
		}
		if _, err = dir.Readlink(&buf, "cwd"); err != nil {
			t.Fatal(err)
		}
		if pids, err = root.PIDs(&buf, pids[:0]); err != nil {
			t.Fatal(err)
		}
		links, err := dir.OpenFDs(&buf)
		if err != nil {
			t.Fatal(err)
		}
		defer links.Close()
		fds, err := links.List(&buf)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := links.Readlink(&buf, fds[0]); err != nil {
			t.Fatal(err)
		}
	}
	read()
	if n := testing.AllocsPerRun(20, read); n > 0 {
		t.Errorf("%v allocations", n)
	}
}

// TestReadFile reads files that are shorter and longer than one page, one that a
// read gives in parts, and none.
func TestReadFile(t *testing.T) {
	long := filepath.Join(t.TempDir(), "long")
	if err := os.WriteFile(long, bytes.Repeat([]byte("x"), 3<<20), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, path := range []string{"/proc/version", "/proc/filesystems", "/proc/kallsyms", "/dev/null", long} {
		want, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		want = want[:min(len(want), maxFile)]
		if got, err := ReadFile(path); err != nil || !bytes.Equal(got, want) {
			t.Errorf("%s: %d bytes, %v; want %d", path, len(got), err, len(want))
		}
	}
	if _, err := ReadFile(long + "er"); !errors.Is(err, unix.ENOENT) {
		t.Errorf("%v, want ENOENT", err)
	}
	if _, err := ReadFile("/proc"); !errors.Is(err, unix.EISDIR) {
		t.Errorf("%v, want EISDIR", err)
	}
}
