package main

import (
	"bufio"
	"bytes"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"telegraf-sysprobe/sysprobe/sysprobetest"
)

// useCPU uses CPU until the end of the test, so that some process has a rank by that.
func useCPU(t *testing.T) {
	t.Helper()
	var done atomic.Bool
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		for !done.Load() {
			continue
		}
	}()
	t.Cleanup(func() {
		done.Store(true)
		<-ended
	})
}

func TestOnce(t *testing.T) {
	useCPU(t)
	for _, mode := range []struct{ flag, prefix string }{{"--once", ""}, {"--test", "> "}} {
		t.Run(mode.flag, func(t *testing.T) {
			got := execute(t, mode.flag)
			if got.code != 0 || strings.Contains(got.stderr, "E! ") {
				t.Errorf("status %d, messages %q", got.code, got.stderr)
			}
			everyMeasurement(t, mode.prefix, got.stdout)
		})
	}
}

func everyMeasurement(t *testing.T, prefix, stdout string) {
	t.Helper()
	for _, m := range []string{"nicaddrs,", "nicaddrs_interface,", "nicstats,", "procs ", "procs_top,by=cpu,", "zombies "} {
		if !strings.Contains("\n"+stdout, "\n"+prefix+m) {
			t.Errorf("no %q in:\n%s", m, stdout)
		}
	}
}

// TestUnprivileged runs the built-in configuration as a user without privileges.
func TestUnprivileged(t *testing.T) {
	useCPU(t)
	cmd := command(t, "--once")
	cmd.Path = "/proc/self/exe" // which that user can reach wherever it lies
	cmd.Dir = "/"
	if os.Geteuid() == 0 {
		cmd.SysProcAttr = &syscall.SysProcAttr{Credential: &syscall.Credential{Uid: 65534, Gid: 65534}}
	}
	var stderr bytes.Buffer
	cmd.Stderr = &stderr
	out, err := cmd.Output()
	if err != nil || strings.Contains(stderr.String(), "E! ") {
		t.Errorf("%v, messages %q", err, stderr.String())
	}
	everyMeasurement(t, "", string(out))
}

// TestWithheldCapabilities starts the program, whose file permits capabilities, as a
// user without privileges in sandboxes that withhold them: it gathers, and says what
// is lost, and to what.
func TestWithheldCapabilities(t *testing.T) {
	sysprobetest.NeedCapabilities(t, unix.CAP_SETFCAP, unix.CAP_SETPCAP, unix.CAP_BPF)
	program := sysprobetest.GrantingCopy(t, 1<<unix.CAP_BPF)
	conf := filepath.Join(filepath.Dir(program), "sysprobe.conf")
	if err := os.WriteFile(conf, []byte("[[inputs.zombies]]\n  log_level = \"error\"\n"), 0o644); err != nil {
		t.Fatal(err)
	}
	for _, tt := range []struct{ option, want string }{
		{"--no-new-privs", "W! sysprobe-execd: NoNewPrivileges (NoNewPrivileges= of the unit, "},
		{"--bounding-set=-all", "W! sysprobe-execd: the bounding set (CapabilityBoundingSet= of the unit; "},
	} {
		// A program in between, as Telegraf is, has none of what setpriv keeps.
		cmd := command(t, "--reuid=65534", "--regid=65534", "--clear-groups", tt.option, "sh", "-c", `exec "$0" "$@"`, program, "--once", "--config", conf)
		cmd.Dir = "/"
		var err error
		if cmd.Path, err = exec.LookPath("setpriv"); err != nil {
			t.Fatal(err)
		}
		var stderr strings.Builder
		cmd.Stderr = &stderr
		out, err := cmd.Output()
		if err != nil || !strings.HasPrefix(string(out), "zombies ") {
			t.Errorf("%s: %v, %q", tt.option, err, out)
		}
		got := stderr.String()
		if !strings.HasPrefix(got, tt.want) || !strings.Contains(got, " withholds CAP_BPF, ") || strings.Count(got, "\n") != 1 {
			t.Errorf("%s: messages %q, want one that begins with %q and names CAP_BPF", tt.option, got, tt.want)
		}
	}
}

func TestConfigCheck(t *testing.T) {
	if got := execute(t, "--config-check"); got.code != 0 || got.stdout != "OK\n" || strings.Contains(got.stderr, "E! ") {
		t.Errorf("%+v, want OK", got)
	}
}

