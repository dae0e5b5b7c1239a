package e2e

import (
	"bytes"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"testing"
)

// telegraf is a Telegraf of this test.
type telegraf struct {
	cmd *exec.Cmd
	log string
	// ends are the lengths of the log, in lines, when the test ended
	// sysprobe-execd.
	ends []int
}

// program returns the path of what make left in bin.
func program(t *testing.T, name string) string {
	t.Helper()
	path, err := filepath.Abs(filepath.Join("..", "..", "..", "bin", name))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := os.Stat(path); err != nil {
		t.Fatalf("%v: run make build", err)
	}
	return path
}

// write writes a file of the test.
func write(t *testing.T, name, content string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), name)
	if err := os.WriteFile(path, []byte(content), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

// startTelegraf starts a Telegraf with that configuration. It ends with the
// test.
func startTelegraf(t *testing.T, config string) *telegraf {
	t.Helper()
	tg := &telegraf{log: filepath.Join(t.TempDir(), "log")}
	log, err := os.Create(tg.log)
	if err != nil {
		t.Fatal(err)
	}
	tg.cmd = exec.Command(program(t, "telegraf"), "--config", write(t, "telegraf.conf", config))
	tg.cmd.Stdout, tg.cmd.Stderr = log, log
	tg.cmd.Env = append(os.Environ(), "TMPDIR="+t.TempDir()) // a driver of outputs.sql leaves a directory at each start
	start(t, tg.cmd)
	t.Cleanup(func() {
		stop(t, tg.cmd, syscall.SIGTERM)
		if t.Failed() {
			t.Logf("log of Telegraf:\n%s", strings.Join(tg.lines(t), "\n"))
		}
	})
	return tg
}

// lines returns the log without its times.
func (tg *telegraf) lines(t *testing.T) []string {
	t.Helper()
	log, err := os.ReadFile(tg.log)
	if err != nil {
		t.Fatal(err)
	}
	var lines []string
	for line := range strings.Lines(string(log)) {
		_, text, _ := strings.Cut(strings.TrimSuffix(line, "\n"), " ")
		lines = append(lines, text)
	}
	return lines
}

// childEnds notes that the test is about to end sysprobe-execd.
func (tg *telegraf) childEnds(t *testing.T) {
	t.Helper()
	tg.ends = append(tg.ends, len(tg.lines(t)))
}

// errors returns the errors in the log. That sysprobe-execd was killed, and
// that its pipes are closed, which Telegraf does while it reads them, are none
// from when the test ends it until Telegraf starts it again.
func (tg *telegraf) errors(t *testing.T) []string {
	t.Helper()
	var found []string
	ended := false
	for i, line := range tg.lines(t) {
		switch {
		case slices.Contains(tg.ends, i):
			ended = true
		case strings.HasPrefix(line, "I! [inputs.execd] Starting process: "):
			ended = false
		}
		if !strings.HasPrefix(line, "E! ") {
			continue
		}
		if !ended || !strings.HasSuffix(line, ": signal: killed") && !strings.HasSuffix(line, ": file already closed") {
			found = append(found, line)
		}
	}
	return found
}

// outputWarnings returns what outputs warn of.
func (tg *telegraf) outputWarnings(t *testing.T) []string {
	t.Helper()
	return slices.DeleteFunc(tg.lines(t), func(line string) bool { return !strings.HasPrefix(line, "W! [outputs.") })
}

// child returns the PID of the only sysprobe-execd of Telegraf.
func (tg *telegraf) child() (int, error) {
	stats, err := filepath.Glob("/proc/[0-9]*/stat")
	if err != nil {
		return 0, err
	}
	found := 0
	for _, path := range stats {
		pid, ppid := relation(path)
		if ppid != tg.cmd.Process.Pid || !isProgram(pid) {
			continue
		}
		if found != 0 {
			return 0, fmt.Errorf("more than one child: %d, %d", found, pid)
		}
		found = pid
	}
	if found == 0 {
		return 0, fmt.Errorf("no child of %d", tg.cmd.Process.Pid)
	}
	return found, nil
}

// isProgram says whether a process is a sysprobe-execd.
func isProgram(pid int) bool {
	name, err := os.ReadFile(fmt.Sprintf("/proc/%d/comm", pid))
	return err == nil && string(name) == "sysprobe-execd\n"
}

// relation returns the PID and the parent of the process with that stat, or
// zeros if it is gone.
func relation(path string) (pid, ppid int) {
	stat, err := os.ReadFile(path)
	if err != nil {
		return 0, 0
	}
	end := bytes.LastIndexByte(stat, ')')
	fields := bytes.Fields(stat[end+1:])
	if len(fields) < 2 {
		return 0, 0
	}
	pid, _ = strconv.Atoi(filepath.Base(filepath.Dir(path))) //nolint:errcheck // the pattern of the path has digits
	ppid, _ = strconv.Atoi(string(fields[1]))                //nolint:errcheck // proc(5): an integer
	return pid, ppid
}

// gone returns an error while there is a process with that PID.
func gone(pid int) error {
	if _, err := os.Stat(fmt.Sprintf("/proc/%d", pid)); err == nil {
		return fmt.Errorf("process %d is still there", pid)
	}
	return nil
}
