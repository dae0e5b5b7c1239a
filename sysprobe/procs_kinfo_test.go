package sysprobe

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"syscall"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"telegraf-sysprobe/sysprobe/internal/decode/kinfo"
	"telegraf-sysprobe/sysprobe/sysprobetest"
)

// kinfoRecording is a recorded process table.
type kinfoRecording struct {
	goos, question, file string
	bootName             string
	// want are the processes with what was configured.
	want []string
}

var kinfoRecordings = []kinfoRecording{
	{"freebsd", "1.14.8", "freebsd13-proc.hex", "1.21", []string{
		"4321 nginx-worker of 1, sleeping, group 4310, session 4300, uid 1002/1001/1003 gid 1004/77/1005, nice 5, 3 threads, cpu 2; " +
			"1h12m1.111111s + 1h12m2.222222s, faults 1911 136, rss 50614272, vms 305418240; 1970-01-01 00:16:40.50",
		"4400 defunct of 4321, zombie, group 4310, session 4300, uid 1003/1002/1004 gid 1005/77/1006, nice 0, 1 threads, cpu 2; " +
			"1h13m20.111111s + 1h13m21.222222s, faults 1911 136, rss 0, vms 0; 1970-01-01 00:16:41.50; exit 0x300",
		"5000 stopped of 1, stopped, group 4310, session 4300, uid 65535/65534/65536 gid 65537/77/65538, nice 0, 2 threads, cpu 2; " +
			"1h23m20.111111s + 1h23m21.222222s, faults 1911 136, rss 50597888, vms 305418240; 1970-01-01 00:16:43.50",
		"5001 g_event of 0, sleeping, group 4310, session 4300, uid 1/0/2 gid 3/77/4, nice 0, 1 threads, cpu 2, kernel; " +
			"1h23m21.111111s + 1h23m22.222222s, faults 1911 136, rss 50581504, vms 305418240; 1970-01-01 00:16:44.50",
		"99998 a-nineteen-char-nam of 4321, running, group 4310, session 4300, uid 1/0/2 gid 3/77/4, nice -20, 1 threads, cpu 300; " +
			"27h46m38.111111s + 27h46m39.222222s, faults 1911 136, rss 50581504, vms 305418240; 1970-01-01 00:16:42.50",
	}},
	{"openbsd", "1.66.1073741831.0.616.1048576", "openbsd65-threads.hex", "1.21", []string{
		"1 init of 0, sleeping, group 4310, session 1, uid 1/0/2 gid 4/3/5, nice 0, 1 threads, cpu 0; " +
			"1.111111s + 2.222222s, faults 1911 136, rss 19087360, vms 417792; 2020-09-13 12:26:41.12",
		"4321 nginx-worker of 1, sleeping, group 4310, session 1, uid 1002/1001/1003 gid 1005/1004/1006, nice 5, 3 threads, cpu 0; " +
			"1h12m1.111111s + 1h12m2.222222s, faults 1911 136, rss 19087360, vms 417792; 2020-09-13 13:38:41.12",
		"4400 defunct of 4321, zombie, group 4310, session 1, uid 1003/1002/1004 gid 1006/1005/1007, nice 0, 0 threads, cpu 0; " +
			"0s + 0s, faults 0 0, rss 0, vms 0; exit 0x0",
		"5000 stopped of 1, stopped, group 4310, session 1, uid 65535/65534/65536 gid 65538/65537/65539, nice 0, 2 threads, cpu 0; " +
			"1h23m20.111111s + 1h23m21.222222s, faults 1911 136, rss 19087360, vms 417792; 2020-09-13 13:50:00.12",
		"99998 a-twentythree-ch of 4321, running, group 4310, session 1, uid 1/0/2 gid 4/3/5, nice -20, 1 threads, cpu 0; " +
			"27h46m38.111111s + 27h46m39.222222s, faults 1911 136, rss 19087360, vms 417792; 2020-09-14 16:13:18.12",
	}},
	{"netbsd", "1.47.0.0.680.1048576", "netbsd79934-all.hex", "1.83", []string{
		"0 system of 0, running, group 0, session 0, uid 0/0/0 gid 0/0/0, nice 0, 29 threads, cpu 0, kernel; " +
			"0s + 0s, faults 0 0, rss 0, vms 0",
		"1 rumplocal of 0, waking, group 0, session 0, uid 0/0/0 gid 0/0/0, nice 0, 2 threads, cpu 0; " +
			"565.004ms + 565.004ms, faults 0 0, rss 0, vms 0",
		"2 nginx-worker of 1, waking, group 0, session 0, uid 1001/1001/1001 gid 0/0/0, nice 5, 3 threads, cpu 0; " +
			"0s + 0s, faults 1911 136, rss 0, vms 0",
		"3 defunct-proc of 2, zombie, group 0, session 0, uid 1001/1001/1001 gid 0/0/0, nice 0, 1 threads, cpu 0; " +
			"0s + 0s, faults 0 0, rss 0, vms 0; exit 0x0",
		"4 exactly16chars!! of 3, stopped, group 0, session 0, uid 1001/1001/1001 gid 0/0/0, nice -20, 1 threads, cpu 0; " +
			"0s + 0s, faults 1911 136, rss 0, vms 0",
		"5 dying of 4, zombie, group 0, session 0, uid 1001/1001/1001 gid 0/0/0, nice 0, 1 threads, cpu 0; 0s + 0s, faults 0 0, rss 0, vms 0; " +
			"exit 0x0",
		"6 dead of 5, zombie, group 0, session 0, uid 1001/1001/1001 gid 0/0/0, nice 0, 1 threads, cpu 0; 0s + 0s, faults 0 0, rss 0, vms 0; " +
			"exit 0x0",
	}},
	{"darwin", "1.14.0.0", "xnu11417-all.hex", "1.21", []string{
		"4321 nginx-worker of 1, running, group 4300, session 0, uid 502/501/503 gid 20/20/21, nice 5, 1 threads, cpu 0; " +
			"1s + 1ms, faults 93 7, rss 1048576, vms 1073741824; 2023-11-14 23:25:21.65",
		"4400 defunct of 4321, zombie, group 4300, session 0, uid 502/501/503 gid 20/20/21, nice 0, 0 threads, cpu 0; " +
			"0s + 0s, faults 0 0, rss 0, vms 0; 2023-11-14 23:26:40.65; exit 0x3",
		"5000 stopped of 1, stopped, group 5000, session 0, uid 502/501/503 gid 20/20/21, nice 0, 0 threads, cpu 0; " +
			"1s + 1ms, faults 93 7, rss 1048576, vms 1073741824; 2023-11-14 23:36:40.65",
		"99998 seventeen-chars- of 4321, sleeping, group 4300, session 0, uid 502/501/503 gid 20/20/21, nice -20, 0 threads, cpu 0, hidden; " +
			"0s + 0s, faults 0 0, rss 0, vms 0; 2023-11-16 01:59:58.65",
	}},
}

