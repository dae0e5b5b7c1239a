package sysprobe

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"slices"
	"strings"
	"sync"
	"syscall"
	"time"
)

// The limits of the priorities.
const (
	// MinNice is the nice value of most CPU time (setpriority(2)).
	MinNice = -20
	// MaxNice is the nice value of least CPU time.
	MaxNice = 19
	// MaxIOLevel is the last level of an I/O priority (linux/ioprio.h).
	MaxIOLevel = 7
)

// SetNice sets the nice value of the process, to be exact of its first thread
// (setpriority(2)): new threads have that of the thread that makes them. It needs
// the same user, and to lower the value CAP_SYS_NICE or the limit [ResourceNice].
//
// It and the other setters return an error that wraps fs.ErrInvalid and has the
// range if the value is out of range, whatever became of the process, [ErrAccessDenied] if this user must not set
// it, [ErrNoSuchProcess] if the process is gone, [ErrZombieProcess] if it has
// exited, or its first thread has and the value is of that, and [ErrNotSupported]
// where the system or the PID namespace of the table has no such call. The kernel
// takes a PID: the setter checks before the call, and after it, that the process has
// it.
func (p *Process) SetNice(nice int) error {
	return p.client.setNice(nice, p.argument(inRange("nice value", nice, MinNice, MaxNice)))
}

// SetIOPriority sets the I/O priority of the process, to be exact of its first
// thread (ioprio_set(2)), as SetNice does. The class rt needs CAP_SYS_ADMIN or CAP_SYS_NICE. The
// classes none and idle have no levels but 0. Windows takes a Hint, which is out of
// range elsewhere, and needs SeIncreaseBasePriorityPrivilege for one above normal.
func (p *Process) SetIOPriority(priority IOPriority) error {
	most := MaxIOLevel
	if priority.Class == IOPrioNone || priority.Class == IOPrioIdle {
		most = 0
	}
	return p.client.setIOPriority(priority, p.argument(errors.Join(
		inRange("class of I/O priority", int(priority.Class), int(IOPrioNone), int(IOPrioIdle)),
		inRange("level of I/O priority", int(priority.Level), 0, most))))
}

// SetLimit sets a resource limit of the whole process (prlimit(2)), as SetNice does,
// also where its first thread alone has exited.
// To raise Hard needs CAP_SYS_RESOURCE. FreeBSD and NetBSD set it by kern.proc.rlimit and
// proc.PID.rlimit of sysctl(3), and lack some resources. A Soft above Hard is out of range; the zero
// Limit means unlimited, which is above any Hard that is not.
func (p *Process) SetLimit(resource Resource, limit Limit) error {
	return p.client.setLimit(resource, limit, p.argument(cmp.Or(
		inRange("resource", int(resource), 0, resources-1),
		limit.check(resource))))
}

// check returns an error for a Soft above Hard.
func (l Limit) check(resource Resource) error {
	soft, limited := l.Soft.Get()
	hard, most := l.Hard.Get()
	switch {
	case most && !limited:
		return fmt.Errorf("an unlimited soft limit of %v is above the hard limit %d: %w", resource, hard, fs.ErrInvalid)
	case most && soft > hard:
		return fmt.Errorf("soft limit %d of %v is above the hard limit %d: %w", soft, resource, hard, fs.ErrInvalid)
	default:
		return nil
	}
}

// SetAffinity sets the processors that the process, to be exact its first thread,
// may run on, by their numbers (sched_setaffinity(2), SetProcessAffinityMask), as
// SetNice does; on Windows of the group of 64 that it is in, on FreeBSD of all threads
// (cpuset_setaffinity(2)). The kernel leaves out those that the machine or the cgroup of
// the process lacks; that of FreeBSD refuses them. A set of which nothing remains, or
// that is refused, is out of range.
func (p *Process) SetAffinity(cpus []int) error {
	err := inRange("number of processors", len(cpus), 1, maxCPU)
	for _, cpu := range cpus {
		err = errors.Join(err, inRange("processor", cpu, 0, maxCPU-1))
	}
	return p.client.setAffinity(cpus, p.argument(err))
}

// argument returns invalid, which says what is wrong with an argument, or fs.ErrClosed
// once the handle is closed.
func (p *Process) argument(invalid error) error {
	if p.waits.isEnded() {
		return fs.ErrClosed
	}
	return invalid
}

// maxCPU is more processors than any system has.
const maxCPU = 1 << 18

// lastSignals are the highest signals that kill(2) of the systems takes: NSIG of
// sys/signal.h less one, _SIG_MAXSIG of FreeBSD, _NSIG of Linux (asm/signal.h), which is
// larger on MIPS.
var lastSignals = map[string]int{"linux": 64, "darwin": 31, "freebsd": 128, "netbsd": 63, "openbsd": 32}

const opSignal = "signal process"

// checkSignal returns why a system that sends signals does not have sig, or nil. The
// system and its architecture are as Go spells them.
func checkSignal(sig os.Signal, goos, goarch string) error {
	last, sends := lastSignals[goos]
	if !sends {
		return nil
	}
	number, ok := sig.(syscall.Signal)
	if !ok {
		return fmt.Errorf("%v is no signal of this system: %w", sig, ErrNotSupported)
	}
	if goos == "linux" && strings.HasPrefix(goarch, "mips") {
		last = 128
	}
	return inRange("signal", int(number), 0, last)
}

// Terminate asks the process to exit, by SIGTERM, as Signal does.
func (p *Process) Terminate() error { return p.Signal(syscall.SIGTERM) }

