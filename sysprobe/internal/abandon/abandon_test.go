package abandon

import (
	"context"
	"errors"
	"runtime"
	"testing"
	"time"
)

func TestCall(t *testing.T) {
	failed := errors.New("failed")
	for name, ctx := range map[string]context.Context{"that never ends": context.Background(), "that can end": t.Context()} {
		if v, err := Call(ctx, func() (int, error) { return 7, nil }, nil); v != 7 || err != nil {
			t.Errorf("a context %s: %d, %v", name, v, err)
		}
		if v, err := Call(ctx, func() (int, error) { return 8, failed }, nil); v != 8 || !errors.Is(err, failed) {
			t.Errorf("a context %s: %d, %v, want the error", name, v, err)
		}
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := Call(ctx, func() (int, error) { t.Error("called"); return 0, nil }, nil); !errors.Is(err, context.Canceled) {
		t.Errorf("a context that has ended: %v", err)
	}
}

// TestAbandonedCall leaves calls that last longer than their context, and checks
// that what they return is dropped and that no goroutine is left.
func TestAbandonedCall(t *testing.T) {
	before := runtime.NumGoroutine()
	for _, failed := range []error{nil, errors.New("failed")} {
		ctx, cancel := context.WithCancel(t.Context())
		blocked, dropped := make(chan struct{}), make(chan int, 1)
		time.AfterFunc(10*time.Millisecond, cancel)
		began := time.Now()
		v, err := Call(ctx, func() (int, error) { <-blocked; return 7, failed }, func(v int) { dropped <- v })
		if v != 0 || !errors.Is(err, context.Canceled) || time.Since(began) > 5*time.Second {
			t.Errorf("%d, %v after %v", v, err, time.Since(began))
		}
		close(blocked)
		if failed == nil {
			if v := <-dropped; v != 7 {
				t.Errorf("dropped %d", v)
			}
		}
	}
	for range 1000 {
		if runtime.NumGoroutine() <= before {
			return
		}
		time.Sleep(time.Millisecond)
	}
	t.Errorf("%d goroutines, want %d", runtime.NumGoroutine(), before)
}
