package rtnl

import (
	"encoding/binary"

	"telegraf-sysprobe/sysprobe/internal/decode"
	"telegraf-sysprobe/sysprobe/internal/decode/nlmsg"
)

// Number is a number that a kernel may not send.
type Number struct {
	Value uint32
	Known bool
}

// Detail is what an interface of one of these kinds says of itself, and what
// its master says of it. What is not of its kind is not known.
type Detail struct {
	VLANID, VLANProtocol Number // the protocol is an ETH_P_*
	VXLANID              Number
	MACVLANMode          Number // of macvlan and macvtap: MACVLAN_MODE_*
	IPVLANMode           Number // of ipvlan and ipvtap: IPVLAN_MODE_*

	BondMode        Number // BOND_MODE_*
	BondActiveSlave Number // index of an interface
	BondMIIMon      Number // in ms

	BridgeSTP           Number // BR_NO_STP and the like
	BridgeVLANFiltering Number

	BridgePortState   Number // BR_STATE_*
	BondSlaveState    Number // BOND_STATE_*
	BondSlaveMII      Number // BOND_LINK_*
	BondSlaveFailures Number
}

// DecodeDetail decodes what l keeps of its kind into d, all of which it
// overwrites. It returns an error that answers to decode.ErrMalformed; d is
// then of no use.
func DecodeDetail(l *Link, order binary.ByteOrder, d *Detail) error {
	*d = Detail{}
	c := decode.NewCursor(l.KindData, order, "rtnetlink link kind")
	for a := nlmsg.AttrsOf(c); a.Next(); {
		if n := d.ofKind(l.Kind, a.Type); n != nil {
			*n = Number{number(c), true}
		}
	}
	if err := c.Err(); err != nil {
		return err
	}
	c = decode.NewCursor(l.PortData, order, "rtnetlink port kind")
	for a := nlmsg.AttrsOf(c); a.Next(); {
		if n := d.ofPort(l.PortKind, a.Type); n != nil {
			*n = Number{number(c), true}
		}
	}
	if d.VLANProtocol.Known { // the one number in the order of the network
		d.VLANProtocol.Value = uint32(inNetworkOrder(order, uint16(d.VLANProtocol.Value)))
	}
	return c.Err()
}

// ofKind is where an attribute of a kind goes (IFLA_VLAN_*, IFLA_BOND_* and the
// like of linux/if_link.h), or nil.
func (d *Detail) ofKind(kind []byte, attr uint16) *Number {
	switch string(kind) {
	case "vlan":
		return at(attr, 1, &d.VLANID, 5, &d.VLANProtocol)
	case "vxlan":
		return at(attr, 1, &d.VXLANID, 0, nil)
	case "macvlan", "macvtap":
		return at(attr, 1, &d.MACVLANMode, 0, nil)
	case "ipvlan", "ipvtap":
		return at(attr, 1, &d.IPVLANMode, 0, nil)
	case "bridge":
		return at(attr, 5, &d.BridgeSTP, 7, &d.BridgeVLANFiltering)
	case "bond":
		if attr == 2 {
			return &d.BondActiveSlave
		}
		return at(attr, 1, &d.BondMode, 3, &d.BondMIIMon)
	}
	return nil
}

// ofPort is where an attribute of a member of a master goes (IFLA_BRPORT_* and
// IFLA_BOND_SLAVE_* of linux/if_link.h), or nil.
func (d *Detail) ofPort(kind []byte, attr uint16) *Number {
	switch string(kind) {
	case "bridge":
		return at(attr, 1, &d.BridgePortState, 0, nil)
	case "bond":
		if attr == 3 {
			return &d.BondSlaveFailures
		}
		return at(attr, 1, &d.BondSlaveState, 2, &d.BondSlaveMII)
	}
	return nil
}

// at is the place of attr, which is one of two, or nil.
func at(attr, first uint16, a *Number, second uint16, b *Number) *Number {
	switch attr {
	case first:
		return a
	case second:
		return b
	}
	return nil
}

// number reads a number of as many octets as the attribute has.
func number(c *decode.Cursor) uint32 {
	switch c.Len() {
	case 0, 1:
		return uint32(c.Uint8())
	case 2, 3:
		return uint32(c.Uint16())
	default:
		return c.Uint32()
	}
}

// inNetworkOrder is what n means, which was read in another order.
func inNetworkOrder(order binary.ByteOrder, n uint16) uint16 {
	var b [2]byte
	order.PutUint16(b[:], n)
	return binary.BigEndian.Uint16(b[:])
}
