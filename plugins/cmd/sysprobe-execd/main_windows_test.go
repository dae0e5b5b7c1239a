package main

import (
	"bufio"
	"bytes"
	"io"
	"os"
	"os/exec"
	"os/signal"
	"strings"
	"testing"
	"time"

	"golang.org/x/sys/windows"
)

// waiting is a sysprobe-execd that gathers once and then waits.
type waiting struct {
	cmd    *exec.Cmd
	stdin  io.WriteCloser
	stderr bytes.Buffer
}

// startWaiting starts one, and returns when it has gathered.
func startWaiting(t *testing.T) *waiting {
	t.Helper()
	file := config(t, "[agent]\n interval = \"1h\"\n round_interval = false\n[[inputs.procs]]\n log_level = \"warn\"\n")
	w := &waiting{cmd: command(t, "--config", file)}
	w.cmd.Stderr = &w.stderr
	var err error
	if w.stdin, err = w.cmd.StdinPipe(); err != nil {
		t.Fatal(err)
	}
	stdout, err := w.cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := w.cmd.Start(); err != nil {
		t.Fatal(err)
	}
	for lines := bufio.NewReader(stdout); ; { // the program speaks of itself, too
		line, err := lines.ReadString('\n')
		if err != nil {
			t.Fatalf("no metric of processes, last %q, %v; messages %q", line, err, &w.stderr)
		}
		if strings.HasPrefix(line, "procs") {
			return w
		}
	}
}

// ends waits for the program, which has to end within seconds, with status 0 and
// without a message.
func (w *waiting) ends(t *testing.T) {
	t.Helper()
	timer := time.AfterFunc(20*time.Second, func() { w.cmd.Process.Kill() }) //nolint:errcheck // Wait says that it did not end
	defer timer.Stop()
	if err := w.cmd.Wait(); err != nil || w.stderr.Len() > 0 {
		t.Errorf("%v, messages %q", err, &w.stderr)
	}
}

// TestStopsOnWindows ends the program as Telegraf does, which closes its input when
// its service is stopped, and as the console does.
func TestStopsOnWindows(t *testing.T) {
	t.Run("stdin ends", func(t *testing.T) {
		w := startWaiting(t)
		if err := w.stdin.Close(); err != nil {
			t.Fatal(err)
		}
		w.ends(t)
	})
	for name, event := range map[string]uint32{"Ctrl-C": windows.CTRL_C_EVENT, "Ctrl-Break": windows.CTRL_BREAK_EVENT} {
		t.Run(name, func(t *testing.T) {
			// It reaches all programs of the console, this one too.
			caught := make(chan os.Signal, 1)
			signal.Notify(caught, os.Interrupt)
			defer signal.Stop(caught)
			w := startWaiting(t)
			const all = 0
			err := windows.GenerateConsoleCtrlEvent(event, all)
			if err != nil && event == windows.CTRL_BREAK_EVENT {
				w.cmd.Process.Kill() //nolint:errcheck // Wait says that it was not
				w.cmd.Wait()         //nolint:errcheck // it was killed
				t.Skipf("needs a console that knows Ctrl-Break, which that of Wine 8 does not: %v", err)
			}
			if err != nil {
				t.Fatalf("%v; it needs a console", err)
			}
			w.ends(t)
			<-caught
		})
	}
}
