package sysprobe

import (
	"errors"
	"fmt"
	"testing"
	"time"

	"telegraf-sysprobe/sysprobe/internal/decode/ntinfo"
)

// ntBoot is when the machine of these tests started, by a clock that was set by an
// hour since.
var ntBoot = ntinfo.TimeOfDay{Boot: 133_000_000_000_000_000 + 36e9, Bias: 36e9, Now: 133_100_000_000_000_000}

// ntSnapshot is the snapshot of a table.
func ntSnapshot(t *ntTable, want Fields, table []ntinfo.Process) *ProcSnapshot {
	t.boot = ntBoot
	if t.names == nil {
		t.names = interner{}
	}
	t.begin()
	for i := range table {
		t.add(&table[i])
	}
	t.fill(want, time.Unix(1, 0), func(*Proc, *ntinfo.Process) {})
	return &t.snap
}

// ntExample is a table in the order of Windows, which is not that of the PIDs.
func ntExample() []ntinfo.Process {
	first := ntBoot.FirstBoot()
	waiting, running, suspended := ntinfo.ThreadStates{Waiting: 3}, ntinfo.ThreadStates{Running: 1, Waiting: 2}, ntinfo.ThreadStates{Suspended: 3}
	return []ntinfo.Process{
		{Threads: 4, KernelTime: time.Hour, States: ntinfo.ThreadStates{Running: 4}},
		{PID: 4, Name: utf16le("System"), Threads: 150, KernelTime: time.Minute, Priority: 8, Created: first, States: waiting},
		{PID: 92, Parent: 4, Name: utf16le("Registry"), Threads: 4, Priority: 8, Created: first - 5e6, States: waiting},
		{PID: 7000, Parent: 4, Name: utf16le("Memory Compression"), Threads: 1, Created: first + 2e7, States: waiting},
		{PID: 7004, Parent: 500, Name: utf16le("Registry"), Threads: 1, Created: first + 2e7, States: waiting},
		{
			PID: 1234, Parent: 92, Session: 1, Name: utf16le("a program with a long name.exe"), Created: first + 3*1e7 + 99_999, Threads: 3,
			UserTime: time.Second, KernelTime: 2 * time.Second, Priority: 13, PageFaults: 10, HardFaults: 3, Handles: 77,
			WorkingSet: 4096, Private: 8192, Virtual: 1 << 40, Reads: 1, Writes: 2, Others: 3, ReadBytes: 11, WriteBytes: 12, OtherBytes: 13, States: running,
		},
		{PID: 600, Parent: 1234, Name: utf16le("stopped.exe"), Created: first + 2*1e7, Threads: 3, Priority: 4, States: suspended},
		{PID: 640, Parent: 1234, Name: utf16le("exited.exe"), Created: first + 9*1e7},
	}
}

func TestProcsOfWindows(t *testing.T) {
	var table ntTable
	ntSnapshot(&table, 0, ntExample())
	s := ntSnapshot(&table, WantIO|WantFDs, ntExample())
	if len(s.Procs) != 7 || s.Backend != BackendNTAPI || s.BootTime.UnixNano() != ntinfo.Time(ntBoot.Boot).UnixNano() {
		t.Fatalf("%d processes, boot %v, by %v", len(s.Procs), s.BootTime, s.Backend)
	}
	for i := 1; i < len(s.Procs); i++ {
		if s.Procs[i-1].ID.PID >= s.Procs[i].ID.PID {
			t.Errorf("%d is before %d", s.Procs[i-1].ID.PID, s.Procs[i].ID.PID)
		}
	}
	p := s.Find(1234)
	want := Proc{
		ID: ProcID{1234, 300}, PPID: 92, Session: 1, Comm: "a program with a long name.exe", Name: "a program with a long name.exe",
		State: StateRunning, Threads: 3, UserTime: time.Second, SystemTime: 2 * time.Second, MinorFaults: 7, MajorFaults: 3,
		RSS: 4096, VMS: 8192, Priority: Some(PriorityHigh), FDs: Some(uint32(77)),
		IO: Some(ProcIO{ReadCalls: Some(uint64(1)), WriteCalls: Some(uint64(2)), ReadChars: Some(uint64(11)), WriteChars: Some(uint64(12))}),
	}
	if *p != want {
		t.Errorf("%+v,\nwant %+v", *p, want)
	}
	if got := s.Created(p); !got.Equal(s.BootTime.Add(3 * time.Second)) {
		t.Errorf("created %v", got)
	}
	for pid, want := range map[int32]struct {
		name   string
		pseudo bool
		state  State
	}{
		0: {"System Idle Process", true, StateIdle}, 4: {"System", true, StateSleeping}, 92: {"Registry", true, StateSleeping},
		7000: {"Memory Compression", true, StateSleeping}, 7004: {"Registry", false, StateSleeping}, 600: {"stopped.exe", false, StateStopped},
	} {
		if p := s.Find(pid); p == nil || p.Name != want.name || p.KernelThread != want.pseudo || p.State != want.state {
			t.Errorf("%d: %+v, want %+v", pid, p, want)
		}
	}
	if idle := s.Find(0); idle.UserTime+idle.SystemTime != 0 {
		t.Errorf("Idle used %v", idle.SystemTime)
	}
}