// Kill ends the process, by SIGKILL, as Signal does.
func (p *Process) Kill() error { return p.Signal(syscall.SIGKILL) }

// Suspend stops the process until Resume, by SIGSTOP, as Signal does. Windows
// suspends its threads (NtSuspendProcess), each as often as Suspend is called.
func (p *Process) Suspend() error { return p.client.suspend() }

// Resume lets a stopped process go on, by SIGCONT, as Signal does; on Windows by
// NtResumeProcess, once for each Suspend.
func (p *Process) Resume() error { return p.client.resume() }

// ProcessExit is how the wait for a process ended.
type ProcessExit struct {
	Process *Process
	// Status and Err are what [Process.Wait] returned.
	Status Opt[ExitStatus]
	Err    error
}

// WaitAll waits until all processes are gone, or ctx ends, as psutil's wait_procs.
// The result is in the order of processes, each with what its Wait returns: one
// that still lives has the error of ctx, and one whose handle is closed an error that
// wraps fs.ErrClosed.
func WaitAll(ctx context.Context, processes []*Process) []ProcessExit {
	exits := make([]ProcessExit, len(processes))
	var waits sync.WaitGroup
	for i, p := range processes {
		waits.Go(func() {
			status, err := p.Wait(ctx)
			exits[i] = ProcessExit{Process: p, Status: status, Err: err}
		})
	}
	waits.Wait()
	return exits
}

// KillTree ends a process and its descendants: it sends SIGTERM to all of them,
// the ancestors first, so that none starts another child for one that ends, and
// after grace SIGKILL to those that are left and to what they have started
// meanwhile. It returns when all have exited, with the identities of those that took
// SIGKILL. It reaps none: a child of this program is a zombie then, with its status,
// for the Wait of its exec.Cmd or for [Process.Wait]. A process whose parent ended
// before KillTree saw it is not found.
//
// It returns an error that wraps [ErrNoSuchProcess] if there is no such process,
// [ErrAccessDenied] if one of them is not this user's, which does not keep it from
// the others, and the error of ctx if that ends first.
func (p *Procs) KillTree(ctx context.Context, id ProcID, grace time.Duration) ([]ProcID, error) {
	root, err := p.OpenProcess(ctx, id)
	if err != nil {
		return nil, err
	}
	t := &processTree{table: p, members: []*Process{root}}
	defer t.close()
	if err := t.grow(ctx); err != nil {
		return nil, err
	}
	t.signal(syscall.SIGTERM)
	short, cancel := context.WithTimeout(ctx, grace)
	t.await(short)
	cancel()
	var killed []ProcID
	if len(t.members) > 0 && ctx.Err() == nil {
		if killed, err = t.kill(ctx); err != nil {
			return nil, err
		}
	}
	return killed, opError("kill process tree", fmt.Sprint(id.PID), errors.Join(t.refused, ctx.Err()))
}

// processTree is what KillTree has found and not seen gone.
type processTree struct {
	table   *Procs
	members []*Process // the ancestors first
	refused error      // of those that did not take the last signal
}

// grow adds the descendants of the members.
func (t *processTree) grow(ctx context.Context) error {
	known := make(map[ProcID]bool)
	for _, m := range t.members {
		known[m.ID()] = true
	}
	for _, m := range slices.Clone(t.members) {
		found, err := m.Descendants(ctx)
		if err != nil && !errors.Is(err, ErrNoSuchProcess) {
			return err
		}
		for _, id := range found {
			if known[id] {
				continue
			}
			known[id] = true
			child, err := t.table.OpenProcess(ctx, id)
			switch {
			case err == nil:
				t.members = append(t.members, child)
			case !errors.Is(err, ErrNoSuchProcess):
				return err
			}
		}
	}
	return nil
}

// kill ends the members and what they have started meanwhile, and waits for them. It
// returns those that took the signal.
func (t *processTree) kill(ctx context.Context) ([]ProcID, error) {
	if err := t.grow(ctx); err != nil {
		return nil, err
	}
	killed := t.signal(syscall.SIGKILL)
	t.await(ctx)
	return killed, nil
}

// signal sends sig to all, and returns those that took it. It drops the others if
// they are gone, or sig is SIGKILL: then they will not end.
func (t *processTree) signal(sig syscall.Signal) (took []ProcID) {
	t.refused = nil
	t.members = slices.DeleteFunc(t.members, func(m *Process) bool {
		err := m.Signal(sig)
		gone := errors.Is(err, ErrNoSuchProcess)
		if err == nil {
			took = append(took, m.ID())
		} else if !gone {
			t.refused = errors.Join(t.refused, err)
		}
		drop := err != nil && (gone || sig == syscall.SIGKILL)
		if drop {
			_ = m.Close() //nolint:errcheck // it was read only
		}
		return drop
	})
	return took
}

// await waits for all, and keeps those that are left.
func (t *processTree) await(ctx context.Context) {
	failed := make([]error, len(t.members))
	var waits sync.WaitGroup
	for i, m := range t.members {
		waits.Go(func() { failed[i] = m.client.awaitEnd(ctx) })
	}
	waits.Wait()
	left := t.members[:0]
	for i, m := range t.members {
		if failed[i] != nil {
			left = append(left, m)
		} else {
			_ = m.Close() //nolint:errcheck // it was read only
		}
	}
	t.members = left
}

// close closes what is left.
func (t *processTree) close() {
	for _, m := range t.members {
		_ = m.Close() //nolint:errcheck // it was read only
	}
}
