package sysprobe

import (
	"context"
	"errors"
	"io/fs"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"telegraf-sysprobe/sysprobe/sysprobetest"
)

// exact compares unexported fields too: those of Opt.
var exact = cmp.Exporter(func(reflect.Type) bool { return true })

const wantAll = WantName | WantStatus | WantMemory | WantIO | WantFDs | WantOrigin | WantFDLimit

// TestCapturedTree reads processes that were copied from a real /proc.
func TestCapturedTree(t *testing.T) {
	tree := sysprobetest.LoadProcTree(t, "basic")
	for _, pid := range []string{"2", "14694", "14695", "14696", "14697"} {
		tree.Mkdir(pid + "/fd")
	}
	for _, fd := range []string{"0", "1", "2"} {
		tree.Link("14694/fd/"+fd, "/dev/null")
	}
	procs := openTable(t, tree.Root)
	procs.client.pageSize = 4096
	procs.client.self = credentials{}
	s := snapshotOf(t, procs, wantAll)

	const tick = 10 * time.Millisecond
	zero := Some[uint64](0)
	noIO := ProcIO{zero, zero, zero, zero, zero, zero, zero}
	read := func(chars, calls uint64) ProcIO {
		io := noIO
		io.ReadChars, io.ReadCalls = Some(chars), Some(calls)
		return io
	}
	faulted := read(4812, 9)
	faulted.ReadBytes = Some[uint64](155648)
	switches := func(pid int32, voluntary, involuntary uint64) ProcStatus {
		return ProcStatus{Tracer: Some[int32](0), OwnPID: Some(pid), VoluntarySwitches: Some(voluntary), InvoluntarySwitches: Some(involuntary)}
	}
	swapless := func(st ProcStatus) ProcStatus {
		st.Swap = Some[uint64](0)
		return st
	}
	parts := func(m ProcMemory, anon, file uint64) ProcMemory {
		m.Anon, m.File, m.Shmem = Some(anon), Some(file), Some[uint64](0)
		return m
	}
	want := []Proc{
		{
			ID: ProcID{2, 25}, Comm: "kthreadd", Name: "kthreadd", State: StateSleeping, KernelThread: true, Threads: 1, CPU: Some[int32](0),
			Status: Some(switches(2, 76, 2)), Memory: Some(ProcMemory{}), IO: Some(noIO), Switches: Some(ProcSwitches{76, 2}), FDs: Some[uint32](0),
		},
		{
			ID: ProcID{14694, 303950}, PPID: 14684, Group: 14684, Session: 11886,
			Comm: "gnome-keyring-d", Name: "gnome-keyring-daemon-copy", named: true, State: StateSleeping, Threads: 2,
			UserTime: 55 * tick, MinorFaults: 124, RSS: 385 * 4096, VMS: 10928128, CPU: Some[int32](1),
			Status: Some(swapless(switches(14694, 1, 170))),
			Memory: Some(parts(ProcMemory{VMS: 2668 * 4096, RSS: 385 * 4096, Shared: 357 * 4096, Text: 4096, Data: 2137 * 4096}, 114688, 1462272)),
			IO:     Some(read(3980, 8)), FDs: Some[uint32](3),
		},
		{
			ID: ProcID{14695, 303950}, PPID: 14684, Group: 14684, Session: 11886,
			Comm: "gnome-keyring-d", Name: "gnome-keyring-d", State: StateSleeping, LeaderDead: true, Threads: 2,
			UserTime: 55 * tick, MinorFaults: 134, MajorFaults: 1, RSS: 365 * 4096, VMS: 11059200, CPU: Some[int32](1), // of thread 14755
			Status: Some(switches(14695, 3, 179)), IO: Some(faulted),
		},
		{
			ID: ProcID{14696, 303950}, PPID: 14684, Group: 14684, Session: 11886,
			Comm: "sleep", Name: "sleep", State: StateSleeping, Threads: 1, MinorFaults: 214, RSS: 458 * 4096, VMS: 2990080, CPU: Some[int32](1),
			Memory: Some(parts(ProcMemory{VMS: 730 * 4096, RSS: 458 * 4096, Shared: 431 * 4096, Text: 5 * 4096, Data: 89 * 4096}, 110592, 1765376)),
			Status: Some(swapless(switches(14696, 1, 1))), IO: Some(read(10956, 18)), Switches: Some(ProcSwitches{1, 1}), FDs: Some[uint32](0),
		},
		{
			ID: ProcID{14697, 303950}, PPID: 14696, Group: 14684, Session: 11886,
			Comm: "sh", Name: "sh", State: StateZombie, Threads: 1, MinorFaults: 28, CPU: Some[int32](1), Exit: Some(ExitStatus(7 << 8)),
			Status: Some(switches(14697, 1, 0)), Memory: Some(ProcMemory{}), IO: Some(noIO), Switches: Some(ProcSwitches{1, 0}), FDs: Some[uint32](0),
		},
	}
	for i := range want {
		want[i].ChildUserTime, want[i].ChildSystemTime = Some[time.Duration](0), Some[time.Duration](0)
	}
	if diff := cmp.Diff(want, s.Procs, exact); diff != "" {
		t.Errorf("processes (-want +got):\n%s", diff)
	}
	if !s.BootTime.Equal(time.Unix(1795464530, 0)) || s.Backend != BackendProcFS || s.Denied != 0 || s.Malformed != 0 || s.Vanished != 0 {
		t.Errorf("boot time %v, backend %v, counts %d, %d, %d", s.BootTime, s.Backend, s.Denied, s.Malformed, s.Vanished)
	}
	if got, want := s.Created(&s.Procs[0]), time.Unix(1795464530, 250e6); !got.Equal(want) {
		t.Errorf("created %v, want %v", got, want)
	}
}

