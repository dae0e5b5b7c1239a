// Package decode holds what the decoders of kernel answers share: one error
// for malformed bytes and a bounds-checked cursor, which is the only code that
// indexes what a kernel sent.
//
// The packages below it are named by format, take bytes, return values, make
// no system call, and so are compiled, tested and fuzzed on every system.
package decode

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
)

// ErrMalformed is wrapped by every error of a decoder.
var ErrMalformed = errors.New("malformed")

// ErrInterrupted means that a kernel table changed during every attempt to read
// it, so that no answer is consistent (NLM_F_DUMP_INTR of linux/netlink.h).
var ErrInterrupted = errors.New("table changed while it was read")

// Error says where the bytes stopped making sense.
type Error struct {
	// Format names what was decoded: "rtnetlink link", "proc stat".
	Format string
	// Offset is the position of the first byte that does not fit.
	Offset int
	// Reason says what was expected there.
	Reason string
}

// Error prints format, offset and reason.
func (e *Error) Error() string {
	return fmt.Sprintf("malformed %s at byte %d: %s", e.Format, e.Offset, e.Reason)
}

// Is reports that every Error is an ErrMalformed.
func (e *Error) Is(target error) bool { return target == ErrMalformed }

// Cursor reads fixed-width values from a buffer. The first read beyond the end
// sets an error that sticks: every later read returns zero, so that decoders
// read straight through and ask Err once. Sizes are minimums: bytes a newer
// kernel appended are left unread.
type Cursor struct {
	buf    []byte
	off    int
	big    bool // most significant byte first
	format string
	err    error
}

// NewCursor returns a Cursor over b. Order is the byte order of the machine
// that wrote b, one of package binary's: NativeEndian for an answer of the
// running kernel. Format names b in errors.
func NewCursor(b []byte, order binary.ByteOrder, format string) *Cursor {
	return &Cursor{buf: b, big: isBig(order), format: format}
}

// Err returns the first error, which wraps ErrMalformed, or nil.
func (c *Cursor) Err() error { return c.err }

// Len is the number of unread bytes; 0 after an error.
func (c *Cursor) Len() int {
	if c.err != nil {
		return 0
	}
	return len(c.buf) - c.off
}

// Offset is the position of the next byte to be read.
func (c *Cursor) Offset() int { return c.off }

// Fail sets the sticky error, unless there is one, to reason at the current
// offset.
func (c *Cursor) Fail(reason string) {
	if c.err == nil {
		c.err = &Error{Format: c.format, Offset: c.off, Reason: reason}
	}
}

// Bytes returns the next n bytes without copying them, or nil and a sticky
// error where fewer are left.
func (c *Cursor) Bytes(n int) []byte {
	if c.err != nil || uint(n) > uint(len(c.buf)-c.off) {
		c.failShort(n)
		return nil
	}
	b := c.buf[c.off : c.off+n : c.off+n]
	c.off += n
	return b
}

// failShort is apart from Bytes, which is part of every read.
func (c *Cursor) failShort(n int) {
	c.Fail(fmt.Sprintf("want %d more bytes, have %d", n, len(c.buf)-c.off))
}

// Enter narrows c to the next n bytes, as if the buffer ended after them, and
// returns what Leave needs to widen it again. Where fewer are left, the error
// sticks.
func (c *Cursor) Enter(n int) (outer int) {
	outer = len(c.buf)
	if n < 0 || n > c.Len() {
		c.Skip(n) // fails
		n = 0
	}
	c.buf = c.buf[:c.off+n]
	return outer
}

// Leave passes over what is unread since the Enter that returned outer, and
// makes the bytes after it readable.
func (c *Cursor) Leave(outer int) {
	c.off = len(c.buf)
	c.buf = c.buf[:outer]
}

// Skip passes over n bytes.
func (c *Cursor) Skip(n int) { c.Bytes(n) }

// Uint8 reads one byte.
func (c *Cursor) Uint8() uint8 {
	if b := c.Bytes(1); b != nil {
		return b[0]
	}
	return 0
}

// Uint16 reads two bytes in the order of the Cursor.
func (c *Cursor) Uint16() uint16 {
	b := c.Bytes(2)
	switch {
	case b == nil:
		return 0
	case c.big:
		return binary.BigEndian.Uint16(b)
	}
	return binary.LittleEndian.Uint16(b)
}

// Uint16s reads two numbers of two bytes each.
func (c *Cursor) Uint16s() (first, second uint16) {
	b := c.Bytes(4)
	switch {
	case b == nil:
		return 0, 0
	case c.big:
		return binary.BigEndian.Uint16(b), binary.BigEndian.Uint16(b[2:])
	}
	return binary.LittleEndian.Uint16(b), binary.LittleEndian.Uint16(b[2:])
}

// Uint32 reads four bytes in the order of the Cursor.
func (c *Cursor) Uint32() uint32 {
	b := c.Bytes(4)
	switch {
	case b == nil:
		return 0
	case c.big:
		return binary.BigEndian.Uint32(b)
	}
	return binary.LittleEndian.Uint32(b)
}

// Uint64 reads eight bytes in the order of the Cursor.
func (c *Cursor) Uint64() uint64 {
	b := c.Bytes(8)
	switch {
	case b == nil:
		return 0
	case c.big:
		return binary.BigEndian.Uint64(b)
	}
	return binary.LittleEndian.Uint64(b)
}

// Uint32s fills numbers with that many of four bytes each.
func (c *Cursor) Uint32s(numbers []uint32) {
	b := c.Bytes(4 * len(numbers))
	switch {
	case b == nil:
		clear(numbers)
	case c.big:
		for i := range numbers {
			numbers[i] = binary.BigEndian.Uint32(b[4*i:])
		}
	default:
		for len(numbers) >= 4 && len(b) >= 16 { // one check of bounds for four
			to, from := (*[4]uint32)(numbers), (*[16]byte)(b)
			to[0], to[1] = binary.LittleEndian.Uint32(from[:4]), binary.LittleEndian.Uint32(from[4:8])
			to[2], to[3] = binary.LittleEndian.Uint32(from[8:12]), binary.LittleEndian.Uint32(from[12:])
			numbers, b = numbers[4:], b[16:]
		}
		for i := range numbers {
			numbers[i] = binary.LittleEndian.Uint32(b[4*i:])
		}
	}
}

// Uint64s fills numbers with that many of eight bytes each.
func (c *Cursor) Uint64s(numbers []uint64) {
	b := c.Bytes(8 * len(numbers))
	switch {
	case b == nil:
		clear(numbers)
	case c.big:
		for i := range numbers {
			numbers[i] = binary.BigEndian.Uint64(b[8*i:])
		}
	default:
		for len(numbers) >= 4 && len(b) >= 32 { // one check of bounds for four
			to, from := (*[4]uint64)(numbers), (*[32]byte)(b)
			to[0], to[1] = binary.LittleEndian.Uint64(from[:8]), binary.LittleEndian.Uint64(from[8:16])
			to[2], to[3] = binary.LittleEndian.Uint64(from[16:24]), binary.LittleEndian.Uint64(from[24:])
			numbers, b = numbers[4:], b[32:]
		}
		for i := range numbers {
			numbers[i] = binary.LittleEndian.Uint64(b[8*i:])
		}
	}
}

// BeforeNUL returns the text of a C string: what precedes the first NUL, or all
// of b where there is none.
func BeforeNUL(b []byte) []byte {
	before, _, _ := bytes.Cut(b, []byte{0})
	return before
}
