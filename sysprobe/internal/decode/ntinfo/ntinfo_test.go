package ntinfo

import (
	"encoding/binary"
	"errors"
	"fmt"
	"os"
	"testing"
	"time"
	"unicode/utf16"

	"github.com/google/go-cmp/cmp"

	"telegraf-sysprobe/sysprobe/internal/decode"
	"telegraf-sysprobe/sysprobe/sysprobetest"
)

// TestLayoutsAgainstClang holds the place and the size of every field against
// those that clang gives the structures of testdata/ntinfo.h.
func TestLayoutsAgainstClang(t *testing.T) {
	text, err := os.ReadFile("testdata/ntinfo.h")
	if err != nil {
		t.Fatal(err)
	}
	for target, wordSize := range map[string]int{
		"x86_64-pc-windows-msvc": 8, "aarch64-pc-windows-msvc": 8, "i686-pc-windows-msvc": 4,
	} {
		l := layoutOf(wordSize)
		source := fmt.Sprintf("%s_Static_assert(sizeof(struct process) == %d, \"process\");\n"+
			"_Static_assert(sizeof(struct thread) == %d, \"thread\");\n", text, l.size, l.thread.size)
		for structure, members := range map[string]map[string]decode.Field{"process": l.members(), "thread": {
			"switches": l.thread.switches, "state": l.thread.state, "wait_reason": l.thread.waitReason,
		}} {
			for member, f := range members {
				source += fmt.Sprintf("_Static_assert(__builtin_offsetof(struct %[1]s, %[2]s) == %[3]d, \"place of %[1]s.%[2]s\");\n"+
					"_Static_assert(sizeof(((struct %[1]s *)0)->%[2]s) == %[4]d, \"size of %[1]s.%[2]s\");\n", structure, member, f.At, f.Size)
			}
		}
		sysprobetest.CompileC(t, target, source)
	}
}

// members are the fields of a process by their names in testdata/ntinfo.h.
func (l *layout) members() map[string]decode.Field {
	return map[string]decode.Field{
		"next": l.next, "threads": l.threads, "hard_faults": l.hardFaults, "created": l.created, "user_time": l.userTime,
		"kernel_time": l.kernelTime, "name.length": l.nameLen, "name.text": l.name, "priority": l.priority, "pid": l.pid,
		"parent": l.parent, "handles": l.handles, "session": l.session, "virtual": l.virtual, "page_faults": l.pageFaults,
		"peak_working_set": l.peakWorkingSet, "working_set": l.workingSet, "pagefile": l.pagefile, "private": l.private,
		"reads": l.reads, "writes": l.writes, "others": l.others, "read_bytes": l.readBytes, "write_bytes": l.writeBytes,
		"other_bytes": l.otherBytes,
	}
}

// base is where answers of these tests are in memory.
func base(wordSize int) uint64 {
	if wordSize == 4 {
		return 0x00c31000
	}
	return 0x000001c5_00c31000
}

// thread is a thread of an example.
type thread struct{ state, reason, switches uint32 }

// builder writes an answer.
type builder struct {
	b        []byte
	wordSize int
	last     int // offset of the last record; -1 before the first
}

// put writes a number at a field of the record at off.
func (w *builder) put(off int, f decode.Field, n uint64) {
	var b [8]byte
	binary.LittleEndian.PutUint64(b[:], n)
	copy(w.b[off+f.At:][:f.Size], b[:])
}

// add appends a process.
func (w *builder) add(name string, numbers map[string]uint64, threads ...thread) {
	l := layoutOf(w.wordSize)
	off := len(w.b)
	if w.last >= 0 {
		w.put(w.last, l.next, uint64(off-w.last))
	}
	w.last = off
	w.b = append(w.b, make([]byte, l.size)...)
	for _, t := range threads {
		at := len(w.b)
		w.b = append(w.b, make([]byte, l.thread.size)...)
		w.put(at, l.thread.state, uint64(t.state))
		w.put(at, l.thread.waitReason, uint64(t.reason))
		w.put(at, l.thread.switches, uint64(t.switches))
	}
	w.put(off, l.threads, uint64(len(threads)))
	if name != "" {
		w.put(off, l.name, base(w.wordSize)+uint64(len(w.b)))
		units := utf16.Encode([]rune(name))
		w.put(off, l.nameLen, uint64(2*len(units)))
		for _, u := range append(units, 0) {
			w.b = binary.LittleEndian.AppendUint16(w.b, u)
		}
	}
	members := l.members()
	for name, n := range numbers {
		w.put(off, members[name], n)
	}
	w.b = append(w.b, make([]byte, -len(w.b)&7)...)
}

