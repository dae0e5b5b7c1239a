package main

import (
	"bufio"
	"context"
	"embed"
	"errors"
	"fmt"
	"io"
	"math"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
)

// The load every task works on.
const (
	zombies   = 100
	vethPairs = 500
	// socketsEach is how many sockets each process has where they are looked at.
	socketsEach = 2
)

//go:embed native
var sources embed.FS

// compile builds a C source of this package into dir and returns the program.
func compile(ctx context.Context, dir, name string) (string, error) {
	source, err := sources.ReadFile("native/" + name)
	if err != nil {
		return "", err
	}
	program := filepath.Join(dir, strings.TrimSuffix(name, ".c"))
	gcc := exec.CommandContext(ctx, "gcc", "-O2", "-Wall", "-o", program, "-x", "c", "-")
	gcc.Stdin = strings.NewReader(string(source))
	if out, err := gcc.CombinedOutput(); err != nil {
		return "", fmt.Errorf("gcc %s: %w\n%s", name, err, out)
	}
	return program, nil
}

// holder is a process that keeps a load alive until its input closes: also
// when this program is killed.
type holder struct {
	cmd *exec.Cmd
	in  io.Closer
}

// launch starts a program, which ends with this one, and returns its output.
func launch(ctx context.Context, args ...string) (*holder, io.Reader, error) {
	cmd := exec.CommandContext(ctx, args[0], args[1:]...)
	cmd.Stderr = os.Stderr
	cmd.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
	in, err := cmd.StdinPipe()
	if err != nil {
		return nil, nil, err
	}
	out, err := cmd.StdoutPipe()
	if err != nil {
		return nil, nil, err
	}
	return &holder{cmd: cmd, in: in}, out, cmd.Start()
}

// hold starts a program and waits until it says "ready".
func hold(ctx context.Context, args ...string) (*holder, error) {
	h, out, err := launch(ctx, args...)
	if err != nil {
		return nil, err
	}
	if line, err := bufio.NewReader(out).ReadString('\n'); line != "ready\n" {
		return nil, joinErrors(fmt.Errorf("%v is not ready: %w", args, err), h.release())
	}
	return h, nil
}

// release ends the holder and with it the load.
func (h *holder) release() error {
	return joinErrors(h.in.Close(), h.cmd.Wait())
}

// holdProcesses makes so many processes that sleep, and the zombies.
func holdProcesses(ctx context.Context, program string, sleeping int) (*holder, error) {
	return hold(ctx, program, strconv.Itoa(sleeping), strconv.Itoa(zombies))
}

// holdSockets makes a network namespace with so many processes, and these sockets
// in it. It has no name: it ends with the holder.
func holdSockets(ctx context.Context, program string, processes int) (*holder, error) {
	return hold(ctx, "unshare", "--net", program, strconv.Itoa(processes), "0", strconv.Itoa(socketsEach))
}

// holdStorm lets so many processes begin and end a second, until end is called.
func holdStorm(ctx context.Context, program string, rate int) (end func() error, err error) {
	if rate == 0 {
		return func() error { return nil }, nil
	}
	h, _, err := launch(ctx, program, strconv.Itoa(rate), strconv.Itoa(math.MaxInt64), "0")
	return func() error { return joinErrors(h.cmd.Process.Kill(), h.release()) }, err
}

// pidMax is where the kernel has its limit of process IDs.
const pidMax = "/proc/sys/kernel/pid_max"

// makeRoom raises the limit of process IDs where it is too low for so many more
// of them, and returns what brings it back.
func makeRoom(processes int) (restore func() error, err error) {
	text, err := os.ReadFile(pidMax)
	if err != nil {
		return nil, err
	}
	limit, err := strconv.Atoi(strings.TrimSpace(string(text)))
	if err != nil {
		return nil, err
	}
	const others = 10_000
	if limit >= processes+others {
		return func() error { return nil }, nil
	}
	set := func(text []byte) error { return os.WriteFile(pidMax, text, 0) }
	return func() error { return set(text) }, set([]byte(strconv.Itoa(processes + others)))
}

// holdNetwork makes a network namespace, with a /sys of its own for those who
// look there, and fills it. The namespace has no name: it ends with the holder.
func holdNetwork(ctx context.Context) (*holder, error) {
	h, err := hold(ctx, "unshare", "--net", "--mount", "sh", "-c", "mount -t sysfs sysfs /sys && echo ready && exec cat")
	if err != nil {
		return nil, err
	}
	ip := h.inside("ip", "-batch", "-")
	cmd := exec.CommandContext(ctx, ip[0], ip[1:]...)
	cmd.Stdin = strings.NewReader(networkBatch())
	if out, err := cmd.CombinedOutput(); err != nil {
		return nil, joinErrors(fmt.Errorf("ip -batch: %w\n%s", err, out), h.release())
	}
	return h, nil
}

// inside returns the command line that runs args in the namespaces of h.
func (h *holder) inside(args ...string) []string {
	return append([]string{"nsenter", "--net", "--mount", "--target=" + strconv.Itoa(h.cmd.Process.Pid)}, args...)
}

// networkBatch is the input of `ip -batch` that makes the links, with one IPv4
// and one IPv6 address each.
func networkBatch() string {
	var b strings.Builder
	b.WriteString("link set lo up\n")
	for i := range vethPairs {
		fmt.Fprintf(&b, "link add a%d type veth peer name b%d\n", i, i)
		for side, name := range []string{"a", "b"} {
			fmt.Fprintf(&b, "link set %s%d addrgenmode none up\n", name, i)
			fmt.Fprintf(&b, "addr add 10.%d.%d.%d/31 dev %s%d\n", i>>8, i&0xff, side, name, i)
			fmt.Fprintf(&b, "addr add fd00::%x:%d/112 dev %s%d nodad\n", i, side, name, i)
		}
	}
	return b.String()
}

// joinErrors is errors.Join without the complaint of a process that was told
// to end and did.
func joinErrors(errs ...error) error {
	for i, err := range errs {
		if exit := (*exec.ExitError)(nil); errors.As(err, &exit) && exit.ExitCode() < 0 {
			errs[i] = nil
		}
	}
	return errors.Join(errs...)
}
