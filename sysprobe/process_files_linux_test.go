package sysprobe

import (
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"golang.org/x/sys/unix"

	"telegraf-sysprobe/sysprobe/sysprobetest"
)

// openFor opens a file for the time of the test.
func openFor(t *testing.T, path string, flags int) int {
	t.Helper()
	fd, err := unix.Open(path, flags|unix.O_CLOEXEC, 0o644)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { unix.Close(fd) }) //nolint:errcheck // a test's own
	return fd
}

// TestOpenFiles looks at what this process has open.
func TestOpenFiles(t *testing.T) {
	dir := t.TempDir()
	path := func(name string) string { return filepath.Join(dir, name) }
	want := map[int32]OpenFile{}
	for _, tt := range []struct {
		name  string
		flags int
		mode  string
	}{
		{"G26 r", unix.O_RDONLY, "r"},
		{"G26 w", unix.O_WRONLY, "w"},
		{"G26 a", unix.O_WRONLY | unix.O_APPEND, "a"},
		{"G26 r+", unix.O_RDWR, "r+"},
		{"G26 a+", unix.O_RDWR | unix.O_APPEND, "a+"},
		{"neither", 3, ""},
		{"path only", unix.O_PATH, ""},
		{"lit (deleted)", unix.O_RDONLY, "r"},
	} {
		check(t, os.WriteFile(path(tt.name), []byte("0123456789"), 0o644))
		fd := openFor(t, path(tt.name), tt.flags)
		want[int32(fd)] = OpenFile{FD: int32(fd), Path: path(tt.name), Mode: tt.mode}
		if tt.mode == "r+" {
			if _, err := unix.Seek(fd, 7, unix.SEEK_SET); err != nil {
				t.Fatal(err)
			}
			want[int32(fd)] = OpenFile{FD: int32(fd), Path: path(tt.name), Mode: tt.mode, Position: 7}
		}
	}
	// G28: what is not shown.
	openFor(t, dir, unix.O_RDONLY)
	check(t, os.WriteFile(path("removed"), nil, 0o644))
	openFor(t, path("removed"), unix.O_RDONLY)
	check(t, os.Remove(path("removed")))
	check(t, unix.Mkfifo(path("fifo"), 0o644))
	openFor(t, path("fifo"), unix.O_RDWR)
	listener, err := net.Listen("unix", path("socket"))
	check(t, err)
	defer listener.Close() //nolint:errcheck // a test's own
	memory, err := unix.MemfdCreate("memory", unix.MFD_CLOEXEC)
	check(t, err)
	defer unix.Close(memory) //nolint:errcheck // a test's own
	deepFile(t, dir)

	procs := openTable(t, "")
	p := openProcess(t, procs, os.Getpid())
	files, err := p.OpenFiles(t.Context())
	check(t, err)
	got := map[int32]OpenFile{}
	last := int32(-1)
	for _, f := range files {
		if f.FD <= last {
			t.Errorf("descriptor %d comes after %d", f.FD, last)
		}
		last = f.FD
		if strings.HasPrefix(f.Path, dir) || strings.Contains(f.Path, "memfd") {
			f.Flags = 0 // O_LARGEFILE and the like
			got[f.FD] = f
		}
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("G26 G28 D20 open files (-want +got):\n%s", diff)
	}
	row, err := procs.Lookup(context.Background(), int32(os.Getpid()), WantFDs)
	check(t, err)
	if n := row.FDs.Or(0); int(n) < len(want)+6 {
		t.Errorf("G28: %d descriptors, want all %d and more", n, len(want)+6)
	}
}

// deepFile opens a file whose path is too long for the kernel to return.
func deepFile(t *testing.T, dir string) {
	t.Helper()
	at := openFor(t, dir, unix.O_RDONLY|unix.O_DIRECTORY)
	name := strings.Repeat("x", 250)
	for range 20 {
		check(t, unix.Mkdirat(at, name, 0o755))
		below, err := unix.Openat(at, name, unix.O_RDONLY|unix.O_DIRECTORY|unix.O_CLOEXEC, 0)
		check(t, err)
		t.Cleanup(func() { unix.Close(below) }) //nolint:errcheck // a test's own
		at = below
	}
	fd, err := unix.Openat(at, "file", unix.O_CREAT|unix.O_RDWR|unix.O_CLOEXEC, 0o644)
	check(t, err)
	t.Cleanup(func() { unix.Close(fd) }) //nolint:errcheck // a test's own
	var buf [8192]byte
	if _, err := unix.Readlink(fmt.Sprintf("/proc/self/fd/%d", fd), buf[:]); !errors.Is(err, unix.ENAMETOOLONG) {
		t.Fatalf("readlink: %v, want ENAMETOOLONG", err)
	}
}

