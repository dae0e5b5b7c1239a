package sysprobe

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"golang.org/x/sys/unix"

	"telegraf-sysprobe/sysprobe/sysprobetest"
)

// namespaceAnswer is what helpNamespace prints.
type namespaceAnswer struct {
	Rested int    // processes that both backends had and that were equal
	Diff   string // of the others
	Self   Proc   // by BPF
}

// helpNamespace compares both backends in the namespaces that it is in, where it
// has two children, one of them in a PID namespace further below.
func helpNamespace([]string) error {
	for _, args := range [][]string{{"sleep", "600"}, {"unshare", "--pid", "--fork", "--kill-child", "sleep", "600"}} {
		cmd := exec.Command(args[0], args[1:]...)
		if err := cmd.Start(); err != nil {
			return err
		}
		defer func() {
			cmd.Process.Kill() //nolint:errcheck // it may have ended
			cmd.Wait()         //nolint:errcheck // it was killed
		}()
	}
	byBPF, err := OpenProcs(&Config{Backend: BackendBPF})
	if err != nil {
		return err
	}
	byFiles, err := OpenProcs(&Config{Backend: BackendProcFS})
	if err != nil {
		return err
	}
	var a namespaceAnswer
	for range 200 {
		if a, err = compareNamespace(byBPF, byFiles); err != nil || a.Rested >= 3 && a.Diff == "" {
			break
		}
		time.Sleep(10 * time.Millisecond)
	}
	return errors.Join(err, ready(), say(a), untilEOF(ignore))
}

func compareNamespace(byBPF, byFiles *Procs) (a namespaceAnswer, err error) {
	var before, between, after ProcSnapshot
	ctx := context.Background()
	err = errors.Join(byBPF.Snapshot(ctx, &before, wantAll), byFiles.Snapshot(ctx, &between, wantAll), byBPF.Snapshot(ctx, &after, wantAll))
	if err != nil {
		return a, err
	}
	if len(before.Procs) != len(between.Procs) {
		a.Diff = fmt.Sprintf("%d processes, and by BPF %d\n", len(between.Procs), len(before.Procs))
	}
	for i := range between.Procs {
		want := &between.Procs[i]
		got := before.Find(want.ID.PID)
		if got == nil || !cmp.Equal(got, after.Find(want.ID.PID), exact) || got.State == StateRunning {
			continue // it works, as this one does
		}
		diff := cmp.Diff(asProcFS(want), asProcFS(got), exact)
		if diff == "" {
			a.Rested++
		}
		a.Diff += diff
	}
	if self := before.Find(int32(os.Getpid())); self != nil {
		a.Self = *self
	}
	return a, nil
}

// through makes a helper a process that another program starts.
func through(t *testing.T, program ...string) func(*exec.Cmd) {
	t.Helper()
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	path, err := exec.LookPath(program[0])
	if err != nil {
		t.Fatal(err)
	}
	return func(cmd *exec.Cmd) {
		cmd.Path, cmd.Args = path, append(append(program, self), cmd.Args[1:]...)
	}
}

// TestBackendInNamespaces reads what a container would by both backends: PIDs
// are those of its namespace there, and so is the time since boot.
func TestBackendInNamespaces(t *testing.T) {
	needBPF(t)
	sysprobetest.NeedTool(t, "unshare")
	sysprobetest.NeedNamespaces(t)
	for _, tt := range []struct {
		name string
		args []string
	}{
		{"F08 PID", []string{"--pid", "--fork", "--kill-child", "--propagation", "unchanged", "--mount-proc"}},
		{"time", []string{"--pid", "--fork", "--kill-child", "--propagation", "unchanged", "--mount-proc", "--time", "--boottime", "1000"}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			inside := through(t, append([]string{"unshare"}, tt.args...)...)
			if tt.name == "time" && !kernelAtLeast(t, 6, 1) { // start times of proc(5) are the machine's there
				var got backendAnswer
				startHelper(t, inside, "backend", "auto").answer(t, &got)
				if got.Used != BackendProcFS || !got.NotSupported || !got.Found {
					t.Errorf("%+v, want procfs because of ErrNotSupported", got)
				}
				return
			}
			var got namespaceAnswer
			startHelper(t, inside, "namespace").answer(t, &got)
			if got.Rested < 3 || got.Diff != "" {
				t.Errorf("%d processes are equal; of the others (-procfs +bpf):\n%s", got.Rested, got.Diff)
			}
			if got.Self.ID.PID != 1 || got.Self.PPID != 0 || got.Self.Status.Or(ProcStatus{}).OwnPID != Some[int32](1) {
				t.Errorf("the first process of the namespace is %+v", got.Self)
			}
		})
	}
}

// TestOwnPIDNamespace reads a process in another PID namespace from outside.
func TestOwnPIDNamespace(t *testing.T) {
	procs := openBackend(t, BackendBPF)
	contained := exec.Command("sleep", "600")
	inNamespaces(unix.CLONE_NEWPID)(contained)
	start(t, contained)
	s := snapshotOf(t, procs, WantStatus)
	for pid, want := range map[int32]int32{int32(contained.Process.Pid): 1, int32(os.Getpid()): int32(os.Getpid())} {
		p := s.Find(pid)
		link, err := os.Readlink(fmt.Sprintf("/proc/%d/ns/pid", pid))
		if err != nil {
			t.Fatal(err)
		}
		if got := fmt.Sprintf("pid:[%d]", p.Task.Or(ProcTask{}).PIDNamespace); got != link {
			t.Errorf("F08: process %d is in %s, want %s", pid, got, link)
		}
		if got := p.Status.Or(ProcStatus{}).OwnPID; got != Some(want) {
			t.Errorf("F08: process %d is %v to itself, want %d", pid, got, want)
		}
	}
}
