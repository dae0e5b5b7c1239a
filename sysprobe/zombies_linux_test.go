package sysprobe

import (
	"context"
	"errors"
	"os/exec"
	"runtime"
	"slices"
	"strconv"
	"syscall"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"telegraf-sysprobe/sysprobe/sysprobetest"
)

// onBackends runs a test of a real machine with each backend that can be had.
func onBackends(t *testing.T, test func(t *testing.T, procs *Procs)) {
	for _, backend := range []Backend{BackendBPF, BackendProcFS} {
		t.Run(backend.String(), func(t *testing.T) {
			test(t, openBackend(t, backend))
		})
	}
}

// zombiesOf returns the zombies of a parent.
func zombiesOf(t *testing.T, procs *Procs, parent int32) []Zombie {
	t.Helper()
	return slices.DeleteFunc(snapshotOf(t, procs, WantStatus).Zombies(nil), func(z Zombie) bool { return z.Proc.PPID != parent })
}

// helpTracer PID: traces that process by a thread that is not the first one.
func helpTracer(args []string) error {
	pid, err := strconv.Atoi(args[0])
	if err != nil {
		return err
	}
	traces := make(chan error)
	go func() {
		runtime.LockOSThread()
		traces <- ptraceSeize(pid)
		select {}
	}()
	return errors.Join(<-traces, ready(), untilEOF(ignore))
}

func ptraceSeize(pid int) error {
	_, _, errno := unix.Syscall6(unix.SYS_PTRACE, unix.PTRACE_SEIZE, uintptr(pid), 0, 0, 0, 0)
	if errno != 0 {
		return errno
	}
	return nil
}

// TestTracedZombie is about a zombie that its parent cannot reap, since its
// tracer did not.
func TestTracedZombie(t *testing.T) {
	onBackends(t, func(t *testing.T, procs *Procs) {
		cmd := exec.Command("sleep", "600")
		start(t, cmd)
		pid := int32(cmd.Process.Pid)
		if scope := yama(); scope != "" && unix.Geteuid() != 0 {
			t.Skip("needs root: " + scope)
		}
		tracer := startHelper(t, nil, "tracer", strconv.Itoa(int(pid)))
		if err := cmd.Process.Kill(); err != nil {
			t.Fatal(err)
		}
		dead := func(tracer int32) func() string {
			return func() string {
				p, err := procs.Lookup(context.Background(), pid, WantStatus)
				if err != nil || !p.IsZombie() || p.PPID != int32(unix.Getpid()) || p.Status.Or(ProcStatus{}).Tracer != Some(tracer) {
					return "want a zombie of the test that " + strconv.Itoa(int(tracer)) + " traces, not of " + p.State.String() + ", " +
						strconv.Itoa(int(p.Status.Or(ProcStatus{}).Tracer.Or(-1)))
				}
				return ""
			}
		}
		sysprobetest.Eventually(t, dead(tracer.pid()))
		if !slices.ContainsFunc(zombiesOf(t, procs, int32(unix.Getpid())), func(z Zombie) bool {
			return z.Proc.ID.PID == pid && z.Proc.Status.Or(ProcStatus{}).Tracer == Some(tracer.pid())
		}) {
			t.Error("not among the zombies of a sweep, with its tracer")
		}
		if reaped, err := unix.Wait4(int(pid), nil, unix.WNOHANG, nil); reaped != 0 || err != nil {
			t.Errorf("wait: %d, %v: it is its parent's to reap", reaped, err)
		}
		if err := tracer.stdin.Close(); err != nil {
			t.Fatal(err)
		}
		sysprobetest.Eventually(t, dead(0))
	})
}

// yama says why this user may trace none but its descendants.
func yama() string {
	if err := unix.Access("/proc/sys/kernel/yama/ptrace_scope", unix.R_OK); err != nil {
		return ""
	}
	return "Yama may keep users from tracing"
}

