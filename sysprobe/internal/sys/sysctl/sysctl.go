package sysctl

import (
	"encoding/binary"
	"errors"
	"fmt"
	"syscall"

	"telegraf-sysprobe/sysprobe/internal/decode"
)

// Call asks for the name mib and returns how many bytes the kernel wrote to old.
// If old is empty, it returns how many bytes the kernel thinks that it would
// write. If old is too small, the kernel fills it with as many whole records as
// fit, and Call returns ENOMEM.
type Call func(mib []int32, old []byte) (n int, err error)

// attempts is how often a Reader makes its buffer larger for one answer.
const attempts = 8

// maxAnswer limits the buffer, in bytes. The table of 99,999 processes, the most
// that FreeBSD has, takes 109 MB.
const maxAnswer = 1 << 28

// Reader reads answers into a buffer that it keeps. It is not safe for concurrent
// use.
type Reader struct {
	call Call
	buf  []byte
}

// NewReader returns a Reader that asks by call.
func NewReader(call Call) *Reader { return &Reader{call: call} }

// Read returns the answer for the name mib, valid until the next Read. An answer
// that outgrows the buffer is asked for again with a larger buffer. Read returns
// an error that wraps decode.ErrInterrupted if the answer outgrows every buffer,
// one that wraps decode.ErrMalformed if its size is absurd, or an errno.
func (r *Reader) Read(mib ...int32) ([]byte, error) {
	for range attempts {
		if len(r.buf) > 0 {
			n, err := r.call(mib, r.buf)
			if err == nil && n >= 0 && n <= len(r.buf) {
				return r.buf[:n], nil
			}
			if err == nil {
				return nil, tooLarge(n)
			}
			if !errors.Is(err, syscall.ENOMEM) {
				return nil, err
			}
		}
		if err := r.grow(mib); err != nil {
			return nil, err
		}
	}
	return nil, fmt.Errorf("%d buffers were too small: %w", attempts, decode.ErrInterrupted)
}

// grow makes the buffer larger: at least twice as large, and an eighth larger
// than the kernel says that the answer is now.
func (r *Reader) grow(mib []int32) error {
	n, err := r.call(mib, nil)
	if err != nil && !errors.Is(err, syscall.ENOMEM) {
		return err
	}
	if n < 0 || n > maxAnswer || len(r.buf) >= maxAnswer {
		return tooLarge(n)
	}
	r.buf = make([]byte, max(2*len(r.buf), n+n/8, 1024))
	return nil
}

// reserve makes the buffer at least n bytes large.
func (r *Reader) reserve(n int) {
	if len(r.buf) < n {
		r.buf = make([]byte, n)
	}
}

// tooLarge is the error of an answer whose size cannot be.
func tooLarge(n int) error {
	return &decode.Error{Format: "sysctl answer", Reason: fmt.Sprintf("it has %d bytes", n)}
}

// Number returns the answer for the name mib, a number of 4 or 8 bytes in the byte
// order of this machine. All that are asked for are sizes and counts, so that one of 4
// bytes has no sign: FreeBSD of 32 bits has its memory in such. It returns an error that wraps
// decode.ErrMalformed if the answer has another size, or an errno.
func Number(call Call, mib ...int32) (int64, error) {
	var b [16]byte
	n, err := call(mib, b[:])
	if err != nil {
		return 0, err
	}
	return number(b[:min(max(n, 0), len(b))])
}

// number decodes a number of 4 or 8 bytes.
func number(b []byte) (int64, error) {
	switch len(b) {
	case 4:
		return int64(binary.NativeEndian.Uint32(b)), nil
	case 8:
		return int64(binary.NativeEndian.Uint64(b)), nil
	default:
		return 0, &decode.Error{Format: "sysctl number", Offset: len(b), Reason: "want 4 or 8 bytes"}
	}
}
