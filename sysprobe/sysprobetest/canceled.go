package sysprobetest

import (
	"context"
	"testing"
	"time"
)

// What a call promises whose context ends, and how often a machine that has other
// things to do might make it late.
const (
	promptly = 100 * time.Millisecond
	attempts = 5
)

// Canceled calls f, which gets no answer, with a context that is cancelled
// meanwhile, and returns the error of f. F has to return within 100 ms of that, in
// one of a few attempts.
func Canceled(tb testing.TB, f func(context.Context) error) error {
	tb.Helper()
	for attempt := 1; ; attempt++ {
		took, err := canceled(tb.Context(), f)
		if took <= promptly {
			return err
		}
		if attempt == attempts {
			tb.Errorf("the call returned %v after its context was cancelled", took)
			return err
		}
	}
}

// canceled returns how long f took to return once its context was cancelled, 0
// where it returned before that, and its error.
func canceled(parent context.Context, f func(context.Context) error) (time.Duration, error) {
	ctx, cancel := context.WithCancel(parent)
	defer cancel()
	at := make(chan time.Time, 1)
	time.AfterFunc(20*time.Millisecond, func() {
		at <- time.Now()
		cancel()
	})
	err := f(ctx)
	select {
	case at := <-at:
		return time.Since(at), err
	default:
		return 0, err
	}
}
