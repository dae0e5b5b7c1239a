package sysprobe

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strconv"
	"syscall"
	"testing"
	"time"

	"telegraf-sysprobe/sysprobe/sysprobetest"
)

// TestWaitForChildren is E12.
func TestWaitForChildren(t *testing.T) {
	procs := openTable(t, "")
	for _, tt := range []struct {
		name, script string
		want         ExitStatus
	}{
		{"E12 exit 7", "exit 7", 7 << 8},
		{"killed", "kill -KILL $$", 9},
		{"exit 7 after a while", "sleep 0.05; exit 7", 7 << 8},
	} {
		t.Run(tt.name, func(t *testing.T) {
			child, err := os.StartProcess("/bin/sh", []string{"sh", "-c", tt.script}, &os.ProcAttr{})
			check(t, err)
			if tt.name == "E12 exit 7" {
				check(t, waitDead(child.Pid))
			}
			p := openProcess(t, procs, child.Pid)
			for range 2 { // the second time from what is kept
				if got, err := p.Wait(t.Context()); err != nil || got != Some(tt.want) {
					t.Errorf("status %v, %v, want %v", got, err, tt.want)
				}
			}
			if state, err := p.State(t.Context()); state != StateZombie || err != nil {
				t.Errorf("state %v, %v, want a zombie for who started it", state, err)
			}
			status, err := child.Wait()
			check(t, err)
			if got := status.Sys().(syscall.WaitStatus); ExitStatus(got) != tt.want {
				t.Errorf("who started it finds the status %#x, want %v", got, tt.want)
			}
			if state, err := p.State(t.Context()); !errors.Is(err, ErrNoSuchProcess) || errors.Is(err, ErrZombieProcess) || p.IsRunning(t.Context()) {
				t.Errorf("state %v, %v after it was reaped", state, err)
			}
			if got, err := p.Wait(t.Context()); err != nil || got != Some(tt.want) {
				t.Errorf("status %v, %v after it was reaped, want %v", got, err, tt.want)
			}
		})
	}
}

// TestWaitAfterClose has a status that is kept, and no handle to have it of.
func TestWaitAfterClose(t *testing.T) {
	child, err := os.StartProcess("/bin/sh", []string{"sh", "-c", "exit 7"}, &os.ProcAttr{})
	check(t, err)
	p, err := openTable(t, "").OpenPID(t.Context(), int32(child.Pid))
	check(t, err)
	if got, err := p.Wait(t.Context()); err != nil || got != Some[ExitStatus](7<<8) {
		t.Errorf("status %v, %v, want exit 7", got, err)
	}
	check(t, p.Close())
	if got, err := p.Wait(t.Context()); got.Known() || !errors.Is(err, fs.ErrClosed) {
		t.Errorf("status %v, %v after close, want none and fs.ErrClosed", got, err)
	}
	_, err = child.Wait()
	check(t, err)
}

// beginWait calls Wait, and returns when that sleeps. The result is sent.
func beginWait(t *testing.T, p *Process) <-chan string {
	t.Helper()
	done := make(chan string)
	go func() {
		status, err := p.Wait(t.Context())
		done <- fmt.Sprint(status, " ", err)
	}()
	sysprobetest.Eventually(t, func() string {
		stacks := make([]byte, 1<<20)
		stacks = stacks[:runtime.Stack(stacks, true)]
		for stack := range bytes.SplitSeq(stacks, []byte("\n\n")) {
			if bytes.Contains(stack, []byte("[IO wait")) && bytes.Contains(stack, []byte("pidfd.(*FD).Await")) {
				return ""
			}
		}
		return "the wait does not sleep"
	})
	return done
}

// TestWaitBesideCmd waits for children while their exec.Cmds do: both find the
// status, whichever is first.
func TestWaitBesideCmd(t *testing.T) {
	procs := openTable(t, "")
	for range 50 {
		cmd := exec.Command("sh", "-c", "read line; exit 5")
		stdin, err := cmd.StdinPipe()
		check(t, err)
		check(t, cmd.Start())
		p := openProcess(t, procs, cmd.Process.Pid)
		waited := beginWait(t, p)
		check(t, stdin.Close())
		var exit *exec.ExitError
		if err := cmd.Wait(); !errors.As(err, &exit) || exit.ExitCode() != 5 {
			t.Errorf("the Cmd: %v, want the exit code 5", err)
		}
		// An older kernel does not tell it if the Cmd was first.
		if got := <-waited; got != "exit 5 <nil>" && (kernelAtLeast(t, 6, 15) || got != "absent <nil>") {
			t.Errorf("the Process: %s, want exit 5", got)
		}
	}
}