// TestConfigCheckOpens wants what only a start finds out: a table that is not there,
// and a backend that this user has not.
func TestConfigCheckOpens(t *testing.T) {
	file := config(t, "[[inputs.zombies]]\n[[inputs.procs]]\n  backend = \"bpf\"\n  [inputs.procs.tags]\n    a = \"b\"\n")
	if err := os.Chmod(file, 0o644); err != nil {
		t.Fatal(err)
	}
	cmd := command(t, "--config-check", "--config", "/dev/stdin")
	cmd.Path = "/proc/self/exe" // which that user can reach wherever it lies
	conf, err := os.Open(file)
	if err != nil {
		t.Fatal(err)
	}
	defer conf.Close()
	cmd.Stdin = conf // a file of the test that the other user cannot reach
	cmd.Dir = "/"
	if os.Geteuid() == 0 {
		cmd.SysProcAttr = &syscall.SysProcAttr{Credential: &syscall.Credential{Uid: 65534, Gid: 65534}}
	}
	var stderr strings.Builder
	cmd.Stderr = &stderr
	want := "E! sysprobe-execd: /dev/stdin: line 2: inputs.procs[1]: open process table through BPF: "
	if err := cmd.Run(); cmd.ProcessState.ExitCode() != 1 || !strings.Contains(stderr.String(), want) || strings.Contains(stderr.String(), "zombies[1]") {
		t.Errorf("%v, %q, want %q alone", err, stderr.String(), want)
	}

	t.Setenv("HOST_PROC", "/nonexistent")
	got := execute(t, "--config-check")
	for _, want := range []string{": inputs.procs[1]: ", ": inputs.zombies[1]: "} {
		if got.code != 1 || !strings.Contains(got.stderr, want) || strings.Contains(got.stderr, "nicstats") {
			t.Errorf("%+v, want both that read /proc, such as %q", got, want)
		}
	}
}

// TestStdinIsClosed wants a word from a program that ends at once.
func TestStdinIsClosed(t *testing.T) {
	got := execute(t, "--config", config(t, "[agent]\n interval = \"1h\"\n round_interval = true\n[[inputs.nicstats]]\n"))
	if got.code != 0 || !strings.Contains(got.stderr, "I! [sysprobe-execd] Standard input ended before the first metric") {
		t.Errorf("%+v", got)
	}
}

// TestFailingInput makes one fail altogether.
func TestFailingInput(t *testing.T) {
	t.Setenv("HOST_PROC", "/nonexistent")
	got := execute(t, "--once", "--config", config(t, "[[inputs.zombies]]\n"))
	last := "E! sysprobe-execd: failed: inputs.zombies\n"
	if got.code != 1 || !strings.HasSuffix(got.stderr, last) || !strings.Contains(got.stderr, "/nonexistent") {
		t.Errorf("%+v", got)
	}
}

// server is a sysprobe-execd that gathers once and then waits.
type server struct {
	cmd    *exec.Cmd
	stdin  io.WriteCloser
	stdout io.ReadCloser
	stderr bytes.Buffer
}

func serve(t *testing.T, interval string) *server {
	t.Helper()
	file := config(t, "[agent]\n interval = \""+interval+"\"\n round_interval = false\n[[inputs.zombies]]\n backend = \"procfs\"\n log_level = \"warn\"\n")
	s := &server{cmd: command(t, "--config", file)}
	s.cmd.Stderr = &s.stderr
	var err error
	if s.stdin, err = s.cmd.StdinPipe(); err != nil {
		t.Fatal(err)
	}
	if s.stdout, err = s.cmd.StdoutPipe(); err != nil {
		t.Fatal(err)
	}
	if err := s.cmd.Start(); err != nil {
		t.Fatal(err)
	}
	out := bufio.NewReader(s.stdout)
	line, err := out.ReadString('\n')
	for err == nil && strings.HasPrefix(line, "sysprobe,") {
		line, err = out.ReadString('\n')
	}
	if err != nil || !strings.HasPrefix(line, "zombies ") {
		t.Fatalf("first metric %q, %v; messages %q", line, err, &s.stderr)
	}
	return s
}

// ends waits for the program, which has to end within a minute.
func (s *server) ends(t *testing.T) {
	t.Helper()
	timer := time.AfterFunc(time.Minute, func() {
		if err := s.cmd.Process.Kill(); err != nil {
			t.Error(err)
		}
	})
	defer timer.Stop()
	if err := s.cmd.Wait(); err != nil || s.stderr.Len() > 0 {
		t.Errorf("%v, messages %q", err, &s.stderr)
	}
}

func TestStops(t *testing.T) {
	t.Run("stdin ends", func(t *testing.T) {
		s := serve(t, "1h")
		if err := s.stdin.Close(); err != nil {
			t.Fatal(err)
		}
		s.ends(t)
	})
	t.Run("stdout is closed", func(t *testing.T) {
		s := serve(t, "2s")
		if err := s.stdout.Close(); err != nil {
			t.Fatal(err)
		}
		s.ends(t)
	})
	for _, signal := range []syscall.Signal{syscall.SIGTERM, syscall.SIGINT, syscall.SIGHUP} {
		t.Run(signal.String(), func(t *testing.T) {
			s := serve(t, "1h")
			if err := s.cmd.Process.Signal(signal); err != nil {
				t.Fatal(err)
			}
			s.ends(t)
		})
	}
}

func TestFullDisk(t *testing.T) {
	full, err := os.OpenFile("/dev/full", os.O_WRONLY, 0)
	if err != nil {
		t.Fatal(err)
	}
	defer full.Close()
	cmd := command(t, "--once")
	cmd.Stdout = full
	var stderr bytes.Buffer
	cmd.Stderr = &stderr
	if err := cmd.Run(); cmd.ProcessState.ExitCode() != 1 || !strings.Contains(stderr.String(), "writing metrics: ") {
		t.Errorf("%v, messages %q", err, &stderr)
	}
}

