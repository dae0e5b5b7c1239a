package taskrec

import (
	"encoding/binary"
	"errors"
	"math"
	"reflect"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"

	"telegraf-sysprobe/sysprobe/internal/decode"
)

var unexported = cmp.Exporter(func(reflect.Type) bool { return true })

// record writes numbers as the program does: 32 bits each, or 64 bits.
type record struct {
	order binary.AppendByteOrder
	b     []byte
}

func (r *record) u32(numbers ...uint32) {
	for _, n := range numbers {
		r.b = r.order.AppendUint32(r.b, n)
	}
}

func (r *record) u64(numbers ...uint64) {
	for _, n := range numbers {
		r.b = r.order.AppendUint64(r.b, n)
	}
}

// head appends what records of threads and processes begin with; the sums are
// n, n+1, ...
func (r *record) head(size, pid, tid, state uint32, n uint64) {
	r.u32(size, pid, tid, state)
	for i := range uint64(14) {
		r.u64(n + i)
	}
}

func (r *record) thread(pid, tid, state uint32, n uint64) { r.head(ThreadSize, pid, tid, state, n) }

// process appends a record in which every number is another one.
func (r *record) process(pid, state, notes uint32) {
	r.head(ProcessSize, pid, pid, state, 100)
	for n := uint64(200); n < 216; n++ {
		r.u64(n)
	}
	minusOne := int64(-1)
	r.u64(300, 301, uint64(minusOne), 303)
	r.u32(400, 401, 402, 403, 404, 405, 140, 407, 408, 409)
	r.u32(500, 501, 502, 503, 504, 505)
	r.u32(600, 1, notes, 700, 701, 702)
	r.b = append(r.b, "init\x00er/0\x00\x00\x00\x00\x00\x00\x00"...)
}

func (r *record) end() { r.u32(EndSize, 9) }

func (r *record) add(t *testing.T, table *Table) {
	t.Helper()
	if n, err := table.Add(r.b, r.order.(binary.ByteOrder)); n != len(r.b) || err != nil || !table.Ended() {
		t.Fatalf("%d of %d bytes, ended: %v, %v", n, len(r.b), table.Ended(), err)
	}
}

func TestProcess(t *testing.T) {
	sums := Sums{100, 101, 102, 103, 104, 105, 106, 107, 108, 109, 110, 111, 112, 113}
	want := Process{
		Thread:                  Thread{PID: 7, TID: 7, State: 1, Sums: sums},
		LeaderVoluntarySwitches: 200, LeaderInvoluntarySwitches: 201,
		Start: 202, ExecID: 203, Cgroup: 204, IOWait: 205,
		ShownUserTime: 206, ShownSystemTime: 207, ChildUserTime: 208, ChildSystemTime: 209,
		TotalVM: 210, DataVM: 211, StackVM: 212, StartCode: 213, EndCode: 214, FilesLimit: 215,
		Memory: Memory{300, 301, -1, 303},
		PPID:   400, Group: 401, Session: 402, Flags: 403, Threads: 404, CPU: 405, Nice: 20, RTPriority: 407, Policy: 408, ExitCode: 409,
		UID: 500, EUID: 501, SUID: 502, GID: 503, EGID: 504, SGID: 505,
		Files: 600, LiveState: 1, Torn: true, FilesKnown: true, ExactMemory: true, Alone: true,
		OwnPID: 700, PIDNamespace: 701, Tracer: 702,
		comm: [16]byte([]byte("init\x00er/0\x00\x00\x00\x00\x00\x00\x00")),
	}
	for _, order := range []binary.AppendByteOrder{binary.LittleEndian, binary.BigEndian} {
		r := record{order: order}
		r.process(7, 1, noteTorn|noteFiles|noteExactMemory|noteAlone)
		r.end()
		var table Table
		r.add(t, &table)
		if err := table.Finish(); err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff([]Process{want}, table.Processes, unexported); diff != "" {
			t.Errorf("%v: processes (-want +got):\n%s", order, diff)
		}
		if table.Tasks() != 9 {
			t.Errorf("%v: %d threads, want 9", order, table.Tasks())
		}
		if table.Reset(); table.Tasks() != 0 {
			t.Errorf("%v: %d threads before a pass", order, table.Tasks())
		}
		if comm := table.Processes[:1][0].Comm(); string(comm) != "init" {
			t.Errorf("name %q, want what precedes the NUL", comm)
		}
	}
}

