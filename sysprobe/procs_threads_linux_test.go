package sysprobe

import (
	"bufio"
	"fmt"
	"os/exec"
	"strings"
	"testing"

	"telegraf-sysprobe/sysprobe/sysprobetest"
)

// waitingThread is a program whose first thread waits, while others, one after the
// other, wait 1,000 times each and end, all but the last.
const waitingThread = `
import sys, threading, time
def work(end):
    for _ in range(1000): time.sleep(0.0001)
    print("done", flush=True)
    sys.stdin.readline()
    if not end: time.sleep(600)
for end in True, True, False:
    t = threading.Thread(target=work, args=(end,), daemon=True); t.start()
    if end: t.join()
time.sleep(600)
`

// TestSwitchesOfAllThreads counts the context switches of threads that wait, while
// the first thread of their process does nothing. Two of them end: by then,
// proc(5) has lost what they did, and the counter must not run backwards.
func TestSwitchesOfAllThreads(t *testing.T) {
	sysprobetest.NeedTool(t, "python3")
	forEachBackend(t, func(t *testing.T, procs *Procs) {
		cmd := exec.Command("python3", "-c", waitingThread)
		in, out := piped(t, cmd)
		start(t, cmd)
		lines := bufio.NewScanner(out)
		var (
			s    ProcSnapshot
			last ProcSwitches
		)
		for round := range uint64(3) {
			if !lines.Scan() {
				t.Fatalf("no further line: %v", lines.Err())
			}
			takeSnapshot(t, procs, &s, WantSwitches)
			switches, known := s.Find(int32(cmd.Process.Pid)).Switches.Get()
			if !known || switches.Voluntary < (round+1)*1000 || switches.Voluntary > (round+1)*1000+900 || !switches.follows(last) {
				t.Errorf("after %d threads: switches %v, %v, and %v before", round+1, known, switches, last)
			}
			last = switches
			if _, err := fmt.Fprintln(in); err != nil {
				t.Fatal(err)
			}
		}
		takeSnapshot(t, procs, &s, 0)
		if p := s.Find(int32(cmd.Process.Pid)); p.Switches.Known() != (s.Backend == BackendBPF) {
			t.Errorf("switches %v, unwanted", p.Switches)
		}
	})
}

// TestDeadLeaderHasMemory reads a process whose first thread is dead: its memory
// and its descriptors are those of the thread that lives.
func TestDeadLeaderHasMemory(t *testing.T) {
	forEachBackend(t, func(t *testing.T, procs *Procs) {
		h := startHelper(t, nil, "dead-leader")
		want := threadFacts(t, h.pid())
		for _, fields := range []Fields{wantAll, WantStatus, WantMemory, WantFDs, 0} {
			s := snapshotOf(t, procs, fields)
			p := s.Find(h.pid())
			if !p.LeaderDead {
				t.Fatal("the first thread lives")
			}
			if p.VMS != want.VMS || p.RSS < want.RSS/2 || p.RSS > 2*want.RSS {
				t.Errorf("fields %b: %d and %d bytes, want %d and %d", fields, p.VMS, p.RSS, want.VMS, want.RSS)
			}
			m, known := p.Memory.Get()
			if known != (fields&WantMemory != 0) || known && (m.VMS != want.VMS || m.RSS != p.RSS || m.Anon.Known() != (fields&WantStatus != 0)) {
				t.Errorf("fields %b: memory %v, %+v, want %+v", fields, known, m, want)
			}
			if st, known := p.Status.Get(); known && (!st.Swap.Known() || st.OwnPID != Some(h.pid())) {
				t.Errorf("fields %b: status %+v, want that of the process, and swap", fields, st)
			}
			if n, known := p.FDs.Get(); known != (fields&WantFDs != 0) || known && n < 3 {
				t.Errorf("fields %b: %d files, %v", fields, n, known)
			}
		}
	})
}

// threadFacts returns the memory of a thread that lives, of the process with that
// PID.
func threadFacts(t *testing.T, pid int32) ProcMemory {
	t.Helper()
	out, err := exec.Command("sh", "-c", fmt.Sprintf("cat /proc/%d/task/*/statm | grep -v '^0 ' | head -n 1", pid)).Output()
	if err != nil {
		t.Fatal(err)
	}
	m, err := decodeMemory([]byte(strings.TrimSpace(string(out))), 4096)
	if err != nil {
		t.Fatal(err)
	}
	return m
}