// example is an answer with Idle, a process with threads, and a suspended one.
func example(wordSize int) *builder {
	w := &builder{wordSize: wordSize, last: -1}
	w.add("", map[string]uint64{"kernel_time": 1e10}, thread{state: stateRunning}, thread{state: stateRunning})
	w.add("jävä.exe", map[string]uint64{
		"pid": 4242, "parent": 1234, "session": 1, "created": 133_000_000_000_000_000, "user_time": 15, "kernel_time": 25, "priority": 8,
		"handles": 77, "page_faults": 1000, "hard_faults": 3, "working_set": 1 << 20, "peak_working_set": 2 << 20, "private": 3 << 20,
		"virtual": 4 << 20, "pagefile": 5 << 20, "reads": 11, "writes": 12, "others": 13, "read_bytes": 21, "write_bytes": 22, "other_bytes": 23,
	}, thread{stateWait, 6, 100}, thread{stateReady, 0, 20}, thread{stateWait, reasonSuspended, 3}, thread{stateTerminated, 0, 0}, thread{6, 0, 0})
	w.add("stopped.exe", map[string]uint64{"pid": 8}, thread{stateWait, reasonSuspended, 1}, thread{stateWait, reasonUserSuspended, 1})
	return w
}

// decodeAll decodes the answer of w.
func (w *builder) decodeAll() (all []Process, names []string, err error) {
	err = DecodeProcesses(w.b, base(w.wordSize), w.wordSize, func(p *Process) {
		names = append(names, decode.UTF16(p.Name))
		all = append(all, *p)
		all[len(all)-1].Name = nil
	})
	return all, names, err
}

func TestDecodeProcesses(t *testing.T) {
	for _, wordSize := range []int{4, 8} {
		got, names, err := example(wordSize).decodeAll()
		want := []Process{
			{KernelTime: 1000 * time.Second, Threads: 2, States: ThreadStates{Running: 2}},
			{
				PID: 4242, Parent: 1234, Session: 1, Created: 133_000_000_000_000_000, UserTime: 1500, KernelTime: 2500, Priority: 8,
				Threads: 5, Handles: 77, PageFaults: 1000, HardFaults: 3, WorkingSet: 1 << 20, PeakWorkingSet: 2 << 20, Private: 3 << 20,
				Virtual: 4 << 20, Pagefile: 5 << 20, Reads: 11, Writes: 12, Others: 13, ReadBytes: 21, WriteBytes: 22, OtherBytes: 23,
				States: ThreadStates{Running: 1, Waiting: 2, Suspended: 1, Switches: 123},
			},
			{PID: 8, Threads: 2, States: ThreadStates{Suspended: 2, Switches: 2}},
		}
		if diff := cmp.Diff(want, got); diff != "" || err != nil {
			t.Errorf("%d bytes a word: %v (-want +got):\n%s", wordSize, err, diff)
		}
		if diff := cmp.Diff([]string{"", "jävä.exe", "stopped.exe"}, names); diff != "" {
			t.Errorf("names (-want +got):\n%s", diff)
		}
		if got[1].States.IsSuspended() || !got[2].States.IsSuspended() || (ThreadStates{}).IsSuspended() {
			t.Error("the last process alone is suspended")
		}
	}
}

