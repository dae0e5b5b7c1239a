package sysprobe

import (
	"bytes"
	"fmt"
	"os"
	"os/exec"
	"testing"

	"telegraf-sysprobe/sysprobe/sysprobetest"
)

// residentByPages returns the resident memory of a process by its page tables, in
// bytes: what no counter can get wrong (smaps_rollup of proc_pid_smaps(5)).
func residentByPages(t *testing.T, pid int) uint64 {
	t.Helper()
	b, err := os.ReadFile(fmt.Sprintf("/proc/%d/smaps_rollup", pid))
	if err != nil {
		t.Fatal(err)
	}
	_, rest, _ := bytes.Cut(b, []byte("\nRss:"))
	var kibibytes uint64
	if _, err := fmt.Sscanf(string(rest), "%d kB", &kibibytes); err != nil {
		t.Fatal(err)
	}
	return kibibytes << 10
}

// TestResidentMemoryIsExact compares the resident memory of processes at rest with
// their page tables. /proc/PID/stat is off for nearly each of them since Linux 6.2.
func TestResidentMemoryIsExact(t *testing.T) {
	const children = 8
	for _, tt := range []struct {
		name    string
		backend Backend
		want    Fields
		since   int // minor version of Linux 6
	}{
		{"BPF", BackendBPF, 0, 4},
		{"BPF with memory", BackendBPF, WantMemory, 4},
		{"status", BackendProcFS, WantStatus, 16},
		{"statm", BackendProcFS, WantMemory, 16},
	} {
		t.Run(tt.name, func(t *testing.T) {
			if kernelAtLeast(t, 6, 2) && !kernelAtLeast(t, 6, tt.since) {
				t.Skipf("needs Linux 6.%d, or one before 6.2", tt.since)
			}
			procs := openBackend(t, tt.backend)
			var pids []int
			for i := range children {
				// A command of its own for each, so that they differ in their pages.
				cmd := exec.Command("sh", "-c", fmt.Sprintf("x=$(head -c %d /dev/zero | tr '\\0' x); read x", (i+1)<<16))
				in, err := cmd.StdinPipe()
				if err != nil {
					t.Fatal(err)
				}
				defer in.Close() //nolint:errcheck // the process is ended otherwise
				start(t, cmd)
				pids = append(pids, cmd.Process.Pid)
			}
			sysprobetest.Eventually(t, func() string { return residentDiffers(t, procs, tt.want, pids) })
		})
	}
}

// residentDiffers says of which processes a snapshot has another resident memory
// than their page tables, before it and after it.
func residentDiffers(t *testing.T, procs *Procs, want Fields, pids []int) (wrong string) {
	t.Helper()
	before := make([]uint64, len(pids))
	for i, pid := range pids {
		before[i] = residentByPages(t, pid)
	}
	s := snapshotOf(t, procs, want)
	for i, pid := range pids {
		if got := s.Find(int32(pid)).RSS; got != before[i] || before[i] != residentByPages(t, pid) {
			wrong += fmt.Sprintf("process %d: %d bytes, and %d by its page tables; ", pid, got, before[i])
		}
	}
	return wrong
}

// TestFDLimit reads the limits of descriptors of a process that has one of its own,
// and of a zombie.
func TestFDLimit(t *testing.T) {
	forEachBackend(t, func(t *testing.T, procs *Procs) {
		cmd := exec.Command("sh", "-c", "ulimit -Sn 123; sleep 0.1 & echo $!; exec sleep 600")
		out, err := cmd.StdoutPipe()
		if err != nil {
			t.Fatal(err)
		}
		start(t, cmd)
		var zombie int32
		if _, err := fmt.Fscan(out, &zombie); err != nil {
			t.Fatal(err)
		}
		sysprobetest.Eventually(t, func() string {
			s := snapshotOf(t, procs, WantFDLimit)
			if !s.Find(zombie).IsZombie() {
				return "the child lives"
			}
			for _, pid := range []int32{int32(cmd.Process.Pid), zombie} {
				if got := s.Find(pid).FDLimit; got != Some[uint64](123) {
					return fmt.Sprintf("limit %v of process %d, want 123", got, pid)
				}
			}
			if s := snapshotOf(t, procs, WantFDs); s.Find(zombie).FDLimit.Known() {
				return "a limit that was not wanted"
			}
			return ""
		})
	})
}
