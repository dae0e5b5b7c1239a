package sysprobe

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"telegraf-sysprobe/sysprobe/sysprobetest"
)

// startChild starts sleep(1) and opens it.
func startChild(t *testing.T, procs *Procs, change func(*exec.Cmd)) (*Process, *exec.Cmd) {
	t.Helper()
	cmd := exec.Command("sleep", "600")
	if change != nil {
		change(cmd)
	}
	start(t, cmd)
	return openProcess(t, procs, cmd.Process.Pid), cmd
}

// TestSetters sets everything of a process, and asks the kernel for it.
func TestSetters(t *testing.T) {
	procs := openTableOf(t, BackendProcFS)
	p, cmd := startChild(t, procs, nil)
	pid := cmd.Process.Pid
	check(t, p.Suspend()) // it runs into none of the limits

	row, err := procs.Lookup(t.Context(), p.ID().PID, 0)
	check(t, err)
	nice := min(int(row.Nice)+7, MaxNice) // any user can raise it, and few can lower it
	check(t, p.SetNice(nice))
	if raw, err := unix.Getpriority(unix.PRIO_PROCESS, pid); err != nil || raw != 20-nice {
		t.Errorf("getpriority(2): %d, %v, want that of nice %d", raw, err, nice)
	}
	row, err = procs.Lookup(t.Context(), p.ID().PID, 0)
	if err != nil || int(row.Nice) != nice {
		t.Errorf("nice value %d, %v, want %d", row.Nice, err, nice)
	}

	want := IOPriority{Class: IOPrioBE, Level: 6}
	check(t, p.SetIOPriority(want))
	if got, err := p.IOPriority(t.Context()); err != nil || got != want {
		t.Errorf("I/O priority %v, %v, want %v", got, err, want)
	}

	for resource := range Resource(resources) {
		before, err := p.Limits(t.Context())
		check(t, err)
		limit := before[resource]
		limit.Soft = Some(min(uint64(5), limit.Hard.Or(5)))
		if err := p.SetLimit(resource, limit); err != nil {
			t.Errorf("%v: %v", resource, err)
		}
		after, err := p.Limits(t.Context())
		before[resource] = limit
		if err != nil || after != before {
			t.Errorf("after a limit of %v: %v, %v, want %v", resource, after, err, before)
		}
	}

	cpus, err := p.Affinity(t.Context())
	check(t, err)
	last := cpus[len(cpus)-1:]
	check(t, p.SetAffinity(last))
	if got, err := p.Affinity(t.Context()); err != nil || !slices.Equal(got, last) {
		t.Errorf("affinity %v, %v, want %v", got, err, last)
	}
}

// TestSettersRefuse holds that what is out of range is refused with the value and
// the range, and changes nothing.
func TestSettersRefuse(t *testing.T) {
	procs := openTableOf(t, BackendProcFS)
	p, _ := startChild(t, procs, nil)
	swapped := Limit{Soft: Some[uint64](3), Hard: Some[uint64](2)}
	for said, set := range map[string]func() error{
		"nice value 20 is not in the range -20 to 19":                 func() error { return p.SetNice(20) },
		"nice value -21 is not":                                       func() error { return p.SetNice(-21) },
		"class of I/O priority 4 is not in the range 0 to 3":          func() error { return p.SetIOPriority(IOPriority{Class: 4}) },
		"level of I/O priority 8 is not in the range 0 to 7":          func() error { return p.SetIOPriority(IOPriority{Class: IOPrioBE, Level: 8}) },
		"hint high, which only Windows has":                           func() error { return p.SetIOPriority(IOPriority{Hint: Some(IOHintHigh)}) },
		"level of I/O priority 1 is not in the range 0 to 0":          func() error { return p.SetIOPriority(IOPriority{Class: IOPrioIdle, Level: 1}) },
		"resource 16 is not in the range 0 to 15":                     func() error { return p.SetLimit(16, Limit{}) },
		"soft limit 3 of nofile is above the hard limit 2":            func() error { return p.SetLimit(ResourceFiles, swapped) },
		"an unlimited soft limit of nofile is above the hard limit 2": func() error { return p.SetLimit(ResourceFiles, Limit{Hard: Some[uint64](2)}) },
		"number of processors 0 is not in the range 1":                func() error { return p.SetAffinity(nil) },
		"processor -1 is not in the range 0 to":                       func() error { return p.SetAffinity([]int{-1}) },
	} {
		var op *OpError
		if err := set(); !errors.Is(err, fs.ErrInvalid) || !errors.As(err, &op) || !strings.Contains(err.Error(), said) {
			t.Errorf("error %v, want fs.ErrInvalid with %q", err, said)
		}
	}
	if _, err := p.Priority(t.Context()); !errors.Is(err, ErrNotSupported) || !errors.Is(p.SetPriority(PriorityNormal), ErrNotSupported) {
		t.Errorf("a priority class: %v, want ErrNotSupported", err)
	}
	err := p.SetAffinity([]int{maxCPU - 1})
	said := fmt.Sprintf("none of the processors [%d] is in the range 0", maxCPU-1)
	if !errors.Is(err, syscall.EINVAL) || !errors.Is(err, fs.ErrInvalid) || !strings.Contains(err.Error(), said) ||
		strings.Count(err.Error(), "invalid argument") != 1 {
		t.Errorf("a processor that no machine has: %v, want EINVAL of the kernel and fs.ErrInvalid with %q", err, said)
	}
}

