package sysprobe

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"maps"
	"math"
	"os"
	"os/exec"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"golang.org/x/sys/unix"

	"telegraf-sysprobe/sysprobe/internal/decode/taskrec"
	"telegraf-sysprobe/sysprobe/internal/sys/taskiter"
	"telegraf-sysprobe/sysprobe/sysprobetest"
)

// openBackend opens the process table through one backend.
func openBackend(t testing.TB, backend Backend) *Procs {
	t.Helper()
	if backend == BackendBPF {
		needBPF(t)
	}
	procs, err := OpenProcs(&Config{Backend: backend})
	if err != nil {
		t.Fatal(err)
	}
	if err := procs.Load(context.Background()); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := procs.Close(); err != nil {
			t.Error(err)
		}
	})
	return procs
}

// bigEndian says that this machine has the byte order that the BPF program is
// not for.
var bigEndian = binary.NativeEndian.Uint16([]byte{0, 1}) == 1

// needBPF skips the test where there is no BPF backend to test.
func needBPF(t testing.TB) {
	t.Helper()
	sysprobetest.NeedBPF(t)
	if bigEndian {
		t.Skip("needs a little-endian machine: the BPF program is for those")
	}
}

// mayUseBPF says that BackendAuto means BPF here.
func mayUseBPF(t testing.TB) bool {
	t.Helper()
	return sysprobetest.MayLoadBPF(t) && !bigEndian
}

// forEachProgram runs f with each program that can be behind BackendBPF.
func forEachProgram(t *testing.T, f func(t *testing.T, procs *Procs)) {
	for _, program := range []string{taskiter.SumInKernel, taskiter.SumHere} {
		t.Run(program, func(t *testing.T) {
			if program == taskiter.SumInKernel && !kernelAtLeast(t, 6, 7) {
				t.Skip("needs Linux 6.7")
			}
			procs := openBackend(t, BackendBPF)
			iterator, err := taskiter.OpenProgram(t.Context(), program)
			if err != nil {
				t.Fatal(err)
			}
			if err := procs.client.bpf.close(); err != nil {
				t.Fatal(err)
			}
			procs.client.bpf.iterator = iterator
			f(t, procs)
		})
	}
}

// asProcFS returns p as proc(5) would show it: in ticks, and without what that
// does not have; switches it has of living threads only.
func asProcFS(p *Proc) Proc {
	q := *p
	for _, d := range []*time.Duration{&q.UserTime, &q.SystemTime, q.ChildUserTime.Ref(), q.ChildSystemTime.Ref(), &q.IOWait} {
		*d = d.Truncate(ticks(1))
	}
	q.Comm, q.Name = withoutWork(q.Comm), withoutWork(q.Name)
	q.Task, q.Switches, q.threads = Opt[ProcTask]{}, Opt[ProcSwitches]{}, nil
	return q
}

// withoutWork cuts off what a kworker works on, which proc(5) alone shows: after
// a plus while it does, after a minus since (wq_worker_comm in
// kernel/workqueue.c).
func withoutWork(text string) string {
	if at := strings.Index(text, "kworker/"); at >= 0 {
		if end := strings.IndexAny(text[at:], "+-"); end >= 0 {
			return text[:at+end]
		}
	}
	return text
}

// counters are the facts of p that only grow.
func counters(p *Proc) map[string]uint64 {
	c := map[string]uint64{
		"CPU time": uint64(p.UserTime + p.SystemTime), "minor faults": p.MinorFaults, "major faults": p.MajorFaults,
		"children's user time": uint64(p.ChildUserTime.Or(0)), "children's system time": uint64(p.ChildSystemTime.Or(0)),
	}
	if io, known := p.IO.Get(); known {
		c["read chars"], c["write chars"] = io.ReadChars.Or(0), io.WriteChars.Or(0)
		c["read calls"], c["write calls"] = io.ReadCalls.Or(0), io.WriteCalls.Or(0)
		c["read bytes"], c["write bytes"] = io.ReadBytes.Or(0), io.WriteBytes.Or(0)
	}
	if st, known := p.Status.Get(); known {
		c["voluntary switches"], c["involuntary switches"] = st.VoluntarySwitches.Or(0), st.InvoluntarySwitches.Or(0)
	}
	return c
}