func TestNameWithoutEnd(t *testing.T) {
	p := Process{comm: [16]byte([]byte("0123456789abcdef"))}
	if comm := p.Comm(); string(comm) != "0123456789abcdef" {
		t.Errorf("name %q", comm)
	}
}

func TestThreads(t *testing.T) {
	r := record{order: binary.LittleEndian}
	r.thread(9, 3, 0x20, 1000) // after the IDs began anew, it precedes its process
	r.process(7, 0x20, 0)
	r.process(9, 0x20, 0)
	r.thread(9, 10, 0x402, 2000)
	r.thread(9, 11, 1, 4000)
	r.thread(8, 12, 1, 8000) // its process is not there
	r.end()
	var table Table
	r.add(t, &table)
	if err := table.Finish(); err != nil {
		t.Fatal(err)
	}
	alone, three := table.Processes[0], table.Processes[1]
	if alone.Sums.UserTime != 100 || alone.Live {
		t.Errorf("process without further threads: %+v", alone)
	}
	if three.Sums.UserTime != 100+1000+2000+4000 || three.Sums.CancelledWriteBytes != 113+1013+2013+4013 {
		t.Errorf("sums of three threads: %+v", three.Sums)
	}
	if !three.Live || three.LiveState != 0x402 {
		t.Errorf("live %v, state %#x, want those of the first thread that lives", three.Live, three.LiveState)
	}
}

func TestOrder(t *testing.T) {
	r := record{order: binary.LittleEndian}
	for _, p := range [][2]uint32{{5, 1}, {9, 1}, {7, 1}, {9, 2}, {5, 2}, {6, 1}} {
		r.process(p[0], p[1], 0)
	}
	r.end()
	var table Table
	r.add(t, &table)
	if err := table.Finish(); err != nil {
		t.Fatal(err)
	}
	var got [][2]uint32
	for _, p := range table.Processes {
		got = append(got, [2]uint32{uint32(p.PID), uint32(p.State)})
	}
	if diff := cmp.Diff([][2]uint32{{5, 2}, {6, 1}, {7, 1}, {9, 2}}, got); diff != "" {
		t.Errorf("each once, the last record of it (-want +got):\n%s", diff)
	}
}

func TestSplitReads(t *testing.T) {
	r := record{order: binary.LittleEndian}
	r.process(7, 1, 0)
	r.thread(7, 8, 1, 1000)
	r.end()
	var whole Table
	r.add(t, &whole)
	if err := whole.Finish(); err != nil {
		t.Fatal(err)
	}
	for cut := range len(r.b) {
		var table Table
		n, err := table.Add(r.b[:cut], binary.LittleEndian)
		if err != nil || n > cut {
			t.Fatalf("cut at %d: %d, %v", cut, n, err)
		}
		if err := table.Finish(); !errors.Is(err, decode.ErrMalformed) {
			t.Fatalf("cut at %d: %v, want an error as the pass is not complete", cut, err)
		}
		if _, err := table.Add(r.b[n:], binary.LittleEndian); err != nil {
			t.Fatalf("cut at %d: %v", cut, err)
		}
		if err := table.Finish(); err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(whole.Processes, table.Processes, unexported); diff != "" {
			t.Fatalf("cut at %d (-want +got):\n%s", cut, diff)
		}
	}
}

func TestMalformed(t *testing.T) {
	end := record{order: binary.LittleEndian}
	end.end()
	for name, b := range map[string][]byte{
		"no size of a record": {9, 0, 0, 0, 0, 0, 0, 0, 0},
		"size 0":              make([]byte, ProcessSize),
		"negative size":       slices.Repeat([]byte{255}, 8),
		"after the last one":  slices.Repeat(end.b, 2),
	} {
		var table Table
		if _, err := table.Add(b, binary.LittleEndian); !errors.Is(err, decode.ErrMalformed) {
			t.Errorf("%s: %v, want ErrMalformed", name, err)
		}
	}
}

func TestLetters(t *testing.T) {
	for state, want := range map[State]byte{
		0: 'R', 1: 'S', 2: 'D', 4: 'T', 8: 't', 0x10: 'X', 0x20: 'Z', 0x40: 'P', 0x80: 'R',
		0x402: 'I', 0x102: 'D', 0x1000: 'D', 0x8000: 'D', 0x2001: 'S', 0xa0: 'Z', math.MaxUint32: 'I',
	} {
		if got := state.Letter(); got != want {
			t.Errorf("state %#x is %c, want %c", uint32(state), got, want)
		}
	}
}