// TestStatFields checks every fact of the stat of group C.
func TestStatFields(t *testing.T) {
	const line = "100 (foo) (bar baz) S 1 77 77 0 -1 4194304 111 5 222 6 300 100 40 20 20 0 3 0 12345 8192000 640 18446744073709551615 " +
		"1 1 0 0 0 0 0 0 0 0 0 0 17 3 0 0 700 0 0 0 0 0 0 0 0 0 0\n"
	tree := sysprobetest.NewProcTree(t)
	tree.Write("100/stat", line)
	for _, pageSize := range []uint64{4096, 16384, 65536} {
		t.Run("G02 pages of "+strconv.FormatUint(pageSize, 10), func(t *testing.T) {
			procs := openTable(t, tree.Root)
			procs.client.pageSize = pageSize
			s := snapshotOf(t, procs, 0)
			want := []Proc{{
				ID: ProcID{100, 12345}, PPID: 1, Group: 77, Session: 77, Comm: "foo) (bar baz", Name: "foo) (bar baz",
				State: StateSleeping, Threads: 3, UserTime: 3 * time.Second, SystemTime: time.Second,
				ChildUserTime: Some(400 * time.Millisecond), ChildSystemTime: Some(200 * time.Millisecond), IOWait: 7 * time.Second,
				MinorFaults: 111, MajorFaults: 222, RSS: 640 * pageSize, VMS: 8192000, CPU: Some[int32](3),
			}}
			if diff := cmp.Diff(want, s.Procs, exact); diff != "" {
				t.Errorf("processes (-want +got):\n%s", diff)
			}
			if got, want := s.Created(&s.Procs[0]), time.Unix(1700000123, 450e6); !got.Equal(want) {
				t.Errorf("created %v, want %v", got, want)
			}
		})
	}
}