// TestSettersOfOthers changes processes of another user, those that have exited,
// and those that are gone: errors that say so.
func TestSettersOfOthers(t *testing.T) {
	procs := openTableOf(t, BackendProcFS)
	gone, cmd := startChild(t, procs, nil)
	check(t, gone.Kill())
	check(t, zombify(t, cmd))
	zombieErr := gone.SetNice(1)
	if !errors.Is(zombieErr, ErrZombieProcess) {
		t.Errorf("a zombie: %v, want ErrZombieProcess", zombieErr)
	}
	for name, err := range map[string]error{"signal": gone.Signal(syscall.Signal(999)), "nice value": gone.SetNice(100)} {
		if !errors.Is(err, fs.ErrInvalid) || errors.Is(err, ErrZombieProcess) {
			t.Errorf("a %s out of range for a zombie: %v, want fs.ErrInvalid", name, err)
		}
	}
	cmd.Wait() //nolint:errcheck // it was killed
	for name, set := range settersOf(gone) {
		if err := set(); !errors.Is(err, ErrNoSuchProcess) {
			t.Errorf("%s of a process that is gone: %v, want ErrNoSuchProcess", name, err)
		}
	}
	first := openProcess(t, procs, 1)
	if euid := os.Geteuid(); euid == 0 || ownerOf(t, 1) == euid {
		return // who may change it
	}
	setters := settersOf(first)
	if sessionOf(t, 1) == sessionOf(t, 0) {
		delete(setters, "Resume") // SIGCONT passes within a session: kill(2)
	}
	for name, set := range setters {
		if err := set(); !errors.Is(err, ErrAccessDenied) {
			t.Errorf("%s of the first process: %v, want ErrAccessDenied", name, err)
		}
	}
}

// ownerOf returns the user of a process by its directory, see proc_pid(5).
func ownerOf(t *testing.T, pid int) int {
	t.Helper()
	var stat unix.Stat_t
	check(t, unix.Stat(fmt.Sprintf("/proc/%d", pid), &stat))
	return int(stat.Uid)
}

// sessionOf returns the session of a process, of this one for 0: getsid(2).
func sessionOf(t *testing.T, pid int) int {
	t.Helper()
	session, err := unix.Getsid(pid)
	check(t, err)
	return session
}

// settersOf returns the setters of p with values that the kernel takes.
func settersOf(p *Process) map[string]func() error {
	return map[string]func() error{
		"SetNice":       func() error { return p.SetNice(0) },
		"SetIOPriority": func() error { return p.SetIOPriority(IOPriority{Class: IOPrioBE, Level: 4}) },
		"SetLimit":      func() error { return p.SetLimit(ResourceCore, Limit{Soft: Some[uint64](0)}) },
		"SetAffinity":   func() error { return p.SetAffinity([]int{0}) },
		"Suspend":       p.Suspend,
		"Resume":        p.Resume,
	}
}

// zombify waits until cmd has exited, without reaping it.
func zombify(t *testing.T, cmd *exec.Cmd) error {
	t.Helper()
	return unix.Waitid(unix.P_PID, cmd.Process.Pid, nil, unix.WEXITED|unix.WNOWAIT, nil)
}

