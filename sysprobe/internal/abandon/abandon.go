// Package abandon lets a caller leave a call that the kernel does not end.
package abandon

import "context"

// Call returns what f returns, or the error of ctx once ctx is done. A system
// call that waits for another process, or for a driver, cannot be interrupted:
// Call leaves it then, and f goes on in a goroutine until the system call
// returns. What f returns then goes to drop, unless that is nil or f failed.
func Call[T any](ctx context.Context, f func() (T, error), drop func(T)) (T, error) {
	var zero T
	if err := ctx.Err(); err != nil {
		return zero, err
	}
	if ctx.Done() == nil {
		return f()
	}
	type result struct {
		value T
		err   error
	}
	done := make(chan result)
	go func() {
		value, err := f()
		select {
		case done <- result{value, err}:
		case <-ctx.Done():
			if err == nil && drop != nil {
				drop(value)
			}
		}
	}()
	select {
	case r := <-done:
		return r.value, r.err
	case <-ctx.Done():
	}
	select { // an answer that came with the end counts
	case r := <-done:
		return r.value, r.err
	default:
		return zero, ctx.Err()
	}
}
