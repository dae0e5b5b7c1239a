package sysprobe

import (
	"context"
	"errors"
	"io/fs"
	"os"
	"os/exec"
	"runtime"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"telegraf-sysprobe/sysprobe/sysprobetest"
)

// threadTime is the CPU time of this thread.
func threadTime(t testing.TB) time.Duration {
	t.Helper()
	var usage unix.Rusage
	if err := unix.Getrusage(unix.RUSAGE_THREAD, &usage); err != nil {
		t.Fatal(err)
	}
	return time.Duration(usage.Utime.Nano() + usage.Stime.Nano())
}

// TestOpenLoadsNothing looks up a process, and asks the methods of one, through
// handles that would prefer BPF: none is loaded, and the cost is a fiftieth of
// that.
func TestOpenLoadsNothing(t *testing.T) {
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	self := int32(os.Getpid())
	const rounds = 20
	before := threadTime(t)
	for range rounds {
		procs, err := OpenProcs(nil)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := procs.Lookup(context.Background(), self, wantAll); err != nil {
			t.Error(err)
		}
		if status := procs.Backend(); status != (BackendStatus{}) || procs.client.bpf.tried {
			t.Errorf("backend %+v before a snapshot, BPF tried: %v", status, procs.client.bpf.tried)
		}
		if err := procs.Close(); err != nil {
			t.Error(err)
		}
	}
	opened := (threadTime(t) - before) / rounds
	needBPF(t)
	before = threadTime(t)
	procs, err := OpenProcs(&Config{Backend: BackendBPF})
	if err != nil {
		t.Fatal(err)
	}
	defer procs.Close() //nolint:errcheck // it was read only
	if err := procs.Load(context.Background()); err != nil {
		t.Fatal(err)
	}
	loaded := threadTime(t) - before
	t.Logf("to open and look up takes %v, to load BPF %v", opened, loaded)
	if opened*50 > loaded {
		t.Errorf("to open and look up takes %v, want a fiftieth of the %v that BPF takes", opened, loaded)
	}
	if status := procs.Backend(); status.Used != BackendBPF || status.Reason != nil {
		t.Errorf("backend %+v after Load, want BPF", status)
	}
	if err := procs.Close(); err != nil {
		t.Error(err)
	}
	if err := procs.Load(t.Context()); !errors.Is(err, fs.ErrClosed) {
		t.Errorf("Load after Close: %v, want fs.ErrClosed", err)
	}
}

// TestCanceled calls everything that takes a context with one that has ended: no
// rows, the error of the context, and the next call works.
func TestCanceled(t *testing.T) {
	canceled, cancel := context.WithCancel(t.Context())
	cancel()
	for _, backend := range []Backend{BackendAuto, BackendProcFS} {
		procs, err := OpenProcs(&Config{Backend: backend})
		if err != nil {
			t.Fatal(err)
		}
		defer procs.Close() //nolint:errcheck // it was read only
		s := ProcSnapshot{Procs: []Proc{{}}}
		for range 2 { // before a first snapshot and after
			var failed *OpError
			if err := procs.Snapshot(canceled, &s, 0); !errors.Is(err, context.Canceled) || !errors.As(err, &failed) || len(s.Procs) != 0 {
				t.Errorf("%v: error %v and %d rows, want context.Canceled and none", backend, err, len(s.Procs))
			}
			if status := procs.Backend(); status.Reason != nil && (mayUseBPF(t) || errors.Is(status.Reason, context.Canceled)) {
				t.Errorf("%v: the reason not to use BPF is %v", backend, status.Reason)
			}
			if _, err := procs.Lookup(canceled, int32(os.Getpid()), 0); !errors.Is(err, context.Canceled) {
				t.Errorf("%v: look-up: error %v, want context.Canceled", backend, err)
			}
			takeSnapshot(t, procs, &s, 0)
			if s.Find(int32(os.Getpid())) == nil {
				t.Errorf("%v: this process is not in a snapshot", backend)
			}
		}
		for p, err := range procs.All(canceled, 0) {
			if p != nil || !errors.Is(err, context.Canceled) {
				t.Errorf("%v: All yields %v, %v, want context.Canceled", backend, p, err)
			}
		}
	}
	for p, err := range Processes(canceled, 0) {
		if p != nil || !errors.Is(err, context.Canceled) {
			t.Errorf("Processes yields %v, %v, want context.Canceled", p, err)
		}
	}
}