func TestStateLetters(t *testing.T) {
	states := map[byte]State{
		'R': StateRunning, 'S': StateSleeping, 'D': StateDiskSleep, 'T': StateStopped, 't': StateTracingStop,
		'Z': StateZombie, 'X': StateDead, 'x': StateDead, 'K': StateWakeKill, 'W': StateWaking,
		'I': StateIdle, 'P': StateParked, 'Q': StateUnknown, '~': StateUnknown,
	}
	names := map[byte]string{'X': "E21 ", 'x': "E21 ", 'Q': "E22 "}
	tree := sysprobetest.NewProcTree(t)
	for letter := range states {
		tree.Add(sysprobetest.Process{PID: 1000 + int(letter), State: letter})
	}
	s := snapshotOf(t, openTable(t, tree.Root), 0)
	for letter, want := range states {
		t.Run(names[letter]+"J04 "+strconv.QuoteRune(rune(letter)), func(t *testing.T) {
			p := s.Find(1000 + int32(letter))
			if p == nil || p.State != want || p.IsZombie() != (letter == 'Z') {
				t.Errorf("got %+v, want state %v", p, want)
			}
		})
	}
	if s.Malformed != 0 {
		t.Errorf("E22: %d malformed", s.Malformed)
	}
}

func TestVanishedAndMalformed(t *testing.T) {
	tree := sysprobetest.NewProcTree(t)
	add := func(pid int) {
		tree.Add(sysprobetest.Process{PID: pid, Comm: "name of 15 char"})
		dir := strconv.Itoa(pid)
		tree.Write(dir+"/statm", "100 50 20 10 0 30 0\n")
		tree.Write(dir+"/io", "rchar: 1\nread_bytes: 5\n")
		tree.Link(dir+"/fd/0", "/dev/null")
	}
	for _, pid := range []int{100, 200, 300, 400, 500, 600, 700} {
		add(pid)
	}
	tree.Write("900", "a file that looks like a process\n")
	tree.Mkdir("12abc")
	tree.Mkdir("1 ")
	tree.Link("thread-self", "100/task/100")
	tree.Remove("200/stat")
	tree.Write("300/stat", "300 (cut")
	for _, file := range []string{"status", "statm", "io", "fd", "cmdline"} {
		tree.Remove("400/" + file)
	}
	tree.Write("500/io", "")
	tree.Write("500/statm", "100 50")
	tree.Write("500/status", "Name:\tx\n")
	tree.Write("600/io", "rchar: 1\nwchar: 2\nsyscr: 3\nread_bytes: 5\nwrite_bytes: 6\n")
	tree.Write("700/stat", "")
	procs := openTable(t, tree.Root)
	procs.client.pageSize = 4096
	s := snapshotOf(t, procs, wantAll)

	t.Run("F10 entries that are no processes", func(t *testing.T) {
		if diff := cmp.Diff([]int32{100, 400, 500, 600}, s.pids()); diff != "" {
			t.Errorf("PIDs (-want +got):\n%s", diff)
		}
	})
	t.Run("F07 E11 stat is gone", func(t *testing.T) {
		if s.Vanished != 2 { // and the file 900
			t.Errorf("%d vanished, want 2", s.Vanished)
		}
		if _, err := procs.Lookup(context.Background(), 200, 0); !errors.Is(err, ErrNoSuchProcess) {
			t.Errorf("error %v, want ErrNoSuchProcess", err)
		}
	})
	t.Run("C17 stat is cut", func(t *testing.T) {
		if s.Malformed != 2+3 { // and the three facts of 500
			t.Errorf("%d malformed, want 5", s.Malformed)
		}
		if _, err := procs.Lookup(context.Background(), 300, 0); !errors.Is(err, ErrMalformed) || errors.Is(err, ErrNoSuchProcess) {
			t.Errorf("error %v, want ErrMalformed", err)
		}
	})
	t.Run("F08 C27 other files are gone", func(t *testing.T) {
		p := s.Find(400)
		if p.Status.Known() || p.Memory.Known() || p.IO.Known() || p.FDs.Known() || p.Name != p.Comm {
			t.Errorf("want no optional fact: %+v", p)
		}
		if p, err := procs.Lookup(context.Background(), 400, wantAll); err != nil || p.ID.PID != 400 {
			t.Errorf("lookup: %+v, %v", p, err)
		}
	})
	t.Run("G04 other files are cut", func(t *testing.T) {
		p := s.Find(500)
		if p.Status.Known() || p.Memory.Known() || p.IO.Known() || p.FDs != Some[uint32](1) {
			t.Errorf("want no optional fact but files: %+v", p)
		}
	})
	t.Run("G05 a line of io is missing", func(t *testing.T) {
		want := ProcIO{
			ReadChars: Some[uint64](1), WriteChars: Some[uint64](2), ReadCalls: Some[uint64](3),
			ReadBytes: Some[uint64](5), WriteBytes: Some[uint64](6),
		}
		if diff := cmp.Diff(Some(want), s.Find(600).IO, exact); diff != "" {
			t.Errorf("io (-want +got):\n%s", diff)
		}
	})
	t.Run("G01 the others are complete", func(t *testing.T) {
		want := ProcMemory{RSS: 204800, VMS: 409600, Shared: 81920, Text: 40960, Data: 122880}
		if diff := cmp.Diff(Some(want), s.Find(100).Memory, exact); diff != "" {
			t.Errorf("memory (-want +got):\n%s", diff)
		}
	})
	t.Run("F07 a table that is gone is an error", func(t *testing.T) {
		tree.Remove(".")
		var op *OpError
		if err := procs.Snapshot(t.Context(), s, 0); !errors.Is(err, fs.ErrNotExist) || !errors.As(err, &op) || op.Target != tree.Root || len(s.Procs) != 0 {
			t.Errorf("error %v, %d rows", err, len(s.Procs))
		}
		tree.Mkdir(".")
	})
}

