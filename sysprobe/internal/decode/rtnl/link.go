// Package rtnl decodes the messages of rtnetlink(7) about links and addresses,
// and encodes the requests for them.
package rtnl

import (
	"encoding/binary"

	"telegraf-sysprobe/sysprobe/internal/decode"
	"telegraf-sysprobe/sysprobe/internal/decode/nlmsg"
	"telegraf-sysprobe/sysprobe/internal/opt"
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

	// ParentDev and ParentBus name the device that the interface is made of
	// (Linux 5.14): "0000:00:03.0" on "pci".
	ParentDev, ParentBus []byte

	// KindData are the attributes of the kind (IFLA_INFO_DATA); PortKind is the
	// kind of the master and PortData are the attributes of a member of it
	// (IFLA_INFO_SLAVE_KIND, IFLA_INFO_SLAVE_DATA). DecodeDetail decodes both.
	KindData, PortKind, PortData []byte

	MTU       uint32
	Other     int32 // IFLA_LINK, 0 for none; DecodeDetail finds out what it means
	Master    int32
	OperState uint8 // IF_OPER_*

	OtherNetNSID   opt.Opt[int32] // ID, in this namespace, of that of Other; -1 without one
	TxQueueLen     opt.Opt[uint32]
	Carrier        opt.Opt[bool]
	CarrierChanges opt.Opt[uint32]
	Promiscuity    opt.Opt[uint32] // requests for all packets
	AllMulti       opt.Opt[uint32] // requests for all multicast packets (Linux 6.0)
	ProtoDown      opt.Opt[bool]
	// ProtoDownReasons has a bit for each reason; it is absent where there is none.
	ProtoDownReasons opt.Opt[uint32]
	Stats            opt.Opt[Stats]
}

// AppendGetLink appends the body of an RTM_GETLINK dump request for all links.
// With skipStats the kernel leaves out the IPv6 counters, which are half of an
// answer and of no use here, and might leave out others.
func AppendGetLink(b []byte, order binary.AppendByteOrder, skipStats bool) []byte {
	return AppendGetLinkOf(b, order, 0, skipStats)
}

// AppendGetLinkOf is AppendGetLink for a request of the link with that index alone.
func AppendGetLinkOf(b []byte, order binary.AppendByteOrder, index int32, skipStats bool) []byte {
	b = append(b, 0, 0, 0, 0) // struct ifinfomsg, AF_UNSPEC
	b = order.AppendUint32(b, uint32(index))
	b = append(b, make([]byte, 8)...)
	if skipStats {
		b = nlmsg.AppendUint32(b, order, attrLinkExtMask, filterSkipStats)
	}
	return b
}

// DecodeLink decodes the body of an RTM_NEWLINK message into l, all of which it
// overwrites; it reuses the memory of AltNames. Its error wraps
// decode.ErrMalformed; l is then of no use.
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
	case attrLinkParentDev:
		l.ParentDev = a.Text()
	case attrLinkParentBus:
		l.ParentBus = a.Text()
	case attrLinkName:
		l.Name = a.Text()
	case attrLinkAlias:
		l.Alias = a.Text()
	case attrLinkMTU:
		l.MTU = c.Uint32()
	case attrLinkOther:
		l.Other = int32(c.Uint32())
	case attrLinkNetNSID:
		l.OtherNetNSID = opt.Some(int32(c.Uint32()))
	case attrLinkMaster:
		l.Master = int32(c.Uint32())
	case attrLinkOperState:
		l.OperState = c.Uint8()
	case attrLinkTxQueueLen:
		l.TxQueueLen = opt.Some(c.Uint32())
	case attrLinkCarrier:
		l.Carrier = opt.Some(c.Uint8() != 0)
	case attrLinkCarrierChanges:
		l.CarrierChanges = opt.Some(c.Uint32())
	case attrLinkPromiscuity:
		l.Promiscuity = opt.Some(c.Uint32())
	case attrLinkAllMulti:
		l.AllMulti = opt.Some(c.Uint32())
	case attrLinkProtoDown:
		l.ProtoDown = opt.Some(c.Uint8() != 0)
	case attrLinkProtoDownWhy:
		for n := nlmsg.AttrsOf(c); n.Next(); {
			if n.Type == attrProtoDownReasons {
				l.ProtoDownReasons = opt.Some(c.Uint32())
			}
		}
	case attrLinkStats64:
		l.Stats = opt.Some(decodeStats(c, true))
	case attrLinkStats:
		// Both attributes hold the same counters; those of 32 bits wrap sooner.
		if !l.Stats.Known() {
			l.Stats = opt.Some(decodeStats(c, false))
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

// info reads the attributes that are nested in IFLA_LINKINFO.
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
