package sysprobe

import (
	"context"
	"errors"
	"io/fs"
	"os"
	"strconv"
	"sync"
	"syscall"
	"time"

	"telegraf-sysprobe/sysprobe/internal/abandon"
	"telegraf-sysprobe/sysprobe/internal/decode/ntinfo"
	"telegraf-sysprobe/sysprobe/internal/sys/ntapi"
)

// processClient is a process that is open: its PID is not used again before close.
type processClient struct {
	unsupportedProcess

	id    ProcID
	table *procsClient

	mu     sync.RWMutex // guards handle, which calls use
	handle *ntapi.Process
}

const opOpenProcess = "open process"

// openPID opens whichever process has that PID.
func (c *procsClient) openPID(ctx context.Context, pid int32) (*processClient, error) {
	return c.open(ctx, pid, func(ProcID) bool { return true })
}

// openProcess opens one process.
func (c *procsClient) openProcess(ctx context.Context, id ProcID) (*processClient, error) {
	return c.open(ctx, id.PID, func(found ProcID) bool { return found == id })
}

// open opens the process that has a PID if accept takes its identity.
func (c *procsClient) open(ctx context.Context, pid int32, accept func(ProcID) bool) (*processClient, error) {
	target := strconv.Itoa(int(pid))
	switch {
	case pid < 0:
		return nil, opError(opOpenProcess, target, fs.ErrInvalid)
	case pid == idlePID: // no process that could be opened
		return nil, opError(opOpenProcess, target, ErrAccessDenied)
	}
	p, err := abandon.Call(ctx, func() (*processClient, error) {
		handle, err := ntapi.Open(uint32(pid), ntapi.QueryRights)
		if err != nil {
			return nil, err
		}
		p := &processClient{table: c, handle: handle}
		if p.id, err = identify(handle, pid); err == nil && !accept(p.id) {
			err = ErrNoSuchProcess
		}
		if err != nil {
			handle.Close() //nolint:errcheck // another error is on its way
			return nil, err
		}
		return p, nil
	}, func(p *processClient) { p.handle.Close() }) //nolint:errcheck // the caller has left
	if errors.Is(err, ntapi.ErrGone) {
		err = ErrNoSuchProcess
	}
	return p, opError(opOpenProcess, target, err)
}

// identify returns the identity of an open process. It returns ErrNoSuchProcess
// where that exited, and another handle keeps it.
func identify(handle *ntapi.Process, pid int32) (ProcID, error) {
	boot, err := ntapi.TimeOfDay()
	if err != nil {
		return ProcID{}, err
	}
	created, err := handle.Created()
	if err != nil {
		return ProcID{}, err
	}
	if running, err := handle.IsRunning(); err == nil && !running {
		return ProcID{}, ErrNoSuchProcess
	}
	return ProcID{PID: pid, Start: startOfNT(created, boot)}, nil
}

func (p *processClient) close() error {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.handle == nil {
		return p.opError("close process", fs.ErrClosed)
	}
	err := p.handle.Close()
	p.handle = nil
	return p.opError("close process", err)
}

// opError is opError with the PID for a target.
func (p *processClient) opError(op string, err error) error {
	return opError(op, strconv.Itoa(int(p.id.PID)), err)
}

// askNT asks for a fact of a process that runs.
func askNT[T any](ctx context.Context, p *processClient, op string, question func(*ntapi.Process) (T, error)) (T, error) {
	answer, err := abandon.Call(ctx, func() (T, error) {
		p.mu.RLock()
		defer p.mu.RUnlock()
		var none T
		if p.handle == nil {
			return none, fs.ErrClosed
		}
		if running, err := p.handle.IsRunning(); err == nil && !running {
			return none, ErrNoSuchProcess
		}
		return question(p.handle)
	}, nil)
	return answer, p.opError(op, err)
}

func (p *processClient) isRunning(ctx context.Context) bool {
	running, err := askNT(ctx, p, "look at process", (*ntapi.Process).IsRunning)
	return err == nil && running
}