// lieBetween checks that what proc(5) says lies between two sweeps by BPF, before
// and after. Of CPU time proc(5) cuts both parts to ticks.
func lieBetween(before, between, after *Proc) error {
	low, value, high := counters(before), counters(between), counters(after)
	low["CPU time"] -= min(low["CPU time"], uint64(ticks(2)))
	for _, children := range []string{"children's user time", "children's system time"} {
		low[children] -= low[children] % uint64(ticks(1))
	}
	for name := range value {
		if value[name] < low[name] || value[name] > high[name] {
			return fmt.Errorf("%s of %v %q: %d, and by BPF %d before and %d after", name, between.ID, between.Comm, value[name], low[name], high[name])
		}
	}
	return nil
}

// lasting are the facts of p that others than its own doing seldom change, as
// proc(5) would show them.
func lasting(p *Proc) Proc {
	q := Proc{
		ID: p.ID, PPID: p.PPID, Group: p.Group, Session: p.Session, Comm: withoutWork(p.Comm), Name: withoutWork(p.Name),
		LeaderDead: p.LeaderDead, KernelThread: p.KernelThread, Nice: p.Nice, Policy: p.Policy, RTPriority: p.RTPriority,
		Exit: p.Exit, Status: p.Status, Origin: p.Origin,
	}
	if st := q.Status.Ref(); st != nil {
		st.VoluntarySwitches, st.InvoluntarySwitches, st.Swap = Opt[uint64]{}, Opt[uint64]{}, Opt[uint64]{}
	}
	return q
}

// comparison is what one round of sweeps, alternately through both backends,
// has shown.
type comparison struct {
	rested map[int32]bool // processes that did nothing, and are equal in all
	// worked are processes that did something, with the counter that did not
	// lie between, which is an error unless they have threads: what a thread
	// that ends during a pass did can be missing in that pass.
	worked map[int32]error
}

// compare sweeps and compares. It fails where a process that did not run
// meanwhile differs in anything; where of one that did, a counter does not lie
// between, if it has a single thread, or a lasting fact is another than by BPF
// before and after; and where a process that was there all the time is missing.
// Gauges of what is at work are of one moment only.
func compare(t *testing.T, byBPF, byFiles *Procs, want Fields) comparison {
	t.Helper()
	before := snapshotOf(t, byBPF, want)
	between := snapshotOf(t, byFiles, want)
	after := snapshotOf(t, byBPF, want)
	end := snapshotOf(t, byFiles, 0)
	if before.Backend != BackendBPF || between.Backend != BackendProcFS || after.Backend != BackendBPF {
		t.Fatalf("backends %s, %s, %s", before.Backend, between.Backend, after.Backend)
	}
	result := comparison{rested: map[int32]bool{}, worked: map[int32]error{}}
	for i := range between.Procs {
		p := &between.Procs[i]
		a, b, e := before.Find(p.ID.PID), after.Find(p.ID.PID), end.Find(p.ID.PID)
		if e == nil || e.ID != p.ID || a == nil && b != nil {
			continue // it began or ended meanwhile
		}
		if b == nil || a == nil || b.ID != p.ID || a.ID != p.ID {
			t.Errorf("process %v %q is there, and by BPF %v, %v", p.ID, p.Comm, a, b)
			continue
		}
		if cmp.Equal(a, b, exact) && a.State != StateRunning && a.Task.Known() {
			if diff := cmp.Diff(asProcFS(p), asProcFS(a), exact); diff != "" {
				t.Errorf("process %v %q (-procfs +bpf):\n%s", p.ID, p.Comm, diff)
			}
			result.rested[p.ID.PID] = true
			continue
		}
		// A script becomes its interpreter, and may so be called as before again.
		if first := lasting(a); a.Task.Or(ProcTask{}).ExecID == b.Task.Or(ProcTask{}).ExecID && cmp.Equal(first, lasting(b), exact) {
			if diff := cmp.Diff(lasting(p), first, exact); diff != "" {
				t.Errorf("process %v %q at work (-procfs +bpf):\n%s", p.ID, p.Comm, diff)
			}
		}
		result.worked[p.ID.PID] = lieBetween(a, p, b)
		if err := result.worked[p.ID.PID]; err != nil && max(a.Threads, p.Threads, b.Threads) == 1 {
			t.Error(err)
		}
	}
	return result
}