func TestSplit(t *testing.T) {
	const huge = math.MaxUint64
	for _, tt := range []struct {
		name                                     string
		ticked, measured, kernel, ours, wantUser uint64
		system, wantSystem                       uint64
	}{
		{name: "nothing"},
		{name: "in proportion", ticked: 30, system: 10, measured: 400, wantUser: 300, wantSystem: 100},
		{name: "no system time", ticked: 30, measured: 400, wantUser: 400},
		{name: "no user time", system: 30, measured: 400, wantSystem: 400},
		{name: "no sample", measured: 400, wantUser: 400},
		{name: "user time does not shrink", ticked: 10, system: 30, measured: 400, kernel: 200, wantUser: 200, wantSystem: 200},
		{name: "nor below what we showed", ticked: 10, system: 30, measured: 400, kernel: 200, ours: 250, wantUser: 250, wantSystem: 150},
		{name: "nothing new", ticked: 10, system: 30, measured: 200, kernel: 200, wantUser: 200},
		{name: "large numbers", ticked: 1 << 62, system: 1 << 62, measured: 1 << 63, wantUser: 1 << 62, wantSystem: 1 << 62},
		{name: "more than 64 bits", ticked: huge, system: huge, measured: huge, wantSystem: huge},
	} {
		t.Run(tt.name, func(t *testing.T) {
			p := Process{ShownUserTime: tt.kernel}
			p.Sums.UserTime, p.Sums.SystemTime, p.Sums.RunTime = tt.ticked, tt.system, tt.measured
			user, system := p.Split(tt.ours, 0)
			if user != tt.wantUser || system != tt.wantSystem {
				t.Errorf("user %d, system %d, want %d, %d", user, system, tt.wantUser, tt.wantSystem)
			}
		})
	}
}

// keyAndValue are what the program has of processes that ended.
func keyAndValue(order binary.AppendByteOrder, key, value func(r *record)) (k, v []byte) {
	r, s := record{order: order}, record{order: order}
	key(&r)
	value(&s)
	return r.b, s.b
}

func (r *record) sums(n uint64) {
	for i := range uint64(14) {
		r.u64(n + i)
	}
}

func final(order binary.AppendByteOrder) (key, value []byte) {
	return keyAndValue(order, func(r *record) { r.u64(202); r.u32(7, 0) }, func(r *record) {
		r.sums(100)
		r.u64(206, 207, 204)
		r.u32(500, FlagKernelThread)
		r.b = append(r.b, "init\x00er/0\x00\x00\x00\x00\x00\x00\x00"...)
	})
}

func total(order binary.AppendByteOrder) (key, value []byte) {
	return keyAndValue(order, func(r *record) {
		r.u64(204)
		r.u32(500, FlagKernelThread, 3, 0)
		r.b = append(r.b, "0123456789abcdef"...)
	}, func(r *record) { r.u64(90); r.sums(100) })
}

func TestEnded(t *testing.T) {
	sums := Sums{100, 101, 102, 103, 104, 105, 106, 107, 108, 109, 110, 111, 112, 113}
	kind := func(comm string) Kind {
		return Kind{Cgroup: 204, UID: 500, Flags: FlagKernelThread, comm: [16]byte([]byte(comm))}
	}
	for _, order := range []binary.AppendByteOrder{binary.LittleEndian, binary.BigEndian} {
		key, value := final(order)
		if len(key) != IdentitySize || len(value) != FinalSize {
			t.Fatalf("%d and %d bytes", len(key), len(value))
		}
		f, err := DecodeFinal(key, value, order.(binary.ByteOrder))
		want := Final{PID: 7, Start: 202, Kind: kind("init\x00er/0\x00\x00\x00\x00\x00\x00\x00"), Sums: sums, ShownUserTime: 206, ShownSystemTime: 207}
		if diff := cmp.Diff(want, f, unexported); diff != "" || err != nil || string(f.Comm()) != "init" {
			t.Errorf("final sums of %q, %v (-want +got):\n%s", f.Comm(), err, diff)
		}
		key, value = total(order)
		if len(key) != KindSize || len(value) != TotalSize {
			t.Fatalf("%d and %d bytes", len(key), len(value))
		}
		sum, err := DecodeTotal(key, value, order.(binary.ByteOrder))
		if diff := cmp.Diff(Total{Kind: kind("0123456789abcdef"), Generation: 3, Count: 90, Sums: sums}, sum, unexported); diff != "" || err != nil {
			t.Errorf("sums, %v (-want +got):\n%s", err, diff)
		}
	}
}