// awaitState waits until the process is in that state.
func awaitState(t *testing.T, p *Process, want State) {
	t.Helper()
	sysprobetest.Eventually(t, func() string {
		if got, err := p.State(t.Context()); err != nil || got != want {
			return fmt.Sprintf("state %v, %v, want %v", got, err, want)
		}
		return ""
	})
}

func TestOpenFilesInFixture(t *testing.T) {
	tree := sysprobetest.NewProcTree(t)
	tree.Add(sysprobetest.Process{PID: 10, Comm: "x"})
	file := filepath.Join(tree.Root, "file")
	tree.Write("file", "")
	for fd, target := range []string{file, file, file, "socket:[5]", "pipe:[6]", "anon_inode:[eventpoll]", "/gone (deleted)", tree.Root} {
		tree.Link(fmt.Sprintf("10/fd/%d", fd), target)
	}
	tree.Write("10/fdinfo/0", "pos:\t5\nflags:\t0100000\n")
	// 1 was closed between fd and fdinfo.
	tree.Write("10/fdinfo/2", "pos:\t0\nflags:\t0102002\n")
	p := openProcess(t, openTable(t, tree.Root), 10)
	got, err := p.OpenFiles(t.Context())
	want := []OpenFile{{FD: 0, Path: file, Position: 5, Mode: "r", Flags: 0o100000}, {FD: 2, Path: file, Mode: "a+", Flags: 0o102002}}
	if diff := cmp.Diff(want, got); diff != "" || err != nil {
		t.Errorf("G27 G28: %v, open files (-want +got):\n%s", err, diff)
	}
	tree.Write("10/fdinfo/2", "pos:\t0\n")
	if got, err := p.OpenFiles(t.Context()); !errors.Is(err, ErrMalformed) || got != nil {
		t.Errorf("open files %v, error %v, want ErrMalformed", got, err)
	}
}

func TestMemoryMaps(t *testing.T) {
	procs := openTable(t, "")
	for _, tt := range []struct {
		name, file string
		remove     bool
	}{{"there", "a  b", false}, {"G10 removed", "a  b", true}, {"G10 named as if removed", "lit (deleted)", false}} {
		t.Run(tt.name, func(t *testing.T) {
			path := filepath.Join(t.TempDir(), tt.file)
			cmd := startSleep(t, path, nil)
			if tt.remove {
				check(t, os.Remove(path))
			}
			p := openProcess(t, procs, cmd.Process.Pid)
			awaitState(t, p, StateSleeping) // the loader is done
			regions, err := p.MemoryMaps(t.Context())
			check(t, err)
			i := slices.IndexFunc(regions, func(r MemoryRegion) bool { return r.Path == path })
			if i < 0 || regions[i].Deleted != tt.remove || regions[i].Start >= regions[i].End || !regions[i].Memory.RSS.Known() {
				t.Fatalf("the executable is not there, or as %v", regions[max(i, 0)])
			}
			files := GroupMemoryMaps(regions)
			at := slices.IndexFunc(files, func(f MappedFile) bool { return f.Path == path })
			var want uint64
			count := 0
			for _, r := range regions {
				if r.Path == path {
					want += r.Memory.PSS.Or(0)
					count++
				}
			}
			if f := files[at]; f.Regions != count || f.Memory.PSS.Or(0) != want || count < 2 {
				t.Errorf("group %+v, want %d regions with a PSS of %d", f, count, want)
			}
			if !slices.ContainsFunc(files, func(f MappedFile) bool { return f.Path == "[stack]" }) ||
				!slices.ContainsFunc(files, func(f MappedFile) bool { return f.Path == "[anon]" }) {
				t.Errorf("neither stack nor memory without a name in %v", files)
			}
		})
	}
}

// TestMapsDoNotInherit is what a region of psutil takes from the one before.
func TestMapsDoNotInherit(t *testing.T) {
	tree := sysprobetest.NewProcTree(t)
	tree.Add(sysprobetest.Process{PID: 10, Comm: "x"})
	tree.Write("10/smaps", "1000-2000 r-xp 0 0:0 0 /a (deleted)\nRss: 8 kB\nPrivate_Dirty: 2 kB\n"+
		"2000-3000 r-xp 0 0:0 0 /a (deleted)\nRss: 4 kB\n3000-4000 rw-p 0 0:0 0\n")
	p := openProcess(t, openTable(t, tree.Root), 10)
	regions, err := p.MemoryMaps(t.Context())
	check(t, err)
	if len(regions) != 3 || regions[1].Memory.PrivateDirty.Known() || regions[2].Memory.RSS.Known() {
		t.Errorf("regions %+v", regions)
	}
	want := []MappedFile{
		{Path: "/a", Regions: 2, Memory: RegionMemory{RSS: Some[uint64](12 << 10), PrivateDirty: Some[uint64](2 << 10)}},
		{Path: "[anon]", Regions: 1},
	}
	if diff := cmp.Diff(want, GroupMemoryMaps(regions), cmp.AllowUnexported(Opt[uint64]{})); diff != "" {
		t.Errorf("groups (-want +got):\n%s", diff)
	}
}

