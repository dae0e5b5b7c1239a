package sysprobe

import (
	"context"

	"telegraf-sysprobe/sysprobe/internal/abandon"
)

// relay takes snapshots of type S, each for a request of type Q, one at a time,
// with system calls that nothing interrupts. A caller whose context ends leaves
// the call under way, together with the reader that makes it; the next caller gets
// a new reader.
type relay[Q, S any] struct {
	turn *turn
	// open returns a reader, which has memory of its own.
	open func() func(Q) (S, error)

	read func(Q) (S, error) // nil before open
}

// newRelay returns a relay of the readers that open makes.
func newRelay[Q, S any](open func() func(Q) (S, error)) *relay[Q, S] {
	return &relay[Q, S]{turn: newTurn(), open: open}
}

// with calls use with a snapshot for a request, which is the reader's again afterwards. It
// returns the error of the reader, that of ctx where it ends first, and
// fs.ErrClosed after close.
func (r *relay[Q, S]) with(ctx context.Context, request Q, use func(S)) error {
	if err := r.turn.take(ctx); err != nil {
		return err
	}
	defer r.turn.free()
	if r.read == nil {
		r.read = r.open()
	}
	read := r.read
	s, err := abandon.Call(ctx, func() (S, error) { return read(request) }, nil)
	if err != nil {
		if ctx.Err() != nil {
			r.read = nil // a call that was left uses it
		}
		return err
	}
	use(s)
	return nil
}

// close waits for the snapshot that is under way. It returns fs.ErrClosed where r
// is closed already.
func (r *relay[Q, S]) close() error {
	return r.turn.end(func() error {
		r.read = nil
		return nil
	})
}
