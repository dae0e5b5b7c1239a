package main

import (
	"bufio"
	"bytes"
	"io"
	"os"
	"os/exec"
	"strings"
	"syscall"
	"testing"
	"time"
)

func TestOnce(t *testing.T) {
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
	for _, m := range []string{"nicaddrs,", "nicaddrs_interface,", "nicstats,", "procs ", "procs_top,", "zombies "} {
		if !strings.Contains("\n"+stdout, "\n"+prefix+m) {
			t.Errorf("no %q in:\n%s", m, stdout)
		}
	}
}

// TestUnprivileged runs the built-in configuration as a user who may nothing.
func TestUnprivileged(t *testing.T) {
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

func TestConfigCheck(t *testing.T) {
	if got, want := execute(t, "--config-check"), (result{stdout: "OK\n"}); got != want {
		t.Errorf("%+v, want %+v", got, want)
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
	file := config(t, "[agent]\n interval = \""+interval+"\"\n round_interval = false\n[[inputs.zombies]]\n backend = \"procfs\"\n")
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
	line, err := bufio.NewReader(s.stdout).ReadString('\n')
	if err != nil || !strings.HasPrefix(line, "zombies ") {
		t.Fatalf("first metric %q, %v; messages %q", line, err, &s.stderr)
	}
	return s
}

// ends waits for the program, which has to end within seconds.
func (s *server) ends(t *testing.T) {
	t.Helper()
	timer := time.AfterFunc(10*time.Second, func() {
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
		s := serve(t, "500ms")
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
