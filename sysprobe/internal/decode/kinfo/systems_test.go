package kinfo

import (
	"bytes"
	"encoding/binary"
	"errors"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"telegraf-sysprobe/sysprobe/internal/decode"
	"telegraf-sysprobe/sysprobe/internal/opt"
	"telegraf-sysprobe/sysprobe/sysprobetest"
)

// find returns process pid of a recording.
func find(t *testing.T, file string, pid int32) Proc {
	t.Helper()
	b, d := table(t, file)
	all, err := d.Append(nil, b)
	if err != nil {
		t.Fatal(err)
	}
	for _, p := range all {
		if p.PID == pid {
			return p
		}
	}
	t.Fatalf("no process %d in %s", pid, file)
	return Proc{}
}

// TestI15OpenBSDWakingAndRunning is acceptance case I15: SRUN waits for a
// processor, SONPROC has one.
func TestI15OpenBSDWakingAndRunning(t *testing.T) {
	b, d := table(t, "openbsd65-pid")
	for raw, want := range map[byte]State{2: StateWaking, 7: StateRunning} {
		b[d.Layout.Stat.At] = raw
		if got, err := d.Append(nil, b); err != nil || got[0].State != want {
			t.Errorf("p_stat %d is %v, want %v; error %v", raw, got[0].State, want, err)
		}
	}
}

// TestI16MacOSZombie is acceptance case I16: a zombie is one by its p_stat, and
// everything about it comes from the process table.
func TestI16MacOSZombie(t *testing.T) {
	p := find(t, "xnu11417-all", 4400)
	if !p.IsZombie() || string(p.Name) != "defunct" || p.PPID != 4321 || !p.Start.Known() || p.ExitStatus != opt.Some[uint16](3) {
		t.Errorf("got %+v", p)
	}
}

// TestE25Psutil2907NetBSDDying is psutil's bug 2907: a process that is dying was
// called sleeping, for both numbers are 3.
func TestE25Psutil2907NetBSDDying(t *testing.T) {
	for pid, raw := range map[int32]int8{5: 3, 6: 6, 3: 5} {
		if p := find(t, "netbsd79934-all", pid); !p.IsZombie() || p.RawState != raw {
			t.Errorf("process %d %q: state %v (%d)", pid, p.Name, p.State, p.RawState)
		}
	}
	if p := find(t, "netbsd79934-all", 4); p.State != StateStopped {
		t.Errorf("a stopped process, whose threads show 2, is %v", p.State)
	}
}

// TestNetBSDWithoutRealState asks for records that end before p_realstat: the
// state of a thread alone does not say whether the process is a zombie.
func TestNetBSDWithoutRealState(t *testing.T) {
	b, d := table(t, "netbsd79934-elem400")
	got, err := d.Append(nil, b)
	if err != nil || len(got) != 7 {
		t.Fatalf("%d processes, error %v", len(got), err)
	}
	for _, p := range got {
		if p.State != StateUnknown || p.UserTime.Known() || p.Threads.Known() || len(p.Name) == 0 {
			t.Errorf("got %+v", p)
		}
	}
}

// TestE26Psutil2229OpenBSDDead is psutil's bug 2229: a zombie of OpenBSD is SDEAD.
func TestE26Psutil2229OpenBSDDead(t *testing.T) {
	if p := find(t, "openbsd65-all", 4400); !p.IsZombie() || p.RawState != 6 {
		t.Errorf("state %v (%d), want a zombie (6)", p.State, p.RawState)
	}
}

// TestPsutil2287ZombieWithoutStart is psutil's bugs 2287, 2895 and 2899: a
// zombie whose start is zero did not start in 1970, nor is it another process.
func TestPsutil2287ZombieWithoutStart(t *testing.T) {
	for file, pid := range map[string]int32{"openbsd65-all": 4400, "netbsd79934-all": 3} {
		if p := find(t, file, pid); p.Start.Known() || p.UserTime.Known() || !p.IsZombie() {
			t.Errorf("%s: start %v, user time %v, state %v", file, p.Start, p.UserTime, p.State)
		}
	}
	if p := find(t, "freebsd13-proc", 4400); p.Start != since1970(1001, 500001) {
		t.Errorf("FreeBSD: a zombie's start is %v", p.Start)
	}
}

// TestPsutil783MacOSZombieIsNotRunning is psutil's bug 783.
func TestPsutil783MacOSZombieIsNotRunning(t *testing.T) {
	if p := find(t, "xnu11417-all", 4400); p.State != StateZombie {
		t.Errorf("state %v", p.State)
	}
}

