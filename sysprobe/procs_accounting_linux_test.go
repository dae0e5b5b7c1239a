package sysprobe

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"math"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"syscall"
	"testing"
	"time"

	"telegraf-sysprobe/sysprobe/sysprobetest"
)

// broodScript lets processes work one after the other, each forked by a shell.
const broodScript = `
echo ready
read line
i=0
while [ $i -lt $1 ]; do
	(j=0; while [ $j -lt $2 ]; do j=$((j+1)); done)
	i=$((i+1))
done
echo done
read line
`

// startBrood starts a shell that runs broodScript under a name of its own, on
// one processor: there a process is reaped after it left it, and not while it
// spends its last moments there.
func startBrood(t *testing.T, count, work int) (cmd *exec.Cmd, in io.WriteCloser, out *bufio.Reader) {
	t.Helper()
	sysprobetest.NeedTool(t, "taskset")
	shell, err := os.ReadFile("/bin/sh")
	if err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(t.TempDir(), "brood")
	if err := os.WriteFile(path, shell, 0o755); err != nil {
		t.Fatal(err)
	}
	cmd = exec.Command("taskset", "1", path, "-c", broodScript, "brood", strconv.Itoa(count), strconv.Itoa(work))
	in, err = cmd.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	stdout, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		cmd.Process.Kill() //nolint:errcheck // it may have ended
		cmd.Wait()         //nolint:errcheck // it may have been waited for
	})
	out = bufio.NewReader(stdout)
	if line, err := out.ReadString('\n'); err != nil || line != "ready\n" {
		t.Fatalf("%q, %v", line, err)
	}
	return cmd, in, out
}

// account sums up the rows and the accounts of exited processes of one name.
type account struct {
	comm   string
	rows   map[ProcID]seenProc
	seen   int    // processes that had a row
	unseen uint64 // processes that had none
	exited uint64 // processes whose account came
	cpu    time.Duration
	faults uint64
	// switches are voluntary and involuntary ones.
	switches uint64
}

func (a *account) add(s *AccountingSnapshot) {
	for i := range s.Procs {
		p := &s.Procs[i]
		if p.Comm != a.comm {
			continue
		}
		now, before := seenOf(p), a.rows[p.ID]
		a.cpu += now.user + now.system - before.user - before.system
		a.faults += now.minorFaults + now.majorFaults - before.minorFaults - before.majorFaults
		a.switches += now.voluntary + now.involuntary - before.voluntary - before.involuntary
		a.rows[p.ID] = now
	}
	a.seen = len(a.rows)
	for i := range s.Exited {
		e := &s.Exited[i]
		if e.Comm != a.comm {
			continue
		}
		a.exited += e.Count
		if !e.Seen {
			a.unseen += e.Count
		}
		a.cpu += e.UserTime + e.SystemTime
		a.faults += e.MinorFaults + e.MajorFaults
		a.switches += e.VoluntarySwitches + e.InvoluntarySwitches
	}
}

// count is the number of processes so far.
func (a *account) count() int { return a.seen + int(a.unseen) }

// check compares with what wait4(2) says.
func (a *account) check(usage *syscall.Rusage, exactly bool) error {
	want := time.Duration(usage.Utime.Nano() + usage.Stime.Nano())
	if off := float64(a.cpu)/float64(want) - 1; math.Abs(off) > 0.01 {
		return fmt.Errorf("%v of CPU time, want %v", a.cpu, want)
	}
	faults, switches := uint64(usage.Minflt+usage.Majflt), uint64(usage.Nvcsw+usage.Nivcsw)
	if a.faults > faults || a.switches > switches || exactly && (a.faults != faults || a.switches != switches) {
		return fmt.Errorf("%d faults and %d switches, want %d and %d", a.faults, a.switches, faults, switches)
	}
	return nil
}

// TestAccountingExactly lets thousands of processes come and go, with snapshots only
// before and after, and with snapshots all the time, which see some of them at some
// moment of their lives: rows and accounts together have what wait4(2)
// says.
func TestAccountingExactly(t *testing.T) {
	// A kernel that keeps the first process from BPF also keeps from it what
	// happens on the time of that one, be it a callback that frees others.
	procs := openBackend(t, BackendBPF)
	sysprobetest.Exclusive(t, "exits")
	exactly := readRecords(t, procs)[0].PID == 1
	many, some := 2000, 100
	if testing.Short() {
		many, some = 300, 20
	}
	for _, tt := range []struct {
		name        string
		count, work int // 1000 is half a millisecond or so
		continuous  bool
	}{
		{"short lives", many, 1000, false},
		{"short lives and snapshots all the time", many, 1000, true},
		{"longer lives and snapshots all the time", some, 20000, true},
	} {
		t.Run(tt.name, func(t *testing.T) {
			for attempts := 5; ; attempts-- {
				err := followBrood(t, tt.count, tt.work, tt.continuous, exactly)
				if err == nil {
					return
				}
				if exactly || attempts == 1 {
					t.Fatal(err)
				}
				t.Log(err)
			}
		})
	}
}