// oddProcesses are processes that are hard to read, at rest.
func oddProcesses(t *testing.T) []int32 {
	t.Helper()
	var pids []int32
	helper := func(change func(*exec.Cmd), name string, args ...string) {
		h := startHelper(t, change, name, args...)
		pids = append(pids, h.pid())
		if name == "zombies" {
			var zombies []int32
			h.answer(t, &zombies)
			pids = append(pids, zombies...)
		}
	}
	command := func(change func(*exec.Cmd), script string) *exec.Cmd {
		cmd := exec.Command("sh", "-c", script)
		if change != nil {
			change(cmd)
		}
		start(t, cmd)
		pids = append(pids, int32(cmd.Process.Pid))
		return cmd
	}
	helper(nil, "zombies", "3", "exit 7")
	helper(asNobody, "zombies", "1", "kill -TERM $$")
	helper(nil, "dead-leader")
	for _, name := range []string{") Z 1 (", "", "a\nb", "\xff\xfe\x80", "exactly 15 byte"} {
		helper(nil, "named", fmt.Sprintf("%q", name))
	}
	command(nil, "for i in 1 2 3 4 5 6 7 8 9; do sh -c 'i=0; while [ $i -lt 9999 ]; do i=$((i+1)); done'; done; exec sleep 600")
	command(inNamespaces(unix.CLONE_NEWPID), "exec sleep 600")
	command(nil, "exec nice -n 5 sleep 600")
	command(nil, "exec chrt -f 7 sleep 600")
	command(nil, "exec chrt -b 0 sleep 600")
	command(func(cmd *exec.Cmd) { cmd.SysProcAttr = &syscall.SysProcAttr{Setsid: true} }, "exec sleep 600")
	stopped := command(nil, "exec sleep 600")
	if err := stopped.Process.Signal(syscall.SIGSTOP); err != nil {
		t.Fatal(err)
	}
	return append(pids, 2) // and kthreadd
}

// TestBackendsAgree compares the backends on a machine as it is.
func TestBackendsAgree(t *testing.T) {
	forEachProgram(t, func(t *testing.T, byBPF *Procs) {
		byFiles := openBackend(t, BackendProcFS)
		odd := oddProcesses(t)
		sysprobetest.Eventually(t, func() string {
			rested := compare(t, byBPF, byFiles, wantAll).rested
			for _, pid := range odd {
				if !rested[pid] && !t.Failed() {
					return fmt.Sprintf("process %d of %v is never at rest", pid, odd)
				}
			}
			return ""
		})
	})
}