// TestE28Psutil924ProcessZero is psutil's bugs 924 and 925: process 0 is the
// kernel's and no zombie.
func TestE28Psutil924ProcessZero(t *testing.T) {
	if p := find(t, "netbsd79934-all", 0); p.IsZombie() || !p.Kernel || p.Start.Known() {
		t.Errorf("got %+v", p)
	}
}

// TestNetBSDKernelProcess gives a process flags of processes of users that the
// kernel's have as well: P_NOCLDWAIT, 0x20000, is one. P_SYSTEM, 0x200, says it.
func TestNetBSDKernelProcess(t *testing.T) {
	for flags, want := range map[uint32]bool{0x20104: false, 0x20004: false, 0x204: true, 0x20204: true} {
		b, d := table(t, "netbsd79934-all")
		for at := 0; at < len(b); at += d.Layout.Size {
			binary.LittleEndian.PutUint32(b[at+d.Layout.Flags.At:], flags)
		}
		got, err := d.Append(nil, b)
		if err != nil || len(got) != 7 {
			t.Fatalf("%d processes, error %v", len(got), err)
		}
		for i := range got {
			if got[i].Kernel != want {
				t.Errorf("flags %#x: process %d is the kernel's: %v, want %v", flags, got[i].PID, got[i].Kernel, want)
			}
		}
	}
}

// TestFreeBSDIdle gives processes the flag of the threads that run where there is
// nothing to do, TDF_IDLETD, among others that any thread has. The kernel alone has
// such threads.
func TestFreeBSDIdle(t *testing.T) {
	for _, tt := range []struct {
		flags uint32
		idle  bool
	}{{0x20, true}, {0x40a4 | 0x20, true}, {0x4084, false}, {0, false}} {
		b, d := table(t, "freebsd13-proc")
		for at := 0; at < len(b); at += d.Layout.Size {
			binary.LittleEndian.PutUint32(b[at+d.Layout.ThreadFlags.At:], tt.flags)
		}
		got, err := d.Append(nil, b)
		if err != nil || len(got) != 5 {
			t.Fatalf("%d processes, error %v", len(got), err)
		}
		for i := range got {
			if want := tt.idle && got[i].Kernel; got[i].Idle != want {
				t.Errorf("flags %#x: process %d is idle: %v, want %v", tt.flags, got[i].PID, got[i].Idle, want)
			}
		}
	}
}

func TestAppendThreads(t *testing.T) {
	thread := func(pid, tid int32, name string, state State, raw int8) Thread {
		return Thread{
			PID: pid, TID: tid, Name: []byte(name), State: state, RawState: raw, CPU: opt.Some[int32](2),
			UserTime: micros(0, 0), SystemTime: micros(0, 0), RunTime: micros(0, 0),
		}
	}
	running := thread(99998, 1099980, "a-thread-name-longe", StateRunning, 2)
	running.CPU = opt.Some[int32](300)
	openbsd := func(pid, tid int32, k int64, state State, raw int8) Thread {
		return Thread{
			PID: pid, TID: tid, State: state, RawState: raw,
			UserTime: micros(100+k, 111111), SystemTime: micros(200+k, 222222), RunTime: micros(0, 0),
		}
	}
	for file, want := range map[string][]Thread{
		"freebsd13-all": {
			thread(5000, 150000, "thr-5000-0", StateStopped, 4), thread(5000, 150001, "thr-5000-1", StateStopped, 4),
			thread(4400, 144000, "thr-4400-0", StateZombie, 5), thread(5001, 150010, "thr-5001-0", StateSleeping, 3),
			thread(4321, 143210, "thr-4321-0", StateSleeping, 3), thread(4321, 143211, "thr-4321-1", StateSleeping, 3),
			thread(4321, 143212, "thr-4321-2", StateSleeping, 3), running,
		},
		"openbsd65-threads": {
			openbsd(5000, 150000, 0, StateStopped, 4), openbsd(5000, 150001, 1, StateStopped, 4),
			openbsd(99998, 1099980, 0, StateRunning, 7),
			openbsd(4321, 143210, 0, StateSleeping, 3), openbsd(4321, 143211, 1, StateSleeping, 3), openbsd(4321, 143212, 2, StateSleeping, 3),
			openbsd(1, 100010, 0, StateSleeping, 3),
		},
		"openbsd65-all": nil, "netbsd79934-all": nil, "xnu11417-all": nil,
	} {
		b, d := table(t, file)
		got, err := d.AppendThreads(nil, b)
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(want, got, numbers); diff != "" {
			t.Errorf("%s: threads (-want +got):\n%s", file, diff)
		}
		if _, err := d.AppendThreads(nil, b[:len(b)-1]); !errors.Is(err, decode.ErrMalformed) {
			t.Errorf("%s: cut: error %v", file, err)
		}
	}
}

