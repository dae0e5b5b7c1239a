package kinfo

import (
	"bytes"
	"encoding/binary"
	"math"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"telegraf-sysprobe/sysprobe/internal/opt"
	"telegraf-sysprobe/sysprobe/sysprobetest"
)

// numbers lets cmp compare optional values, which hide what they hold.
var numbers = cmp.Options{
	cmpopts.EquateComparable(opt.Opt[uint16]{}, opt.Opt[uint32]{}, opt.Opt[int32]{}, opt.Opt[uint64]{}),
	cmpopts.EquateComparable(opt.Opt[time.Duration]{}, opt.Opt[time.Time]{}),
	cmpopts.EquateEmpty(),
}

// page is the size of a page where the recordings were made.
const page = 4096

// micros is a number of seconds and microseconds.
func micros(sec, usec int64) opt.Opt[time.Duration] {
	return opt.Some(time.Duration(sec)*time.Second + time.Duration(usec)*time.Microsecond)
}

// since1970 is that many seconds and microseconds since 1970.
func since1970(sec, usec int64) opt.Opt[time.Time] {
	return opt.Some(time.Unix(sec, 1000*usec).UTC())
}

// usage gives p the counters that both hand-made tables have.
func usage(p *Proc) {
	p.MaxRSS = opt.Some[uint64](0x10203 << 10)
	p.MinorFaults, p.MajorFaults = opt.Some[uint64](0x777), opt.Some[uint64](0x88)
	p.ReadBlocks, p.WriteBlocks = opt.Some[uint64](0x1111), opt.Some[uint64](0x2222)
	p.VoluntarySwitches, p.InvoluntarySwitches = opt.Some[uint64](0x3333), opt.Some[uint64](0x4444)
}

// freebsdProc is process pid, the ith that was made, as all of them were.
func freebsdProc(i int64, pid int32, name string, uid, threads uint32) Proc {
	p := Proc{
		PID: pid, PPID: 1, PGID: 4310, SID: opt.Some[int32](4300),
		State: StateSleeping, RawState: 3,
		UID: uid, RUID: uid + 1, SUID: uid + 2, GID: opt.Some[uint32](77), RGID: uid + 3, SGID: uid + 4,
		Flags: 0x10000000,
		Name:  []byte(name), Login: []byte("alice"), WaitChannel: []byte("kqread"),
		Start:    since1970(1000+i, 500000+i),
		UserTime: micros(int64(pid), 111111), SystemTime: micros(int64(pid)+1, 222222),
		ChildTime: micros(7+8, 70007+80008), RunTime: micros(0, 0),
		RSS:     opt.Some((0x3039 + 4*uint64(threads)) * page),
		Virtual: opt.Some[uint64](0x12345000),
		Text:    opt.Some[uint64](17 * page), Data: opt.Some[uint64](34 * page), Stack: opt.Some[uint64](51 * page),
		Threads: opt.Some(threads), CPU: opt.Some[int32](2), JID: opt.Some[int32](0),
	}
	usage(&p)
	return p
}

// freebsd13 are the processes that were made for the recordings of FreeBSD, in
// the order of kern.proc.proc.
func freebsd13() []Proc {
	stopped := freebsdProc(3, 5000, "stopped", 65534, 2)
	stopped.State, stopped.RawState = StateStopped, 4
	stopped.Flags |= 0x20000

	zombie := freebsdProc(1, 4400, "defunct", 1002, 1)
	zombie.PPID, zombie.State, zombie.RawState = 4321, StateZombie, 5
	zombie.ExitStatus = opt.Some[uint16](3 << 8)
	none := opt.Some[uint64](0)
	zombie.RSS, zombie.Virtual, zombie.Text, zombie.Data, zombie.Stack = none, none, none, none, none

	kernel := freebsdProc(4, 5001, "g_event", 0, 1)
	kernel.PPID, kernel.Flags, kernel.Kernel = 0, 0x10000204, true

	worker := freebsdProc(0, 4321, "nginx-worker", 1001, 3)
	worker.Nice = 5

	running := freebsdProc(2, 99998, "a-nineteen-char-nam", 0, 1)
	running.PPID, running.State, running.RawState, running.Nice = 4321, StateRunning, 2, -20
	running.CPU, running.WaitChannel = opt.Some[int32](300), nil
	return []Proc{stopped, zombie, kernel, worker, running}
}

