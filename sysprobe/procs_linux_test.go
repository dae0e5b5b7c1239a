package sysprobe

import (
	"context"
	"errors"
	"io/fs"
	"math"
	"os"
	"os/exec"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"telegraf-sysprobe/sysprobe/sysprobetest"
)

func TestNames(t *testing.T) {
	procs := openTable(t, "")
	for _, tt := range []struct{ name, comm, thread string }{
		{"C01 parentheses inside", "foo) (bar baz", ""},
		{"C02 looks like fields", ")) R 1 1", ""},
		{"C04 blanks", "a b c", ""},
		{"C05 closing parenthesis", ")", ""},
		{"C05 opening parenthesis", "(", ""},
		{"C06 empty", "", ""},
		{"C08 tab and backslash", "a\tb\\c", ""},
		{"C08 newline", "a\nb", ""},
		{"C09 invalid UTF-8", "\xff\xfe\x80", ""},
		{"C10 UTF-8", "é", ""},
		{"C11 leading blank", " lead", ""},
		{"C11 trailing blank", "trail ", ""},
		{"C12 15 bytes", strings.Repeat("x", 15), ""},
		{"C12 30 bytes", strings.Repeat("x", 30), ""},
		{"C14 a thread in disguise", "parent of evil", "evil) Z 1 2 3"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			args := []string{strconv.Quote(tt.comm)}
			if tt.thread != "" {
				args = append(args, strconv.Quote(tt.thread))
			}
			h := startHelper(t, nil, "named", args...)
			p := snapshotOf(t, procs, WantName|WantStatus).Find(h.pid())
			if p == nil {
				t.Fatal("not in the snapshot")
			}
			want := tt.comm[:min(len(tt.comm), 15)]
			if p.Comm != want || p.Name != want {
				t.Errorf("comm %q, name %q, want %q", p.Comm, p.Name, want)
			}
			if p.PPID != int32(os.Getpid()) || p.IsZombie() || p.LeaderDead || p.Threads == 0 || p.Status.Or(ProcStatus{}).UID != uint32(os.Getuid()) {
				t.Errorf("the name moved other facts: %+v", p)
			}
		})
	}
	t.Run("C28 renamed", func(t *testing.T) {
		h := startHelper(t, nil, "named", `"one"`)
		var s ProcSnapshot
		for _, name := range []string{"one", "two", "a third name that is too long"} {
			h.tell(t, strconv.Quote(name))
			h.line(t)
			takeSnapshot(t, procs, &s, WantName)
			if got, want := s.Find(h.pid()).Name, name[:min(len(name), 15)]; got != want {
				t.Errorf("name %q, want %q", got, want)
			}
		}
	})
}

// TestLongNames runs copies of sleep(1) under names that the kernel cuts.
func TestLongNames(t *testing.T) {
	procs := openTable(t, "")
	for _, tt := range []struct{ name, exe, argv0, want string }{
		{"C20 as called", "gnome-keyring-daemon-copy", "", "gnome-keyring-daemon-copy"},
		{"C21 called otherwise", "gnome-keyring-daemon-copy", "totally-different-argv0", "gnome-keyring-d"},
		{"C23 blank and parenthesis", "foo bar )", "", "foo bar )"},
		{"C23 long with blanks", "foo bar baz qux )", "", "foo bar baz qux )"},
		{"C24 15 bytes", "abcdefghijklmno", "", "abcdefghijklmno"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			exe := t.TempDir() + "/" + tt.exe
			sleep, err := os.ReadFile("/bin/sleep")
			if err != nil {
				t.Fatal(err)
			}
			if err := os.WriteFile(exe, sleep, 0o755); err != nil {
				t.Fatal(err)
			}
			cmd := &exec.Cmd{Path: exe, Args: []string{exe, "600"}}
			if tt.argv0 != "" {
				cmd.Args[0] = tt.argv0
			}
			start(t, cmd)
			var s ProcSnapshot
			for range 2 { // the second time from the row before
				takeSnapshot(t, procs, &s, WantName)
				p := s.Find(int32(cmd.Process.Pid))
				if p.Name != tt.want || p.Comm != tt.exe[:min(len(tt.exe), 15)] {
					t.Errorf("name %q, comm %q, want %q", p.Name, p.Comm, tt.want)
				}
			}
			takeSnapshot(t, procs, &s, 0)
			if p := s.Find(int32(cmd.Process.Pid)); p.Name != p.Comm {
				t.Errorf("name %q without WantName, want %q", p.Name, p.Comm)
			}
			takeSnapshot(t, procs, &s, WantName)
			if p := s.Find(int32(cmd.Process.Pid)); p.Name != tt.want {
				t.Errorf("name %q when wanted again, want %q", p.Name, tt.want)
			}
		})
	}
}