// TestStoppedAndContinued stops the program until its ticker is late, and lets it
// go on shortly before the next tick: no series might have two points in one
// second then.
func TestStoppedAndContinued(t *testing.T) {
	file := config(t, "[agent]\n interval = \"1s\"\n[[inputs.zombies]]\n backend = \"procfs\"\n collect = []\n log_level = \"warn\"\n")
	cmd := command(t, "--config", file)
	stdin, err := cmd.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	var out bytes.Buffer
	cmd.Stdout = &out
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	sleepUntil := func(part time.Duration) { // of a second
		now := time.Now()
		time.Sleep(now.Truncate(time.Second).Add(time.Second + part).Sub(now))
	}
	sleepUntil(100 * time.Millisecond)
	sleepUntil(100 * time.Millisecond)
	for _, signal := range []syscall.Signal{syscall.SIGSTOP, syscall.SIGCONT} {
		if err := cmd.Process.Signal(signal); err != nil {
			t.Fatal(err)
		}
		if signal == syscall.SIGSTOP {
			sleepUntil(100 * time.Millisecond)
			sleepUntil(650 * time.Millisecond)
		}
	}
	sleepUntil(500 * time.Millisecond)
	sleepUntil(500 * time.Millisecond)
	if err := stdin.Close(); err != nil {
		t.Fatal(err)
	}
	if err := cmd.Wait(); err != nil {
		t.Fatal(err)
	}
	points := map[string]bool{}
	for line := range strings.Lines(out.String()) {
		if !strings.HasPrefix(line, "zombies ") {
			continue // of another series
		}
		fields := strings.Fields(line)
		if at := fields[len(fields)-1]; points[at] {
			t.Errorf("two points at %s:\n%s", at, &out)
		} else {
			points[at] = true
		}
	}
	if len(points) < 3 {
		t.Errorf("%d points, want some before and after:\n%s", len(points), &out)
	}
}

// TestFullStdout wants an error of each text that cannot be written.
func TestFullStdout(t *testing.T) {
	for _, arg := range []string{"--version", "--sample-config", "--config-check", "--help"} {
		full, err := os.OpenFile("/dev/full", os.O_WRONLY, 0)
		if err != nil {
			t.Fatal(err)
		}
		defer full.Close()
		cmd := command(t, arg)
		var stderr strings.Builder
		cmd.Stdout, cmd.Stderr = full, &stderr
		if err := cmd.Run(); err == nil || !strings.Contains(stderr.String(), "no space left on device") {
			t.Errorf("%s: %v, stderr %q; want an error that says why", arg, err, stderr.String())
		}
	}
}

// TestFewDescriptors wants the lack of descriptors to be named as what it is, and
// not as a lack of permission, a hidden process or a fault of a driver, unless that is
// there with many descriptors too, as in a container.
func TestFewDescriptors(t *testing.T) {
	conf := config(t, "[[inputs.procs]]\n[[inputs.zombies]]\n[[inputs.nicstats]]\n[[inputs.nicaddrs]]\n")
	usual := execute(t, "--once", "--config", conf).stderr
	for _, limit := range []string{"9", "10", "12", "16", "18", "20"} {
		program := command(t, "--once", "--config", conf)
		cmd := command(t)
		cmd.Path = "/bin/sh"
		cmd.Args = append([]string{"sh", "-c", `ulimit -n "$0"; exec "$@"`, limit}, program.Args...)
		var stderr strings.Builder
		cmd.Stderr = &stderr
		said := ""
		if err := cmd.Run(); err != nil {
			said = "LimitNOFILE="
		}
		if !strings.Contains(stderr.String(), said) {
			t.Errorf("%s descriptors: %q lacks %s", limit, stderr.String(), said)
		}
		for _, part := range []string{"hidepid", "HOST_PROC", "not permitted to read", "drivers failed", "requires >= v"} {
			if strings.Contains(stderr.String(), part) && !strings.Contains(usual, part) {
				t.Errorf("%s descriptors: %q names %q", limit, stderr.String(), part)
			}
		}
	}
}

// TestLastRowsAtTheEnd wants the rows that report = "changes" leaves out until another
// one follows, as none does.
func TestLastRowsAtTheEnd(t *testing.T) {
	file := config(t, "[[inputs.nicstats]]\n  report = \"changes\"\n[[inputs.nicaddrs]]\n  report = \"changes\"\n")
	got := execute(t, "--once", "--config", file)
	for _, row := range []string{"\nnicstats,interface=lo,", "\nnicaddrs,address=127.0.0.1,", "\nnicaddrs_interface,interface=lo "} {
		if got.code != 0 || strings.Count("\n"+got.stdout, row) != 1 {
			t.Errorf("%+v, want one %q", got, row)
		}
	}
}
