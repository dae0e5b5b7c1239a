package sysprobe

import (
	"encoding/binary"
	"slices"
	"syscall"
	"testing"

	"telegraf-sysprobe/sysprobe/internal/decode/kinfo"
	"telegraf-sysprobe/sysprobe/sysprobetest"
)

// TestKinfoTolerance moves the starts of all processes, as rounding does where the
// boot time moves: a tick either way is the same process, two are another one.
func TestKinfoTolerance(t *testing.T) {
	const tick = 1e6 / userHZ // microseconds
	r := kinfoRecordings[0]
	for _, tc := range []struct {
		moved int
		same  bool
	}{{0, true}, {tick, true}, {-tick, true}, {2 * tick, false}, {-2 * tick, false}} {
		kernel := r.replay(t)
		c := r.open(t, kernel)
		var before, after ProcSnapshot
		if err := c.snapshot(t.Context(), &before, 0); err != nil {
			t.Fatal(err)
		}
		table := sysprobetest.Hex(t, "wire", "kinfo", r.file)
		for at := 344; at < len(table); at += 1088 { // ki_start, microseconds
			usec := int(binary.LittleEndian.Uint64(table[at:]))
			binary.LittleEndian.PutUint64(table[at:], uint64(usec+tc.moved))
		}
		kernel.Answer(r.question, table)
		for i := range before.Procs {
			id := before.Procs[i].ID
			moved := ProcID{PID: id.PID, Start: uint64(int(id.Start) + tc.moved/tick)}
			if isSame(id, moved) != tc.same || isSame(moved, id) != tc.same {
				t.Errorf("moved by %d us, %v is %v: %v, want %v", tc.moved, moved, id, !tc.same, tc.same)
			}
		}
		after = before // whose rows the next ones are compared with
		if err := c.snapshot(t.Context(), &after, 0); err != nil || len(after.Procs) != 5 {
			t.Fatalf("%d processes, %v", len(after.Procs), err)
		}
		for i := range after.Procs {
			if was, is := before.Procs[i].ID, after.Procs[i].ID; (was == is) != tc.same {
				t.Errorf("moved by %d us, %v became %v", tc.moved, was, is)
			}
		}
	}
}

// movingClock is a kernel whose clock is set every time that its table is read.
func movingClock(t *testing.T, r kinfoRecording, times int) (kernel *sysprobetest.Sysctl, call func([]int32, []byte) (int, error)) {
	t.Helper()
	kernel = r.replay(t)
	reads := int64(0)
	return kernel, func(name []int32, b []byte) (int, error) {
		n, err := kernel.Call(name, b)
		if sysprobetest.SysctlName(name...) == r.question && len(b) > 0 && err == nil && int(reads) < times {
			reads++
			kernel.Answer(r.bootName, timeval(900-10*reads))
		}
		return n, err
	}
}

// TestKinfoClockIsSet sets the clock between the boot time and the table. Where the
// starts count from the boot time, the table is read again: its starts were not those
// of that boot time. The kernels of NetBSD and macOS keep times of the clock.
func TestKinfoClockIsSet(t *testing.T) {
	for _, r := range kinfoRecordings {
		kernel, call := movingClock(t, r, 1)
		c, err := newKinfoProcsClient((&Config{}).withDefaults(), procKernel{sysctl: call, usage: r.usage(), goos: r.goos, goarch: "amd64"})
		if err != nil {
			t.Fatal(err)
		}
		var s ProcSnapshot
		if err := c.snapshot(t.Context(), &s, 0); err != nil || s.BootTime.Unix() != 890 {
			t.Fatalf("%s: boot time %v, %v", r.goos, s.BootTime.Unix(), err)
		}
		asked := 0
		for _, name := range kernel.Names() {
			if name == r.bootName {
				asked++
			}
		}
		want := 3 // before the table, after it, and after it was read again
		if r.goos == "netbsd" || r.goos == "darwin" {
			want = 2
		}
		if asked != want {
			t.Errorf("%s was asked %d times for its boot time, want %d", r.goos, asked, want)
		}
		if r.goos == "darwin" {
			if p := s.Find(4321); p == nil || p.ID.Start != uint64(1_700_004_321)*userHZ+65 {
				t.Errorf("the start of %+v counts from the boot time", p)
			}
		}
	}
}

// TestPsutil2675MacOSRunning is psutil's bug 2675: the table of macOS calls processes
// running of which no thread runs. What one that ended meanwhile did is unknown, and
// nobody kept it from this user.
func TestPsutil2675MacOSRunning(t *testing.T) {
	i := slices.IndexFunc(kinfoRecordings, func(r kinfoRecording) bool { return r.goos == "darwin" })
	r := kinfoRecordings[i]
	for _, tc := range []struct {
		running uint32
		err     error
		want    State
		denied  int
	}{{0, nil, StateSleeping, 0}, {2, nil, StateRunning, 0}, {0, syscall.ESRCH, StateUnknown, 0}, {0, syscall.EPERM, StateUnknown, 1}} {
		c := r.open(t, r.replay(t))
		c.usage = func(pid int32) (kinfo.Usage, error) {
			if pid != 4321 {
				return kinfo.Usage{}, nil
			}
			return kinfo.Usage{Threads: 2, Running: tc.running}, tc.err
		}
		var s ProcSnapshot
		if err := c.snapshot(t.Context(), &s, 0); err != nil {
			t.Fatal(err)
		}
		if p := s.Find(4321); p == nil || p.State != tc.want || s.Denied != tc.denied {
			t.Errorf("%d threads run, %v: %+v, %d denied; want %v, %d", tc.running, tc.err, p, s.Denied, tc.want, tc.denied)
		}
	}
}
