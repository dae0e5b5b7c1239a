// Package ethnl decodes the answers of the generic netlink family "ethtool",
// and encodes the requests for them (Linux 5.6;
// Documentation/networking/ethtool-netlink.rst).
package ethnl

import (
	"encoding/binary"

	"telegraf-sysprobe/sysprobe/internal/decode"
	"telegraf-sysprobe/sysprobe/internal/decode/nlmsg"
	"telegraf-sysprobe/sysprobe/internal/opt"
)

// LinkModes is an ETHTOOL_MSG_LINKMODES_GET_REPLY. What a driver does not report
// is absent.
type LinkModes struct {
	Index uint32
	// Supported and Advertised are the modes that this end can use and those
	// that it offers, Peer those that the other end offers.
	Supported, Advertised, Peer Bitset

	Speed   opt.Opt[uint32] // in Mbit/s; 0xffffffff if the driver does not know
	Duplex  opt.Opt[uint8]  // DUPLEX_*; 0xff if the driver does not know
	Autoneg opt.Opt[uint8]  // AUTONEG_*
}

// LinkState is an ETHTOOL_MSG_LINKSTATE_GET_REPLY without
// ETHTOOL_A_LINKSTATE_LINK: where a driver cannot say, the kernel reports there
// that there is no link. What a driver does not report is absent.
type LinkState struct {
	Index uint32

	SQI    opt.Opt[uint32] // signal quality, 0 to SQIMax
	SQIMax opt.Opt[uint32]
	Reason opt.Opt[uint8] // ETHTOOL_LINK_EXT_STATE_*: why the link is down
	Detail opt.Opt[uint8] // ETHTOOL_LINK_EXT_SUBSTATE_*, which depend on Reason
}

// FEC is an ETHTOOL_MSG_FEC_GET_REPLY: forward error correction. What a driver
// does not report is absent.
type FEC struct {
	Index uint32
	// Modes are the link modes that stand for the encodings that an
	// administrator chose.
	Modes Bitset

	Auto   opt.Opt[uint8]  // not 0: the driver chooses among Modes
	Active opt.Opt[uint32] // the bit of the link mode that stands for the encoding in use
}

// AppendGet appends the body of a request with the command cmd about the
// interface index or, where that is 0, of a dump request about all.
func AppendGet(b []byte, order binary.AppendByteOrder, cmd uint8, index uint32) []byte {
	var header []byte
	if index != 0 {
		header = nlmsg.AppendUint32(header, order, attrHeaderIndex, index)
	}
	header = nlmsg.AppendUint32(header, order, attrHeaderFlags, flagCompact)
	b = append(b, cmd, version, 0, 0) // struct genlmsghdr
	return nlmsg.AppendAttr(b, order, attrHeader|nested, header)
}

// Command returns the command of a message of generic netlink, 0 where it has
// none.
func Command(b []byte) uint8 {
	if len(b) == 0 {
		return 0
	}
	return b[0]
}

// DecodeLinkModes decodes the body of an ETHTOOL_MSG_LINKMODES_GET_REPLY into
// l, all of which it overwrites except for the memory of the sets. It returns an
// error that wraps decode.ErrMalformed; l is then of no use.
func DecodeLinkModes(b []byte, order binary.ByteOrder, l *LinkModes) error {
	*l = LinkModes{Supported: l.Supported[:0], Advertised: l.Advertised[:0], Peer: l.Peer[:0]}
	c := decode.NewCursor(b, order, "ethtool link modes")
	for r := replyOf(c); r.next(&l.Index); {
		switch r.attrs.Type {
		case attrModesAutoneg:
			l.Autoneg = opt.Some(c.Uint8())
		case attrModesOurs:
			l.Advertised, l.Supported = decodeBitset(c, l.Advertised, l.Supported)
		case attrModesPeer:
			l.Peer, _ = decodeBitset(c, l.Peer, nil)
		case attrModesSpeed:
			l.Speed = opt.Some(c.Uint32())
		case attrModesDuplex:
			l.Duplex = opt.Some(c.Uint8())
		}
	}
	return c.Err()
}

// DecodeLinkState decodes the body of an ETHTOOL_MSG_LINKSTATE_GET_REPLY. It
// returns an error that wraps decode.ErrMalformed; the LinkState is then of no
// use.
func DecodeLinkState(b []byte, order binary.ByteOrder) (LinkState, error) {
	var l LinkState
	c := decode.NewCursor(b, order, "ethtool link state")
	for r := replyOf(c); r.next(&l.Index); {
		switch r.attrs.Type {
		case attrStateSQI:
			l.SQI = opt.Some(c.Uint32())
		case attrStateSQIMax:
			l.SQIMax = opt.Some(c.Uint32())
		case attrStateReason:
			l.Reason = opt.Some(c.Uint8())
		case attrStateDetail:
			l.Detail = opt.Some(c.Uint8())
		}
	}
	return l, c.Err()
}

// DecodeFEC decodes the body of an ETHTOOL_MSG_FEC_GET_REPLY into f, all of
// which it overwrites except for the memory of the set. It returns an error that
// wraps decode.ErrMalformed; f is then of no use.
func DecodeFEC(b []byte, order binary.ByteOrder, f *FEC) error {
	*f = FEC{Modes: f.Modes[:0]}
	c := decode.NewCursor(b, order, "ethtool FEC")
	for r := replyOf(c); r.next(&f.Index); {
		switch r.attrs.Type {
		case attrFECModes:
			f.Modes, _ = decodeBitset(c, f.Modes, nil)
		case attrFECAuto:
			f.Auto = opt.Some(c.Uint8())
		case attrFECActive:
			f.Active = opt.Some(c.Uint32())
		}
	}
	return c.Err()
}

// genlHeaderLen is the size of struct genlmsghdr.
const genlHeaderLen = 4

// reply walks over the attributes of a reply.
type reply struct {
	c     *decode.Cursor
	attrs nlmsg.Attrs
}

// replyOf skips the header of generic netlink and walks over what follows.
func replyOf(c *decode.Cursor) reply {
	c.Skip(genlHeaderLen)
	return reply{c, nlmsg.AttrsOf(c)}
}

// next goes to the next attribute and reports whether there is one. It reads
// the attribute that says which interface the reply is about (ETHTOOL_A_*_HEADER)
// itself, into index.
func (r *reply) next(index *uint32) bool {
	for r.attrs.Next() {
		if r.attrs.Type != attrHeader {
			return true
		}
		for a := nlmsg.AttrsOf(r.c); a.Next(); {
			if a.Type == attrHeaderIndex {
				*index = r.c.Uint32()
			}
		}
	}
	return false
}