// TestCanceledDuringSnapshot ends the context of calls that the kernel holds up,
// in a file that nothing writes to, and of one that waits for its turn. Close then
// does not wait, and nothing is left once the kernel is through.
func TestCanceledDuringSnapshot(t *testing.T) {
	tree := sysprobetest.NewProcTree(t)
	tree.Mkdir("100")
	held := fifo(t, tree, "100/stat")
	for name, call := range map[string]func(context.Context, *Procs) error{
		"Snapshot": func(ctx context.Context, p *Procs) error { return p.Snapshot(ctx, new(ProcSnapshot), 0) },
		"Lookup": func(ctx context.Context, p *Procs) error {
			_, err := p.Lookup(ctx, 100, 0)
			return err
		},
	} {
		t.Run(name, func(t *testing.T) {
			check := leftBehind(t)
			procs, err := OpenProcs(&Config{ProcRoot: tree.Root, Backend: BackendProcFS, Workers: 1})
			if err != nil {
				t.Fatal(err)
			}
			for range 2 { // the second one waits for its turn
				isCanceled(t, func(ctx context.Context) error { return call(ctx, procs) })
			}
			if err := procs.Close(); err != nil { // it does not wait for the file
				t.Error(err)
			}
			for _, err := range []error{procs.Close(), call(t.Context(), procs)} {
				if !errors.Is(err, fs.ErrClosed) {
					t.Errorf("after Close: %v, want fs.ErrClosed", err)
				}
			}
			w, err := os.OpenFile(held, os.O_WRONLY, 0) // waits for the reader
			if err != nil {
				t.Fatal(err)
			}
			if _, err := w.WriteString(sysprobetest.Process{PID: 100}.Stat()); err != nil {
				t.Error(err)
			}
			if err := w.Close(); err != nil {
				t.Error(err)
			}
			check()
		})
	}
}

// TestCancelOften ends contexts at any moment of snapshots by each backend.
func TestCancelOften(t *testing.T) {
	for _, backend := range []Backend{BackendAuto, BackendProcFS} {
		procs := openTableOf(t, backend)
		var s ProcSnapshot
		takeSnapshot(t, procs, &s, wantAll)
		for i := range 200 {
			ctx, cancel := context.WithTimeout(t.Context(), time.Duration(i)*20*time.Microsecond)
			err := procs.Snapshot(ctx, &s, wantAll)
			cancel()
			if err == nil && s.Find(int32(os.Getpid())) == nil || err != nil && (!errors.Is(err, context.DeadlineExceeded) || len(s.Procs) != 0) {
				t.Errorf("%v: error %v and %d rows", backend, err, len(s.Procs))
			}
		}
		takeSnapshot(t, procs, &s, wantAll)
		if s.Find(int32(os.Getpid())) == nil || backend == BackendAuto && procs.Backend().Reason != nil && mayUseBPF(t) {
			t.Errorf("%v: %+v after ended contexts", backend, procs.Backend())
		}
	}
}

// openTableOf opens the process table for the time of the test, whether BPF is
// there or not.
func openTableOf(t *testing.T, backend Backend) *Procs {
	t.Helper()
	return openTableBy(t, &Config{Backend: backend})
}

// TestProcesses iterates over all processes, and stops early.
func TestProcesses(t *testing.T) {
	child := exec.Command("sleep", "600")
	start(t, child)
	found := map[int32]*Proc{}
	last := int32(-1)
	for p, err := range Processes(t.Context(), WantStatus) {
		if err != nil {
			t.Fatal(err)
		}
		if p.ID.PID <= last {
			t.Errorf("process %d follows %d", p.ID.PID, last)
		}
		last = p.ID.PID
		found[last] = p
	}
	self, other := found[int32(os.Getpid())], found[int32(child.Process.Pid)]
	if self == nil || other == nil || other.PPID != self.ID.PID || !other.Status.Known() {
		t.Errorf("this process %+v, its child %+v", self, other)
	}
	for range Processes(t.Context(), 0) {
		break
	}
}

// TestNoMemoryWithoutStatm removes one file of a process: what it has is absent,
// although another file has parts of it.
func TestNoMemoryWithoutStatm(t *testing.T) {
	tree := sysprobetest.LoadProcTree(t, "basic")
	tree.Remove("14694/statm")
	s := snapshotOf(t, openTable(t, tree.Root), wantAll)
	p := s.Find(14694)
	if memory, known := p.Memory.Get(); known || memory != (ProcMemory{}) || !p.Status.Known() {
		t.Errorf("memory %+v, known: %v, status known: %v, want status alone", memory, known, p.Status.Known())
	}
	tree.Remove("14694/status")
	s = snapshotOf(t, openTable(t, tree.Root), wantAll)
	if status, known := s.Find(14694).Status.Get(); known || status != (ProcStatus{}) {
		t.Errorf("status %+v, known: %v, want none", status, known)
	}
}