// timeval is an answer for a boot time, that number of seconds after 1970.
func timeval(seconds int64) []byte {
	return binary.LittleEndian.AppendUint64(binary.LittleEndian.AppendUint64(nil, uint64(seconds)), 0)
}

// replay returns a kernel that has the table, and started 900 seconds after 1970.
func (r *kinfoRecording) replay(t testing.TB) *sysprobetest.Sysctl {
	t.Helper()
	needLittleEndian(t)
	return &sysprobetest.Sysctl{Answers: map[string][]byte{
		r.question: sysprobetest.Hex(t, "wire", "kinfo", r.file),
		r.bootName: timeval(900),
		"6.7":      binary.LittleEndian.AppendUint32(nil, 4096),
	}}
}

// open opens a client of a recorded kernel.
func (r *kinfoRecording) open(t testing.TB, kernel *sysprobetest.Sysctl) *kinfoProcsClient {
	t.Helper()
	c, err := newKinfoProcsClient((&Config{}).withDefaults(), procKernel{
		sysctl: kernel.Call, usage: r.usage(), goos: r.goos, goarch: "amd64",
	})
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// usage is what processes of macOS use: the last one is denied.
func (r *kinfoRecording) usage() taskUsage {
	if r.goos != "darwin" {
		return nil
	}
	return func(pid int32) (kinfo.Usage, error) {
		if pid == 99998 {
			return kinfo.Usage{}, syscall.EPERM
		}
		return kinfo.Usage{
			Virtual: 1 << 30, Resident: 1 << 20, User: time.Second, System: time.Millisecond,
			Faults: 100, PageIns: 7, Threads: uint32(pid % 10), Running: uint32(pid % 2),
		}, nil
	}
}

// describeProc writes a row as kinfoRecording.want has it.
func describeProc(s *ProcSnapshot, p *Proc) string {
	st, _ := p.Status.Get()
	text := fmt.Sprintf("%d %s of %d, %v, group %d, session %d, uid %d/%d/%d gid %d/%d/%d, nice %d, %d threads, cpu %d",
		p.ID.PID, p.Name, p.PPID, p.State, p.Group, p.Session, st.UID, st.EUID, st.SUID, st.GID, st.EGID, st.SGID, p.Nice, p.Threads, p.CPU.Or(0))
	if p.KernelThread {
		text += ", kernel"
	}
	if p.UsageHidden {
		text += ", hidden"
	}
	text += fmt.Sprintf("; %v + %v, faults %d %d, rss %d, vms %d", p.UserTime, p.SystemTime, p.MinorFaults, p.MajorFaults, p.RSS, p.VMS)
	if created := s.Created(p); !created.IsZero() {
		text += created.UTC().Format("; 2006-01-02 15:04:05.00")
	}
	if exit, known := p.Exit.Get(); known {
		text += fmt.Sprintf("; exit %#x", uint32(exit))
	}
	return text
}

// TestI15I16KinfoProcs reads the recorded tables of other systems: I15 and I16.
func TestI15I16KinfoProcs(t *testing.T) {
	for _, r := range kinfoRecordings {
		t.Run(r.goos, func(t *testing.T) {
			c := r.open(t, r.replay(t))
			var s ProcSnapshot
			for range 3 { // the rows of one are the memory of the next but one
				if err := c.snapshot(t.Context(), &s, WantStatus); err != nil {
					t.Fatal(err)
				}
				var got []string
				for i := range s.Procs {
					got = append(got, describeProc(&s, &s.Procs[i]))
				}
				if diff := cmp.Diff(r.want, got); diff != "" {
					t.Errorf("processes (-want +got):\n%s", diff)
				}
			}
			if s.Backend != BackendSysctl || !s.BootTime.Equal(time.Unix(900, 0)) || c.backend().Used != BackendSysctl {
				t.Errorf("backend %v, boot time %v", s.Backend, s.BootTime)
			}
		})
	}
}

// TestKinfoIO reads the counts of blocks, which the rows of some zombies and those of
// macOS lack.
func TestKinfoIO(t *testing.T) {
	for _, r := range kinfoRecordings {
		var s, none ProcSnapshot
		c := r.open(t, r.replay(t))
		if err := errors.Join(c.snapshot(t.Context(), &s, WantIO), c.snapshot(t.Context(), &none, 0)); err != nil {
			t.Fatal(err)
		}
		for i := range s.Procs {
			var want Opt[ProcIO]
			switch p := &s.Procs[i]; {
			case r.goos == "freebsd", r.goos == "openbsd" && p.State != StateZombie, r.goos == "netbsd" && (p.ID.PID == 2 || p.ID.PID == 4):
				want = Some(ProcIO{ReadCalls: Some[uint64](0x1111), WriteCalls: Some[uint64](0x2222)})
			case r.goos == "netbsd" && p.State != StateZombie: // which did no I/O
				want = Some(ProcIO{ReadCalls: Some[uint64](0), WriteCalls: Some[uint64](0)})
			}
			if got := s.Procs[i].IO; got != want || none.Procs[i].IO.Known() {
				t.Errorf("%s: process %d: %+v, want %+v", r.goos, s.Procs[i].ID.PID, got, want)
			}
		}
	}
}

// TestKinfoZombies finds the zombies and their parents by the rule of each system.
func TestKinfoZombies(t *testing.T) {
	for goos, want := range map[string]map[int32]int32{ // PIDs with those of the parents
		"freebsd": {4400: 4321}, "openbsd": {4400: 4321}, "netbsd": {3: 2, 5: 4, 6: 5}, "darwin": {4400: 4321},
	} {
		for _, r := range kinfoRecordings {
			if r.goos != goos {
				continue
			}
			var s ProcSnapshot
			if err := r.open(t, r.replay(t)).snapshot(t.Context(), &s, 0); err != nil {
				t.Fatal(err)
			}
			got := map[int32]int32{}
			for _, z := range s.Zombies(nil) {
				got[z.Proc.ID.PID] = -1
				if z.Parent != nil {
					got[z.Proc.ID.PID] = z.Parent.ID.PID
				}
			}
			if !maps.Equal(got, want) {
				t.Errorf("%s has zombies %v, want %v", goos, got, want)
			}
		}
	}
}

// TestKinfoIdentity sets the clock of a machine, so that FreeBSD moves its boot time
// and the starts of its processes alike: each stays the same process.
func TestKinfoIdentity(t *testing.T) {
	r := kinfoRecordings[0]
	kernel := r.replay(t)
	c := r.open(t, kernel)
	var before, after ProcSnapshot
	if err := c.snapshot(t.Context(), &before, 0); err != nil {
		t.Fatal(err)
	}
	moved := sysprobetest.Hex(t, "wire", "kinfo", r.file)
	for at := 336; at < len(moved); at += 1088 { // ki_start
		binary.LittleEndian.PutUint64(moved[at:], binary.LittleEndian.Uint64(moved[at:])+5000)
	}
	kernel.Answer(r.question, moved)
	kernel.Answer(r.bootName, timeval(5900))
	if err := c.snapshot(t.Context(), &after, 0); err != nil {
		t.Fatal(err)
	}
	for i := range after.Procs {
		if was, is := before.Procs[i].ID, after.Procs[i].ID; was != is {
			t.Errorf("%v became %v", was, is)
		}
	}
	if created := after.Created(&after.Procs[0]); created.Unix() != 6000 {
		t.Errorf("the first process started at %v by the new clock, want 6000 s", created.Unix())
	}
}

// TestKinfoZombieKeepsIdentity lets a process of OpenBSD become a zombie, whose start
// the kernel does not say.
func TestKinfoZombieKeepsIdentity(t *testing.T) {
	r := kinfoRecordings[1]
	kernel := r.replay(t)
	c := r.open(t, kernel)
	table := sysprobetest.Hex(t, "wire", "kinfo", r.file)
	var s ProcSnapshot
	if err := c.snapshot(t.Context(), &s, 0); err != nil {
		t.Fatal(err)
	}
	if z := s.Find(4400); z == nil || z.ID.Start != StartUnknown || !s.Created(z).IsZero() {
		t.Errorf("a zombie that no snapshot met alive is %v", z)
	}
	alive := s.Find(5000).ID
	for at := 0; at < len(table); at += 616 {
		if binary.LittleEndian.Uint32(table[at+108:]) == 5000 {
			table[at+304] = 6             // SDEAD
			clear(table[at+400 : at+440]) // p_uvalid and the times behind it
		}
	}
	kernel.Answer(r.question, table)
	if err := c.snapshot(t.Context(), &s, 0); err != nil {
		t.Fatal(err)
	}
	if z := s.Find(5000); z == nil || !z.IsZombie() || z.ID != alive {
		t.Errorf("as a zombie it is %+v, want that of %v", z, alive)
	}
}

// TestKinfoNames extends a name that the kernel cut from the command line, once.
func TestKinfoNames(t *testing.T) {
	r := kinfoRecordings[0]
	kernel := r.replay(t)
	kernel.Answer("1.14.7.99998", []byte("/usr/local/bin/a-nineteen-char-name-or-more\x00-x\x00"))
	c := r.open(t, kernel)
	var s ProcSnapshot
	for range 2 {
		if err := c.snapshot(t.Context(), &s, WantName); err != nil {
			t.Fatal(err)
		}
		if p := s.Find(99998); p.Name != "a-nineteen-char-name-or-more" || p.Comm != "a-nineteen-char-nam" {
			t.Errorf("the process is %q, %q to the kernel", p.Name, p.Comm)
		}
	}
	asked := 0
	for _, name := range kernel.Names() {
		if name == "1.14.7.99998" {
			asked++
		}
	}
	if asked > 2 { // the size, and the answer
		t.Errorf("the command line was read %d times", asked)
	}
}

// TestKinfoIdle gives FreeBSD's process of the kernel the threads that run where there
// is nothing to do: their time is no use of the machine, and it does not run.
func TestKinfoIdle(t *testing.T) {
	r := kinfoRecordings[0]
	kernel := r.replay(t)
	table := sysprobetest.Hex(t, "wire", "kinfo", r.file)
	for at := 0; at < len(table); at += 1088 {
		table[at+388] = 2     // SRUN
		table[at+1080] = 0x20 // TDF_IDLETD
	}
	kernel.Answer(r.question, table)
	var s ProcSnapshot
	if err := r.open(t, kernel).snapshot(t.Context(), &s, 0); err != nil || len(s.Procs) != 5 {
		t.Fatalf("%d processes, %v", len(s.Procs), err)
	}
	for i := range s.Procs {
		p := &s.Procs[i]
		if idle := p.ID.PID == 5001; idle != (p.State == StateIdle) || idle != (p.UserTime+p.SystemTime == 0) {
			t.Errorf("process %v is %v, with %v of the processors", p.ID, p.State, p.UserTime+p.SystemTime)
		}
	}
}

// TestKinfoJails tells the processes of a jail from those of the host.
func TestKinfoJails(t *testing.T) {
	r := kinfoRecordings[0]
	kernel := r.replay(t)
	table := sysprobetest.Hex(t, "wire", "kinfo", r.file)
	binary.LittleEndian.PutUint32(table[592:], 7)      // ki_jid of the first record
	binary.LittleEndian.PutUint32(table[1088+592:], 7) // and of the second
	kernel.Answer(r.question, table)
	c := r.open(t, kernel)
	var s ProcSnapshot
	var before *Origin
	for _, tc := range []struct {
		name string
		err  error
		want string
		kept bool
	}{
		{"", syscall.ENOENT, "7", false}, // as in a jail, which does not see its own name
		{"web", nil, "web", false},
		{"web", nil, "web", true},
		{"", syscall.ENOENT, "web", true}, // it is about to end
		{"db", nil, "db", false},
	} {
		asked := 0
		c.jails.name = func(id int32) (string, error) {
			if asked++; id != 7 {
				t.Errorf("asked for the name of jail %d", id)
			}
			return tc.name, tc.err
		}
		if err := c.snapshot(t.Context(), &s, WantOrigin); err != nil {
			t.Fatal(err)
		}
		var jailed []*Origin
		for i := range s.Procs {
			if o := s.Procs[i].Origin; o != nil {
				jailed = append(jailed, o)
			}
		}
		if len(jailed) != 2 || jailed[0] != jailed[1] || *jailed[0] != (Origin{Container: tc.want, Runtime: "jail"}) || asked != 1 {
			t.Fatalf("named %q, %v: origins are %v after %d questions", tc.name, tc.err, jailed, asked)
		}
		if kept := jailed[0] == before; kept != tc.kept {
			t.Errorf("named %q: the origin is that of before: %v, want %v", tc.name, kept, tc.kept)
		}
		before = jailed[0]
	}
	kernel.Answer(r.question, sysprobetest.Hex(t, "wire", "kinfo", r.file))
	c.jails.name = func(int32) (string, error) { return "", syscall.ENOENT }
	for range 3 {
		if err := c.snapshot(t.Context(), &s, WantOrigin); err != nil {
			t.Fatal(err)
		}
	}
	if n := len(c.jails.known); n > 0 {
		t.Errorf("%d jails are known that have no process", n)
	}
}

// TestKinfoLookup looks up processes that are there, and that are not.
func TestKinfoLookup(t *testing.T) {
	r := kinfoRecordings[0]
	kernel := r.replay(t)
	kernel.Answer("1.14.1.4321", sysprobetest.Hex(t, "wire", "kinfo", "freebsd13-pid.hex"))
	kernel.Errors = map[string]error{"1.14.1.777": syscall.ESRCH}
	c := r.open(t, kernel)
	p, err := c.lookup(t.Context(), 4321, WantStatus)
	if err != nil || p.Name != "nginx-worker" || p.Threads != 3 {
		t.Errorf("found %+v, %v", p, err)
	}
	if _, err := c.lookup(t.Context(), 777, 0); !errors.Is(err, ErrNoSuchProcess) {
		t.Errorf("a process that is not there: %v", err)
	}
	if _, err := c.lookup(t.Context(), -1, 0); !errors.Is(err, fs.ErrInvalid) {
		t.Errorf("a negative PID: %v", err)
	}
}

// TestKinfoProcsFails takes snapshots of a table that is cut, that denies, whose
// boot time never stays the same, with a context that has ended, and after Close.
func TestKinfoProcsFails(t *testing.T) {
	r := kinfoRecordings[0]
	kernel := r.replay(t)
	c := r.open(t, kernel)
	whole := sysprobetest.Hex(t, "wire", "kinfo", r.file)
	kernel.Answer(r.question, whole[:len(whole)-5])
	var s ProcSnapshot
	if err := c.snapshot(t.Context(), &s, 0); err != nil || len(s.Procs) != 4 || s.Malformed != 1 {
		t.Errorf("of a cut table %d rows, %d malformed, %v; want 4, 1", len(s.Procs), s.Malformed, err)
	}
	kernel.Answer(r.question, make([]byte, 2*1088))
	if err := c.snapshot(t.Context(), &s, 0); !errors.Is(err, ErrMalformed) || len(s.Procs) > 0 {
		t.Errorf("of a table without a row that makes sense %d rows, %v", len(s.Procs), err)
	}
	kernel.Errors = map[string]error{r.question: syscall.EPERM}
	if err := c.snapshot(t.Context(), &s, 0); !errors.Is(err, ErrAccessDenied) || len(s.Procs) > 0 {
		t.Errorf("of a table that denies %d rows, %v", len(s.Procs), err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if err := c.snapshot(ctx, &s, 0); !errors.Is(err, context.Canceled) {
		t.Errorf("with an ended context: %v", err)
	}
	if err := c.close(); err != nil {
		t.Error(err)
	}
	for what, err := range map[string]error{"snapshot": c.snapshot(t.Context(), &s, 0), "load": c.load(t.Context()), "close": c.close()} {
		if !errors.Is(err, fs.ErrClosed) {
			t.Errorf("%s after close: %v", what, err)
		}
	}
}