// openbsdProc is process pid as all of them were made.
func openbsdProc(pid int32, name string, uid uint32) Proc {
	p := Proc{
		PID: pid, PPID: 1, PGID: 4310, SID: opt.Some[int32](1),
		State: StateSleeping, RawState: 3,
		UID: uid, RUID: uid + 1, SUID: uid + 2, GID: opt.Some(uid + 3), RGID: uid + 4, SGID: uid + 5,
		Name: []byte(name), Login: []byte("alice"), WaitChannel: []byte("kqread"),
		Start:    since1970(1600000000+int64(pid), 123456),
		UserTime: micros(int64(pid), 111111), SystemTime: micros(int64(pid)+1, 222222),
		ChildTime: micros(11, 0), RunTime: micros(77, 88000),
		RSS:  opt.Some[uint64](0x1234 * page),
		Text: opt.Some[uint64](17 * page), Data: opt.Some[uint64](34 * page), Stack: opt.Some[uint64](51 * page),
		Virtual: opt.Some[uint64]((17 + 34 + 51) * page),
	}
	usage(&p)
	return p
}

// openbsd65 are the processes that were made for the recordings of OpenBSD, in
// the order of KERN_PROC_KTHREAD.
func openbsd65() []Proc {
	kernel := openbsdProc(5001, "softnet", 0)
	kernel.PPID, kernel.Flags, kernel.Kernel = 1, 0x10000, true
	stopped := openbsdProc(5000, "stopped", 65534)
	stopped.State, stopped.RawState = StateStopped, 4
	running := openbsdProc(99998, "a-twentythree-ch", 0)
	running.PPID, running.State, running.RawState, running.Nice = 4321, StateRunning, 7, -20
	worker := openbsdProc(4321, "nginx-worker", 1001)
	worker.Nice = 5
	first := openbsdProc(1, "init", 0)
	first.PPID = 0
	none := opt.Some[uint64](0)
	whole := openbsdProc(4400, "defunct", 1002)
	zombie := Proc{
		PID: 4400, PPID: 4321, PGID: 4310, SID: whole.SID, State: StateZombie, RawState: 6,
		UID: whole.UID, RUID: whole.RUID, SUID: whole.SUID, GID: whole.GID, RGID: whole.RGID, SGID: whole.SGID,
		Flags: 0x40000, Name: whole.Name, Login: whole.Login, RunTime: whole.RunTime,
		RSS: none, Text: none, Data: none, Stack: none, Virtual: none,
		ExitStatus: opt.Some[uint16](0),
	}
	return []Proc{kernel, stopped, running, worker, first, zombie}
}

// withThreads gives each process its number of threads.
func withThreads(all []Proc, threads map[int32]uint32) []Proc {
	for i := range all {
		n, ok := threads[all[i].PID]
		all[i].Threads = opt.SomeIf(n, ok)
	}
	return all
}

// cutAt400 is what the first 400 bytes of a record of OpenBSD say of all.
func cutAt400(all []Proc) []Proc {
	for i := range all {
		p := &all[i]
		absent := Proc{
			PID: p.PID, PPID: p.PPID, PGID: p.PGID, SID: p.SID, State: p.State, RawState: p.RawState,
			UID: p.UID, RUID: p.RUID, GID: p.GID, RGID: p.RGID, Nice: p.Nice, Name: p.Name, Login: p.Login,
			WaitChannel: p.WaitChannel, RunTime: p.RunTime, RSS: p.RSS, Text: p.Text, Data: p.Data, Stack: p.Stack,
			Virtual: p.Virtual, ExitStatus: p.ExitStatus,
		}
		*p = absent
	}
	return all
}

// netbsdProc is process pid as all of them were.
func netbsdProc(pid int32, name string, uid uint32, state State, raw int8, threads uint32) Proc {
	none, zero := opt.Some[uint64](0), micros(0, 0)
	p := Proc{
		PID: pid, PPID: max(0, pid-1), SID: opt.Some[int32](0), State: state, RawState: raw,
		UID: uid, RUID: uid, SUID: uid, GID: opt.Some[uint32](0), Flags: 4, Name: []byte(name),
		RunTime: zero, RSS: none, Text: none, Data: none, Stack: none, Virtual: none,
		Threads: opt.Some(threads), CPU: opt.Some[int32](0),
	}
	if state == StateZombie {
		p.ExitStatus = opt.Some[uint16](0)
		return p
	}
	p.UserTime, p.SystemTime, p.ChildTime = zero, zero, zero
	p.MaxRSS, p.MinorFaults, p.MajorFaults, p.ReadBlocks, p.WriteBlocks = none, none, none, none, none
	p.VoluntarySwitches, p.InvoluntarySwitches = none, none
	return p
}

