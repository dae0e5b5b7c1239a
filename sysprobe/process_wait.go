package sysprobe

import (
	"context"
	"errors"
	"io/fs"
	"sync"
)

// Wait waits until the process is gone, and returns how it exited. A child of this
// program is gone once it has exited: Wait does not reap it, so that the Wait of its
// exec.Cmd or os.Process finds its status too, which a program has to call all the same.
// Any other process is gone once its parent has reaped it; its status is known where the
// kernel tells it (Linux 6.15), if the process was there when Wait began, and on
// Windows. The status is kept, and every further Wait returns it. Wait returns the error
// of ctx if that ends first, and one that wraps fs.ErrClosed once the handle is closed,
// also by another goroutine; with an error it returns no status. On the BSDs and macOS
// Wait reaps a child of this program, which no other wait can find then.
//
// It sleeps until something happens, by a pidfd (pidfd_open(2)). Before Linux 6.9
// it looks after a zombie again and again, and before 5.3 after any process, often
// at first and once a second in the end.
func (p *Process) Wait(ctx context.Context) (Opt[ExitStatus], error) {
	ctx, stop := p.waits.begin(ctx)
	defer stop()
	status, err := p.client.wait(ctx)
	if errors.Is(err, context.Canceled) && context.Cause(ctx) == fs.ErrClosed { //nolint:errorlint // of end, and not the caller's
		err = pidError("wait for process", p.ID().PID, fs.ErrClosed)
	}
	if err != nil { // a status that is kept is there all the same
		return Opt[ExitStatus]{}, err
	}
	return status, nil
}

// processWaits are the calls of [Process.Wait] that are under way. The zero value has
// none.
type processWaits struct {
	mu     sync.Mutex
	ended  bool
	cancel map[context.Context]context.CancelCauseFunc
}

// begin returns a context for a call, which end cancels as well, with fs.ErrClosed for
// the cause. The caller calls stop when the call is over.
func (w *processWaits) begin(parent context.Context) (ctx context.Context, stop func()) {
	ctx, cancel := context.WithCancelCause(parent)
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.ended {
		cancel(fs.ErrClosed)
		return ctx, func() {}
	}
	if w.cancel == nil {
		w.cancel = make(map[context.Context]context.CancelCauseFunc)
	}
	w.cancel[ctx] = cancel
	return ctx, func() {
		w.mu.Lock()
		defer w.mu.Unlock()
		delete(w.cancel, ctx)
		cancel(nil)
	}
}

// isEnded reports whether end was called.
func (w *processWaits) isEnded() bool {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.ended
}

// end ends the calls that are under way, and those that come.
func (w *processWaits) end() {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.ended = true
	for _, cancel := range w.cancel {
		cancel(fs.ErrClosed)
	}
}