// TestAppendLWPs lays a record out by hand: none was recorded.
func TestAppendLWPs(t *testing.T) {
	for _, order := range []binary.ByteOrder{binary.LittleEndian, binary.BigEndian} {
		b := make([]byte, 2*136)
		order.PutUint32(b[32:], 7)
		b[58] = 8
		order.PutUint64(b[80:], 1)
		order.PutUint32(b[88:], 5)
		order.PutUint32(b[92:], 6)
		copy(b[108:], "worker")
		b[136+58] = 42
		order.PutUint64(b[136+80:], ^uint64(0))
		want := []Thread{
			{PID: 9, TID: 7, State: StateSuspended, RawState: 8, Name: []byte("worker"), RunTime: micros(5, 6), CPU: opt.Some[int32](1)},
			{PID: 9, State: StateUnknown, RawState: 42, RunTime: micros(0, 0)},
		}
		d := Decoder{Order: order}
		got, err := d.AppendLWPs(nil, b, 9, 136)
		if diff := cmp.Diff(want, got, numbers); diff != "" || err != nil {
			t.Errorf("error %v, threads (-want +got):\n%s", err, diff)
		}
		if got, err := d.AppendLWPs(nil, b[:271], 9, 136); !errors.Is(err, decode.ErrMalformed) || len(got) != 1 {
			t.Errorf("cut: %d threads, error %v", len(got), err)
		}
		for _, size := range []int{-1, 0, 127} {
			if got, err := d.AppendLWPs(nil, b, 9, size); !errors.Is(err, decode.ErrMalformed) || len(got) > 0 {
				t.Errorf("elements of %d bytes: %d threads, error %v", size, len(got), err)
			}
		}
	}
}

// TestBSDInfo lays the answers of proc_pidinfo out by hand: none was recorded.
func TestBSDInfo(t *testing.T) {
	order := binary.LittleEndian
	b := make([]byte, 136)
	for at, n := range map[int]uint32{
		0: 1, 4: 5, 8: 0x700, 12: 50, 16: 1, 20: 501, 24: 20, 28: 502, 32: 21, 36: 503, 40: 22, 100: 40, 108: ^uint32(0), 116: ^uint32(4),
	} {
		order.PutUint32(b[at:], n)
	}
	copy(b[48:], "sixteen-bytes-on")
	order.PutUint64(b[120:], 1700000000)
	order.PutUint64(b[128:], 5)
	want := Proc{
		PID: 50, PPID: 1, PGID: 40, State: StateZombie, RawState: 5, UID: 501, RUID: 502, SUID: 503,
		GID: opt.Some[uint32](20), RGID: 21, SGID: 22, Nice: -5, Flags: 1, Kernel: true,
		Name: []byte("sixteen-bytes-on"), Start: since1970(1700000000, 5), ExitStatus: opt.Some[uint16](0x700),
	}
	d := Decoder{Layout: BSDInfo(), Order: order}
	got, err := d.Append(nil, b)
	if diff := cmp.Diff([]Proc{want}, got, numbers); diff != "" || err != nil {
		t.Errorf("error %v, process (-want +got):\n%s", err, diff)
	}
	copy(b[64:], "sixteen-bytes-only-is-not-enough")
	if got, err := d.Append(nil, b); err != nil || !bytes.Equal(got[0].Name, b[64:96]) {
		t.Errorf("name %q, error %v", got[0].Name, err)
	}

	short := make([]byte, 64)
	for at, n := range map[int]uint32{0: 50, 4: 1, 8: 40, 12: 4, 36: 501, 40: 20, 44: 502, 48: 21, 52: 503, 56: 22} {
		order.PutUint32(short[at:], n)
	}
	copy(short[16:], "name")
	want = Proc{
		PID: 50, PPID: 1, PGID: 40, State: StateStopped, RawState: 4, UID: 501, RUID: 502, SUID: 503,
		GID: opt.Some[uint32](20), RGID: 21, SGID: 22, Name: []byte("name"),
	}
	d.Layout = ShortBSDInfo()
	got, err = d.Append(nil, short)
	if diff := cmp.Diff([]Proc{want}, got, numbers); diff != "" || err != nil {
		t.Errorf("error %v, process (-want +got):\n%s", err, diff)
	}
}