// netbsd799 are the processes of the NetBSD kernel that was recorded, apart from
// what it counted while it ran: see settle.
func netbsd799() []Proc {
	worker := netbsdProc(2, "nginx-worker", 1001, StateWaking, 2, 3)
	worker.Nice, worker.Flags = 5, 260
	stopped := netbsdProc(4, "exactly16chars!!", 1001, StateStopped, 4, 1)
	stopped.Nice = -20
	usage(&worker)
	usage(&stopped)
	local := netbsdProc(1, "rumplocal", 0, StateWaking, 2, 2)
	system := netbsdProc(0, "system", 0, StateRunning, 7, 29)
	system.Flags, system.Kernel = 0x20204, true
	return []Proc{
		netbsdProc(6, "dead", 1001, StateZombie, 6, 1),
		netbsdProc(5, "dying", 1001, StateZombie, 3, 1),
		stopped,
		netbsdProc(3, "defunct-proc", 1001, StateZombie, 5, 1),
		worker, local, system,
	}
}

// darwinProc is process pid as all of them were made.
func darwinProc(pid, ppid, pgid int32, name string, state State, raw int8) Proc {
	p := Proc{
		PID: pid, PPID: ppid, PGID: pgid, State: state, RawState: raw,
		UID: 501, RUID: 502, SUID: 503, GID: opt.Some[uint32](20), RGID: 20, SGID: 21, Flags: 4,
		Name: []byte(name), Start: since1970(1700000000+int64(pid), 654321),
	}
	p.ExitStatus = opt.SomeIf[uint16](3, state == StateZombie)
	return p
}

// recording is what a file was recorded from, and with.
type recording struct {
	goos string
	elem int
	want []Proc
}

// recordings are what the files of testdata/wire/kinfo have to decode to.
func recordings() map[string]recording {
	fb, ob, nb := freebsd13(), openbsd65(), netbsd799()
	perThread := freebsd13() // whose records have the usage of a thread
	xn := []Proc{
		darwinProc(4321, 1, 4300, "nginx-worker", StateRunning, 2),
		darwinProc(4400, 4321, 4300, "defunct", StateZombie, 5),
		darwinProc(99998, 4321, 4300, "seventeen-chars-", StateSleeping, 3),
		darwinProc(5000, 1, 5000, "stopped", StateStopped, 4),
	}
	xn[0].Nice, xn[2].Nice = 5, -20
	return map[string]recording{
		"freebsd13-proc":        {"freebsd", 0, fb},
		"freebsd13-pid":         {"freebsd", 0, fb[3:4]},
		"freebsd13-all":         {"freebsd", 0, perThread},
		"freebsd13-pid-threads": {"freebsd", 0, perThread[3:4]},
		"openbsd65-kthread":     {"openbsd", 0, ob},
		"openbsd65-all":         {"openbsd", 0, ob[1:]},
		"openbsd65-pid":         {"openbsd", 616, ob[3:4]},
		"openbsd65-elem400":     {"openbsd", 400, cutAt400(openbsd65()[1:])},
		"openbsd65-threads":     {"openbsd", 616, withThreads(openbsd65()[1:], map[int32]uint32{5000: 2, 99998: 1, 4321: 3, 1: 1})},
		"netbsd79934-all":       {"netbsd", 0, nb},
		"netbsd79934-elem720":   {"netbsd", 720, nb},
		"netbsd79934-pid1":      {"netbsd", 680, nb[5:6]},
		"netbsd79934-elem400":   {"netbsd", 400, nil}, // see TestNetBSDWithoutRealState
		"xnu11417-all":          {"darwin", 0, xn},
	}
}

// decoderOf returns a decoder for the recordings of a system.
func decoderOf(t testing.TB, r recording) *Decoder {
	t.Helper()
	l, ok := LayoutOf(r.goos, "amd64")
	if !ok {
		t.Fatalf("no layout for %s", r.goos)
	}
	return &Decoder{Layout: l, Order: binary.LittleEndian, PageSize: page, ElemSize: r.elem}
}

