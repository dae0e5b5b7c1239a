package sysprobe

import (
	"context"
	"syscall"
)

// Terminal is the path of the controlling terminal, also that of a zombie, and
// empty where there is none. It is a name in the /dev of the process. Everybody
// may see it.
func (p *Process) Terminal() (string, error) { return p.client.terminal() }

// Parent identifies the parent, also that of a zombie. It is absent where the
// process has none, this user may not see it, or the process with that PID is
// younger and so cannot be it.
func (p *Process) Parent() (Opt[ProcID], error) { return p.client.parent() }

// Children identifies the children, zombies included, by PID; with recursive
// theirs too. Each is there once, whatever loops the table has, and a process
// older than its alleged parent is none. It reads the stat of all processes. Who
// has a [ProcSnapshot] had better ask that.
func (p *Process) Children(recursive bool) ([]ProcID, error) { return p.client.children(recursive) }

// Signal sends a signal, or with 0 just checks that this is possible. It never
// reaches another process that has the PID by now; only before Linux 5.1 there is
// a moment in which it could. A zombie takes any signal, and nothing comes of it.
// It needs the same user or CAP_KILL (kill(2)), and returns an error that
// answers to [ErrAccessDenied] without.
func (p *Process) Signal(sig syscall.Signal) error { return p.client.signal(sig) }

// Wait waits until the process is gone. A child of this program is reaped, so
// that whoever else waits for it will not find it; its status is kept, and every
// further Wait returns it. Of others the status stays unknown, and a zombie among
// them is waited for until its parent reaps it. It returns an error that answers
// to that of ctx where that ends first.
//
// It sleeps until something happens, by a pidfd (pidfd_open(2)); before Linux 6.9
// it looks after a zombie, and before 5.3 after any process, often at first and
// once a second in the end.
func (p *Process) Wait(ctx context.Context) (Opt[ExitStatus], error) { return p.client.wait(ctx) }