func TestZombies(t *testing.T) {
	procs := openTable(t, "")
	const all = WantName | WantStatus | WantMemory | WantIO | WantFDs

	t.Run("E01 E02 E08 E09 a zombie that exited with 7", func(t *testing.T) {
		h := startHelper(t, nil, "zombies", "1", "exit 7")
		var pids []int32
		h.answer(t, &pids)
		s := snapshotOf(t, procs, all)
		zombies := s.Zombies(nil)
		at := slices.IndexFunc(zombies, func(z Zombie) bool { return z.Proc.ID.PID == pids[0] })
		if at < 0 {
			t.Fatal("not among the zombies")
		}
		z := zombies[at]
		if z.Parent == nil || z.Parent.ID.PID != h.pid() || z.Proc.PPID != h.pid() {
			t.Errorf("parent %v, want %d", z.Parent, h.pid())
		}
		if p := s.Parent(z.Proc); p != z.Parent {
			t.Errorf("Parent is %v, want %v", p, z.Parent)
		}
		if children := s.Children(nil, z.Parent, false); len(children) != 1 || children[0] != z.Proc {
			t.Errorf("F18: children %v, want the zombie", children)
		}
		p := z.Proc
		if p.State != StateZombie || p.Comm != "sh" || p.Name != "sh" || p.LeaderDead || p.Threads > 1 {
			t.Errorf("zombie %+v", p)
		}
		if exit, known := p.Exit.Get(); !known || exit.Code() != 7 || exit.Signal() != 0 || exit.CoreDumped() {
			t.Errorf("exit status %v, want code 7", p.Exit)
		}
		if st, known := p.Status.Get(); !known || st.UID != uint32(os.Getuid()) || st.Swap.Known() {
			t.Errorf("status %+v, want user 0 and no swap", p.Status)
		}
		if m, known := p.Memory.Get(); !known || m != (ProcMemory{}) || p.RSS != 0 || p.VMS != 0 {
			t.Errorf("memory %+v, want 0", p.Memory)
		}
		if n, known := p.FDs.Get(); !known || n != 0 {
			t.Errorf("files %v, want 0", p.FDs)
		}
		if now := time.Now(); s.Created(p).After(now) || s.Created(p).Before(now.Add(-time.Minute)) {
			t.Errorf("created %v, want just now", s.Created(p))
		}
	})
	t.Run("E02 killed by a signal", func(t *testing.T) {
		h := startHelper(t, nil, "zombies", "1", "kill -TERM $$")
		var pids []int32
		h.answer(t, &pids)
		p, err := procs.Lookup(context.Background(), pids[0], 0)
		if err != nil {
			t.Fatal(err)
		}
		if exit, known := p.Exit.Get(); !known || exit.Signal() != 15 || exit.Code() != 0 {
			t.Errorf("exit status %v, want signal 15", p.Exit)
		}
	})
	t.Run("E15 orphaned", func(t *testing.T) {
		h := startHelper(t, nil, "subreaper")
		var pids [2]int32
		h.answer(t, &pids)
		var (
			s       ProcSnapshot
			tracker ZombieTracker
		)
		parentOf := func() int32 {
			takeSnapshot(t, procs, &s, 0)
			for _, z := range tracker.Update(&s) {
				if z.Proc.ID.PID == pids[1] {
					return z.Proc.PPID
				}
			}
			return -1
		}
		if got := parentOf(); got != pids[0] {
			t.Errorf("parent %d, want %d", got, pids[0])
		}
		h.tell(t, "orphan")
		h.line(t)
		if got := parentOf(); got != h.pid() {
			t.Errorf("parent %d, want the subreaper %d", got, h.pid())
		}
		h.tell(t, "reap")
		h.line(t)
		if got := parentOf(); got != -1 {
			t.Errorf("still there, child of %d", got)
		}
	})
	t.Run("E16 dead leader", func(t *testing.T) {
		h := startHelper(t, nil, "dead-leader")
		s := snapshotOf(t, procs, all)
		p := s.Find(h.pid())
		if !p.LeaderDead || p.IsZombie() || p.Exit.Known() || p.Threads < 2 {
			t.Errorf("want a dead leader, not a zombie: %+v", p)
		}
		if p.State != StateSleeping && p.State != StateRunning {
			t.Errorf("state %v, want that of the survivor", p.State)
		}
		if s.DeadLeaders() < 1 {
			t.Error("it is not counted")
		}
		for _, z := range s.Zombies(nil) {
			if z.Proc.ID.PID == h.pid() {
				t.Error("it is among the zombies")
			}
		}
	})
	t.Run("E17 100 zombies of one parent", func(t *testing.T) {
		h := startHelper(t, nil, "zombies", "100", "exit 0")
		var pids []int32
		h.answer(t, &pids)
		var (
			s       ProcSnapshot
			tracker ZombieTracker
		)
		mine := func() (parents []ZombieParent) {
			takeSnapshot(t, procs, &s, 0)
			tracker.Update(&s)
			for _, p := range tracker.Parents() {
				if p.ID.PID == h.pid() {
					parents = append(parents, p)
				}
			}
			return parents
		}
		got := mine()
		if len(got) != 1 || got[0].Count != 100 || got[0].Proc != s.Find(h.pid()) || got[0].Created != 0 {
			t.Fatalf("parents %+v, want one with 100", got)
		}
		h.tell(t, "reap")
		h.line(t)
		if got := mine(); len(got) != 0 {
			t.Errorf("parents %+v, want none", got)
		}
		if tracker.Reaped() < 100 {
			t.Errorf("%d reaped, want 100", tracker.Reaped())
		}
	})
	t.Run("E19 a zombie in disguise", func(t *testing.T) {
		h := startHelper(t, nil, "zombies", "1", `printf ') S 1 (' > /proc/$$/comm`)
		var pids []int32
		h.answer(t, &pids)
		if p := snapshotOf(t, procs, all).Find(pids[0]); !p.IsZombie() || p.Comm != ") S 1 (" {
			t.Errorf("want a zombie: %+v", p)
		}
	})
	t.Run("E23 C26 a zombie with a long name", func(t *testing.T) {
		h := startHelper(t, nil, "zombies", "1", `printf 'gnome-keyring-daemon' > /proc/$$/comm`)
		var pids []int32
		h.answer(t, &pids)
		if p := snapshotOf(t, procs, all).Find(pids[0]); !p.IsZombie() || p.Name != "gnome-keyring-d" {
			t.Errorf("want a zombie with a short name: %+v", p)
		}
	})
}

