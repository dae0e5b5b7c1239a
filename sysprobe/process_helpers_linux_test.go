package sysprobe

import (
	"context"
	"errors"
	"os"
	"strconv"
	"strings"
	"time"
	"unsafe"

	"golang.org/x/sys/unix"
)

// helpTitle TITLE PAD: a process that wrote a title over its arguments, both
// quoted as in Go, and before it a byte as often as it takes to fill them. The
// Go runtime leaves arguments where the kernel put them, with the environment
// behind them. Lines are further titles, with NULs behind them.
func helpTitle(args []string) error {
	title, err := strconv.Unquote(args[0])
	if err != nil {
		return err
	}
	pad, err := strconv.Unquote(args[1])
	if err != nil {
		return err
	}
	title, pad = strings.Clone(title), strings.Clone(pad) // not what is written over
	first, last := os.Args[0], os.Args[len(os.Args)-1]
	start := uintptr(unsafe.Pointer(unsafe.StringData(first)))
	end := uintptr(unsafe.Pointer(unsafe.StringData(last))) + uintptr(len(last)) + 1
	memory := unsafe.Slice(unsafe.StringData(first), end-start+1)
	area := memory[:end-start]
	if len(title) > len(area) {
		return errors.New("no room")
	}
	copy(area, strings.Repeat(pad, len(area)-len(title))+title)
	memory[len(area)] = 0 // of the environment
	if err := ready(); err != nil {
		return err
	}
	return untilEOF(func(line string) error {
		clear(area)
		copy(area, line)
		return ready()
	})
}

// methodsAnswer is what helpMethods prints: how each method ended for each
// process.
type methodsAnswer map[string]map[string]string

// helpMethods NAME PID ...: opens the processes and prints, after a line, what
// their methods say.
func helpMethods(args []string) error {
	procs, err := OpenProcs(&Config{Backend: BackendProcFS})
	if err != nil {
		return err
	}
	opened := make(map[string]*Process)
	for i := 0; i+1 < len(args); i += 2 {
		pid, err := strconv.Atoi(args[i+1])
		if err != nil {
			return err
		}
		if opened[args[i]], err = procs.OpenPID(context.Background(), int32(pid)); err != nil {
			return err
		}
	}
	if err := ready(); err != nil {
		return err
	}
	return untilEOF(func(string) error {
		answer := make(methodsAnswer)
		for name, p := range opened {
			answer[name] = outcomesOf(p)
		}
		return say(answer)
	})
}

// helpReuse, the first process of its PID namespace, lets a process follow
// another under the same PID, and prints whether the handle of the first one
// takes it for the second.
func helpReuse([]string) error {
	if err := mountProc("/proc", ""); err != nil {
		return err
	}
	procs, err := OpenProcs(&Config{Backend: BackendProcFS})
	if err != nil {
		return err
	}
	ctx := context.Background()
	first, err := os.StartProcess("/bin/sleep", []string{"sleep", "600"}, &os.ProcAttr{})
	if err != nil {
		return err
	}
	p, err := procs.OpenPID(ctx, int32(first.Pid))
	if err != nil {
		return err
	}
	if err := first.Kill(); err != nil {
		return err
	}
	if _, err := first.Wait(); err != nil {
		return err
	}
	time.Sleep(20 * time.Millisecond) // two ticks: within one ConnectionsOf, which has no handle, cannot tell
	second, err := startAs(first.Pid)
	if err != nil {
		return err
	}
	answer := []string{outcome(true, p.Signal(unix.SIGKILL)), outcome(p.IsRunning(ctx), nil), outcome(p.Cmdline(ctx)), outcome(p.Affinity(ctx))}
	_, err = procs.OpenProcess(ctx, ProcID{PID: p.ID().PID, Start: p.ID().Start - 1})
	answer = append(answer, outcome(nil, err))
	other, err := procs.OpenPID(ctx, int32(second.Pid))
	if err != nil {
		return err
	}
	answer = append(answer, outcome(other.Cmdline(ctx)))
	methods := outcomesOf(p)
	if err := second.Kill(); err != nil {
		return err
	}
	if _, err := second.Wait(); err != nil {
		return err
	}
	return errors.Join(ready(), say(answer), say(methods))
}

// outcomesOf says how each method ends for a process.
func outcomesOf(p *Process) map[string]string {
	outcomes := make(map[string]string)
	for method, call := range processMethods {
		outcomes[method] = outcome(call(context.Background(), p))
	}
	return outcomes
}

// waited is what helpWait prints.
type waited struct {
	Outcome  string
	Took     time.Duration
	Switches uint64 // voluntary, of all threads
}

// openArgument opens the process whose PID a helper got, and a table for it.
func openArgument(arg string) (*Procs, *Process, error) {
	pid, err := strconv.Atoi(arg)
	if err != nil {
		return nil, nil, err
	}
	procs, err := OpenProcs(&Config{Backend: BackendProcFS})
	if err != nil {
		return nil, nil, err
	}
	p, err := procs.OpenPID(context.Background(), int32(pid))
	return procs, p, err
}

// helpWait PID TIMEOUT: waits for a process that is not a child.
func helpWait(args []string) error {
	timeout, err := time.ParseDuration(args[1])
	if err != nil {
		return err
	}
	_, p, err := openArgument(args[0])
	if err != nil {
		return err
	}
	if err := ready(); err != nil {
		return err
	}
	var before, after unix.Rusage
	if err := unix.Getrusage(unix.RUSAGE_SELF, &before); err != nil {
		return err
	}
	began := time.Now()
	ctx, cancel := context.WithTimeout(context.Background(), timeout)
	defer cancel()
	answer := waited{Outcome: outcome(p.Wait(ctx))}
	answer.Took = time.Since(began)
	if err := unix.Getrusage(unix.RUSAGE_SELF, &after); err != nil {
		return err
	}
	answer.Switches = uint64(after.Nvcsw - before.Nvcsw)
	return say(answer)
}