// TestBackendsAgreeUnderLoad compares them while processes and threads come and
// go, and checks that no counter of a process ever shrinks.
func TestBackendsAgreeUnderLoad(t *testing.T) {
	sysprobetest.NeedTool(t, "python3")
	forEachProgram(t, func(t *testing.T, byBPF *Procs) {
		byFiles := openWorkers(t, "/proc", 4)
		start(t, exec.Command("sh", "-c", "while :; do (:); (:) & done"))
		forked, began := forks(t), time.Now()
		defer func() { t.Logf("%.0f forks a second", float64(forks(t)-forked)/time.Since(began).Seconds()) }()
		start(t, exec.Command("python3", "-c", `
import threading
def work():
    for _ in range(20): open("/proc/self/stat").read()
while True:
    threads = [threading.Thread(target=work) for _ in range(8)]
    for t in threads: t.start()
    for t in threads: t.join()
`))
		odd := oddProcesses(t)
		const want = WantName | WantStatus | WantIO | WantOrigin
		last := make(map[ProcID]map[string]uint64)
		var s ProcSnapshot
		worked := make(map[int32]error) // until a round without an error
		for range 5 {
			for pid, err := range compare(t, byBPF, byFiles, want).worked {
				if before, known := worked[pid]; !known || before != nil {
					worked[pid] = err
				}
			}
			for range 20 {
				takeSnapshot(t, byBPF, &s, want)
				for i := range s.Procs {
					p := &s.Procs[i]
					now := counters(p)
					for name, before := range last[p.ID] {
						if now[name] < before {
							t.Errorf("%s of %v %q went from %d to %d", name, p.ID, p.Comm, before, now[name])
						}
					}
					last[p.ID] = now
				}
				for _, pid := range odd {
					if s.Find(pid) == nil {
						t.Errorf("process %d is missing", pid)
					}
				}
			}
		}
		if len(worked) == 0 {
			t.Error("nothing was at work")
		}
		if err := errors.Join(slices.Collect(maps.Values(worked))...); err != nil {
			t.Errorf("in no round: %v", err)
		}
	})
}

// backendAnswer is what helpBackend prints.
type backendAnswer struct {
	Used                 Backend
	Why                  string
	Denied, NotSupported bool
	Failed               bool // Load and Snapshot did
	Found                bool // this process is in a snapshot
}

// helpBackend BACKEND [CHANGE]: prints which backend is used, and why, after
// one of the changes.
func helpBackend(args []string) error {
	if len(args) > 1 {
		if err := changes[args[1]](); err != nil {
			return err
		}
	}
	var c Config
	if err := c.Backend.UnmarshalText([]byte(args[0])); err != nil {
		return err
	}
	var a backendAnswer
	procs, err := OpenProcs(&c)
	if err != nil {
		return err
	}
	var s ProcSnapshot
	why := procs.Load(context.Background())
	err = procs.Snapshot(context.Background(), &s, WantIO|WantFDs)
	if (why == nil) != (err == nil) {
		return fmt.Errorf("Load: %w, and Snapshot: %w", why, err)
	}
	if a.Failed = err != nil; !a.Failed {
		a.Found = s.Find(int32(os.Getpid())) != nil
		status := procs.Backend()
		a.Used, why = status.Used, status.Reason
	}
	if why != nil {
		a.Why, a.Denied, a.NotSupported = why.Error(), errors.Is(why, ErrAccessDenied), errors.Is(why, ErrNotSupported)
	}
	return errors.Join(ready(), say(a))
}

// withoutProgram is the answer, whoever asks, on a machine that the program is
// not for.
func withoutProgram(backend string) backendAnswer {
	switch backend {
	case "auto":
		return backendAnswer{Used: BackendProcFS, NotSupported: true, Found: true}
	case "bpf":
		return backendAnswer{NotSupported: true, Failed: true}
	}
	return backendAnswer{Used: BackendProcFS, Found: true}
}

