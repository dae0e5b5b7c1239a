// Package ethnl decodes the answers of the generic netlink family "ethtool",
// and encodes the requests for them (Linux 5.6;
// Documentation/networking/ethtool-netlink.rst).
package ethnl

import (
	"encoding/binary"

	"telegraf-sysprobe/sysprobe/internal/decode"
	"telegraf-sysprobe/sysprobe/internal/decode/nlmsg"
)

// LinkInfo is an ETHTOOL_MSG_LINKINFO_GET_REPLY.
type LinkInfo struct {
	Index   uint32
	Port    uint8 // PORT_*
	HasPort bool
}

// LinkModes is an ETHTOOL_MSG_LINKMODES_GET_REPLY.
type LinkModes struct {
	Index uint32
	// Supported and Advertised are what this end can do and offers, Peer what
	// the other end offers.
	Supported, Advertised, Peer Bitset

	// What a driver may not tell, and whether it did.
	Speed      uint32 // in Mbit/s; 0xffffffff for unknown
	HasSpeed   bool
	Duplex     uint8 // DUPLEX_*; 0xff for unknown
	HasDuplex  bool
	Autoneg    uint8 // AUTONEG_*
	HasAutoneg bool
}

// LinkState is an ETHTOOL_MSG_LINKSTATE_GET_REPLY, but for
// ETHTOOL_A_LINKSTATE_LINK: where a driver cannot tell, the kernel says there
// is no link.
type LinkState struct {
	Index uint32

	// What a driver may not tell, and whether it did.
	SQI       uint32 // signal quality, 0 to SQIMax
	HasSQI    bool
	SQIMax    uint32
	HasSQIMax bool
	Reason    uint8 // ETHTOOL_LINK_EXT_STATE_*: why the link is down
	HasReason bool
	Detail    uint8 // ETHTOOL_LINK_EXT_SUBSTATE_*, which depend on Reason
	HasDetail bool
}

// FEC is an ETHTOOL_MSG_FEC_GET_REPLY: forward error correction.
type FEC struct {
	Index uint32
	// Modes are the link modes that are encodings which an administrator chose.
	Modes Bitset

	// What a driver may not tell, and whether it did.
	Auto      uint8 // the driver chooses among Modes
	HasAuto   bool
	Active    uint32 // the bit of the link mode in use
	HasActive bool
}

// AppendGet appends the body of a request for what cmd tells of the interface
// index or, where that is 0, of a dump request for all.
func AppendGet(b []byte, order binary.AppendByteOrder, cmd uint8, index uint32) []byte {
	var header []byte
	if index != 0 {
		header = nlmsg.AppendUint32(header, order, attrHeaderIndex, index)
	}
	header = nlmsg.AppendUint32(header, order, attrHeaderFlags, flagCompact)
	b = append(b, cmd, version, 0, 0) // struct genlmsghdr
	return nlmsg.AppendAttr(b, order, attrHeader|nested, header)
}

// Command is the command of a message of generic netlink, 0 where it has none.
func Command(b []byte) uint8 {
	if len(b) == 0 {
		return 0
	}
	return b[0]
}

// DecodeLinkInfo decodes the body of an ETHTOOL_MSG_LINKINFO_GET_REPLY. It
// returns an error that answers to decode.ErrMalformed; the LinkInfo is then
// of no use.
func DecodeLinkInfo(b []byte, order binary.ByteOrder) (LinkInfo, error) {
	var l LinkInfo
	c := decode.NewCursor(b, order, "ethtool link info")
	c.Skip(genlHeaderLen)
	for a := nlmsg.AttrsOf(c); a.Next(); {
		switch a.Type {
		case attrHeader:
			l.Index = decodeIndex(c)
		case attrInfoPort:
			l.Port, l.HasPort = c.Uint8(), true
		}
	}
	return l, c.Err()
}

// DecodeLinkModes decodes the body of an ETHTOOL_MSG_LINKMODES_GET_REPLY into
// l, all of which it overwrites, but for the memory of the sets. It returns an
// error that answers to decode.ErrMalformed; l is then of no use.
func DecodeLinkModes(b []byte, order binary.ByteOrder, l *LinkModes) error {
	*l = LinkModes{Supported: l.Supported[:0], Advertised: l.Advertised[:0], Peer: l.Peer[:0]}
	c := decode.NewCursor(b, order, "ethtool link modes")
	c.Skip(genlHeaderLen)
	for a := nlmsg.AttrsOf(c); a.Next(); {
		switch a.Type {
		case attrHeader:
			l.Index = decodeIndex(c)
		case attrModesAutoneg:
			l.Autoneg, l.HasAutoneg = c.Uint8(), true
		case attrModesOurs:
			l.Advertised, l.Supported = decodeBitset(c, l.Advertised, l.Supported)
		case attrModesPeer:
			l.Peer, _ = decodeBitset(c, l.Peer, nil)
		case attrModesSpeed:
			l.Speed, l.HasSpeed = c.Uint32(), true
		case attrModesDuplex:
			l.Duplex, l.HasDuplex = c.Uint8(), true
		}
	}
	return c.Err()
}

// DecodeLinkState decodes the body of an ETHTOOL_MSG_LINKSTATE_GET_REPLY. It
// returns an error that answers to decode.ErrMalformed; the LinkState is then
// of no use.
func DecodeLinkState(b []byte, order binary.ByteOrder) (LinkState, error) {
	var l LinkState
	c := decode.NewCursor(b, order, "ethtool link state")
	c.Skip(genlHeaderLen)
	for a := nlmsg.AttrsOf(c); a.Next(); {
		switch a.Type {
		case attrHeader:
			l.Index = decodeIndex(c)
		case attrStateSQI:
			l.SQI, l.HasSQI = c.Uint32(), true
		case attrStateSQIMax:
			l.SQIMax, l.HasSQIMax = c.Uint32(), true
		case attrStateReason:
			l.Reason, l.HasReason = c.Uint8(), true
		case attrStateDetail:
			l.Detail, l.HasDetail = c.Uint8(), true
		}
	}
	return l, c.Err()
}

// DecodeFEC decodes the body of an ETHTOOL_MSG_FEC_GET_REPLY into f, all of
// which it overwrites, but for the memory of the set. It returns an error that
// answers to decode.ErrMalformed; f is then of no use.
func DecodeFEC(b []byte, order binary.ByteOrder, f *FEC) error {
	*f = FEC{Modes: f.Modes[:0]}
	c := decode.NewCursor(b, order, "ethtool FEC")
	c.Skip(genlHeaderLen)
	for a := nlmsg.AttrsOf(c); a.Next(); {
		switch a.Type {
		case attrHeader:
			f.Index = decodeIndex(c)
		case attrFECModes:
			f.Modes, _ = decodeBitset(c, f.Modes, nil)
		case attrFECAuto:
			f.Auto, f.HasAuto = c.Uint8(), true
		case attrFECActive:
			f.Active, f.HasActive = c.Uint32(), true
		}
	}
	return c.Err()
}

// genlHeaderLen is the size of struct genlmsghdr.
const genlHeaderLen = 4

// decodeIndex reads ETHTOOL_A_*_HEADER, of which the index is enough.
func decodeIndex(c *decode.Cursor) uint32 {
	var index uint32
	for a := nlmsg.AttrsOf(c); a.Next(); {
		if a.Type == attrHeaderIndex {
			index = c.Uint32()
		}
	}
	return index
}