func TestDeadLeaders(t *testing.T) {
	type proc = sysprobetest.Process
	leader := proc{PID: 100, State: 'Z'}
	disguised := proc{PID: 101, State: 'S', Comm: "evil) Z 1 2 3"}
	for _, tt := range []struct {
		name    string
		threads []proc
		gone    []int // threads that were listed but have no stat any more
		state   State
		dead    bool // the leader only
	}{
		{"E16 a thread sleeps", []proc{leader, {PID: 101, State: 'D'}}, nil, StateDiskSleep, true},
		{"E16 C14 its name is a disguise", []proc{leader, disguised}, nil, StateSleeping, true},
		{"E16 all threads are dead", []proc{leader, {PID: 101, State: 'X'}}, nil, StateZombie, false},
		// More than one, as the directory has no order.
		{"F26 threads end meanwhile", []proc{leader, {PID: 104, State: 'R'}}, []int{101, 102, 103, 105, 106, 107}, StateRunning, true},
		{"F26 the process ends meanwhile", nil, nil, StateZombie, false},
	} {
		t.Run(tt.name, func(t *testing.T) {
			tree := sysprobetest.NewProcTree(t)
			tree.Add(proc{PID: 100, State: 'Z', Threads: 2})
			for _, thread := range tt.threads {
				tree.AddThread(100, thread)
			}
			for _, tid := range tt.gone {
				tree.Mkdir("100/task/" + strconv.Itoa(tid))
			}
			s := snapshotOf(t, openTable(t, tree.Root), 0)
			p := &s.Procs[0]
			if p.State != tt.state || p.LeaderDead != tt.dead {
				t.Errorf("state %v, leader dead %v, want %v, %v", p.State, p.LeaderDead, tt.state, tt.dead)
			}
			if p.IsZombie() == tt.dead || len(s.Zombies(nil)) == s.DeadLeaders() {
				t.Error("it is zombie and dead leader, or neither")
			}
		})
	}
}

