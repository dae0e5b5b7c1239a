package sysprobe

import (
	"context"
	"io/fs"
	"sync/atomic"

	"telegraf-sysprobe/sysprobe/internal/abandon"
)

// turn lets one call at a time use a handle, until the handle is closed. A call
// ends with its context while it waits for its turn, which a sync.Mutex would not
// let it do, and with inTurn also while the kernel holds it up.
type turn struct {
	held   chan struct{} // holds a value while a call has the turn
	closed atomic.Bool   // shut was called: a call that has the turn should end
	refuse chan struct{} // is closed then: calls that wait need not wait any more
	left   atomic.Bool   // the caller of the call that has the turn has left
}

// newTurn returns a turn that is free.
func newTurn() *turn { return &turn{held: make(chan struct{}, 1), refuse: make(chan struct{})} }

// take waits until the turn is free. It returns the error of ctx where that
// ends first, and fs.ErrClosed once it is shut; the turn is then not taken.
func (t *turn) take(ctx context.Context) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	select {
	case t.held <- struct{}{}:
	case <-t.refuse:
		return fs.ErrClosed
	case <-ctx.Done():
		return ctx.Err()
	}
	if t.closed.Load() {
		t.free()
		return fs.ErrClosed
	}
	return nil
}

// free ends a turn.
func (t *turn) free() {
	t.left.Store(false)
	<-t.held
}

// end closes the handle: it refuses the calls that come later, and calls release in
// the last turn. It returns the errors of shut and finish.
func (t *turn) end(release func() error) error {
	if err := t.shut(); err != nil {
		return err
	}
	return t.finish(release)
}

// shut refuses the calls that come later. It returns fs.ErrClosed for all but the
// first of its own.
func (t *turn) shut() error {
	if !t.closed.CompareAndSwap(false, true) {
		return fs.ErrClosed
	}
	close(t.refuse)
	return nil
}

// finish calls release in the last turn, and returns its error. Where the kernel
// holds up a call that its caller has left, finish returns nil at once, and release
// follows that call.
func (t *turn) finish(release func() error) error {
	last := func() error {
		defer t.free()
		return release()
	}
	if !t.left.Load() {
		t.held <- struct{}{}
		return last()
	}
	go func() {
		t.held <- struct{}{}
		_ = last() //nolint:errcheck // the caller of Close has left too
	}()
	return nil
}

// inTurn calls take with what dst holds, in a turn of t, and then moves the
// result to dst. It returns the error of take, or an OpError with that of ctx
// once it ends: take goes on alone then, for as long as the kernel holds it up,
// and keeps the memory that dst had.
func inTurn[T any](ctx context.Context, t *turn, op, target string, dst *T, take func(*T) error) error {
	if ctx.Done() == nil {
		c := turnCall[T]{ctx: ctx, turn: t, op: op, target: target, take: take}
		return c.fill(dst)
	}
	c := &turnCall[T]{ctx: ctx, turn: t, op: op, target: target, take: take}
	c.own, *dst = *dst, c.own
	own, err := abandon.Call(ctx, c.call, nil)
	if own == nil {
		t.left.Store(true)
		return opError(op, target, err)
	}
	*dst = *own
	return err
}

// turnCall is one call of inTurn, in one piece of memory.
type turnCall[T any] struct {
	ctx        context.Context
	turn       *turn
	op, target string
	take       func(*T) error
	own        T // what a caller that might leave has given
}

// call fills own. It returns own with an error too.
func (c *turnCall[T]) call() (*T, error) { return &c.own, c.fill(&c.own) }

// fill calls take when it is its turn.
func (c *turnCall[T]) fill(dst *T) error {
	if err := c.turn.take(c.ctx); err != nil {
		return opError(c.op, c.target, err)
	}
	defer c.turn.free()
	return c.take(dst)
}