func TestSince(t *testing.T) {
	old := Total{Count: 3, Sums: Sums{RunTime: 10, WriteBytes: 5, MinorFaults: 9}}
	now := Total{Generation: 2, Count: 5, Sums: Sums{RunTime: 15, WriteBytes: 5, CancelledWriteBytes: 7, MinorFaults: 8}}
	want := Total{Generation: 2, Count: 2, Sums: Sums{RunTime: 5, CancelledWriteBytes: 7}}
	if got := now.Since(&old); got != want {
		t.Errorf("%+v was added, want %+v", got, want)
	}
}

// TestSplitAddsUp has what was shown here and what the kernel showed disagree:
// the parts are never more than the process ran.
func TestSplitAddsUp(t *testing.T) {
	sums := Sums{UserTime: 10, SystemTime: 10, RunTime: 500}
	p := Process{Thread: Thread{Sums: sums}, ShownUserTime: 200, ShownSystemTime: 300}
	f := Final{Sums: sums, ShownUserTime: 200, ShownSystemTime: 300}
	for _, split := range []func(uint64, uint64) (uint64, uint64){p.Split, f.Split} {
		if user, system := split(400, 0); user != 400 || system != 100 {
			t.Errorf("user %d, system %d, want 400 and 100", user, system)
		}
		if user, system := split(0, 0); user != 200 || system != 300 {
			t.Errorf("user %d, system %d, want those of the kernel", user, system)
		}
	}
}

func FuzzEnded(f *testing.F) {
	key, value := final(binary.LittleEndian)
	f.Add(key, value, false)
	key, value = total(binary.BigEndian)
	f.Add(key, value, true)
	f.Fuzz(func(t *testing.T, key, value []byte, big bool) {
		var order binary.ByteOrder = binary.LittleEndian
		if big {
			order = binary.BigEndian
		}
		one, err := DecodeFinal(key, value, order)
		if enough := len(key) >= IdentitySize-4 && len(value) >= FinalSize; enough != (err == nil) || err != nil && !errors.Is(err, decode.ErrMalformed) {
			t.Errorf("%d and %d bytes: %v", len(key), len(value), err)
		}
		if len(one.Comm()) > len(one.comm) {
			t.Errorf("name %q", one.Comm())
		}
		many, err := DecodeTotal(key, value, order)
		if enough := len(key) >= KindSize && len(value) >= TotalSize; enough != (err == nil) || err != nil && !errors.Is(err, decode.ErrMalformed) {
			t.Errorf("%d and %d bytes: %v", len(key), len(value), err)
		}
		many.Since(&many)
	})
}

func FuzzTable(f *testing.F) {
	r := record{order: binary.LittleEndian}
	r.process(7, 1, 0)
	r.thread(7, 8, 1, 1000)
	r.process(5, 1, 15)
	r.end()
	f.Add(r.b, false)
	f.Add(r.b[:500], true)
	f.Fuzz(func(t *testing.T, b []byte, big bool) {
		var order binary.ByteOrder = binary.LittleEndian
		if big {
			order = binary.BigEndian
		}
		var table Table
		n, err := table.Add(b, order)
		if n < 0 || n > len(b) || err != nil && !errors.Is(err, decode.ErrMalformed) {
			t.Fatalf("%d of %d bytes, %v", n, len(b), err)
		}
		if table.Finish() != nil {
			return
		}
		for i := range table.Processes {
			p := &table.Processes[i]
			if i > 0 && table.Processes[i-1].PID >= p.PID {
				t.Errorf("%d follows %d", p.PID, table.Processes[i-1].PID)
			}
			p.Split(p.Start, p.ExecID)
			if p.State.Letter() == 0 || len(p.Comm()) > len(p.comm) {
				t.Errorf("state %c, name %q", p.State.Letter(), p.Comm())
			}
		}
	})
}