// checkWaitsInVain lets a program wait a second for a process that does not end, and
// looks whether it sleeps. On a busy machine the runtime of Go switches threads now and
// then, so that the quietest of a few tries counts.
func checkWaitsInVain(t *testing.T, pid int) {
	t.Helper()
	var got waited
	for range 5 {
		startHelper(t, nil, "wait", strconv.Itoa(pid), "1s").answer(t, &got)
		t.Logf("%+v", got)
		if got.Outcome != "timeout" || got.Took < time.Second || got.Switches <= 100 {
			break
		}
	}
	if got.Outcome != "timeout" || got.Took < time.Second || got.Switches > 100 {
		t.Errorf("%+v, want a timeout after 1 s and at most 100 switches", got)
	}
}

func TestWaitForOthers(t *testing.T) {
	procs := openTable(t, "")
	h := startHelper(t, nil, "zombies", "1", "exit 7")
	var pids []int
	h.answer(t, &pids)
	p := openProcess(t, procs, pids[0])
	t.Run("E13 E14 a zombie", func(t *testing.T) {
		checkWaitsInVain(t, pids[0])
	})
	t.Run("E13 becomes a zombie meanwhile", func(t *testing.T) {
		parent := &exec.Cmd{Path: "/bin/sh", Args: []string{"sh", "-c", "sleep 0.3 & echo $!; exec sleep 600"}}
		out, err := parent.StdoutPipe()
		check(t, err)
		start(t, parent)
		var pid int
		if _, err := fmt.Fscan(out, &pid); err != nil {
			t.Fatal(err)
		}
		checkWaitsInVain(t, pid)
	})
	t.Run("the parent reaps it", func(t *testing.T) {
		done := beginWait(t, p)
		h.tell(t, "reap")
		h.line(t)
		want := "absent <nil>"
		if kernelAtLeast(t, 6, 15) {
			want = "exit 7 <nil>"
		}
		if got := <-done; got != want {
			t.Errorf("waited: %s, want %s", got, want)
		}
	})
	t.Run("the handle is closed", func(t *testing.T) {
		p, err := procs.OpenPID(t.Context(), int32(os.Getppid()))
		check(t, err)
		done := beginWait(t, p)
		check(t, p.Close())
		want := fmt.Sprintf("absent wait for process %d: file already closed", os.Getppid())
		if got := <-done; got != want {
			t.Errorf("waited: %s, want %s", got, want)
		}
		ctx, cancel := context.WithCancel(t.Context())
		cancel()
		for _, ctx := range []context.Context{t.Context(), ctx} {
			if _, err := p.Wait(ctx); !errors.Is(err, fs.ErrClosed) {
				t.Errorf("after Close: %v, want fs.ErrClosed", err)
			}
		}
	})
	t.Run("cancelled", func(t *testing.T) {
		ctx, cancel := context.WithCancel(t.Context())
		cancel()
		if _, err := openProcess(t, procs, os.Getppid()).Wait(ctx); !errors.Is(err, context.Canceled) {
			t.Errorf("error %v, want context.Canceled", err)
		}
	})
	t.Run("a tree that is not this machine's, and the handle is closed", func(t *testing.T) {
		tree := sysprobetest.NewProcTree(t)
		tree.Add(sysprobetest.Process{PID: 10, Comm: "x"})
		p, err := openTable(t, tree.Root).OpenPID(t.Context(), 10)
		check(t, err)
		time.AfterFunc(5*time.Millisecond, func() { p.Close() }) //nolint:errcheck // Wait would go on
		if status, err := p.Wait(t.Context()); !errors.Is(err, fs.ErrClosed) {
			t.Errorf("status %v, %v, want fs.ErrClosed", status, err)
		}
	})
	t.Run("a tree that is not this machine's", func(t *testing.T) {
		tree := sysprobetest.NewProcTree(t)
		tree.Add(sysprobetest.Process{PID: 10, Comm: "x", State: 'Z'})
		p := openProcess(t, openTable(t, tree.Root), 10)
		go func() {
			time.Sleep(5 * time.Millisecond)
			os.Remove(filepath.Join(tree.Root, "10/stat")) //nolint:errcheck // Wait would go on
		}()
		if status, err := p.Wait(t.Context()); err != nil || status.Known() {
			t.Errorf("status %v, %v", status, err)
		}
	})
}