func TestStates(t *testing.T) {
	procs := openTable(t, "")
	stateOfPID := func(t *testing.T, pid int, want State) {
		t.Helper()
		sysprobetest.Eventually(t, func() string {
			p, err := procs.Lookup(context.Background(), int32(pid), 0)
			if err != nil || p.State != want {
				return "state " + p.State.String() + ", want " + want.String()
			}
			return ""
		})
	}
	t.Run("F24 stopped", func(t *testing.T) {
		cmd := exec.Command("sleep", "600")
		start(t, cmd)
		if err := cmd.Process.Signal(syscall.SIGSTOP); err != nil {
			t.Fatal(err)
		}
		stateOfPID(t, cmd.Process.Pid, StateStopped)
	})
	t.Run("F24 stopped by a tracer", func(t *testing.T) {
		runtime.LockOSThread() // a tracer is a thread
		defer runtime.UnlockOSThread()
		cmd := exec.Command("sleep", "600")
		cmd.SysProcAttr = &syscall.SysProcAttr{Ptrace: true}
		start(t, cmd)
		stateOfPID(t, cmd.Process.Pid, StateTracingStop)
	})
}

func TestLookup(t *testing.T) {
	procs := openTable(t, "")
	t.Run("self", func(t *testing.T) {
		p, err := procs.Lookup(context.Background(), int32(os.Getpid()), WantStatus|WantFDs)
		if err != nil {
			t.Fatal(err)
		}
		if p.PPID != int32(os.Getppid()) || p.Status.Or(ProcStatus{}).EUID != uint32(os.Geteuid()) || p.FDs.Or(0) == 0 {
			t.Errorf("got %+v", p)
		}
	})
	t.Run("F05 a thread is no process", func(t *testing.T) {
		s := snapshotOf(t, procs, 0)
		tasks, err := os.ReadDir("/proc/self/task")
		if err != nil || len(tasks) < 2 {
			t.Fatal(tasks, err)
		}
		for _, task := range tasks {
			tid, err := strconv.Atoi(task.Name())
			if err != nil || tid == os.Getpid() {
				continue
			}
			if _, err := procs.Lookup(context.Background(), int32(tid), 0); !errors.Is(err, ErrNoSuchProcess) {
				t.Errorf("error %v, want ErrNoSuchProcess", err)
			}
			if s.Find(int32(tid)) != nil {
				t.Errorf("thread %d is in the snapshot", tid)
			}
		}
	})
	for _, tt := range []struct {
		name string
		pid  int32
		want error
	}{
		{"F06 -1", -1, fs.ErrInvalid},
		{"F06 0", 0, ErrNoSuchProcess},
		{"F06 beyond the largest", 4194305, ErrNoSuchProcess},
		{"F06 2^31-1", math.MaxInt32, ErrNoSuchProcess},
	} {
		t.Run(tt.name, func(t *testing.T) {
			_, err := procs.Lookup(context.Background(), tt.pid, 0)
			var op *OpError
			if !errors.Is(err, tt.want) || !errors.As(err, &op) || op.Target != strconv.Itoa(int(tt.pid)) {
				t.Errorf("error %v, want %v for that PID", err, tt.want)
			}
			if errors.Is(err, ErrZombieProcess) || errors.Is(err, ErrAccessDenied) {
				t.Errorf("E03: errors.Is(%v) is true of the wrong sentinel", err)
			}
			if snapshotOf(t, procs, 0).Find(tt.pid) != nil {
				t.Error("it is in the snapshot")
			}
		})
	}
}

