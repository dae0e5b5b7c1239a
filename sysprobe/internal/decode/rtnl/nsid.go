package rtnl

import (
	"encoding/binary"

	"telegraf-sysprobe/sysprobe/internal/decode"
	"telegraf-sysprobe/sysprobe/internal/decode/nlmsg"
)

// nsidHeaderLen is the size of struct rtgenmsg with its padding.
const nsidHeaderLen = 4

// AppendGetNSID appends the body of an RTM_GETNSID request for the ID of the network
// namespace that a file of this process is of.
func AppendGetNSID(b []byte, order binary.AppendByteOrder, file uint32) []byte {
	b = append(b, make([]byte, nsidHeaderLen)...) // AF_UNSPEC
	return nlmsg.AppendUint32(b, order, attrNSIDFD, file)
}

// DecodeNSID decodes the body of an RTM_NEWNSID message: the ID, which is -1 for a
// namespace without one. Its error wraps decode.ErrMalformed.
func DecodeNSID(b []byte, order binary.ByteOrder) (int32, error) {
	id := int32(-1)
	c := decode.NewCursor(b, order, "rtnetlink namespace ID")
	c.Skip(nsidHeaderLen)
	for a := nlmsg.AttrsOf(c); a.Next(); {
		if a.Type == attrNSID {
			id = int32(c.Uint32())
		}
	}
	return id, c.Err()
}
