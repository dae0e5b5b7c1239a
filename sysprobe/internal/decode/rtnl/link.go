// Package rtnl decodes what rtnetlink(7) says of links and addresses, and
// encodes the requests for it.
package rtnl

import (
	"encoding/binary"

	"telegraf-sysprobe/sysprobe/internal/decode"
	"telegraf-sysprobe/sysprobe/internal/decode/nlmsg"
)

// Link is an RTM_NEWLINK message: struct ifinfomsg and its attributes. Byte
// slices point into what was decoded.
type Link struct {
	HardwareType uint16 // ARPHRD_*
	Index        int32
	Flags        uint32 // IFF_*

	Name      []byte
	AltNames  [][]byte
	Alias     []byte
	Kind      []byte // IFLA_INFO_KIND
	Address   []byte
	Broadcast []byte
	Permanent []byte // IFLA_PERM_ADDRESS

	// What the interface says as one of its kind, and as a member of its master:
	// IFLA_INFO_DATA, IFLA_INFO_SLAVE_KIND and IFLA_INFO_SLAVE_DATA. See
	// DecodeDetail.
	KindData, PortKind, PortData []byte

	MTU       uint32
	Lower     int32 // IFLA_LINK: what a VLAN runs over, the peer of a veth; 0 for none
	Master    int32
	OperState uint8 // IF_OPER_*

	// What a kernel may not send, and whether it did.
	LowerNetNSID      int32 // the namespace of Lower, by its ID here; -1 for one without
	HasLowerNetNSID   bool
	TxQueueLen        uint32
	HasTxQueueLen     bool
	Carrier           uint8
	HasCarrier        bool
	CarrierChanges    uint32
	HasCarrierChanges bool
	Stats             Stats
	HasStats          bool
}

// AppendGetLink appends the body of an RTM_GETLINK dump request for all links.
// With skipStats the kernel leaves out the IPv6 counters, half of an answer
// otherwise and of no use here, and may leave out others.
func AppendGetLink(b []byte, order binary.AppendByteOrder, skipStats bool) []byte {
	b = append(b, make([]byte, 16)...) // struct ifinfomsg, AF_UNSPEC
	if skipStats {
		b = nlmsg.AppendUint32(b, order, attrLinkExtMask, filterSkipStats)
	}
	return b
}

// DecodeLink decodes the body of an RTM_NEWLINK message into l, all of which
// it overwrites, but for the memory of AltNames. It returns an error that
// answers to decode.ErrMalformed; l is then of no use.
func DecodeLink(b []byte, order binary.ByteOrder, l *Link) error {
	*l = Link{AltNames: l.AltNames[:0]}
	c := decode.NewCursor(b, order, "rtnetlink link")
	c.Skip(2) // family, padding
	l.HardwareType = c.Uint16()
	l.Index = int32(c.Uint32())
	l.Flags = c.Uint32()
	c.Skip(4) // change mask
	for a := nlmsg.AttrsOf(c); a.Next(); {
		l.attr(c, &a)
	}
	return c.Err()
}

// attr reads one attribute of a link.
func (l *Link) attr(c *decode.Cursor, a *nlmsg.Attrs) {
	switch a.Type {
	case attrLinkAddress:
		l.Address = c.Bytes(c.Len())
	case attrLinkBroadcast:
		l.Broadcast = c.Bytes(c.Len())
	case attrLinkPermAddress:
		l.Permanent = c.Bytes(c.Len())
	case attrLinkName:
		l.Name = a.Text()
	case attrLinkAlias:
		l.Alias = a.Text()
	case attrLinkMTU:
		l.MTU = c.Uint32()
	case attrLinkLower:
		l.Lower = int32(c.Uint32())
	case attrLinkNetNSID:
		l.LowerNetNSID, l.HasLowerNetNSID = int32(c.Uint32()), true
	case attrLinkMaster:
		l.Master = int32(c.Uint32())
	case attrLinkOperState:
		l.OperState = c.Uint8()
	case attrLinkTxQueueLen:
		l.TxQueueLen, l.HasTxQueueLen = c.Uint32(), true
	case attrLinkCarrier:
		l.Carrier, l.HasCarrier = c.Uint8(), true
	case attrLinkCarrierChanges:
		l.CarrierChanges, l.HasCarrierChanges = c.Uint32(), true
	case attrLinkStats64:
		l.Stats, l.HasStats = decodeStats(c, true), true
	case attrLinkStats:
		// Both come with the same counters; those of 32 bits wrap sooner.
		if !l.HasStats {
			l.Stats, l.HasStats = decodeStats(c, false), true
		}
	case attrLinkInfo:
		l.info(c)
	case attrLinkPropList:
		for n := nlmsg.AttrsOf(c); n.Next(); {
			if n.Type == attrLinkAltName {
				l.AltNames = append(l.AltNames, n.Text())
			}
		}
	}
}

// info reads what is nested in IFLA_LINKINFO.
func (l *Link) info(c *decode.Cursor) {
	for a := nlmsg.AttrsOf(c); a.Next(); {
		switch a.Type {
		case attrInfoKind:
			l.Kind = a.Text()
		case attrInfoData:
			l.KindData = c.Bytes(c.Len())
		case attrInfoSlaveKind:
			l.PortKind = a.Text()
		case attrInfoSlaveData:
			l.PortData = c.Bytes(c.Len())
		}
	}
}