// TestForkStorm is F11 and E11: processes that end while they are read are no
// error, and nobody is there twice.
func TestForkStorm(t *testing.T) {
	for name, open := range map[string]func(t *testing.T) *Procs{
		"bpf":               func(t *testing.T) *Procs { return openBackend(t, BackendBPF) },
		"procfs":            func(t *testing.T) *Procs { return openWorkers(t, "/proc", 1) },
		"procfs, 4 workers": func(t *testing.T) *Procs { return openWorkers(t, "/proc", 4) },
	} {
		t.Run("F11 "+name, func(t *testing.T) { sweepInForkStorm(t, open(t)) })
	}
}

// sweepInForkStorm sweeps while 2,000 processes come and go.
func sweepInForkStorm(t *testing.T, procs *Procs) {
	storm := exec.Command("sh", "-c", "while :; do (:); (:) & done")
	start(t, storm)
	var (
		s     ProcSnapshot
		rates ProcRates
	)
	enough, deadline := forks(t)+2000, time.Now().Add(2*time.Minute)
	if testing.Short() {
		enough -= 1800
	}
	for forks(t) < enough {
		if time.Now().After(deadline) {
			t.Fatal("too few forks to be a storm")
		}
		takeSnapshot(t, procs, &s, wantAll)
		if got := rates.Update(&s, nil); len(got) != len(s.Procs) {
			t.Fatalf("%d rates of %d processes", len(got), len(s.Procs))
		}
		if s.Malformed != 0 || s.Find(int32(os.Getpid())) == nil {
			t.Fatalf("%d malformed, self %v", s.Malformed, s.Find(int32(os.Getpid())))
		}
	}
}

