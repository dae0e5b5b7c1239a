package main

import (
	"bytes"
	"cmp"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"time"

	"golang.org/x/sys/unix"
)

// chainRounds is how often each chain has its turn at most, beside the warm-up.
const chainRounds = 12

// How often chains gather that have their turn: Telegraf's own inputs need some
// seconds, and those that are due again at once are never idle.
const (
	intervalOurs  = "3s"
	intervalPeers = "10s"
)

// The configurations, without what is gathered and where from. Telegraf writes
// soon after a gather, so that a turn ends soon, and drops nothing.
const (
	chainAgent = `
[agent]
  interval = %q
  round_interval = false
`
	chainTelegraf = chainAgent + `
  flush_interval = "200ms"
  metric_buffer_limit = 1000000
  quiet = true
[[outputs.file]]
  files = [%q]
  data_format = "influx"
%s
`
	chainExecd = `
[[inputs.execd]]
  command = [%q, "--config", %q]
  signal = "none"
`
)

// A turn ends when there was a gather and the programs use less than idleCPU of
// CPU time in idleFor, or fails after turnPatience.
const (
	idleFor      = 300 * time.Millisecond
	idleCPU      = 3 * time.Millisecond
	idlePoll     = 20 * time.Millisecond
	turnPatience = 3 * time.Minute
)

// marker is what one line of each gather has, and no other: a measurement, and a
// text that might be empty.
type marker struct{ measurement, text string }

// count counts the gathers of which lines are there, by their times: the builds
// before write more than one line.
func (m marker) count(lines []byte) int {
	times := map[string]bool{}
	for line := range bytes.Lines(lines) {
		name, _, _ := bytes.Cut(line, []byte(","))
		if string(name) == m.measurement && bytes.Contains(line, []byte(m.text)) {
			times[string(line[bytes.LastIndexByte(line, ' ')+1:])] = true
		}
	}
	return len(times)
}

// measure lets the chains take turns inside a network.
func (c *chains) measure(ctx context.Context, o options, network *holder) (err error) {
	dir, err := os.MkdirTemp("", "sysprobe-chain-")
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, os.RemoveAll(dir)) }()
	stir, err := newChanger("/proc/" + strconv.Itoa(network.cmd.Process.Pid) + "/ns/net")
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, unix.Close(stir.sock)) }()
	running := make([]*runningChain, len(c.All))
	for i, of := range c.All {
		if running[i], err = startChain(ctx, of, filepath.Join(dir, strconv.Itoa(i)), o.telegraf, network); err != nil {
			return err
		}
		defer running[i].stop()
	}
	for round := range warmUp + min(o.rounds, chainRounds) {
		for _, r := range running {
			if r.of.Error != "" || round >= warmUp && (round-warmUp)%slowEvery != 0 && r.isSlow() {
				continue
			}
			if err := r.turn(ctx, stir); ctx.Err() != nil {
				return ctx.Err()
			} else if err != nil {
				r.of.Error = err.Error()
			}
		}
	}
	for _, r := range running {
		r.stop()
		r.finish()
	}
	c.Processes, err = countProcesses()
	return err
}

// runningChain is a chain whose programs are stopped while it is not its turn.
type runningChain struct {
	of     *chain
	cmd    *exec.Cmd
	file   string
	errors strings.Builder
	turns  []turn
}

// turn is what a gather of one turn took.
type turn struct {
	execd, telegraf time.Duration
	lines           int
}

func (t turn) cpu() time.Duration { return t.execd + t.telegraf }

// startChain starts the programs of a chain in a process group of their own, so
// that one signal reaches all. The kernel ends a stopped group of which the first
// process is gone.
func startChain(ctx context.Context, of *chain, dir, telegraf string, network *holder) (*runningChain, error) {
	r := &runningChain{of: of, file: filepath.Join(dir, "lines")}
	inputs, interval := of.inputs, intervalPeers
	config, telegrafConfig := filepath.Join(dir, "sysprobe.conf"), filepath.Join(dir, "telegraf.conf")
	if of.execd != "" {
		execd, err := filepath.Abs(of.execd)
		if err != nil {
			return nil, err
		}
		inputs, interval = fmt.Sprintf(chainExecd, execd, config), intervalOurs
	}
	err := errors.Join(
		os.Mkdir(dir, 0o700),
		os.WriteFile(r.file, nil, 0o600),
		os.WriteFile(config, fmt.Appendf(nil, chainAgent+"%s", interval, of.inputs), 0o600),
		os.WriteFile(telegrafConfig, fmt.Appendf(nil, chainTelegraf, interval, r.file, inputs), 0o600))
	if err != nil {
		return nil, err
	}
	telegraf, err = filepath.Abs(telegraf)
	if err != nil {
		return nil, err
	}
	args := network.inside(telegraf, "--config", telegrafConfig)
	r.cmd = exec.CommandContext(ctx, args[0], args[1:]...)
	r.cmd.Stderr = &r.errors
	r.cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true, Pdeathsig: syscall.SIGKILL}
	r.cmd.Cancel = func() error { return r.signal(unix.SIGKILL) }
	if err := r.cmd.Start(); err != nil {
		return nil, err
	}
	return r, r.signal(unix.SIGSTOP)
}

// signal sends a signal to the programs.
func (r *runningChain) signal(s unix.Signal) error { return unix.Kill(-r.cmd.Process.Pid, s) }