func TestFootprints(t *testing.T) {
	const rollup = "1000-2000 ---p 0 0:0 0 [rollup]\nRss: 9 kB\nPss: 7 kB\n" +
		"Private_Clean: 1 kB\nPrivate_Dirty: 2 kB\nPrivate_Hugetlb: 16 kB\nSwap: 5 kB\nSwapPss: 9 kB\n"
	want := Footprint{PSS: 7 << 10, USS: 19456, Swap: 5120}
	tree := sysprobetest.NewProcTree(t)
	tree.Add(sysprobetest.Process{PID: 10, Comm: "x"})
	p := openProcess(t, openTable(t, tree.Root), 10)
	for _, file := range []string{"smaps_rollup", "smaps"} {
		tree.Write("10/"+file, rollup)
		if got, err := p.Footprint(t.Context()); err != nil || got != want {
			t.Errorf("G13: footprint %+v, %v by %s, want %+v", got, err, file, want)
		}
		tree.Remove("10/" + file)
	}
	if _, err := p.Footprint(t.Context()); !errors.Is(err, ErrNotSupported) || errors.Is(err, ErrNoSuchProcess) {
		t.Errorf("F08: error %v of a live process without the files", err)
	}
	own, err := openProcess(t, openTable(t, ""), os.Getpid()).Footprint(t.Context())
	if err != nil || own.USS == 0 || own.PSS < own.USS {
		t.Errorf("own footprint %+v, %v", own, err)
	}
}

func TestOtherFacts(t *testing.T) {
	procs := openTable(t, "")
	cmd := &exec.Cmd{Path: "/bin/sleep", Args: []string{"sleep", "600"}}
	start(t, cmd)
	pid := cmd.Process.Pid
	p := openProcess(t, procs, pid)
	check(t, unix.Prlimit(pid, unix.RLIMIT_NOFILE, &unix.Rlimit{Cur: 17, Max: 19}, nil))
	limits, err := p.Limits(t.Context())
	check(t, err)
	if got, want := limits[ResourceFiles], (Limit{Soft: Some[uint64](17), Hard: Some[uint64](19)}); got != want {
		t.Errorf("limit of files %v, want %v", got, want)
	}
	for r := range limits {
		var raw unix.Rlimit
		check(t, unix.Prlimit(pid, r, nil, &raw))
		want := Limit{Soft: someIf(raw.Cur, raw.Cur != unix.RLIM_INFINITY), Hard: someIf(raw.Max, raw.Max != unix.RLIM_INFINITY)}
		if limits[r] != want {
			t.Errorf("limit of %v is %v, want %v", Resource(r), limits[r], want)
		}
	}
	var set unix.CPUSet
	set.Set(0)
	check(t, unix.SchedSetaffinity(pid, &set))
	if got, err := p.Affinity(t.Context()); err != nil || !slices.Equal(got, []int{0}) {
		t.Errorf("affinity %v, %v, want [0]", got, err)
	}
	const ioprioWhoProcess, ioprioClassShift = 1, 13 // linux/ioprio.h
	const idle = uintptr(IOPrioIdle) << ioprioClassShift
	if _, _, errno := unix.Syscall(unix.SYS_IOPRIO_SET, ioprioWhoProcess, uintptr(pid), idle); errno != 0 {
		t.Fatal(errno)
	}
	if got, err := p.IOPriority(t.Context()); err != nil || got != (IOPriority{Class: IOPrioIdle}) {
		t.Errorf("I/O priority %v, %v, want idle", got, err)
	}
	const best = uintptr(IOPrioBE)<<ioprioClassShift | 3
	if _, _, errno := unix.Syscall(unix.SYS_IOPRIO_SET, ioprioWhoProcess, uintptr(pid), best); errno != 0 {
		t.Fatal(errno)
	}
	if got, err := p.IOPriority(t.Context()); err != nil || got != (IOPriority{Class: IOPrioBE, Level: 3}) {
		t.Errorf("I/O priority %v, %v, want be, 3", got, err)
	}
	awaitState(t, p, StateSleeping)
}

