package procfs

import (
	"bytes"
	"math"

	"telegraf-sysprobe/sysprobe/internal/decode"
)

// scanner reads decimal numbers separated by blanks. Like decode.Cursor it
// keeps its first error and returns zero from then on, so that decoders read
// straight through and check the error once.
type scanner struct {
	buf    []byte
	off    int
	format string
	err    *decode.Error
	// tolerant says that a whole number which is out of range is 0, and counted,
	// instead of an error.
	tolerant   bool
	outOfRange int
}

// fail sets the sticky error, unless there is one.
func (s *scanner) fail(reason string) {
	if s.err == nil {
		s.err = &decode.Error{Format: s.format, Offset: s.off, Reason: reason}
	}
}

// result is the sticky error as an error, without a nil pointer in it.
func (s *scanner) result() error {
	if s.err == nil {
		return nil
	}
	return s.err
}

// token returns the bytes up to the next blank; it fails at the end. All
// control characters count as blanks: that takes one comparison, and of these the
// kernel writes newlines and tabs only.
func (s *scanner) token() []byte {
	b, end := s.buf, s.off
	for end < len(b) && b[end] <= ' ' {
		end++
	}
	start := end
	for end < len(b) && b[end] > ' ' {
		end++
	}
	if start == end || s.err != nil {
		s.fail("want another field")
		return nil
	}
	s.off = end
	return b[start:end]
}

// more reports whether a field is left.
func (s *scanner) more() bool {
	for s.off < len(s.buf) && s.buf[s.off] <= ' ' {
		s.off++
	}
	return s.off < len(s.buf) && s.err == nil
}

// skip passes over n fields.
func (s *scanner) skip(n int) {
	for range n {
		s.token()
	}
}

// reject handles a token that cannot be the value.
func (s *scanner) reject(token []byte, reason string) {
	if s.tolerant && isWhole(token) {
		s.outOfRange++
		return
	}
	s.fail(reason)
}

// isWhole reports that token is a decimal number of any size.
func isWhole(token []byte) bool {
	digits := bytes.TrimPrefix(token, []byte{'-'})
	return len(digits) > 0 && bytes.IndexFunc(digits, func(r rune) bool { return r < '0' || r > '9' }) < 0
}

// uint reads an unsigned number.
func (s *scanner) uint() uint64 { return s.upTo(math.MaxUint64) }

// upTo reads an unsigned number of at most limit.
func (s *scanner) upTo(limit uint64) uint64 {
	token := s.token()
	n, ok := parseUint(token)
	switch {
	case !ok:
		s.reject(token, "want an unsigned decimal number before here")
		return 0
	case n > limit:
		s.reject(token, "want a smaller number before here")
		return 0
	}
	return n
}

func (s *scanner) uint32() uint32 { return uint32(s.upTo(math.MaxUint32)) }

// signed reads a number from -limit to limit.
func (s *scanner) signed(limit uint64) int64 {
	token := s.token()
	digits, negative := bytes.CutPrefix(token, []byte{'-'})
	n, ok := parseUint(digits)
	switch {
	case ok && n <= limit && negative:
		return -int64(n)
	case ok && n <= limit:
		return int64(n)
	}
	s.reject(token, "want a signed number in range before here")
	return 0
}

func (s *scanner) int32() int32 { return int32(s.signed(math.MaxInt32)) }

// parseUint is strconv.ParseUint for bytes, base 10, 64 bits: that one takes a
// string, which would have to be allocated.
func parseUint(b []byte) (uint64, bool) {
	var n uint64
	for _, c := range b {
		d := uint64(c - '0')
		if d > 9 || n > (math.MaxUint64-d)/10 {
			return 0, false
		}
		n = n*10 + d
	}
	return n, len(b) > 0
}