// TestDenied reads files without permissions, as nobody.
func TestDenied(t *testing.T) {
	tree := sysprobetest.NewProcTree(t)
	files := []string{"status", "statm", "io", "cmdline"}
	for _, pid := range []string{"100", "200"} {
		for _, file := range files {
			tree.Write(pid+"/"+file, "")
			tree.Deny(pid + "/" + file)
		}
		tree.Mkdir(pid + "/fd")
		tree.Deny(pid + "/fd")
	}
	tree.Write("100/stat", sysprobetest.Process{PID: 100, PPID: 7, Comm: "gnome-keyring-d"}.Stat())
	tree.Write("200/stat", "")
	tree.Deny("200/stat") // as with hidepid=1
	tree.Write("300/stat", sysprobetest.Process{PID: 300, State: 'Z', Threads: 2}.Stat())
	tree.Mkdir("300/task")
	tree.Deny("300/task")

	var got sweepAnswer
	startHelper(t, asNobody, "sweep", tree.Root, strconv.Itoa(int(wantAll))).answer(t, &got)
	t.Run("C25 F21 all but stat", func(t *testing.T) {
		p := got.find(100)
		if p == nil || p.PPID != 7 || p.Name != "gnome-keyring-d" || p.Status.Known() || p.Memory.Known() || p.IO.Known() || p.FDs.Known() {
			t.Errorf("want a process without optional facts: %+v", p)
		}
	})
	t.Run("E16 the threads", func(t *testing.T) {
		if p := got.find(300); p == nil || !p.LeaderDead || p.State != StateUnknown {
			t.Errorf("want a dead leader with an unknown state: %+v", p)
		}
	})
	if len(got.Procs) != 2 || got.Denied != 5+1+1 || got.Malformed != 0 || got.Vanished != 0 {
		t.Errorf("%d processes, counts %d, %d, %d, want 2 and 7, 0, 0", len(got.Procs), got.Denied, got.Malformed, got.Vanished)
	}
}

func TestExitVisibility(t *testing.T) {
	for _, tt := range []struct {
		name string
		self credentials
		uid  uint32
		code uint32
		want Fields
		exit Opt[ExitStatus]
	}{
		{"another user's", credentials{uid: 1}, 2, 0, WantStatus, Opt[ExitStatus]{}},
		{"another user's that is shown", credentials{uid: 1}, 2, 9, 0, Some(ExitStatus(9))},
		{"own", credentials{uid: 2}, 2, 0, WantStatus, Some(ExitStatus(0))},
		{"own, but nobody asked whose", credentials{uid: 2}, 2, 0, 0, Opt[ExitStatus]{}},
		{"own of another group", credentials{uid: 2, gid: 1}, 2, 0, WantStatus, Opt[ExitStatus]{}},
		{"with CAP_SYS_PTRACE", credentials{uid: 1, ptrace: true}, 2, 0, 0, Some(ExitStatus(0))},
	} {
		t.Run("E02 "+tt.name, func(t *testing.T) {
			tree := sysprobetest.NewProcTree(t)
			tree.Add(sysprobetest.Process{PID: 100, State: 'Z', UID: tt.uid, ExitCode: tt.code})
			tree.Add(sysprobetest.Process{PID: 200, ExitCode: 9, UID: tt.uid})
			procs := openTable(t, tree.Root)
			procs.client.self = tt.self
			s := snapshotOf(t, procs, tt.want)
			if got := s.Find(100).Exit; got != tt.exit {
				t.Errorf("exit %v, want %v", got, tt.exit)
			}
			if got := s.Find(200).Exit; got.Known() {
				t.Errorf("exit %v of a process that lives", got)
			}
		})
	}
}

