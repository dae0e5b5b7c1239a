package ntapi

import (
	"errors"
	"fmt"

	"telegraf-sysprobe/sysprobe/internal/decode"
)

// ErrTooSmall is the error of a Call whose buffer is too small.
var ErrTooSmall = errors.New("buffer too small")

// Call fills buf with an answer and returns how many bytes it wrote, or
// ErrTooSmall and how many it would take, 0 where the system does not say.
type Call func(buf []byte) (n int, err error)

// attempts is how often a buffer grows for one answer.
const attempts = 16

// maxAnswer limits a buffer, in bytes: a process takes some 256 bytes and each of
// its threads 80.
const maxAnswer = 1 << 28

// Answer is a buffer for the answers of one function, which it keeps. It is not
// safe for concurrent use.
type Answer struct{ buf []byte }

// Ask returns what call wrote, valid until the next Ask. An answer that does not
// fit is asked for again with a larger buffer. It returns the error of call, one
// that wraps decode.ErrInterrupted where the answer outgrows every buffer, and one
// that wraps decode.ErrMalformed where its size is absurd.
func (a *Answer) Ask(call Call) ([]byte, error) {
	if a.buf == nil {
		a.buf = make([]byte, 1<<15)
	}
	for range attempts {
		n, err := call(a.buf)
		switch {
		case err == nil && (n < 0 || n > len(a.buf)):
			return nil, tooLarge(n)
		case err == nil:
			return a.buf[:n], nil
		case !errors.Is(err, ErrTooSmall):
			return nil, err
		case n < 0 || n > maxAnswer || len(a.buf) >= maxAnswer:
			return nil, tooLarge(n)
		}
		// What is asked about can grow further before the next call.
		a.buf = make([]byte, max(n+n/4, len(a.buf)+len(a.buf)/2))
	}
	return nil, fmt.Errorf("%d buffers were too small: %w", attempts, decode.ErrInterrupted)
}

// tooLarge is the error of an answer whose size cannot be.
func tooLarge(n int) error {
	return &decode.Error{Format: "size of an answer", Reason: fmt.Sprintf("%d bytes", n)}
}
