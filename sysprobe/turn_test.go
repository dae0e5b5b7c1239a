package sysprobe

import (
	"context"
	"errors"
	"io/fs"
	"testing"
	"time"
)

// TestRelayLeavesACall takes a snapshot whose system call hangs, cancels it, and
// takes another one while the call still hangs.
func TestRelayLeavesACall(t *testing.T) {
	hang := make(chan struct{})
	opened := 0
	r := newRelay(func() func(struct{}) (*int, error) {
		opened++
		reader := opened
		return func(struct{}) (*int, error) {
			if reader == 1 {
				<-hang
			}
			return &reader, nil
		}
	})
	ctx, cancel := context.WithCancel(t.Context())
	time.AfterFunc(10*time.Millisecond, cancel)
	if err := r.with(ctx, struct{}{}, func(*int) { t.Error("a snapshot of a call that hangs") }); !errors.Is(err, context.Canceled) {
		t.Errorf("%v, want context.Canceled", err)
	}
	for range 2 {
		used := 0
		if err := r.with(t.Context(), struct{}{}, func(n *int) { used = *n }); err != nil || used != 2 {
			t.Errorf("reader %d, %v, want the second", used, err)
		}
	}
	close(hang)
}

func TestRelayEnds(t *testing.T) {
	failure := errors.New("failure")
	r := newRelay(func() func(struct{}) (*int, error) { return func(struct{}) (*int, error) { return nil, failure } })
	use := func(*int) { t.Error("a snapshot of a reader that fails") }
	if err := r.with(t.Context(), struct{}{}, use); !errors.Is(err, failure) {
		t.Errorf("%v, want the error of the reader", err)
	}
	ended, cancel := context.WithCancel(t.Context())
	cancel()
	if err := r.with(ended, struct{}{}, use); !errors.Is(err, context.Canceled) {
		t.Errorf("%v, want context.Canceled", err)
	}
	if err := r.close(); err != nil {
		t.Error(err)
	}
	if err := r.close(); !errors.Is(err, fs.ErrClosed) {
		t.Errorf("second close: %v, want fs.ErrClosed", err)
	}
	if err := r.with(t.Context(), struct{}{}, use); !errors.Is(err, fs.ErrClosed) {
		t.Errorf("after close: %v, want fs.ErrClosed", err)
	}
}