// TestClockStep is F04: a step of the wall clock moves start times only.
func TestClockStep(t *testing.T) {
	tree := sysprobetest.NewProcTree(t)
	tree.Add(sysprobetest.Process{PID: 100, Start: 500})
	procs := openTable(t, tree.Root)
	var (
		s     ProcSnapshot
		rates ProcRates
	)
	takeSnapshot(t, procs, &s, 0)
	rates.Update(&s, nil)
	id, created := s.Procs[0].ID, s.Created(&s.Procs[0])
	tree.Write("stat", "btime "+strconv.Itoa(sysprobetest.BootTime+3600)+"\n")
	takeSnapshot(t, procs, &s, 0)
	rates.Update(&s, nil)
	if s.Procs[0].ID != id || rates.Created() != 0 || rates.Exited() != 0 {
		t.Errorf("F04: identity %v, want %v; %d created, %d exited", s.Procs[0].ID, id, rates.Created(), rates.Exited())
	}
	if moved := s.Created(&s.Procs[0]).Sub(created); moved != time.Hour {
		t.Errorf("F04: created moved by %v, want 1h", moved)
	}
	tree.Write("stat", "cpu 1 2 3\n")
	takeSnapshot(t, procs, &s, 0)
	if !s.BootTime.IsZero() || !s.Created(&s.Procs[0]).IsZero() || s.Malformed != 1 {
		t.Errorf("G20: boot time %v, created %v, %d malformed", s.BootTime, s.Created(&s.Procs[0]), s.Malformed)
	}
}

func TestReuseInFixture(t *testing.T) {
	tree := sysprobetest.NewProcTree(t)
	tree.Add(sysprobetest.Process{PID: 100, Start: 500, Comm: "gnome-keyring-d", Cmdline: "gnome-keyring-daemon\x00-x\x00"})
	procs := openTable(t, tree.Root)
	var s ProcSnapshot
	name := func() string {
		takeSnapshot(t, procs, &s, WantName)
		return s.Procs[0].Name
	}
	if got := name(); got != "gnome-keyring-daemon" {
		t.Errorf("C20: name %q", got)
	}
	tree.Add(sysprobetest.Process{PID: 100, Start: 501, Comm: "gnome-keyring-d", Cmdline: "gnome-keyring-double\x00-x\x00"})
	if got := name(); got != "gnome-keyring-double" || s.Procs[0].ID.Start != 501 {
		t.Errorf("F01: name %q of another process under that PID", got)
	}
	tree.Add(sysprobetest.Process{PID: 100, Start: 501, Comm: "gnome-keyring-e", Cmdline: "gnome-keyring-eve\x00-x\x00"})
	if got := name(); got != "gnome-keyring-eve" {
		t.Errorf("C28: name %q after the kernel's changed", got)
	}
}

// TestReuseWithinOneTick is F02: proc(5) does not tell these processes apart, as
// ProcID says. BPF does, so that what one had is not taken for the other's.
func TestReuseWithinOneTick(t *testing.T) {
	tree := sysprobetest.NewProcTree(t)
	tree.Add(sysprobetest.Process{PID: 100, Start: 500, UserTicks: 7})
	procs := openTable(t, tree.Root)
	var (
		s     ProcSnapshot
		rates ProcRates
	)
	takeSnapshot(t, procs, &s, 0)
	rates.Update(&s, nil)
	tree.Add(sysprobetest.Process{PID: 100, Start: 500, UserTicks: 3})
	takeSnapshot(t, procs, &s, 0)
	if got := rates.Update(&s, nil); rates.Created() != 0 || rates.Exited() != 0 || len(got) != 1 || got[0].CPU.Or(0) < 0 {
		t.Errorf("F02: %d created, %d exited, rates %+v", rates.Created(), rates.Exited(), got)
	}

	procs = openBackend(t, BackendBPF)
	h := startHelper(t, nil, "named", `"second"`)
	takeSnapshot(t, procs, &s, WantIO)
	before := s.Find(h.pid())
	now := *before
	before.Task.Ref().Start-- // another one, in the same tick
	before.MinorFaults += 1 << 40
	before.UserTime += time.Hour
	takeSnapshot(t, procs, &s, WantIO)
	if got := s.Find(h.pid()); got.ID != now.ID || got.MinorFaults >= 1<<40 || got.UserTime >= time.Hour {
		t.Errorf("F02: %+v has what the process before had", got)
	}
}