func TestThreads(t *testing.T) {
	began := time.Now()
	h := startHelper(t, nil, "named", `"parent of evil"`, `"evil) Z 1 2 3"`)
	p := openProcess(t, openTable(t, ""), int(h.pid()))
	threads, err := p.Threads(t.Context())
	check(t, err)
	if len(threads) < 2 || threads[0].TID != h.pid() || threads[0].Name != "parent of evil" {
		t.Fatalf("threads %+v", threads)
	}
	i := slices.IndexFunc(threads, func(th Thread) bool { return th.Name == "evil) Z 1 2 3" })
	if i < 0 || threads[i].State == StateZombie || threads[i].UserTime > time.Since(began) {
		t.Errorf("C14: threads %+v", threads)
	}
	if !slices.IsSortedFunc(threads, func(a, b Thread) int { return int(a.TID - b.TID) }) {
		t.Errorf("threads are not in order: %+v", threads)
	}

	tree := sysprobetest.NewProcTree(t)
	tree.Add(sysprobetest.Process{PID: 100, Comm: "foo) (bar baz"})
	tree.AddThread(100, sysprobetest.Process{PID: 100, Comm: "foo) (bar baz", UserTicks: 300, SystemTicks: 100})
	tree.AddThread(100, sysprobetest.Process{PID: 101, Comm: ")) R 1 1", UserTicks: 300, SystemTicks: 100})
	tree.Mkdir("100/task/102") // ended between listing and reading
	p = openProcess(t, openTable(t, tree.Root), 100)
	threads, err = p.Threads(t.Context())
	want := []Thread{
		{TID: 100, Name: "foo) (bar baz", State: StateSleeping, UserTime: ticks(300), SystemTime: ticks(100)},
		{TID: 101, Name: ")) R 1 1", State: StateSleeping, UserTime: ticks(300), SystemTime: ticks(100)},
	}
	if diff := cmp.Diff(want, threads); diff != "" || err != nil {
		t.Errorf("C01 C02 F26: %v, threads (-want +got):\n%s", err, diff)
	}
	tree.Remove("100/stat")
	for _, tid := range []string{"100", "101"} {
		tree.Remove("100/task/" + tid + "/stat")
	}
	if _, err := p.Threads(t.Context()); !errors.Is(err, ErrNoSuchProcess) || errors.Is(err, ErrZombieProcess) {
		t.Errorf("F26: error %v after the process ended, want ErrNoSuchProcess", err)
	}
}

// TestSystemCallsNeedTheOwnTable: a PID in another tree is none here.
func TestSystemCallsNeedTheOwnTable(t *testing.T) {
	tree := sysprobetest.NewProcTree(t)
	tree.Add(sysprobetest.Process{PID: os.Getpid(), Comm: "x"})
	p := openProcess(t, openTable(t, tree.Root), os.Getpid())
	if got, err := p.Affinity(t.Context()); !errors.Is(err, ErrNotSupported) {
		t.Errorf("affinity %v, %v, want ErrNotSupported", got, err)
	}
	if got, err := p.IOPriority(t.Context()); !errors.Is(err, ErrNotSupported) {
		t.Errorf("I/O priority %v, %v, want ErrNotSupported", got, err)
	}
}

// TestZombieBeforeErrno is E30 and E24.
func TestZombieBeforeErrno(t *testing.T) {
	tree := sysprobetest.NewProcTree(t)
	tree.Add(sysprobetest.Process{PID: 10, Comm: "x", State: 'Z'})
	p := openProcess(t, openTable(t, tree.Root), 10)
	if _, err := p.Limits(t.Context()); !errors.Is(err, ErrZombieProcess) {
		t.Errorf("E30: error %v of a zombie without limits", err)
	}
	if _, err := p.Affinity(t.Context()); !errors.Is(err, ErrZombieProcess) {
		t.Errorf("E30: error %v of a zombie whose affinity cannot be read", err)
	}
	tree.Add(sysprobetest.Process{PID: 10, Comm: "x"})
	tree.Write("10/stat", "cut")
	if _, err := p.Limits(t.Context()); errors.Is(err, ErrNoSuchProcess) {
		t.Errorf("E24: error %v where the state is not known", err)
	}
	tree.Remove("10/stat")
	if _, err := p.Limits(t.Context()); !errors.Is(err, ErrNoSuchProcess) || errors.Is(err, ErrZombieProcess) {
		t.Errorf("F07: error %v, want ErrNoSuchProcess", err)
	}
	tree.Mkdir("11")
	if _, err := openTable(t, tree.Root).OpenPID(t.Context(), 11); !errors.Is(err, ErrNoSuchProcess) {
		t.Errorf("F07: error %v, want ErrNoSuchProcess", err)
	}
}
