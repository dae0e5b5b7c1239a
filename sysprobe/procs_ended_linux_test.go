package sysprobe

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"math"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"syscall"
	"testing"
	"time"
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
// one processor: there a process is told as dead after it left it, and not
// while it spends its last moments there.
func startBrood(t *testing.T, count, work int) (cmd *exec.Cmd, in io.WriteCloser, out *bufio.Reader) {
	t.Helper()
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

// account sums up what rows and ended processes tell of one name.
type account struct {
	comm   string
	rows   map[ProcID]seenProc
	seen   int // processes that had a row
	ended  uint64
	told   uint64 // of which the end was told
	cpu    time.Duration
	faults uint64
	// switches are voluntary and involuntary ones.
	switches uint64
}

func (a *account) add(s *ProcSnapshot) {
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
	for i := range s.Ended {
		e := &s.Ended[i]
		if e.Comm != a.comm {
			continue
		}
		a.told += e.Count
		if !e.Seen {
			a.ended += e.Count
		}
		a.cpu += e.UserTime + e.SystemTime
		a.faults += e.MinorFaults + e.MajorFaults
		a.switches += e.VoluntarySwitches + e.InvoluntarySwitches
	}
}

// count is the number of processes so far.
func (a *account) count() int { return a.seen + int(a.ended) }

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

// TestEndedExactly lets thousands of processes come and go, with sweeps only
// before and after, and with sweeps all the time, which see some of them at some
// moment of their lives: rows and ended processes together have what wait4(2)
// says.
func TestEndedExactly(t *testing.T) {
	// A kernel that keeps the first process from BPF also keeps from it what
	// happens on the time of that one, be it a callback that frees others.
	procs := openBackend(t, BackendBPF)
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
		{"short lives and sweeps all the time", many, 1000, true},
		{"longer lives and sweeps all the time", some, 20000, true},
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
	procs := openBackend(t, BackendBPF)
	cmd, in, out := startBrood(t, count, work)
	a := account{comm: "brood", rows: map[ProcID]seenProc{}}
	var s ProcSnapshot
	sweep := func() {
		t.Helper()
		takeSnapshot(t, procs, &s, WantIO|WantEnded)
		if !s.EndedKnown || s.EndedErr != nil || s.EndedLost != 0 {
			t.Fatalf("ended: %v, %v, %d lost", s.EndedKnown, s.EndedErr, s.EndedLost)
		}
		a.add(&s)
	}
	sweep()
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
			sweep()
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
	sweep()
	if err := in.Close(); err != nil {
		t.Fatal(err)
	}
	cmd.Wait() //nolint:errcheck // it ends at the end of its input, with an error
	deadline := time.Now().Add(time.Second)
	if exactly {
		deadline = deadline.Add(20 * time.Second)
	}
	for sweep(); a.told < uint64(count+1) && time.Now().Before(deadline); sweep() {
		time.Sleep(5 * time.Millisecond)
	}
	sweep()
	usage := cmd.ProcessState.SysUsage().(*syscall.Rusage)
	t.Logf("%d processes had a row and %d had none; %v of CPU time, %v by wait4(2)",
		a.seen, a.ended, a.cpu, time.Duration(usage.Utime.Nano()+usage.Stime.Nano()))
	if n := a.count(); n > count+1 || exactly && n != count+1 {
		return fmt.Errorf("%d processes, want %d", n, count+1)
	}
	if n := int(a.told); n > count+1 || exactly && n != count+1 {
		return fmt.Errorf("the end of %d processes was told, want %d", n, count+1)
	}
	return a.check(usage, exactly)
}

func TestEndedUnasked(t *testing.T) {
	procs := openBackend(t, BackendBPF)
	if s := snapshotOf(t, procs, WantIO); s.EndedKnown || s.EndedErr != nil || s.Ended != nil {
		t.Errorf("ended: %v, %v, %v", s.EndedKnown, s.EndedErr, s.Ended)
	}
	if procs.client.ended.ends != nil {
		t.Error("a program is loaded that nobody asked for")
	}
}

// TestEndedNeedsBPF asks where it cannot be had: the sweep goes on.
func TestEndedNeedsBPF(t *testing.T) {
	procs := openBackend(t, BackendProcFS)
	s := snapshotOf(t, procs, WantEnded)
	if s.EndedKnown || !errors.Is(s.EndedErr, ErrNotSupported) || s.Find(int32(os.Getpid())) == nil {
		t.Errorf("ended: %v, %v, want ErrNotSupported beside the rows", s.EndedKnown, s.EndedErr)
	}
}
