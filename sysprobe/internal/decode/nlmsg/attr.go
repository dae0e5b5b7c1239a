package nlmsg

import (
	"encoding/binary"
	"math"

	"telegraf-sysprobe/sysprobe/internal/decode"
)

// attrHeaderLen is the size of struct nlattr.
const attrHeaderLen = 4

// typeMask removes NLA_F_NESTED and NLA_F_NET_BYTEORDER from a type.
const typeMask = 0x3fff

// Attrs walks over attributes (struct nlattr) with a Cursor. Next narrows the
// Cursor to one value at a time, so that a value is read from it directly,
// cannot be read beyond its end, need not be read to its end, and may itself
// hold attributes:
//
//	for a := nlmsg.AttrsOf(c); a.Next(); {
//		switch a.Type {
//		case attrMTU:
//			mtu = c.Uint32()
//		case attrInfo:
//			for n := nlmsg.AttrsOf(c); n.Next(); {
//
// The walk ends with the bytes, or with an error of the Cursor at the first
// attribute that does not fit into them.
type Attrs struct {
	// Type is the type of the attribute, without its flags.
	Type uint16

	c      *decode.Cursor
	outer  int // what to widen c to after the value
	inside bool
}

// AttrsOf walks over the attributes in what c has not read yet.
func AttrsOf(c *decode.Cursor) Attrs { return Attrs{c: c} }

// Next goes to the next attribute and reports whether there is one.
func (a *Attrs) Next() bool {
	if a.inside {
		a.c.Leave(a.outer)
		a.inside = false
		if padding := aligned(a.c.Offset()) - a.c.Offset(); padding > 0 {
			a.c.Skip(min(padding, a.c.Len())) // that of the last attribute may be missing
		}
	}
	if a.c.Len() == 0 {
		return false
	}
	size, typ := a.c.Uint16s()
	length := int(size)
	a.Type = typ & typeMask
	if length < attrHeaderLen {
		a.c.Fail("attribute shorter than its header")
	}
	if a.c.Err() != nil {
		return false
	}
	a.outer = a.c.Enter(length - attrHeaderLen)
	a.inside = true
	return a.c.Err() == nil
}

// Text reads a string value, which ends before its first NUL. It is not a
// copy.
func (a *Attrs) Text() []byte { return decode.BeforeNUL(a.c.Bytes(a.c.Len())) }

// AppendAttr appends an attribute with that value to b, padded to the next
// multiple of four. A value longer than an attribute can hold is cut.
func AppendAttr(b []byte, order binary.AppendByteOrder, typ uint16, value []byte) []byte {
	n := min(len(value), math.MaxUint16-attrHeaderLen)
	b = order.AppendUint16(b, uint16(attrHeaderLen+n))
	b = order.AppendUint16(b, typ)
	return pad(append(b, value[:n]...), n)
}

// AppendUint32 appends an attribute whose value is a number of 32 bits.
func AppendUint32(b []byte, order binary.AppendByteOrder, typ uint16, value uint32) []byte {
	return AppendAttr(b, order, typ, order.AppendUint32(make([]byte, 0, 4), value))
}
