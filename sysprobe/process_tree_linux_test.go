package sysprobe

import (
	"bufio"
	"context"
	"errors"
	"os"
	"os/exec"
	"os/signal"
	"slices"
	"strconv"
	"syscall"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"telegraf-sysprobe/sysprobe/internal/sys/procdir"
	"telegraf-sysprobe/sysprobe/sysprobetest"
)

// helpMixedTree: a process of nobody that takes no SIGTERM, with a child of root. It
// prints the PID of the child.
func helpMixedTree([]string) error {
	signal.Ignore(syscall.SIGTERM)
	child, err := os.StartProcess("/bin/sleep", []string{"sleep", "600"}, &os.ProcAttr{})
	if err != nil {
		return err
	}
	if err := errors.Join(syscall.Setresuid(nobody, nobody, nobody), ready(), say(child.Pid)); err != nil {
		return err
	}
	return untilEOF(ignore)
}

// helpKillTree PID: ends the tree, and prints which of it took SIGKILL, and whether
// that wraps ErrAccessDenied.
func helpKillTree(args []string) error {
	procs, p, err := openArgument(args[0])
	if err != nil {
		return err
	}
	killed, err := procs.KillTree(context.Background(), p.ID(), time.Millisecond)
	return errors.Join(ready(), say(killed), say(errors.Is(err, ErrAccessDenied)))
}

// TestKillTreeDenied ends a process of nobody, as nobody, although its child is root's.
func TestKillTreeDenied(t *testing.T) {
	sysprobetest.NeedRoot(t)
	procs := openTableOf(t, BackendProcFS)
	tree := startHelper(t, nil, "mixed-tree")
	var pid int
	tree.answer(t, &pid)
	root, child := openProcess(t, procs, int(tree.pid())), openProcess(t, procs, pid)
	t.Cleanup(func() { check(t, child.Kill()) })
	killer := startHelper(t, asNobody, "kill-tree", strconv.Itoa(int(tree.pid())))
	var killed []ProcID
	var denied bool
	killer.answer(t, &killed)
	killer.answer(t, &denied)
	if !denied || !slices.Equal(killed, []ProcID{root.ID()}) {
		t.Errorf("%v took SIGKILL, denied: %t, want %v and true", killed, denied, root.ID())
	}
	if state, err := child.State(t.Context()); err != nil || state == StateZombie {
		t.Errorf("the child of root: state %v, %v, want that it lives", state, err)
	}
}

// TestOpenProcessOfThread holds that a thread of a process is no process, though
// /proc has a directory for it.
func TestOpenProcessOfThread(t *testing.T) {
	procs := openTableOf(t, BackendProcFS)
	h := startHelper(t, nil, "named", `"x"`, `"y"`)
	threads, err := openProcess(t, procs, int(h.pid())).Threads(t.Context())
	check(t, err)
	if len(threads) < 2 {
		t.Fatalf("%d threads of a program in Go", len(threads))
	}
	for _, thread := range threads {
		st, err := procs.client.root.Dir(thread.TID).Stat(new(procdir.Buffer))
		if err != nil || thread.TID == h.pid() {
			continue // it has ended, or is the first
		}
		p, err := procs.OpenProcess(t.Context(), ProcID{PID: thread.TID, Start: st.Start})
		if !errors.Is(err, ErrNoSuchProcess) {
			t.Errorf("opened %v of the thread %d: %v, want ErrNoSuchProcess", p, thread.TID, err)
		}
	}
}

// TestSettersOfDeadFirstThread sets a limit of a process of which the first thread
// alone is dead. What is the thread's has nothing to act upon.
func TestSettersOfDeadFirstThread(t *testing.T) {
	p := openProcess(t, openTableOf(t, BackendProcFS), int(startHelper(t, nil, "dead-leader").pid()))
	check(t, p.SetLimit(ResourceCore, Limit{Soft: Some[uint64](0), Hard: Some[uint64](0)}))
	if limits, err := p.Limits(t.Context()); err != nil || limits[ResourceCore].Hard != Some[uint64](0) {
		t.Errorf("limits %v, %v, want a core of 0", limits, err)
	}
	for name, set := range settersOf(p) {
		switch name {
		case "SetNice", "SetIOPriority", "SetAffinity":
			if err := set(); !errors.Is(err, ErrZombieProcess) {
				t.Errorf("%s: %v, want ErrZombieProcess", name, err)
			}
		}
	}
}

// TestSettersCheckIdentity changes no process that has the PID of another by now.
func TestSettersCheckIdentity(t *testing.T) {
	procs := openTableOf(t, BackendProcFS)
	p, cmd := startChild(t, procs, nil)
	pid := cmd.Process.Pid
	before, err := unix.Getpriority(unix.PRIO_PROCESS, pid)
	check(t, err)
	p.client.id.Start--
	if err := p.SetNice(5); !errors.Is(err, ErrNoSuchProcess) {
		t.Errorf("error %v, want ErrNoSuchProcess", err)
	}
	if after, err := unix.Getpriority(unix.PRIO_PROCESS, pid); err != nil || after != before {
		t.Errorf("getpriority(2): %d, %v, want %d as before", after, err, before)
	}
}

// TestKillTreeLooksAgain ends what the tree starts when it is asked to end.
func TestKillTreeLooksAgain(t *testing.T) {
	procs := openTableOf(t, BackendProcFS)
	cmd := exec.Command("sh", "-c", `trap 'sleep 600 & echo $!' TERM; echo ready; while :; do read line; done`)
	stdin, stdout := piped(t, cmd)
	start(t, cmd)
	defer stdin.Close() //nolint:errcheck // nothing was written
	lines := bufio.NewScanner(stdout)
	lines.Scan() // the trap is set
	root, err := procs.OpenPID(t.Context(), int32(cmd.Process.Pid))
	check(t, err)
	id := root.ID()
	tree := &processTree{table: procs, members: []*Process{root}}
	defer tree.close()
	if took := tree.signal(syscall.SIGTERM); !slices.Equal(took, []ProcID{id}) {
		t.Errorf("%v took SIGTERM, want %v", took, id)
	}
	lines.Scan() // it has started another
	pid, err := strconv.Atoi(lines.Text())
	check(t, err)
	started := openProcess(t, procs, pid)
	t.Cleanup(func() { _ = started.Kill() }) //nolint:errcheck // it was killed
	killed, err := tree.kill(t.Context())
	check(t, err)
	if !slices.Equal(killed, []ProcID{id, started.ID()}) {
		t.Errorf("%v took SIGKILL, want %v and %v", killed, id, started.ID())
	}
}