func TestBackendPrivileges(t *testing.T) {
	withCaps := func(caps ...uintptr) func(*exec.Cmd) {
		return func(cmd *exec.Cmd) {
			asNobody(cmd)
			cmd.SysProcAttr.AmbientCaps = caps
		}
	}
	inPIDNamespace := inNamespaces(unix.CLONE_NEWPID | unix.CLONE_NEWNS)
	for _, tt := range []struct {
		name   string
		change func(*exec.Cmd)
		args   string
		want   backendAnswer
	}{
		{"root", nil, "auto", backendAnswer{Used: BackendBPF, Found: true}},
		{"root who does not want it", nil, "procfs", backendAnswer{Used: BackendProcFS, Found: true}},
		{"nobody", asNobody, "auto", backendAnswer{Used: BackendProcFS, Denied: true, Found: true}},
		{"nobody who insists", asNobody, "bpf", backendAnswer{Denied: true, Failed: true}},
		{"nobody with both", withCaps(unix.CAP_BPF, unix.CAP_PERFMON), "bpf", backendAnswer{Used: BackendBPF, Found: true}},
		{"nobody with one", withCaps(unix.CAP_BPF), "auto", backendAnswer{Used: BackendProcFS, Denied: true, Found: true}},
		{"nobody with the other", withCaps(unix.CAP_PERFMON), "auto", backendAnswer{Used: BackendProcFS, Denied: true, Found: true}},
		{"nobody with the old one", withCaps(unix.CAP_SYS_ADMIN), "bpf", backendAnswer{Used: BackendBPF, Found: true}},
		{"in a PID namespace", inPIDNamespace, "bpf mount", backendAnswer{Used: BackendBPF, Found: true}},
		{"in a PID namespace below that of proc", inPIDNamespace, "auto", backendAnswer{Used: BackendProcFS, NotSupported: true, Found: true}},
		{"in a PID namespace below that of proc, and insists", inPIDNamespace, "bpf", backendAnswer{NotSupported: true, Failed: true}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			sysprobetest.NeedRoot(t)
			if tt.change == nil && tt.want.Used == BackendBPF {
				sysprobetest.NeedBPF(t)
			}
			args := strings.Fields(tt.args)
			if bigEndian {
				tt.want = withoutProgram(args[0])
			}
			var got backendAnswer
			startHelper(t, tt.change, "backend", args...).answer(t, &got)
			if why := got.Why != ""; why != (tt.want.Denied || tt.want.NotSupported) {
				t.Errorf("reason %q", got.Why)
			}
			if tt.want.Denied && !strings.Contains(got.Why, "CAP_BPF and CAP_PERFMON") {
				t.Errorf("reason %q does not say what is missing", got.Why)
			}
			got.Why = ""
			if diff := cmp.Diff(tt.want, got); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
		})
	}
}

func TestBackendElsewhere(t *testing.T) {
	for _, backend := range []Backend{BackendAuto, BackendBPF, BackendProcFS} {
		procs, err := OpenProcs(&Config{ProcRoot: "/proc/self/root/proc", Backend: backend})
		if err != nil {
			t.Fatal(err)
		}
		var s ProcSnapshot
		err = errors.Join(procs.Load(t.Context()), procs.Snapshot(t.Context(), &s, 0))
		switch status := procs.Backend(); {
		case backend == BackendBPF && !errors.Is(err, ErrNotSupported):
			t.Errorf("%s: error %v, want ErrNotSupported", backend, err)
		case backend != BackendBPF && err != nil:
			t.Errorf("%s: %v", backend, err)
		case backend != BackendBPF && (status.Used != BackendProcFS || (status.Reason != nil) != (backend == BackendAuto)):
			t.Errorf("%s: %+v, want procfs, with a reason if BPF was not excluded", backend, status)
		}
		if err := procs.Close(); err != nil {
			t.Error(err)
		}
	}
}

// TestBackendFails breaks the iterator of an open table.
func TestBackendFails(t *testing.T) {
	for _, required := range []bool{false, true} {
		backend := BackendAuto
		if required {
			backend = BackendBPF
		}
		needBPF(t)
		procs := openBackend(t, backend)
		if err := procs.client.bpf.iterator.Close(); err != nil {
			t.Fatal(err)
		}
		var s ProcSnapshot
		err := procs.Snapshot(context.Background(), &s, 0)
		status := procs.Backend()
		switch {
		case required && (err == nil || len(s.Procs) != 0):
			t.Errorf("error %v and %d rows, want an error", err, len(s.Procs))
		case !required && (err != nil || s.Find(int32(os.Getpid())) == nil ||
			status.Used != BackendProcFS || s.Backend != BackendProcFS || status.Reason == nil):
			t.Errorf("error %v, backend %s, %+v, want procfs and a reason", err, s.Backend, status)
		}
		procs.client.bpf.iterator = nil
	}
}