func TestDecodeTaskInfo(t *testing.T) {
	for _, order := range []binary.ByteOrder{binary.LittleEndian, binary.BigEndian} {
		b := make([]byte, 96)
		for i := range 6 {
			order.PutUint64(b[8*i:], uint64(i+1)<<32)
		}
		for i := range 12 {
			order.PutUint32(b[48+4*i:], uint32(i+1))
		}
		want := TaskInfo{
			Virtual: 1 << 32, Resident: 2 << 32, User: 3 << 32, System: 4 << 32,
			Faults: 2, PageIns: 3, CopyFaults: 4, Switches: 9, Threads: 10, Running: 11, Priority: 12,
		}
		if got, err := DecodeTaskInfo(b, order); err != nil || got != want {
			t.Errorf("got %+v, error %v", got, err)
		}
		for n := range b {
			if got, err := DecodeTaskInfo(b[:n], order); !errors.Is(err, decode.ErrMalformed) || got != (TaskInfo{}) {
				t.Errorf("cut at %d: %+v, error %v", n, got, err)
			}
		}
	}
}

// fuzzLayouts are what FuzzKinfo chooses from.
func fuzzLayouts() []Layout {
	var all []Layout
	for name := range strings.SplitSeq("freebsd 64,freebsd 386,freebsd arm,openbsd,openbsd 386,netbsd,darwin,darwin bsdinfo,darwin shortinfo", ",") {
		all = append(all, layouts[name])
	}
	return all
}

func FuzzKinfo(f *testing.F) {
	for name, b := range sysprobetest.HexDir(f, "wire", "kinfo") {
		d := decoderOf(f, recordings()[name])
		for i, l := range fuzzLayouts() {
			if l == d.Layout {
				f.Add(b[:min(len(b), 3*l.Size)], uint8(i), d.ElemSize, false)
			}
		}
	}
	f.Fuzz(func(t *testing.T, b []byte, layout uint8, elem int, big bool) {
		all := fuzzLayouts()
		d := Decoder{Layout: all[int(layout)%len(all)], Order: binary.LittleEndian, PageSize: page, ElemSize: elem}
		if big {
			d.Order = binary.BigEndian
		}
		procs, err := d.Append(nil, b)
		threads, threadsErr := d.AppendThreads(nil, b)
		for _, err := range []error{err, threadsErr} {
			if err != nil && !errors.Is(err, decode.ErrMalformed) {
				t.Fatal(err)
			}
		}
		if len(procs) > len(b) || len(threads) > len(b) {
			t.Fatalf("%d processes, %d threads of %d bytes", len(procs), len(threads), len(b))
		}
		for _, p := range procs {
			if len(p.Name)+len(p.Login)+len(p.WaitChannel) > len(b) {
				t.Fatalf("names of %+v", p)
			}
		}
		if lwps, err := d.AppendLWPs(nil, b, 1, elem); err != nil && !errors.Is(err, decode.ErrMalformed) || len(lwps) > len(b) {
			t.Fatal(len(lwps), err)
		}
		if _, err := DecodeTaskInfo(b, d.Order); (err != nil) != (len(b) < 96) {
			t.Fatal(err)
		}
	})
}

// BenchmarkProcs decodes the table of 5,000 processes into one that held as many
// before.
func BenchmarkProcs(b *testing.B) {
	for _, name := range []string{"freebsd13-proc", "openbsd65-all", "netbsd79934-all", "xnu11417-all"} {
		b.Run(name, func(b *testing.B) {
			one, d := table(b, name)
			records := bytes.Repeat(one, 1+5000*d.Layout.Size/len(one))[:5000*d.Layout.Size]
			dst, err := d.Append(nil, records)
			if err != nil || len(dst) < 4900 {
				b.Fatal(len(dst), err)
			}
			b.ReportAllocs()
			for b.Loop() {
				if dst, err = d.Append(dst[:0], records); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

// TestCPU is about FreeBSD's two numbers: the processor that a process is on
// comes before the one that it was on.
func TestCPU(t *testing.T) {
	for _, tt := range []struct {
		on, last int32
		want     opt.Opt[int32]
	}{{3, 2, opt.Some[int32](3)}, {-1, 2, opt.Some[int32](2)}, {-1, -1, opt.Opt[int32]{}}} {
		b, d := table(t, "freebsd13-pid")
		binary.LittleEndian.PutUint32(b[d.Layout.OnCPU.At:], uint32(tt.on))
		binary.LittleEndian.PutUint32(b[d.Layout.LastCPU.At:], uint32(tt.last))
		if got, err := d.Append(nil, b); err != nil || got[0].CPU != tt.want {
			t.Errorf("%+v: processor %v, error %v", tt, got[0].CPU, err)
		}
	}
}
