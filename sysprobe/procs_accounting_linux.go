package sysprobe

import (
	"context"
	"errors"
	"fmt"
	"time"

	"telegraf-sysprobe/sysprobe/internal/abandon"
	"telegraf-sysprobe/sysprobe/internal/sys/clock"
	"telegraf-sysprobe/sysprobe/internal/sys/taskiter"
)

// accountingClient matches the accounts of the BPF program with rows.
type accountingClient struct {
	procs *procsClient

	turn     *turn // guards what follows
	exits    *taskiter.Exits
	accounts taskiter.Accounts
	departed departed
	names    longNames
	result   AccountingSnapshot
}

var _ accountingBackend = (*accountingClient)(nil)

// openAccounting implements Procs.OpenAccounting.
func (c *procsClient) openAccounting(ctx context.Context) (*accountingClient, error) {
	const op = "open accounting"
	exits, err := abandon.Call(ctx, func() (*taskiter.Exits, error) {
		if err := c.turn.take(ctx); err != nil {
			return nil, err
		}
		defer c.turn.free()
		return c.openExits(ctx)
	}, func(exits *taskiter.Exits) { exits.Close() }) //nolint:errcheck // the caller has left
	if err != nil {
		return nil, opError(op, c.path, err)
	}
	return &accountingClient{procs: c, turn: newTurn(), exits: exits, departed: newDeparted()}, nil
}

// openExits attaches the program, where the identities of its accounts are those
// of the rows.
func (c *procsClient) openExits(ctx context.Context) (*taskiter.Exits, error) {
	if c.sources[0].backend != BackendBPF {
		return nil, fmt.Errorf("it takes the backend bpf: %w", ErrNotSupported)
	}
	if c.dead {
		return nil, fmt.Errorf("of a table of dead processes alone: %w", ErrNotSupported)
	}
	if err := c.bpf.load(ctx); err != nil {
		if ctx.Err() == nil {
			err = fmt.Errorf("it takes the backend bpf: %w", errors.Join(err, ErrNotSupported))
		}
		return nil, err
	}
	nested, err := c.bpf.iterator.Nested()
	if err != nil {
		return nil, err
	}
	if nested {
		return nil, fmt.Errorf("in a PID namespace of its own: %w", ErrNotSupported)
	}
	return taskiter.OpenExits(ctx)
}

// close implements Accounting.Close.
func (a *accountingClient) close() error {
	return opError("close accounting", "", a.turn.end(a.exits.Close))
}

// snapshot implements Accounting.Snapshot.
func (a *accountingClient) snapshot(ctx context.Context, want Fields) (*AccountingSnapshot, error) {
	const op = "snapshot processes and accounts"
	if err := a.turn.take(ctx); err != nil {
		return nil, opError(op, "", err)
	}
	defer a.turn.free()
	s := &a.result
	old := s.Procs
	s.Exited, s.ExitedErr, s.ExitedLost = s.Exited[:0], nil, 0
	began := a.exits.BeginPass()
	if err := a.procs.snapshot(ctx, &s.ProcSnapshot, want); err != nil {
		a.departed.update(nil, old, time.Now())
		return nil, err
	}
	if began == nil {
		began = a.drain(old)
	}
	s.ExitedErr = opError("read accounts", "", began)
	return s, nil
}

// drain fills the result with the accounts of the processes that exited. Old are
// the rows of the snapshot before.
func (a *accountingClient) drain(old []Proc) error {
	bpf, s := &a.procs.bpf, &a.result
	// The program knows the time of the machine, not that of this time namespace.
	if err := a.exits.EndPass(uint64(clock.Boot() - bpf.offset)); err != nil {
		return err
	}
	if err := a.exits.Drain(&a.accounts); err != nil {
		return err
	}
	a.names.learn(s.Procs, s.Taken)
	for i := range a.accounts.Finals {
		f := &a.accounts.Finals[i]
		id := bpf.id(f.PID, f.Start)
		s.Exited = append(s.Exited, exitedProc(f, id, a.departed.settle(id, s.Procs, old)))
	}
	for i := range a.accounts.Totals {
		s.Exited = append(s.Exited, exitedKind(&a.accounts.Totals[i]))
	}
	for i := range s.Exited {
		a.names.extend(&s.Exited[i], s.Taken)
	}
	a.departed.update(s.Procs, old, time.Now())
	s.ExitedLost = a.accounts.Lost
	return nil
}