// TestContainerZombies is about a container whose process 1 does not reap.
func TestContainerZombies(t *testing.T) {
	onBackends(t, func(t *testing.T, procs *Procs) {
		h := startHelper(t, inNamespaces(unix.CLONE_NEWPID), "zombies", "3", "exit 7")
		var inside []int32
		h.answer(t, &inside)
		zombies := zombiesOf(t, procs, h.pid())
		if len(zombies) != len(inside) {
			t.Fatalf("%d zombies, want %d", len(zombies), len(inside))
		}
		var own []int32
		for _, z := range zombies {
			own = append(own, z.Proc.Status.Or(ProcStatus{}).OwnPID.Or(-1))
			if slices.Contains(inside, z.Proc.ID.PID) {
				t.Errorf("PID %d is that inside", z.Proc.ID.PID)
			}
			if task, known := z.Proc.Task.Get(); known && task.PIDNamespace == ownPIDNamespace(t, procs) {
				t.Errorf("PID namespace %d is that of the test", task.PIDNamespace)
			}
			if z.Parent.Status.Or(ProcStatus{}).OwnPID != Some[int32](1) {
				t.Errorf("parent %+v is not process 1 of its namespace", z.Parent.Status)
			}
		}
		slices.Sort(own)
		slices.Sort(inside)
		if !slices.Equal(own, inside) {
			t.Errorf("own PIDs %v, want %v", own, inside)
		}
	})
}

// ownPIDNamespace is that of the test.
func ownPIDNamespace(t *testing.T, procs *Procs) uint32 {
	t.Helper()
	p := snapshotOf(t, procs, 0).Find(int32(unix.Getpid()))
	return p.Task.Or(ProcTask{}).PIDNamespace
}

// TestStoppedParent is about a parent that cannot reap because it is stopped.
func TestStoppedParent(t *testing.T) {
	onBackends(t, func(t *testing.T, procs *Procs) {
		h := startHelper(t, nil, "zombies", "2", "exit 0")
		if err := h.cmd.Process.Signal(syscall.SIGSTOP); err != nil {
			t.Fatal(err)
		}
		sysprobetest.Eventually(t, func() string {
			zombies := zombiesOf(t, procs, h.pid())
			if len(zombies) == 2 && zombies[0].Parent.State == StateStopped && zombies[1].Parent == zombies[0].Parent {
				return ""
			}
			return "want two zombies of a stopped parent"
		})
	})
}

// TestZombieByUser is about what root, the owner and another user see of one
// zombie.
func TestZombieByUser(t *testing.T) {
	const all = WantName | WantStatus | WantMemory | WantIO | WantFDs
	before := time.Now()
	ofRoot := startHelper(t, nil, "zombies", "1", "exit 7")
	ofNobody := startHelper(t, asNobody, "zombies", "1", "exit 7")
	for _, tt := range []struct {
		name   string
		as     func(*exec.Cmd)
		of     *helper
		uid    uint32
		status bool
	}{
		{"root", nil, ofNobody, nobody, true},
		{"the owner", asNobody, ofNobody, nobody, true},
		{"another user", asNobody, ofRoot, 0, false},
	} {
		t.Run("E01 E02 E04 E08 E09 "+tt.name, func(t *testing.T) {
			if tt.as == nil {
				sysprobetest.NeedCapabilities(t, unix.CAP_SYS_PTRACE)
			}
			var got sweepAnswer
			startHelper(t, tt.as, "sweep", "/proc", strconv.Itoa(int(all))).answer(t, &got)
			s := ProcSnapshot{Procs: got.Procs, BootTime: snapshotOf(t, openTable(t, ""), 0).BootTime}
			zombies := slices.DeleteFunc(s.Zombies(nil), func(z Zombie) bool { return z.Proc.PPID != tt.of.pid() })
			if len(zombies) != 1 {
				t.Fatalf("%d zombies, want 1", len(zombies))
			}
			z := zombies[0].Proc
			if z.State != StateZombie || z.Name != "sh" || z.Threads > 1 || z.RSS != 0 || z.VMS != 0 || z.FDs.Or(0) != 0 {
				t.Errorf("zombie %+v", z)
			}
			if memory, known := z.Memory.Get(); !known || memory != (ProcMemory{}) {
				t.Errorf("memory %+v, want a known 0", z.Memory)
			}
			if st, known := z.Status.Get(); !known || st.UID != tt.uid || st.EUID != tt.uid {
				t.Errorf("status %+v, want user %d", z.Status, tt.uid)
			}
			if created := s.Created(z); created.Before(before.Add(-5*time.Second)) || created.After(time.Now()) {
				t.Errorf("created %v, want now", created)
			}
			if want := Some(ExitStatus(7 << 8)); tt.status && z.Exit != want || !tt.status && z.Exit.Known() {
				t.Errorf("exit status %+v, to be seen: %v", z.Exit, tt.status)
			}
		})
	}
}