// row returns what a snapshot has of the process.
func (p *processClient) row(ctx context.Context, op string) (Proc, error) {
	if _, err := askNT(ctx, p, op, (*ntapi.Process).IsRunning); err != nil {
		return Proc{}, err
	}
	found, err := p.table.lookup(ctx, p.id.PID, 0)
	if err == nil && found.ID != p.id {
		err = ErrNoSuchProcess
	}
	return found, p.opError(op, err)
}

func (p *processClient) state(ctx context.Context) (State, error) {
	found, err := p.row(ctx, "read state of process")
	return found.State, err
}

func (p *processClient) cpuTimes(ctx context.Context) (ProcessCPUTimes, error) {
	const op = "read CPU times of process"
	taken := time.Now()
	found, err := p.row(ctx, op)
	if err != nil {
		return ProcessCPUTimes{}, err
	}
	times, err := found.cpuTimes(p.id, taken, ErrMalformed)
	return times, p.opError(op, err)
}

func (p *processClient) exe(ctx context.Context) (ProcPath, error) {
	path, err := askNT(ctx, p, "read executable of process", (*ntapi.Process).Exe)
	return ProcPath{Path: path}, err
}

func (p *processClient) cmdline(ctx context.Context) ([]string, error) {
	line, err := askNT(ctx, p, "read command line of process", (*ntapi.Process).CommandLine)
	if err != nil {
		return nil, err
	}
	return ntinfo.SplitCommandLine(line), nil
}

func (p *processClient) affinity(ctx context.Context) ([]int, error) {
	const op = "read affinity of process"
	masks, err := askNT(ctx, p, op, (*ntapi.Process).Affinity)
	if err == nil && masks.Process == 0 { // it runs in several groups of processors
		err = p.opError(op, ErrNotSupported)
	}
	var processors []int
	for i := range 64 {
		if masks.Process&(1<<i) != 0 {
			processors = append(processors, i)
		}
	}
	return processors, err
}

func (p *processClient) parent(ctx context.Context) (Opt[ProcID], error) {
	var parent Opt[ProcID]
	err := p.table.shots.with(ctx, 0, func(s *ProcSnapshot) {
		if row := findProc(s.Procs, p.id); row != nil {
			if q := s.Parent(row); q != nil {
				parent = Some(q.ID)
			}
		}
	})
	if err == nil {
		_, err = p.row(ctx, "read parent of process")
		return parent, err
	}
	return parent, p.opError("read parent of process", err)
}

func (p *processClient) children(ctx context.Context, recursive bool) ([]ProcID, error) {
	const op = "list children of process"
	if _, err := p.row(ctx, op); err != nil {
		return nil, err
	}
	var ids []ProcID
	err := p.table.shots.with(ctx, 0, func(s *ProcSnapshot) {
		if row := findProc(s.Procs, p.id); row != nil {
			for _, child := range s.Children(nil, row, recursive) {
				ids = append(ids, child.ID)
			}
		}
	})
	return ids, p.opError(op, err)
}

// signal ends the process at os.Kill and at SIGTERM, which Windows has no other
// word for, as psutil does.
func (p *processClient) signal(sig os.Signal) error {
	if sig != os.Kill && sig != syscall.SIGTERM && sig != syscall.Signal(0) {
		return p.opError(opSignal, ErrNotSupported)
	}
	return p.change(opSignal, ntapi.TerminateRights, nil, func(h *ntapi.Process) error {
		if sig == syscall.Signal(0) {
			return nil
		}
		return h.Terminate(1)
	})
}

// awaitEnd waits until the process has exited.
func (p *processClient) awaitEnd(ctx context.Context) error {
	_, err := p.wait(ctx)
	return err
}

// wait has the exit code of any process.
func (p *processClient) wait(ctx context.Context) (Opt[ExitStatus], error) {
	const op = "wait for process"
	p.mu.RLock()
	defer p.mu.RUnlock()
	if p.handle == nil {
		return Opt[ExitStatus]{}, p.opError(op, fs.ErrClosed)
	}
	if err := p.handle.Wait(ctx); err != nil {
		return Opt[ExitStatus]{}, p.opError(op, err)
	}
	code, err := p.handle.ExitCode()
	return someIf(ExitStatus(code)<<8, err == nil), p.opError(op, err)
}