func TestDecodeBadAnswers(t *testing.T) {
	for _, wordSize := range []int{4, 8} {
		l := layoutOf(wordSize)
		for _, tt := range []struct {
			name      string
			damage    func(w *builder, off int)
			processes int // decoded before the error
			err       bool
		}{
			{"next behind the answer", func(w *builder, off int) { w.put(off, l.next, 1<<31) }, 1, true},
			{"next within the record", func(w *builder, off int) { w.put(off, l.next, 8) }, 1, true},
			{"next within the threads", func(w *builder, off int) { w.put(off, l.next, uint64(l.size+l.thread.size)) }, 1, true},
			{"too many threads", func(w *builder, off int) { w.put(off, l.threads, 1<<32-1) }, 1, true},
			{"cut", func(w *builder, off int) { w.b = w.b[:off+l.size-1] }, 1, true},
			{"cut at a record", func(w *builder, off int) { w.b = w.b[:off] }, 1, true},
			{"name before the answer", func(w *builder, off int) { w.put(off, l.name, 8) }, 3, false},
			{"name behind the answer", func(w *builder, off int) { w.put(off, l.name, base(wordSize)+uint64(len(w.b))) }, 3, false},
			{"name longer than the answer", func(w *builder, off int) { w.put(off, l.nameLen, 0xffff) }, 3, false},
		} {
			w := example(wordSize)
			first := int(decode.NewRecord(w.b, binary.LittleEndian).Uint(l.next))
			tt.damage(w, first)
			got, names, err := w.decodeAll()
			if errors.Is(err, decode.ErrMalformed) != tt.err || len(got) != tt.processes {
				t.Errorf("%d bytes a word, %s: %d processes, %v, want %d and malformed %v", wordSize, tt.name, len(got), err, tt.processes, tt.err)
			}
			if !tt.err && names[1] != "" {
				t.Errorf("%s: name %q, want none", tt.name, names[1])
			}
		}
	}
}

// TestOddNames have half a character at the end.
func TestOddNames(t *testing.T) {
	w := example(8)
	l := layoutOf(8)
	w.put(w.last, l.nameLen, 5)
	if _, names, err := w.decodeAll(); err != nil || names[2] != "st" {
		t.Errorf("%q, %v, want st", names, err)
	}
}

func TestTime(t *testing.T) {
	if got := Time(133_000_000_000_000_001).UTC(); !got.Equal(time.Date(2022, 6, 18, 4, 26, 40, 100, time.UTC)) {
		t.Error(got)
	}
	if got := Time(0).UTC(); got.Year() != 1601 {
		t.Error(got)
	}
	if got := ticks(-1); got != 0 {
		t.Error(got)
	}
	if got := ticks(1<<63 - 1); got < 0 {
		t.Error(got)
	}
}

func FuzzDecodeProcesses(f *testing.F) {
	for _, wordSize := range []int{4, 8} {
		f.Add(example(wordSize).b, base(wordSize), wordSize == 4)
	}
	f.Fuzz(func(t *testing.T, b []byte, at uint64, short bool) {
		wordSize := 8
		if short {
			wordSize = 4
		}
		n := 0
		err := DecodeProcesses(b, at, wordSize, func(p *Process) {
			n++
			if s := p.States; uint64(s.Running)+uint64(s.Waiting)+uint64(s.Suspended) > uint64(p.Threads) || len(p.Name)%2 != 0 {
				t.Errorf("%+v", p)
			}
		})
		if n > len(b)/layoutOf(wordSize).size || err != nil && !errors.Is(err, decode.ErrMalformed) {
			t.Errorf("%d processes of %d bytes, %v", n, len(b), err)
		}
	})
}

// BenchmarkDecodeProcesses is of 5,000 processes with 8 threads each.
func BenchmarkDecodeProcesses(b *testing.B) {
	for _, wordSize := range []int{4, 8} {
		b.Run(fmt.Sprintf("windows%d", 8*wordSize), func(b *testing.B) {
			w := &builder{wordSize: wordSize, last: -1}
			for i := range 5000 {
				w.add("program.exe", map[string]uint64{"pid": uint64(4 * i)}, make([]thread, 8)...)
			}
			b.ReportAllocs()
			for b.Loop() {
				if err := DecodeProcesses(w.b, base(wordSize), wordSize, func(*Process) {}); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
