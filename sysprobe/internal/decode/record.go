package decode

import "encoding/binary"

// Field is where a record has a number or a text: Size bytes from At on. The
// zero Field is one that records of that layout do not have.
type Field struct{ At, Size int }

// U8 is the Field of a number of one byte.
func U8(at int) Field { return Field{At: at, Size: 1} }

// U16 is the Field of a number of two bytes.
func U16(at int) Field { return Field{At: at, Size: 2} }

// U32 is the Field of a number of four bytes.
func U32(at int) Field { return Field{At: at, Size: 4} }

// U64 is the Field of a number of eight bytes.
func U64(at int) Field { return Field{At: at, Size: 8} }

// Text is the Field of size bytes that hold a text.
func Text(at, size int) Field { return Field{At: at, Size: size} }

// Record reads the fields of one record in any order. A field that lies beyond
// the end of the record, because the kernel that wrote it is older than the
// layout or sent fewer bytes, is absent: it reads as zero, and Has reports
// which of the two it is.
type Record struct {
	b   []byte
	big bool // most significant byte first
}

// NewRecord returns the record b of a machine whose byte order is order, one of
// package binary's.
func NewRecord(b []byte, order binary.ByteOrder) Record {
	return Record{b: b, big: isBig(order)}
}

// Len is the number of bytes of the record.
func (r Record) Len() int { return len(r.b) }

// Has reports whether the whole of f lies within the record.
func (r Record) Has(f Field) bool {
	return f.Size > 0 && f.At >= 0 && f.At <= len(r.b) && f.Size <= len(r.b)-f.At
}

// Bytes returns the bytes of f without copying them, or nil if f is absent.
func (r Record) Bytes(f Field) []byte {
	if !r.Has(f) {
		return nil
	}
	return r.b[f.At : f.At+f.Size : f.At+f.Size]
}

// Text returns the bytes of f before the first NUL, or all of them where there
// is none, without copying them.
func (r Record) Text(f Field) []byte {
	b := r.Bytes(f)
	for i, c := range b {
		if c == 0 {
			return b[:i:i]
		}
	}
	return b
}

// Uint returns the number f, or 0 if f is absent.
func (r Record) Uint(f Field) uint64 {
	if !r.Has(f) {
		return 0
	}
	b := r.b[f.At : f.At+f.Size]
	switch {
	case len(b) == 4 && !r.big:
		return uint64(binary.LittleEndian.Uint32(b))
	case len(b) == 8 && !r.big:
		return binary.LittleEndian.Uint64(b)
	case len(b) == 4:
		return uint64(binary.BigEndian.Uint32(b))
	case len(b) == 8:
		return binary.BigEndian.Uint64(b)
	case len(b) == 1:
		return uint64(b[0])
	case len(b) == 2 && r.big:
		return uint64(binary.BigEndian.Uint16(b))
	case len(b) == 2:
		return uint64(binary.LittleEndian.Uint16(b))
	}
	return 0
}

// Int returns the signed number f, or 0 if f is absent.
func (r Record) Int(f Field) int64 {
	unused := 64 - 8*min(f.Size, 8)
	return int64(r.Uint(f)<<unused) >> unused
}

// isBig reports whether order is big-endian, on this machine where it is
// binary.NativeEndian.
func isBig(order binary.ByteOrder) bool {
	nativeIsBig := binary.NativeEndian.Uint16([]byte{0, 1}) == 1
	return order == binary.BigEndian || nativeIsBig && order == binary.NativeEndian
}