// followBrood makes one attempt.
func followBrood(t *testing.T, count, work int, continuous, exactly bool) error {
	t.Helper()
	accounting := openAccounting(t, openBackend(t, BackendBPF))
	cmd, in, out := startBrood(t, count, work)
	a := account{comm: "brood", rows: map[ProcID]seenProc{}}
	snapshot := func() {
		t.Helper()
		s, err := accounting.Snapshot(t.Context(), WantIO)
		if err != nil {
			t.Fatal(err)
		}
		if s.ExitedErr != nil || s.ExitedLost != 0 {
			t.Fatalf("exited: %v, %d lost", s.ExitedErr, s.ExitedLost)
		}
		a.add(s)
	}
	snapshot()
	if _, err := io.WriteString(in, "\n"); err != nil {
		t.Fatal(err)
	}
	answered := make(chan error, 1)
	go func() {
		_, err := out.ReadString('\n')
		answered <- err
	}()
	for waiting := true; waiting; {
		if continuous {
			snapshot()
		}
		select {
		case err := <-answered:
			if err != nil {
				t.Fatal(err)
			}
			waiting = false
		case <-time.After(time.Millisecond):
		}
	}
	if continuous == (a.seen == 1) {
		t.Errorf("%d processes had a row", a.seen)
	}
	snapshot()
	if err := in.Close(); err != nil {
		t.Fatal(err)
	}
	cmd.Wait() //nolint:errcheck // it ends at the end of its input, with an error
	deadline := time.Now().Add(time.Second)
	if exactly {
		deadline = deadline.Add(20 * time.Second)
	}
	for snapshot(); a.exited < uint64(count+1) && time.Now().Before(deadline); snapshot() {
		time.Sleep(5 * time.Millisecond)
	}
	snapshot()
	usage := cmd.ProcessState.SysUsage().(*syscall.Rusage)
	t.Logf("%d processes had a row and %d had none; %v of CPU time, %v by wait4(2)",
		a.seen, a.unseen, a.cpu, time.Duration(usage.Utime.Nano()+usage.Stime.Nano()))
	if n := a.count(); n > count+1 || exactly && n != count+1 {
		return fmt.Errorf("%d processes, want %d", n, count+1)
	}
	if n := int(a.exited); n > count+1 || exactly && n != count+1 {
		return fmt.Errorf("the accounts of %d processes came, want %d", n, count+1)
	}
	return a.check(usage, exactly)
}

// openAccounting begins to keep accounts for the time of the test.
func openAccounting(t *testing.T, procs *Procs) *Accounting {
	t.Helper()
	accounting, err := procs.OpenAccounting(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := accounting.Close(); err != nil && !errors.Is(err, fs.ErrClosed) {
			t.Error(err)
		}
	})
	return accounting
}

// TestAccountingNeedsBPF opens it where the backend is another one.
func TestAccountingNeedsBPF(t *testing.T) {
	procs := openBackend(t, BackendProcFS)
	var failed *OpError
	if a, err := procs.OpenAccounting(t.Context()); !errors.Is(err, ErrNotSupported) || !errors.As(err, &failed) {
		t.Errorf("%v, error %v, want an OpError that wraps ErrNotSupported", a, err)
	}
}

// TestAccountingEnds closes accounting and the table in either order, and ends
// contexts.
func TestAccountingEnds(t *testing.T) {
	procs := openBackend(t, BackendBPF)
	canceled, cancel := context.WithCancel(t.Context())
	cancel()
	if a, err := procs.OpenAccounting(canceled); !errors.Is(err, context.Canceled) {
		t.Errorf("%v, error %v, want context.Canceled", a, err)
	}
	accounting := openAccounting(t, procs)
	if s, err := accounting.Snapshot(canceled, 0); !errors.Is(err, context.Canceled) || s != nil {
		t.Errorf("snapshot %v, error %v, want context.Canceled", s, err)
	}
	s, err := accounting.Snapshot(t.Context(), 0)
	if err != nil || s.Find(int32(os.Getpid())) == nil || s.ExitedErr != nil {
		t.Fatalf("after a canceled context: %v, want a snapshot with this process and accounts", err)
	}
	if err := accounting.Close(); err != nil {
		t.Error(err)
	}
	if _, err := accounting.Snapshot(t.Context(), 0); !errors.Is(err, fs.ErrClosed) {
		t.Errorf("Snapshot after Close: %v, want fs.ErrClosed", err)
	}
	if err := accounting.Close(); !errors.Is(err, fs.ErrClosed) {
		t.Errorf("second Close: %v, want fs.ErrClosed", err)
	}
	table, err := OpenProcs(&Config{Backend: BackendBPF})
	if err != nil {
		t.Fatal(err)
	}
	accounting = openAccounting(t, table)
	if err := table.Close(); err != nil {
		t.Error(err)
	}
	if _, err := accounting.Snapshot(t.Context(), 0); !errors.Is(err, fs.ErrClosed) {
		t.Errorf("Snapshot after Close of the table: %v, want fs.ErrClosed", err)
	}
	if _, err := table.OpenAccounting(t.Context()); !errors.Is(err, fs.ErrClosed) {
		t.Errorf("OpenAccounting after Close of the table: %v, want fs.ErrClosed", err)
	}
}

// TestTwoAccountings keeps accounts twice: each has every exit.
func TestTwoAccountings(t *testing.T) {
	procs := openBackend(t, BackendBPF)
	child := exec.Command("sleep", "600")
	if err := child.Start(); err != nil {
		t.Fatal(err)
	}
	pid := int32(child.Process.Pid)
	both := []*Accounting{openAccounting(t, procs), openAccounting(t, procs)}
	for _, a := range both {
		if s, err := a.Snapshot(t.Context(), 0); err != nil || s.Find(pid) == nil {
			t.Fatalf("%v, want a row of the child", err)
		}
	}
	child.Process.Kill() //nolint:errcheck // it lives
	child.Wait()         //nolint:errcheck // it was killed
	for i, a := range both {
		sysprobetest.Eventually(t, func() string {
			s, err := a.Snapshot(t.Context(), 0)
			if err != nil {
				t.Fatal(err)
			}
			for _, e := range s.Exited {
				if e.ID.PID == pid && e.Seen && e.Count == 1 {
					return ""
				}
			}
			return "accounting " + strconv.Itoa(i) + " lacks the child"
		})
	}
}
