// Package nlmsg reads and writes the parts that messages of all netlink families
// have: the header, the attributes, and the answer that reports an error.
//
// The formats are those of linux/netlink.h, described in
// Documentation/userspace-api/netlink/intro.rst. Every number is in the byte
// order of the machine, so every function takes one.
package nlmsg

import (
	"encoding/binary"

	"telegraf-sysprobe/sysprobe/internal/decode"
)

// Message types below any family's (NLMSG_* of linux/netlink.h).
const (
	TypeError uint16 = 2
	TypeDone  uint16 = 3
)

// Header flags (NLM_F_* of linux/netlink.h).
const (
	FlagRequest         uint16 = 0x001
	FlagMulti           uint16 = 0x002
	FlagAck             uint16 = 0x004
	FlagDumpInterrupted uint16 = 0x010
	FlagCapped          uint16 = 0x100 // of an error: the request is cut to its header
	FlagAckTLVs         uint16 = 0x200 // of an error: attributes follow
	FlagDump            uint16 = 0x300 // of a request: NLM_F_ROOT | NLM_F_MATCH
)

// HeaderLen is the size of struct nlmsghdr.
const HeaderLen = 16

// align is NLMSG_ALIGNTO and NLA_ALIGNTO.
const align = 4

// aligned rounds n up to the next multiple of align.
func aligned(n int) int { return (n + align - 1) &^ (align - 1) }

// Header is struct nlmsghdr without the length.
type Header struct {
	Type, Flags uint16
	Seq, Port   uint32
}

// Message is one netlink message. Data is not a copy.
type Message struct {
	Header
	Data []byte
}

// Next takes the first message from b and returns the rest, of which there is
// none when it is empty. Its error wraps decode.ErrMalformed where b does not begin
// with a whole message.
func Next(b []byte, order binary.ByteOrder) (Message, []byte, error) {
	c := decode.NewCursor(b, order, "netlink message")
	length := c.Uint32()
	h := Header{Type: c.Uint16(), Flags: c.Uint16(), Seq: c.Uint32(), Port: c.Uint32()}
	if length < HeaderLen {
		c.Fail("length shorter than the header")
	}
	data := c.Bytes(bodyLen(length))
	if err := c.Err(); err != nil {
		return Message{}, nil, err
	}
	c.Skip(min(aligned(len(data))-len(data), c.Len()))
	return Message{Header: h, Data: data}, b[c.Offset():], nil
}

// bodyLen is a message's length without the header. A length that no int holds
// on a machine of 32 bits becomes one that no buffer has.
func bodyLen(length uint32) int { return int(min(length, 1<<30)) - HeaderLen }

// Append appends a message to b, padded to the next multiple of four.
func Append(b []byte, order binary.AppendByteOrder, m Message) []byte {
	b = order.AppendUint32(b, uint32(HeaderLen+len(m.Data)))
	b = order.AppendUint16(b, m.Type)
	b = order.AppendUint16(b, m.Flags)
	b = order.AppendUint32(b, m.Seq)
	b = order.AppendUint32(b, m.Port)
	return pad(append(b, m.Data...), len(m.Data))
}

// pad appends what n bytes lack to a multiple of align.
func pad(b []byte, n int) []byte {
	return append(b, make([]byte, aligned(n)-n)...)
}

// Status is the content of the last message of an answer: NLMSG_ERROR, whose errno
// 0 is an acknowledgement, or NLMSG_DONE.
type Status struct {
	// Errno is positive, or 0 for success.
	Errno int
	// Text is the kernel's explanation (NLMSGERR_ATTR_MSG), if it gave one.
	Text string
}

// attrMessage is NLMSGERR_ATTR_MSG.
const attrMessage = 1

// DecodeStatus reads the body of an NLMSG_ERROR or NLMSG_DONE message. Its error
// wraps decode.ErrMalformed.
func DecodeStatus(m Message, order binary.ByteOrder) (Status, error) {
	c := decode.NewCursor(m.Data, order, "netlink status")
	if m.Type == TypeDone && len(m.Data) == 0 { // NLMSG_DONE of old kernels
		return Status{}, nil
	}
	s := Status{Errno: -int(int32(c.Uint32()))}
	if m.Type == TypeError && m.Flags&FlagAckTLVs != 0 {
		request := c.Uint32() // the length in the header of the request
		c.Skip(HeaderLen - 4)
		if m.Flags&FlagCapped == 0 {
			c.Skip(max(aligned(bodyLen(request)), 0))
		}
	}
	if m.Flags&FlagAckTLVs != 0 {
		for a := AttrsOf(c); a.Next(); {
			if a.Type == attrMessage {
				s.Text = string(a.Text())
			}
		}
	}
	return s, c.Err()
}