// stop ends the programs.
func (r *runningChain) stop() {
	if r.cmd.ProcessState == nil {
		r.signal(unix.SIGKILL) //nolint:errcheck // it might have ended
		r.cmd.Wait()           //nolint:errcheck // it was killed
	}
}

// complaint is the first line that says of itself that it is an error.
func (r *runningChain) complaint() string {
	for line := range strings.Lines(r.errors.String()) {
		if strings.Contains(line, " E! ") {
			return strings.TrimSpace(line)
		}
	}
	return ""
}

// turn lets the chain gather and write, and stops it again.
func (r *runningChain) turn(ctx context.Context, stir *changer) error {
	before, err := r.clocks()
	if err != nil {
		return err
	}
	err = errors.Join(r.signal(unix.SIGCONT), r.settle(ctx, stir), r.signal(unix.SIGSTOP))
	if err != nil {
		return err
	}
	after, err := r.clocks()
	if err != nil {
		return err
	}
	lines, err := os.ReadFile(r.file)
	if err != nil {
		return err
	}
	if after.execd < before.execd {
		return errors.New("sysprobe-execd has ended")
	}
	gathers := r.of.marker.count(lines)
	r.turns = append(r.turns, turn{
		execd:    (after.execd - before.execd) / time.Duration(gathers),
		telegraf: (after.telegraf - before.telegraf) / time.Duration(gathers),
		lines:    bytes.Count(lines, []byte("\n")) / gathers,
	})
	return os.Truncate(r.file, 0) // Telegraf appends
}

// settle waits until there was a gather and all of it is written. Meanwhile it
// sends to the loopback interface.
func (r *runningChain) settle(ctx context.Context, stir *changer) error {
	ctx, cancel := context.WithTimeout(ctx, turnPatience)
	defer cancel()
	poll := time.NewTicker(idlePoll)
	defer poll.Stop()
	for idle, used := time.Now(), time.Duration(0); ; {
		select {
		case <-ctx.Done():
			return fmt.Errorf("no gather: %w", ctx.Err())
		case <-poll.C:
		}
		if err := errors.Join(r.alive(), stir.send()); err != nil {
			return err
		}
		now, err := r.clocks()
		if err != nil {
			return err
		}
		if now.cpu() > used+idleCPU {
			idle, used = time.Now(), now.cpu()
		}
		if time.Since(idle) < idleFor {
			continue
		}
		lines, err := os.ReadFile(r.file)
		if err != nil || r.of.marker.count(lines) > 0 {
			return err
		}
		idle, used = time.Now(), now.cpu()
	}
}

// alive returns an error if Telegraf has ended.
func (r *runningChain) alive() error {
	var ended unix.Siginfo
	err := unix.Waitid(unix.P_PID, r.cmd.Process.Pid, &ended, unix.WEXITED|unix.WNOHANG|unix.WNOWAIT, nil)
	if err == nil && ended.Signo != 0 {
		err = errors.New("telegraf has ended")
	}
	return err
}

// send sends a datagram that nobody receives to the loopback interface.
func (c *changer) send() error {
	return unix.Sendto(c.sock, []byte("stir"), 0, &unix.SockaddrInet4{Port: 9, Addr: [4]byte{127, 0, 0, 1}})
}

// clocks returns the CPU time that the programs used so far.
func (r *runningChain) clocks() (t turn, err error) {
	pid := r.cmd.Process.Pid
	if t.telegraf, err = cpuTimeOf(pid); err != nil {
		return t, err
	}
	lists, err := filepath.Glob(fmt.Sprintf("/proc/%d/task/*/children", pid))
	for _, list := range lists {
		children, readErr := os.ReadFile(list)
		err = errors.Join(err, readErr)
		for child := range strings.FieldsSeq(string(children)) {
			number, convertErr := strconv.Atoi(child)
			used, readErr := cpuTimeOf(number)
			if errors.Is(readErr, unix.EINVAL) {
				continue // the child with which Go tries pidfds has ended
			}
			err = errors.Join(err, convertErr, readErr)
			t.execd += used
		}
	}
	return t, err
}

// cpuTimeOf is what a process, with all its threads, used so far.
func cpuTimeOf(pid int) (time.Duration, error) {
	const sched = 2 // CPUCLOCK_SCHED of the kernel: clock_getcpuclockid(3)
	var t unix.Timespec
	err := unix.ClockGettime(int32(^pid<<3|sched), &t)
	return time.Duration(t.Nano()), err
}

// isSlow says that the last gather took long.
func (r *runningChain) isSlow() bool { return r.turns[len(r.turns)-1].cpu() > slow }

// finish sets the figures of a chain that has stopped.
func (r *runningChain) finish() {
	if r.of.Error != "" {
		r.of.Error = cmp.Or(r.complaint(), r.of.Error)
		return
	}
	turns := r.turns[warmUp:]
	slices.SortFunc(turns, func(a, b turn) int { return cmp.Compare(a.cpu(), b.cpu()) })
	of := r.of
	of.Turns, of.Lines, of.Complaint = len(turns), turns[0].lines, r.complaint()
	of.MedianNS, of.MinNS = turns[(len(turns)-1)/2].cpu().Nanoseconds(), turns[0].cpu().Nanoseconds()
	of.ExecdNS = turns[0].execd.Nanoseconds()
}