// forks is how many processes and threads this machine has started.
func forks(t *testing.T) int {
	t.Helper()
	b, err := os.ReadFile("/proc/stat")
	if err != nil {
		t.Fatal(err)
	}
	_, after, _ := strings.Cut(string(b), "\nprocesses ")
	digits, _, _ := strings.Cut(after, "\n")
	n, err := strconv.Atoi(digits)
	if err != nil {
		t.Fatal(err)
	}
	return n
}

func TestConcurrentSnapshots(t *testing.T) {
	procs := openTable(t, "")
	var wg sync.WaitGroup
	for range 2 {
		wg.Go(func() { // F12
			var s ProcSnapshot
			for range 20 {
				if err := procs.Snapshot(context.Background(), &s, WantName|WantStatus); err != nil || s.Find(int32(os.Getpid())) == nil {
					t.Errorf("F12: error %v, or this process is not there", err)
				}
			}
		})
	}
	wg.Wait()
}

// TestNoGrowth is K04 in small.
func TestNoGrowth(t *testing.T) {
	procs := openTable(t, "")
	var (
		s       ProcSnapshot
		rates   ProcRates
		tracker ZombieTracker
	)
	sweep := func() {
		if err := procs.Snapshot(context.Background(), &s, WantName|WantFDs); err != nil {
			t.Fatal(err)
		}
		rates.Update(&s, nil)
		tracker.Update(&s)
	}
	sweep()
	files, goroutines := openFiles(), runtime.NumGoroutine()
	for range 1000 {
		sweep()
	}
	for name, n := range openFiles() {
		if n > files[name] {
			t.Errorf("K04: %d x %s open, %d before", n, name, files[name])
		}
	}
	if n := runtime.NumGoroutine(); n > goroutines {
		t.Errorf("K04: %d goroutines, %d before", n, goroutines)
	}
}

func TestClosed(t *testing.T) {
	procs, err := OpenProcs(nil)
	if err != nil {
		t.Fatal(err)
	}
	s := snapshotOf(t, procs, 0)
	if err := procs.Close(); err != nil {
		t.Fatal(err)
	}
	if err := procs.Snapshot(context.Background(), s, 0); !errors.Is(err, fs.ErrClosed) || len(s.Procs) != 0 {
		t.Errorf("snapshot after Close: error %v, %d rows", err, len(s.Procs))
	}
	if _, err := procs.Lookup(context.Background(), 1, 0); !errors.Is(err, fs.ErrClosed) {
		t.Errorf("lookup after Close: error %v", err)
	}
	if err := procs.Close(); !errors.Is(err, fs.ErrClosed) {
		t.Errorf("second Close: error %v", err)
	}
}

// TestNoFilesLeft wants an error and not an empty table.
func TestNoFilesLeft(t *testing.T) {
	var told bool
	startHelper(t, nil, "no-files").answer(t, &told)
	if !told {
		t.Error("want EMFILE and no rows")
	}
}

