package sysprobe

import (
	"bufio"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"testing"

	"golang.org/x/sys/unix"

	"telegraf-sysprobe/sysprobe/sysprobetest"
)

// helperVariable names the helper that a process of this binary is to be,
// instead of running tests.
const helperVariable = "SYSPROBE_TEST_HELPER"

// The main thread runs main and nothing else: a helper is about threads, and
// the namespaces of a process are those of its main thread, which a test must
// not take elsewhere.
func init() { //nolint:gochecknoinits // only init can lock the main thread
	runtime.LockOSThread()
}

// TestMain runs a helper, or the tests, and fails where those leave files open.
func TestMain(m *testing.M) {
	if name := os.Getenv(helperVariable); name != "" {
		if err := helpers[name](os.Args[1:]); err != nil {
			fmt.Fprintf(os.Stderr, "helper %s: %v\n", name, err)
			os.Exit(1)
		}
		os.Exit(0)
	}
	before := openFiles()
	code := m.Run()
	for name, n := range openFiles() {
		if n > before[name] && code == 0 {
			fmt.Fprintf(os.Stderr, "the tests left %d x %s open\n", n-before[name], name)
			code = 1
		}
	}
	os.Exit(code)
}

// openFiles counts the open files of this process by what they are, but for
// those of the Go runtime.
func openFiles() map[string]int {
	files := make(map[string]int)
	entries, _ := os.ReadDir("/proc/self/fd") //nolint:errcheck // TestMain runs on Linux, which has it
	for _, entry := range entries {
		name, err := os.Readlink(filepath.Join("/proc/self/fd", entry.Name()))
		if err != nil || strings.HasPrefix(name, "anon_inode:[event") {
			continue // the directory itself, by now closed, and the poller
		}
		kind, _, _ := strings.Cut(name, ":[") // sockets and pipes by kind: each has a name of its own
		files[kind]++
	}
	return files
}

// helper is a process of this binary that plays a part in a test.
type helper struct {
	cmd   *exec.Cmd
	stdin io.WriteCloser
	lines *bufio.Scanner
}

// startHelper starts a helper, waits until it says that it is ready, and ends
// it with the test. Its input ends when the test does.
func startHelper(t testing.TB, change func(*exec.Cmd), name string, args ...string) *helper {
	t.Helper()
	// Not os.Args[0]: other users must not search the directory it is in.
	cmd := exec.Command("/proc/self/exe", args...)
	cmd.Env = append(os.Environ(), helperVariable+"="+name)
	cmd.Stderr = os.Stderr
	if change != nil {
		change(cmd)
	}
	if cmd.SysProcAttr != nil { // another user or namespace
		sysprobetest.NeedRoot(t)
		if cmd.SysProcAttr.Cloneflags != 0 {
			sysprobetest.NeedNamespaces(t)
		}
		for _, capability := range cmd.SysProcAttr.AmbientCaps {
			sysprobetest.NeedCapabilities(t, uint(capability))
		}
	}
	stdin, stdout := piped(t, cmd)
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	h := &helper{cmd: cmd, stdin: stdin, lines: bufio.NewScanner(stdout)}
	h.lines.Buffer(nil, 16<<20)
	t.Cleanup(func() {
		stdin.Close()      //nolint:errcheck // the helper may have ended
		cmd.Process.Kill() //nolint:errcheck // it may have ended
		cmd.Wait()         //nolint:errcheck // it was killed
	})
	if line := h.line(t); line != `"ready"` {
		t.Fatalf("helper %s says %q", name, line)
	}
	return h
}

func (h *helper) pid() int32 { return int32(h.cmd.Process.Pid) }

// line returns the next line that the helper prints.
func (h *helper) line(t testing.TB) string {
	t.Helper()
	if !h.lines.Scan() {
		t.Fatalf("helper ended: %v", h.lines.Err())
	}
	return h.lines.Text()
}

// tell sends the helper a line.
func (h *helper) tell(t testing.TB, line string) {
	t.Helper()
	if _, err := io.WriteString(h.stdin, line+"\n"); err != nil {
		t.Fatal(err)
	}
}

// answer decodes the next line, which is JSON, into v.
func (h *helper) answer(t testing.TB, v any) {
	t.Helper()
	if err := json.Unmarshal([]byte(h.line(t)), v); err != nil {
		t.Fatal(err)
	}
}

// piped returns the ends of the standard input and output of a program that has not
// been started.
func piped(t testing.TB, cmd *exec.Cmd) (io.WriteCloser, io.ReadCloser) {
	t.Helper()
	stdin, err := cmd.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	stdout, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	return stdin, stdout
}

// start starts cmd, which this test will end, and waits until it executes.
func start(t *testing.T, cmd *exec.Cmd) {
	t.Helper()
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		cmd.Process.Kill() //nolint:errcheck // it may have ended
		cmd.Wait()         //nolint:errcheck // it was killed
	})
	executes(t, cmd.Process.Pid)
}

// executes waits until a process that was started has its command line and its
// environment: who starts it goes on amid the execve(2), before there is either. A
// process that has ended has none.
func executes(t *testing.T, pid int) {
	t.Helper()
	dir := fmt.Sprintf("/proc/%d/", pid)
	sysprobetest.Eventually(t, func() string {
		cmdline, err := os.ReadFile(dir + "cmdline")
		stat, statErr := os.ReadFile(dir + "stat")
		if err == nil && statErr == nil && len(cmdline) == 0 && !strings.Contains(string(stat), ") Z ") {
			return "the program does not start"
		}
		return ""
	})
}

// pids returns the PIDs of s.
func (s *ProcSnapshot) pids() []int32 {
	var pids []int32
	for i := range s.Procs {
		pids = append(pids, s.Procs[i].ID.PID)
	}
	return pids
}

// openTable opens the process table at root for the time of the test; "" is
// that of this machine.
func openTable(t testing.TB, root string) *Procs {
	t.Helper()
	return openTableBy(t, &Config{ProcRoot: root})
}

// openTableBy opens a process table for the time of the test.
func openTableBy(t testing.TB, c *Config) *Procs {
	t.Helper()
	procs, err := OpenProcs(c)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := procs.Close(); err != nil {
			t.Error(err)
		}
	})
	return procs
}

// snapshotOf takes a snapshot and checks that it is in order.
func snapshotOf(t testing.TB, procs *Procs, want Fields) *ProcSnapshot {
	t.Helper()
	var s ProcSnapshot
	takeSnapshot(t, procs, &s, want)
	return &s
}

func takeSnapshot(t testing.TB, procs *Procs, s *ProcSnapshot, want Fields) {
	t.Helper()
	if err := procs.Snapshot(context.Background(), s, want); err != nil {
		t.Fatal(err)
	}
	if pids := s.pids(); !slices.IsSorted(pids) || len(slices.Compact(pids)) != len(s.Procs) {
		t.Errorf("PIDs are not sorted, or not once each: %v", pids)
	}
}

func kernelAtLeast(t *testing.T, major, minor int) bool { //nolint:unparam // of all that matter so far
	t.Helper()
	var name unix.Utsname
	if err := unix.Uname(&name); err != nil {
		t.Fatal(err)
	}
	parts := strings.SplitN(unix.ByteSliceToString(name.Release[:]), ".", 3)
	gotMajor, err1 := strconv.Atoi(parts[0])
	gotMinor, err2 := strconv.Atoi(strings.TrimFunc(parts[1], func(r rune) bool { return r < '0' || r > '9' }))
	if err1 != nil || err2 != nil {
		t.Fatal(parts)
	}
	return gotMajor > major || gotMajor == major && gotMinor >= minor
}