// settle takes away what a kernel that ran counted by itself, and what
// kern.proc.all of FreeBSD has of threads only.
func settle(name string, all []Proc) {
	for i := range all {
		p := &all[i]
		switch {
		case strings.HasPrefix(name, "netbsd") && !p.IsZombie():
			p.UserTime, p.SystemTime, p.RunTime = micros(0, 0), micros(0, 0), micros(0, 0)
			p.VoluntarySwitches, p.InvoluntarySwitches = opt.Some[uint64](0), opt.Some[uint64](0)
		case name == "freebsd13-all", name == "freebsd13-pid-threads":
			p.UserTime, p.SystemTime = micros(0, 0), micros(0, 0)
			p.MaxRSS, p.MinorFaults, p.MajorFaults = opt.Some[uint64](0), opt.Some[uint64](0), opt.Some[uint64](0)
			p.ReadBlocks, p.WriteBlocks = opt.Some[uint64](0), opt.Some[uint64](0)
			p.VoluntarySwitches, p.InvoluntarySwitches = opt.Some[uint64](0), opt.Some[uint64](0)
		}
	}
}

func TestAppend(t *testing.T) {
	want := recordings()
	for name, b := range sysprobetest.HexDir(t, "wire", "kinfo") {
		r, ok := want[name]
		if !ok {
			t.Errorf("no expectation for %s", name)
			continue
		}
		if r.want == nil {
			continue
		}
		t.Run(name, func(t *testing.T) {
			got, err := decoderOf(t, r).Append(nil, b)
			if err != nil {
				t.Fatal(err)
			}
			expected := slices.Clone(r.want)
			settle(name, got)
			settle(name, expected)
			if diff := cmp.Diff(expected, got, numbers); diff != "" {
				t.Errorf("processes (-want +got):\n%s", diff)
			}
		})
	}
}

func TestAppendKeepsWhatThereIs(t *testing.T) {
	r := recordings()["xnu11417-all"]
	b := sysprobetest.Hex(t, "wire", "kinfo", "xnu11417-all.hex")
	before := []Proc{{PID: 4321, Name: []byte("of another table")}}
	got, err := decoderOf(t, r).Append(slices.Clone(before), b)
	if err != nil || len(got) != 1+len(r.want) || !bytes.Equal(got[0].Name, before[0].Name) {
		t.Errorf("%d processes, the first %q, error %v", len(got), got[0].Name, err)
	}
}

func TestLayoutOf(t *testing.T) {
	for target, size := range map[string]int{
		"freebsd/amd64": 1088, "freebsd/arm64": 1088, "freebsd/386": 768, "freebsd/arm": 816,
		"openbsd/amd64": 616, "openbsd/arm64": 616, "openbsd/386": 612, "openbsd/arm": 616,
		"netbsd/amd64": 680, "netbsd/arm64": 680, "netbsd/386": 680, "netbsd/arm": 680,
		"darwin/amd64": 648, "darwin/arm64": 648,
		"linux/amd64": 0, "freebsd/riscv64": 0, "": 0,
	} {
		goos, goarch, _ := strings.Cut(target, "/")
		if l, ok := LayoutOf(goos, goarch); l.Size != size || ok != (size > 0) {
			t.Errorf("%s: %d bytes, %v; want %d", target, l.Size, ok, size)
		}
	}
	if got := BSDInfo().Size; got != 136 {
		t.Errorf("proc_bsdinfo has %d bytes, want 136", got)
	}
	if got := ShortBSDInfo().Size; got != 64 {
		t.Errorf("proc_bsdshortinfo has %d bytes, want 64", got)
	}
}

// TestUsage converts times in units of 125/3 ns, as on Apple's own processors, and
// of 1 ns; none overflows.
func TestUsage(t *testing.T) {
	task := TaskInfo{User: 24_000_000, System: math.MaxUint64, Faults: 9, PageIns: 2, Threads: 3, Running: 1, Virtual: 5, Resident: 4}
	for _, tc := range []struct {
		numerator, denominator uint32
		user                   time.Duration
	}{{125, 3, time.Second}, {1, 1, 24 * time.Millisecond}, {1, 0, 24 * time.Millisecond}} {
		want := Usage{
			User: tc.user, System: math.MaxInt64, Faults: 9, PageIns: 2, Threads: 3, Running: 1, Virtual: 5, Resident: 4,
		}
		if got := task.Usage(tc.numerator, tc.denominator); got != want {
			t.Errorf("%d/%d: %+v, want %+v", tc.numerator, tc.denominator, got, want)
		}
	}
}