// TestE29NoZombies has a process that exited and is kept by a handle, which is no
// zombie and no row.
func TestE29NoZombies(t *testing.T) {
	s := ntSnapshot(&ntTable{}, 0, ntExample())
	if s.Find(640) != nil || len(s.Zombies(nil)) > 0 || s.DeadLeaders() > 0 {
		t.Errorf("%+v, want no trace of a process that exited", s.Find(640))
	}
}

// TestParentIsOlder has a process whose parent ended, and whose parent's PID a
// younger process has.
func TestParentIsOlder(t *testing.T) {
	s := ntSnapshot(&ntTable{}, 0, ntExample())
	if parent := s.Parent(s.Find(600)); parent != nil {
		t.Errorf("%+v, want none: it is younger", parent.ID)
	}
	if parent := s.Parent(s.Find(1234)); parent == nil || parent.Name != "Registry" {
		t.Errorf("%+v, want the parent", parent)
	}
}

// TestNTSnapshotKeepsMemory is about the second snapshot of the same processes.
func TestNTSnapshotKeepsMemory(t *testing.T) {
	var table ntTable
	example := ntExample()
	ntSnapshot(&table, WantIO, example)
	if n := testing.AllocsPerRun(10, func() { ntSnapshot(&table, WantIO, example) }); n > 0 {
		t.Errorf("%v allocations, want 0", n)
	}
}

// TestI17PriorityClasses also has bases that no class has.
func TestI17PriorityClasses(t *testing.T) {
	for number, want := range map[PriorityClass]string{
		0x8000: "above_normal", 0x80: "high", 0x40: "idle", 0x20: "normal", 0x4000: "below_normal", 0x100: "realtime", 0x1234: "4660",
	} {
		t.Run(fmt.Sprintf("I17 %#x", uint16(number)), func(t *testing.T) {
			if got := number.String(); got != want {
				t.Errorf("%s, want %s", got, want)
			}
		})
	}
	for base, want := range map[int32]Opt[PriorityClass]{
		4: Some(PriorityIdle), 6: Some(PriorityBelowNormal), 8: Some(PriorityNormal), 10: Some(PriorityAboveNormal),
		13: Some(PriorityHigh), 24: Some(PriorityRealtime), 0: {}, 5: {},
	} {
		if got := priorityOfNT(base); got != want {
			t.Errorf("base %d: %v, want %v", base, got, want)
		}
	}
}

func TestServiceOrigins(t *testing.T) {
	var s serviceOrigins
	list := func(f func(string, uint32)) error {
		f("Winmgmt", 800)
		f("Schedule", 800)
		f("Dnscache", 900)
		return nil
	}
	if err := s.set(1000, list); err != nil {
		t.Fatal(err)
	}
	shared := s.of(&ntinfo.Process{PID: 800, Created: 5})
	if shared == nil || shared.Unit != "Schedule,Winmgmt" || s.of(&ntinfo.Process{PID: 900}).Unit != "Dnscache" {
		t.Errorf("%+v", shared)
	}
	if s.of(&ntinfo.Process{PID: 900, Created: 1001}) != nil || s.of(&ntinfo.Process{PID: 901}) != nil {
		t.Error("a service of a process that is younger than the list, or is none")
	}
	if err := s.set(2000, list); err != nil || s.of(&ntinfo.Process{PID: 800}) != shared {
		t.Errorf("%v, want the same origin", err)
	}
	failure := errors.New("failure")
	if err := s.set(3000, func(func(string, uint32)) error { return failure }); !errors.Is(err, failure) || s.of(&ntinfo.Process{PID: 800}) != shared {
		t.Errorf("%v, want the services of before", err)
	}
}

// TestRatesOfWindows has I/O that Windows does not tell apart by what it is of.
func TestRatesOfWindows(t *testing.T) {
	var rates ProcRates
	var table ntTable
	example := ntExample()
	rates.Update(ntSnapshot(&table, WantIO, example), nil)
	for i := range example {
		example[i].ReadBytes += 100
		example[i].WriteBytes += 200
	}
	s := ntSnapshot(&table, WantIO, example)
	s.Taken = s.Taken.Add(2 * time.Second)
	for i, rate := range rates.Update(s, nil) {
		if rate.ReadBytes != Some(50.0) || rate.WriteBytes != Some(100.0) {
			t.Errorf("%s: %v and %v bytes a second, want 50 and 100", s.Procs[i].Name, rate.ReadBytes, rate.WriteBytes)
		}
	}
}