// TestControl stops a process, lets it go on and ends it, as psutil's suspend,
// resume, terminate and kill do.
func TestControl(t *testing.T) {
	procs := openTableOf(t, BackendProcFS)
	p, cmd := startChild(t, procs, nil)
	stateBecomes := func(want State) {
		t.Helper()
		sysprobetest.Eventually(t, func() string {
			if state, err := p.State(t.Context()); state != want || err != nil {
				return "state " + state.String() + ", want " + want.String()
			}
			return ""
		})
	}
	check(t, p.Suspend())
	stateBecomes(StateStopped)
	check(t, p.Resume())
	stateBecomes(StateSleeping)
	check(t, p.Terminate())
	if status, _ := cmd.Process.Wait(); status.Sys().(syscall.WaitStatus).Signal() != syscall.SIGTERM { //nolint:errcheck // it is a child
		t.Errorf("Terminate: %v", status)
	}
	p, cmd = startChild(t, procs, nil)
	check(t, p.Kill())
	if status, _ := cmd.Process.Wait(); status.Sys().(syscall.WaitStatus).Signal() != syscall.SIGKILL { //nolint:errcheck // it is a child
		t.Errorf("Kill: %v", status)
	}
}

// TestWaitAll waits for three children, of which one does not end.
func TestWaitAll(t *testing.T) {
	procs := openTableOf(t, BackendProcFS)
	var children []*Process
	for _, script := range []string{"exit 3", "kill -9 $$", "exec sleep 600"} {
		cmd := exec.Command("sh", "-c", "read line; "+script)
		in, err := cmd.StdinPipe()
		check(t, err)
		check(t, cmd.Start())
		t.Cleanup(func() {
			_ = cmd.Process.Kill()    //nolint:errcheck // it may have ended
			_ = cmd.Process.Release() //nolint:errcheck // it may have been reaped
		})
		children = append(children, openProcess(t, procs, cmd.Process.Pid))
		check(t, in.Close())
	}
	ctx, cancel := context.WithTimeout(t.Context(), time.Second)
	defer cancel()
	exits := WaitAll(ctx, children)
	for i, want := range []ExitStatus{3 << 8, 9} {
		if status, known := exits[i].Status.Get(); !known || exits[i].Err != nil || exits[i].Process != children[i] || status != want {
			t.Errorf("child %d: %v, %v, want %v", i, exits[i].Status, exits[i].Err, want)
		}
	}
	if !errors.Is(exits[2].Err, context.DeadlineExceeded) {
		t.Errorf("the child that lives: %v, want the error of the context", exits[2].Err)
	}
	check(t, children[2].Kill())
	if exits := WaitAll(t.Context(), children[2:]); exits[0].Err != nil {
		t.Error(exits[0].Err)
	}
	if exits := WaitAll(t.Context(), nil); len(exits) != 0 {
		t.Errorf("%d exits of no process", len(exits))
	}
}

// TestKillTree ends a shell, a child of it that takes no SIGTERM, and a
// grandchild; a process beside them lives on.
func TestKillTree(t *testing.T) {
	procs := openTableOf(t, BackendProcFS)
	beside, _ := startChild(t, procs, nil)
	cmd := exec.Command("sh", "-c", `sh -c 'trap "" TERM; sleep 600 & echo ready; wait; wait; sleep 600'; true`)
	out, err := cmd.StdoutPipe()
	check(t, err)
	check(t, cmd.Start())
	if _, err := out.Read(make([]byte, 6)); err != nil {
		t.Fatal(err)
	}
	root := openProcess(t, procs, cmd.Process.Pid)
	tree, err := root.Descendants(t.Context())
	if err != nil || len(tree) != 2 {
		t.Fatalf("%v, %v, want a child and its child", tree, err)
	}
	killed, err := procs.KillTree(t.Context(), root.ID(), 100*time.Millisecond)
	if err != nil || !slices.Contains(killed, tree[0]) || slices.Contains(killed, root.ID()) {
		t.Errorf("%v took SIGKILL, %v, want %v among them, and not the root %v", killed, err, tree[0], root.ID())
	}
	for _, id := range tree {
		if p, err := procs.Lookup(t.Context(), id.PID, 0); err == nil && p.ID == id && !p.IsZombie() {
			t.Errorf("%v lives", id)
		}
	}
	var exit *exec.ExitError
	if err := cmd.Wait(); !errors.As(err, &exit) || exit.String() != "signal: terminated" {
		t.Errorf("the Cmd of the root waited for: %v, want the signal that ended it", err)
	}
	if !beside.IsRunning(t.Context()) {
		t.Error("the process beside the tree was ended")
	}
	if _, err := procs.KillTree(t.Context(), root.ID(), 0); !errors.Is(err, ErrNoSuchProcess) {
		t.Errorf("again: %v, want ErrNoSuchProcess", err)
	}
}
