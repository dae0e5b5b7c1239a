package main

import (
	"bufio"
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"runtime"
	"strings"
	"syscall"
	"time"

	"golang.org/x/sys/unix"
)

// sample is one pass of a task. Only Go workers count allocations.
type sample struct {
	rows          int
	wall, cpu     time.Duration
	allocs, bytes uint64
}

// pass does what a task measures once and returns the number of rows it got.
type pass func() (rows int, err error)

// work is the other end of a worker: for each line of in it makes one pass and
// writes "rows wall-ns cpu-ns allocations bytes".
func work(in io.Reader, out io.Writer, run pass) error {
	lines := bufio.NewScanner(in)
	for lines.Scan() {
		var before, after runtime.MemStats
		runtime.ReadMemStats(&before)
		start, startCPU := time.Now(), cpuTime()
		rows, err := run()
		wall, cpu := time.Since(start), cpuTime()-startCPU
		runtime.ReadMemStats(&after)
		if err != nil {
			return err
		}
		_, err = fmt.Fprintln(out, rows, wall.Nanoseconds(), cpu.Nanoseconds(),
			after.Mallocs-before.Mallocs, after.TotalAlloc-before.TotalAlloc)
		if err != nil {
			return err
		}
	}
	return lines.Err()
}

// cpuTime is what this process, with all its threads, used so far.
func cpuTime() time.Duration {
	var t unix.Timespec
	if err := unix.ClockGettime(unix.CLOCK_PROCESS_CPUTIME_ID, &t); err != nil {
		panic(err) // no Linux lacks it
	}
	return time.Duration(t.Nano())
}

// waitDead waits until a child is dead, without reaping it.
func waitDead(pid int) error {
	for {
		err := unix.Waitid(unix.P_PID, pid, nil, unix.WEXITED|unix.WNOWAIT, nil)
		if !errors.Is(err, unix.EINTR) {
			return err
		}
	}
}

// worker is a process that makes one pass of its task each time it is asked,
// so that tasks take turns and none pays for the garbage of another.
type worker struct {
	cmd    *exec.Cmd
	in     io.WriteCloser
	out    *bufio.Reader
	errors strings.Builder
}

// startWorker starts a program that speaks work's protocol. It ends with ctx.
// GOMAXPROCS keeps Go programs to one thread of their own.
func startWorker(ctx context.Context, args ...string) (*worker, error) {
	cmd := exec.CommandContext(ctx, args[0], args[1:]...)
	cmd.Env = append(os.Environ(), "GOMAXPROCS=1")
	w := &worker{cmd: cmd}
	cmd.Stderr = &w.errors
	cmd.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
	in, err := cmd.StdinPipe()
	if err != nil {
		return nil, err
	}
	out, err := cmd.StdoutPipe()
	if err != nil {
		return nil, err
	}
	w.in, w.out = in, bufio.NewReader(out)
	return w, cmd.Start()
}

// measure asks for one pass. After an error there are no more.
func (w *worker) measure() (s sample, err error) {
	_, err = fmt.Fprintln(w.in)
	if err == nil {
		_, err = fmt.Fscanln(w.out, &s.rows, &s.wall, &s.cpu, &s.allocs, &s.bytes)
	}
	if err != nil {
		w.stop()
		return sample{}, errors.New(cmp.Or(w.complaint(), "no answer"))
	}
	return s, nil
}

// complaint is the first line of a stopped worker's standard error.
func (w *worker) complaint() string {
	line, _, _ := strings.Cut(w.errors.String(), "\n")
	return line
}

// stop ends the worker by closing its input. How it ends does not matter: what
// went wrong is an error of measure.
func (w *worker) stop() {
	w.in.Close() //nolint:errcheck // it is a pipe to nobody at worst
	w.cmd.Wait() //nolint:errcheck // see above
}