// TestNamesThatAreWhole has command lines that would extend a name which the
// kernel did not cut, or cannot be those of the process.
func TestNamesThatAreWhole(t *testing.T) {
	tree := sysprobetest.NewProcTree(t)
	const cmdline = "name of 15 byteses\x00-x\x00"
	tree.Add(sysprobetest.Process{PID: 100, Comm: "name of 15 byte", Cmdline: cmdline})
	tree.Add(sysprobetest.Process{PID: 200, Comm: "name of 14 byt", Cmdline: "name of 14 bytes\x00-x\x00"})
	tree.Add(sysprobetest.Process{PID: 300, Comm: "name of 15 byte", Cmdline: cmdline, KernelThread: true})
	tree.Add(sysprobetest.Process{PID: 400, Comm: "name of 15 byte", Cmdline: cmdline, State: 'Z'})
	s := snapshotOf(t, openTable(t, tree.Root), WantName)
	for pid, want := range map[int32]string{
		100: "name of 15 byteses", 200: "name of 14 byt", 300: "name of 15 byte", 400: "name of 15 byte",
	} {
		if got := s.Find(pid).Name; got != want {
			t.Errorf("name %q of %d, want %q", got, pid, want)
		}
	}
}

func TestOpenErrors(t *testing.T) {
	tree := sysprobetest.NewProcTree(t)
	for _, tt := range []struct {
		name, root string
		want       error
		text       string
	}{
		{"no such directory", tree.Root + "/nowhere", fs.ErrNotExist, "nowhere"},
		{"a file", tree.Root + "/stat", nil, "not a directory"},
		{"not a proc tree", t.TempDir(), fs.ErrNotExist, "not a proc(5) tree"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			_, err := OpenProcs(&Config{ProcRoot: tt.root})
			var op *OpError
			if !errors.As(err, &op) || op.Target != tt.root || !strings.Contains(err.Error(), tt.text) ||
				tt.want != nil && !errors.Is(err, tt.want) {
				t.Errorf("error %v, want one about %s that says %q", err, tt.root, tt.text)
			}
		})
	}
	t.Run("a mount with subset=pid", func(t *testing.T) {
		tree := sysprobetest.NewProcTree(t)
		tree.Remove("stat")
		tree.Add(sysprobetest.Process{PID: 100})
		s := snapshotOf(t, openTable(t, tree.Root), 0)
		if len(s.Procs) != 1 || !s.BootTime.IsZero() || s.Malformed != 0 {
			t.Errorf("%d processes, boot time %v, %d malformed", len(s.Procs), s.BootTime, s.Malformed)
		}
	})
}

// TestLongFiles reads a status that does not fit into the buffer.
func TestLongFiles(t *testing.T) {
	tree := sysprobetest.NewProcTree(t)
	tree.Add(sysprobetest.Process{PID: 100})
	for _, size := range []int{4096, 4097, 100_000} {
		line := "Groups:\t" + strings.Repeat("7", size-len("Groups:\t\n"))
		tree.Write("100/status", line+"\nTgid:\t100\nUid:\t1\t2\t3\t4\nGid:\t5\t6\t7\t8\n")
		if st := snapshotOf(t, openTable(t, tree.Root), WantStatus).Procs[0].Status; st.Or(ProcStatus{}).SGID != 7 {
			t.Errorf("G06: status %+v after a line of %d bytes", st, size)
		}
	}
}

// TestUnsortedTree reads a directory whose file system keeps no order.
func TestUnsortedTree(t *testing.T) {
	tree := sysprobetest.NewProcTree(t)
	var want []int32
	for pid := 3; pid < 5000; pid += 7 {
		tree.Write(strconv.Itoa(pid)+"/stat", sysprobetest.Process{PID: pid}.Stat())
		want = append(want, int32(pid))
	}
	s := snapshotOf(t, openTable(t, tree.Root), 0)
	if got := s.pids(); !slices.Equal(got, want) {
		t.Errorf("%d PIDs, want %d in order", len(got), len(want))
	}
}

