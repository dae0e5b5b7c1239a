package main

import (
	"bufio"
	"bytes"
	"context"
	"fmt"
	"os"
	"os/exec"
	"strconv"
	"syscall"
	"time"
)

// Execd is what sysprobe-execd with its built-in configuration costs.
type execd struct {
	// Processes is how many there were to look at.
	Processes int `json:"processes"`
	// StartNS is from its start to its first metric, the lowest of some.
	StartNS int64 `json:"start_ns"`
	// Resident and Peak are VmRSS and VmHWM of proc_pid_status(5), in KiB,
	// after two gathers.
	Resident uint64 `json:"resident_kib"`
	Peak     uint64 `json:"peak_kib"`
}

// gatherWait is long enough for a second gather with the default interval.
const gatherWait = 11 * time.Second

// measureExecd starts the program several times and follows it for a while.
func measureExecd(ctx context.Context, program string, rounds int) (*execd, error) {
	e := &execd{}
	config, err := configOf(ctx, program)
	if err != nil {
		return nil, err
	}
	defer os.Remove(config) //nolint:errcheck // a temporary file
	for round := range rounds {
		took, err := firstLine(ctx, exec.CommandContext(ctx, program, "--config", config), func(int) error { return nil })
		if err != nil {
			return nil, err
		}
		if ns := took.Nanoseconds(); round == 0 || ns < e.StartNS {
			e.StartNS = ns
		}
	}
	_, err = firstLine(ctx, exec.CommandContext(ctx, program), func(pid int) error {
		select {
		case <-time.After(gatherWait):
			return e.readMemory(pid)
		case <-ctx.Done():
			return ctx.Err()
		}
	})
	if err != nil {
		return nil, err
	}
	e.Processes, err = countProcesses()
	return e, err
}

// configOf leaves in a file the built-in configuration of the program, except
// that the first gather does not wait for a whole multiple of the interval.
func configOf(ctx context.Context, program string) (string, error) {
	text, err := exec.CommandContext(ctx, program, "--sample-config").Output()
	if err != nil {
		return "", err
	}
	text = bytes.Replace(text, []byte("# round_interval = true"), []byte("round_interval = false"), 1)
	file, err := os.CreateTemp("", "sysprobe-*.conf")
	if err != nil {
		return "", err
	}
	_, err = file.Write(text)
	return file.Name(), joinErrors(err, file.Close())
}

// firstLine starts cmd, returns how long its first line of output took, calls
// then, and ends cmd as Telegraf does: by closing its input.
func firstLine(ctx context.Context, cmd *exec.Cmd, then func(pid int) error) (time.Duration, error) {
	cmd.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
	in, err := cmd.StdinPipe()
	if err != nil {
		return 0, err
	}
	out, err := cmd.StdoutPipe()
	if err != nil {
		return 0, err
	}
	start := time.Now()
	if err := cmd.Start(); err != nil {
		return 0, err
	}
	lines := bufio.NewReader(out)
	_, err = lines.ReadString('\n')
	took := time.Since(start)
	drained := make(chan struct{})
	go func() {
		defer close(drained)
		lines.WriteTo(nowhere{}) //nolint:errcheck,gosec // what it writes does not matter
	}()
	if err == nil {
		err = then(cmd.Process.Pid)
	}
	err = joinErrors(err, in.Close())
	select {
	case <-drained:
	case <-ctx.Done():
	}
	return took, joinErrors(err, cmd.Wait())
}

// nowhere takes all and keeps nothing; it hides the ReadFrom of io.Discard.
type nowhere struct{}

func (nowhere) Write(b []byte) (int, error) { return len(b), nil }

// readMemory reads the sizes of a process.
func (e *execd) readMemory(pid int) error {
	status, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", pid))
	if err != nil {
		return err
	}
	e.Resident, err = memoryLine(status, "VmRSS:")
	if err != nil {
		return err
	}
	e.Peak, err = memoryLine(status, "VmHWM:")
	return err
}

// residentMemory returns the VmRSS of a process in KiB.
func residentMemory(pid int) (uint64, error) {
	var e execd
	err := e.readMemory(pid)
	return e.Resident, err
}

// memoryLine finds a line of status and returns its number of KiB.
func memoryLine(status []byte, name string) (uint64, error) {
	_, rest, _ := bytes.Cut(status, []byte("\n"+name))
	number, _, _ := bytes.Cut(bytes.TrimSpace(rest), []byte(" "))
	return strconv.ParseUint(string(number), 10, 64)
}

// countProcesses counts the directories of /proc that are named by a number.
func countProcesses() (int, error) {
	entries, err := os.ReadDir("/proc")
	n := 0
	for _, entry := range entries {
		if _, err := strconv.Atoi(entry.Name()); err == nil {
			n++
		}
	}
	return n, err
}