// TestOtherUser looks as nobody at processes of root and of its own.
func TestOtherUser(t *testing.T) {
	const all = WantName | WantStatus | WantMemory | WantIO | WantFDs
	ofRoot := startHelper(t, nil, "zombies", "1", "exit 7")
	ofNobody := startHelper(t, asNobody, "zombies", "1", "exit 0")
	var rootZombies, ownZombies []int32
	ofRoot.answer(t, &rootZombies)
	ofNobody.answer(t, &ownZombies)

	var got sweepAnswer
	startHelper(t, asNobody, "sweep", "/proc", strconv.Itoa(int(all))).answer(t, &got)
	t.Run("F20 a process of another user", func(t *testing.T) {
		p := got.find(ofRoot.pid())
		if p == nil {
			t.Fatal("not in the snapshot")
		}
		if p.IO.Known() || !p.Status.Known() || !p.Memory.Known() || p.Name == "" {
			t.Errorf("want all facts but I/O: %+v", p)
		}
		if sized := kernelAtLeast(t, 6, 2); p.FDs.Known() != sized {
			t.Errorf("files %v, want known: %v", p.FDs, sized)
		}
		if got.Denied == 0 {
			t.Error("nothing was counted as denied")
		}
	})
	t.Run("E01 E02 a zombie of another user", func(t *testing.T) {
		p := got.find(rootZombies[0])
		if p == nil || !p.IsZombie() || p.Name != "sh" || !p.Status.Known() {
			t.Fatalf("want a zombie with its facts: %+v", p)
		}
		if p.Exit.Known() {
			t.Errorf("exit status %v, which the kernel does not show", p.Exit)
		}
	})
	t.Run("E02 an own zombie that exited with 0", func(t *testing.T) {
		p := got.find(ownZombies[0])
		if p == nil || !p.IsZombie() {
			t.Fatalf("want a zombie: %+v", p)
		}
		if exit, known := p.Exit.Get(); !known || exit != 0 {
			t.Errorf("exit status %v, want a known 0", p.Exit)
		}
	})
}

// TestHidePID is F19 and E31: a mount with hidepid=2 shows a user the own
// processes only, and that is no error.
func TestHidePID(t *testing.T) {
	h := startHelper(t, nil, "zombies", "1", "exit 7")
	var zombies []int32
	h.answer(t, &zombies)
	dir := t.TempDir()
	if err := os.Chmod(dir+"/..", 0o755); err != nil {
		t.Fatal(err)
	}
	var got sweepAnswer
	startHelper(t, inNamespaces(unix.CLONE_NEWNS), "hidepid", dir, strconv.Itoa(int(WantStatus))).answer(t, &got)
	for i := range got.Procs {
		if uid := got.Procs[i].Status.Or(ProcStatus{}).UID; uid != nobody {
			t.Errorf("F19: process %d of user %d is there", got.Procs[i].ID.PID, uid)
		}
	}
	if len(got.Procs) == 0 {
		t.Error("F19: the own process is not there")
	}
	if got.find(zombies[0]) != nil || got.find(h.pid()) != nil {
		t.Error("E31: another user's zombie, or its parent, is there")
	}
	s := ProcSnapshot{Procs: got.Procs}
	for i := range got.Procs {
		if p := &got.Procs[i]; got.find(p.PPID) == nil && s.Parent(p) != nil {
			t.Errorf("F19: hidden parent of %d is %v", p.ID.PID, s.Parent(p))
		}
	}
}

// TestPIDReuse is F01: a process that follows another under its PID is a new
// one, there in that very sweep.
func TestPIDReuse(t *testing.T) {
	var got reuseAnswer
	startHelper(t, inNamespaces(unix.CLONE_NEWNS|unix.CLONE_NEWPID), "pid-reuse").answer(t, &got)
	if got.First.PID != got.Second.PID || got.First.Start >= got.Second.Start {
		t.Errorf("F01: %v follows %v, want one PID and a later start", got.Second, got.First)
	}
	if got.Created != 1 || got.Exited != 1 {
		t.Errorf("F01: %d created, %d exited, want 1 and 1", got.Created, got.Exited)
	}
}