// TestSteadyStateAllocatesNothing sweeps processes that do not change, with
// every fact, rates and zombies.
func TestSteadyStateAllocatesNothing(t *testing.T) {
	tree := sysprobetest.LoadProcTree(t, "basic")
	for pid := 20000; pid < 20100; pid++ {
		tree.Add(sysprobetest.Process{PID: pid, PPID: 14696, Comm: "gnome-keyring-d", State: "SZ"[pid%2], Cmdline: "/gnome-keyring-daemon\x00-x\x00"})
		tree.Link(strconv.Itoa(pid)+"/fd/0", "/dev/null")
	}
	for _, procs := range []*Procs{
		openTable(t, tree.Root), openWorkers(t, tree.Root, 2), openTable(t, "/proc"), openWorkers(t, "/proc", 2),
	} {
		root := procs.client.path
		var (
			s       ProcSnapshot
			rates   ProcRates
			tracker ZombieTracker
		)
		sweep := func() {
			if err := procs.Snapshot(context.Background(), &s, wantAll); err != nil {
				t.Fatal(err)
			}
			rates.Update(&s, nil)
			tracker.Update(&s)
			tracker.Parents()
		}
		sweep()
		sweep()
		limit := 0.0
		if root == "/proc" { // where others start processes meanwhile; an allocation for each process shows all the same
			limit = float64(len(s.Procs)) * 3 / 4
		}
		if n := leastAllocs(sweep); n > limit {
			t.Errorf("%s: %v allocations a sweep of %d processes, want at most %v", root, n, len(s.Procs), limit)
		}
	}
}

func TestReadHost(t *testing.T) {
	tree := sysprobetest.NewProcTree(t)
	got, err := ReadHost(&Config{ProcRoot: tree.Root})
	if err != nil {
		t.Fatal(err)
	}
	want := Host{MemTotal: Some[uint64](16384000000), PIDMax: Some[uint64](32768), ThreadsMax: Some[uint64](1000)}
	if diff := cmp.Diff(want, got, exact); diff != "" {
		t.Errorf("host (-want +got):\n%s", diff)
	}
	for _, tt := range []struct {
		name         string
		ids, threads Opt[uint64]
		want         Opt[uint64]
	}{
		{"threads are fewer", Some[uint64](9), Some[uint64](5), Some[uint64](5)},
		{"IDs are fewer", Some[uint64](5), Some[uint64](9), Some[uint64](5)},
		{"no IDs", Opt[uint64]{}, Some[uint64](9), Some[uint64](9)},
		{"no threads", Some[uint64](9), Opt[uint64]{}, Some[uint64](9)},
		{"neither", Opt[uint64]{}, Opt[uint64]{}, Opt[uint64]{}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			if got := (Host{PIDMax: tt.ids, ThreadsMax: tt.threads}).PIDLimit(); got != tt.want {
				t.Errorf("limit %v, want %v", got, tt.want)
			}
		})
	}
	t.Run("facts that cannot be had are absent", func(t *testing.T) {
		tree.Write("meminfo", "nonsense")
		tree.Remove("sys")
		got, err := ReadHost(&Config{ProcRoot: tree.Root})
		if err != nil || got != (Host{Missing: got.Missing}) || !errors.Is(got.Missing, ErrMalformed) || !errors.Is(got.Missing, fs.ErrNotExist) {
			t.Errorf("got %+v, %v", got, err)
		}
	})
	t.Run("no such root", func(t *testing.T) {
		var op *OpError
		if _, err := ReadHost(&Config{ProcRoot: tree.Root + "/nowhere"}); !errors.Is(err, fs.ErrNotExist) || !errors.As(err, &op) {
			t.Errorf("error %v", err)
		}
	})
	t.Run("this machine", func(t *testing.T) {
		got, err := ReadHost(nil)
		// In a PID namespace the limits of those above it bind, which it does not see.
		if err != nil || got.MemTotal.Or(0) == 0 || got.PIDLimit().Known() == got.LimitedAbove {
			t.Errorf("got %+v, %v", got, err)
		}
	})
}
