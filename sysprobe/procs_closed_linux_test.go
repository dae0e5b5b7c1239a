package sysprobe

import (
	"context"
	"errors"
	"io/fs"
	"testing"
)

// methodsOf are the methods of a process that read.
func methodsOf(p *Process) map[string]func(context.Context) error {
	return map[string]func(context.Context) error{
		"State":       func(ctx context.Context) error { _, err := p.State(ctx); return err },
		"Cmdline":     func(ctx context.Context) error { _, err := p.Cmdline(ctx); return err },
		"Exe":         func(ctx context.Context) error { _, err := p.Exe(ctx); return err },
		"Cwd":         func(ctx context.Context) error { _, err := p.Cwd(ctx); return err },
		"Environ":     func(ctx context.Context) error { _, err := p.Environ(ctx); return err },
		"Limits":      func(ctx context.Context) error { _, err := p.Limits(ctx); return err },
		"CPUTimes":    func(ctx context.Context) error { _, err := p.CPUTimes(ctx); return err },
		"Read":        func(ctx context.Context) error { return p.Read(ctx, new(ProcessInfo), ^Fields(0), everyFact) },
		"Memory":      func(ctx context.Context) error { _, err := p.Memory(ctx); return err },
		"Footprint":   func(ctx context.Context) error { _, err := p.Footprint(ctx); return err },
		"Threads":     func(ctx context.Context) error { _, err := p.Threads(ctx); return err },
		"Affinity":    func(ctx context.Context) error { _, err := p.Affinity(ctx); return err },
		"IOPriority":  func(ctx context.Context) error { _, err := p.IOPriority(ctx); return err },
		"OpenFiles":   func(ctx context.Context) error { _, err := p.OpenFiles(ctx); return err },
		"MemoryMaps":  func(ctx context.Context) error { _, err := p.MemoryMaps(ctx); return err },
		"Terminal":    func(ctx context.Context) error { _, err := p.Terminal(ctx); return err },
		"Connections": func(ctx context.Context) error { _, err := p.Connections(ctx); return err },
		"Parent":      func(ctx context.Context) error { _, err := p.Parent(ctx); return err },
		"Children":    func(ctx context.Context) error { _, err := p.Children(ctx); return err },
		"Descendants": func(ctx context.Context) error { _, err := p.Descendants(ctx); return err },
		"SetNice":     func(context.Context) error { return p.SetNice(MaxNice) },
		"Suspend":     func(context.Context) error { return p.Suspend() },
		"Resume":      func(context.Context) error { return p.Resume() },
		"Kill":        func(context.Context) error { return p.Kill() },
	}
}

// TestProcessOutlivesItsTable closes the table under a process: what looks into the
// table says so, and all else goes on.
func TestProcessOutlivesItsTable(t *testing.T) {
	procs, err := OpenProcs(&Config{Backend: BackendProcFS})
	check(t, err)
	p, _ := startChild(t, procs, nil)
	check(t, procs.Close())
	inTable := map[string]bool{"Parent": true, "Children": true, "Descendants": true}
	methods := methodsOf(p)
	kill := methods["Kill"]
	delete(methods, "Kill") // the last
	for name, method := range methods {
		err := method(t.Context())
		var op *OpError
		switch {
		case !inTable[name] && err != nil:
			t.Errorf("%s: %v", name, err)
		case inTable[name] && (!errors.Is(err, fs.ErrClosed) || !errors.As(err, &op)):
			t.Errorf("%s: %v, want an OpError with fs.ErrClosed", name, err)
		}
	}
	check(t, kill(t.Context()))
	check(t, p.client.awaitEnd(t.Context()))
}

// TestNegativePIDs passes PIDs that no process can have.
func TestNegativePIDs(t *testing.T) {
	procs := openTableOf(t, BackendProcFS)
	for _, pid := range []int32{-1, -1 << 31} {
		_, opened := procs.OpenPID(t.Context(), pid)
		_, same := procs.OpenProcess(t.Context(), ProcID{PID: pid})
		_, row := procs.Lookup(t.Context(), pid, 0)
		_, found := FindProcess(t.Context(), pid)
		_, cgroup := ReadCgroupPIDs(nil, pid)
		_, tree := procs.KillTree(t.Context(), ProcID{PID: pid}, 0)
		for i, err := range []error{opened, same, row, found, cgroup, tree, procs.ConnectionsOf(t.Context(), []ProcID{{PID: pid}})[0].Err} {
			if !errors.Is(err, fs.ErrInvalid) {
				t.Errorf("%d of %d: %v, want fs.ErrInvalid", i, pid, err)
			}
		}
		if exists, err := PIDExists(nil, pid); exists || err != nil {
			t.Errorf("%d exists: %v, %v", pid, exists, err)
		}
	}
}