// readRecords returns what one pass of the iterator has.
func readRecords(t *testing.T, procs *Procs) (records []taskrec.Process) {
	t.Helper()
	bpf := &procs.client.bpf
	err := bpf.iterator.Read(t.Context(), &bpf.records, taskiter.Wants{}, func(part []taskrec.Process) error {
		records = append(records, part...)
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return records
}

// TestProcessTwice gives a sweep the records of processes whose thread executed
// a program meanwhile: they come a second time, behind others, and where there
// were.
func TestProcessTwice(t *testing.T) {
	procs := openBackend(t, BackendBPF)
	var s ProcSnapshot
	takeSnapshot(t, procs, &s, 0)
	records := readRecords(t, procs)
	if len(records) < 3 {
		t.Fatalf("%d processes, want some", len(records))
	}
	older := slices.Clone(records[:2])
	for i := range older {
		older[i].Threads = 1 << 20
	}
	sw := s.begin(time.Now(), 0)
	var merge taskSweep
	merge.begin(&procs.client.bpf, &sw)
	merge.add(older)
	merge.add(records[1:])
	merge.add(records[:1])
	merge.finish(t.Context())
	s.commit(&sw)
	for i := 1; i < len(s.Procs); i++ {
		if before, p := s.Procs[i-1].ID, s.Procs[i].ID; before.PID >= p.PID {
			t.Errorf("%v follows %v", p, before)
		}
	}
	for i := range records {
		if id := procs.client.bpf.id(records[i].PID, records[i].Start); findProc(s.Procs, id) == nil {
			t.Errorf("%v is missing", id)
		}
	}
	for i := range older {
		if p := s.Find(older[i].PID); p.Threads == older[i].Threads {
			t.Errorf("%v has what its first record says", p.ID)
		}
	}
}

// TestMissingRows takes processes out of the sweep, as the kernel does at times.
func TestMissingRows(t *testing.T) {
	procs := openBackend(t, BackendBPF)
	h := startHelper(t, nil, "named", `"kept"`)
	var s ProcSnapshot
	takeSnapshot(t, procs, &s, WantName)
	kept, gone := *s.Find(h.pid()), ProcID{PID: 1 << 21, Start: 1}
	s.Procs = append(s.Procs, Proc{ID: gone, Comm: "gone"})
	reused := s.Find(int32(os.Getpid()))
	reused.ID.Start-- // another process had this PID

	c := procs.client
	records := slices.DeleteFunc(readRecords(t, procs), func(r taskrec.Process) bool { return r.PID == h.pid() })
	sw := s.begin(time.Now(), WantName)
	var merge taskSweep
	merge.begin(&c.bpf, &sw)
	merge.add(records)
	merge.finish(t.Context())
	s.commit(&sw)
	if p := s.Find(kept.ID.PID); p == nil || p.ID != kept.ID || p.Name != "kept" {
		t.Errorf("a process that the iterator left out is %v", p)
	}
	if p := s.Find(gone.PID); p != nil || s.Vanished != 0 || s.Malformed != 0 {
		t.Errorf("a process that ended is %v; %d vanished, %d malformed", p, s.Vanished, s.Malformed)
	}
	if p := s.Find(int32(os.Getpid())); p == nil || p.ID == reused.ID {
		t.Errorf("the process that has its PID now is %v", p)
	}
}

// TestKeepsCounting gives rows of one process whose threads ended meanwhile.
func TestKeepsCounting(t *testing.T) {
	row := func(n uint64) *Proc {
		io := ProcIO{Some(n), Some(n), Some(n), Some(n), Some(n), Some(n), Some(n)}
		return &Proc{
			UserTime: time.Duration(n), SystemTime: time.Duration(n), MinorFaults: n, MajorFaults: n, RSS: n,
			IO: Some(io), Switches: Some(ProcSwitches{n, n}),
		}
	}
	for _, tt := range []struct {
		name           string
		old, now, want uint64
		torn           bool
	}{
		{"grown", 5, 7, 7, false},
		{"lower", 7, 5, 7, false},
		{"torn and higher", 5, math.MaxInt64, 5, true},
	} {
		t.Run(tt.name, func(t *testing.T) {
			got, want := row(tt.now), row(tt.want)
			got.keepCounting(row(tt.old), tt.torn)
			want.RSS = tt.now // a gauge
			if diff := cmp.Diff(want, got, exact); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
		})
	}
}
