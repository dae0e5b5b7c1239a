package rtnl

import (
	"encoding/binary"

	"telegraf-sysprobe/sysprobe/internal/decode"
	"telegraf-sysprobe/sysprobe/internal/decode/nlmsg"
	"telegraf-sysprobe/sysprobe/internal/opt"
)

// Detail is what an interface of one of these kinds reports of itself, and what
// its master reports of it. Facts of other kinds are absent.
type Detail struct {
	// Lower is the index of the interface below, Peer that of the other end of a
	// pair; 0 for none. NetNSID is the ID, in this namespace, of that of Lower or
	// Peer; absent for this one, -1 for one without an ID.
	Lower, Peer int32
	NetNSID     opt.Opt[int32]

	VLANID, VLANProtocol opt.Opt[uint32] // the protocol is an ETH_P_*
	VXLANID              opt.Opt[uint32] // absent where VXLANExternal is not 0
	VXLANExternal        opt.Opt[uint32] // not 0 where each packet brings the ID
	MACVLANMode          opt.Opt[uint32] // of macvlan and macvtap: MACVLAN_MODE_*
	IPVLANMode           opt.Opt[uint32] // of ipvlan and ipvtap: IPVLAN_MODE_*

	BondMode        opt.Opt[uint32] // BOND_MODE_*
	BondActiveSlave opt.Opt[uint32] // index of an interface
	BondMIIMon      opt.Opt[uint32] // in ms

	BridgeSTP           opt.Opt[uint32] // BR_NO_STP and the like
	BridgeVLANFiltering opt.Opt[uint32]

	BridgePortState   opt.Opt[uint32] // BR_STATE_*
	BondSlaveState    opt.Opt[uint32] // BOND_STATE_*
	BondSlaveMII      opt.Opt[uint32] // BOND_LINK_*
	BondSlaveFailures opt.Opt[uint32]
}

// detailField is the field of a Detail that an attribute sets.
type detailField struct {
	attr uint16
	of   func(*Detail) *opt.Opt[uint32]
}

// kindFields are the attributes by the kind of an interface.
var kindFields = map[string][]detailField{
	"vlan": {
		{attrVLANID, func(d *Detail) *opt.Opt[uint32] { return &d.VLANID }},
		{attrVLANProtocol, func(d *Detail) *opt.Opt[uint32] { return &d.VLANProtocol }},
	},
	"vxlan": {
		{attrVXLANID, func(d *Detail) *opt.Opt[uint32] { return &d.VXLANID }},
		{attrVXLANExternal, func(d *Detail) *opt.Opt[uint32] { return &d.VXLANExternal }},
	},
	"macvlan": {{attrMACVLANMode, macvlanMode}},
	"macvtap": {{attrMACVLANMode, macvlanMode}},
	"ipvlan":  {{attrIPVLANMode, ipvlanMode}},
	"ipvtap":  {{attrIPVLANMode, ipvlanMode}},
	"bridge": {
		{attrBridgeSTPState, func(d *Detail) *opt.Opt[uint32] { return &d.BridgeSTP }},
		{attrBridgeVLANFiltering, func(d *Detail) *opt.Opt[uint32] { return &d.BridgeVLANFiltering }},
	},
	"bond": {
		{attrBondMode, func(d *Detail) *opt.Opt[uint32] { return &d.BondMode }},
		{attrBondActiveSlave, func(d *Detail) *opt.Opt[uint32] { return &d.BondActiveSlave }},
		{attrBondMIIMon, func(d *Detail) *opt.Opt[uint32] { return &d.BondMIIMon }},
	},
}

// portFields are the attributes by the kind of the master of an interface.
var portFields = map[string][]detailField{
	"bridge": {{attrBridgePortState, func(d *Detail) *opt.Opt[uint32] { return &d.BridgePortState }}},
	"bond": {
		{attrBondSlaveState, func(d *Detail) *opt.Opt[uint32] { return &d.BondSlaveState }},
		{attrBondSlaveMIIStatus, func(d *Detail) *opt.Opt[uint32] { return &d.BondSlaveMII }},
		{attrBondSlaveLinkFailureCount, func(d *Detail) *opt.Opt[uint32] { return &d.BondSlaveFailures }},
	},
}

// linkAttrs are the attributes, by kind, that hold the index of the interface
// below.
var linkAttrs = map[string]uint16{
	"vxlan": attrVXLANLink, "amt": attrAMTLink, "xfrm": attrTunnelLink,
	"gre": attrTunnelLink, "gretap": attrTunnelLink, "erspan": attrTunnelLink,
	"ip6gre": attrTunnelLink, "ip6gretap": attrTunnelLink, "ip6erspan": attrTunnelLink,
	"ipip": attrTunnelLink, "sit": attrTunnelLink, "ip6tnl": attrTunnelLink,
	"vti": attrTunnelLink, "vti6": attrTunnelLink,
}

// pairKinds are the kinds of interfaces that are made in pairs, and stackedKinds
// those that are made on top of another one: their drivers implement
// ndo_get_iflink, so that IFLA_LINK is the other end, or the interface below.
var (
	pairKinds    = map[string]bool{"veth": true, "netkit": true, "vxcan": true}
	stackedKinds = map[string]bool{
		"vlan": true, "macvlan": true, "macvtap": true, "ipvlan": true, "ipvtap": true, "macsec": true, "virt_wifi": true,
	}
)

func macvlanMode(d *Detail) *opt.Opt[uint32] { return &d.MACVLANMode }
func ipvlanMode(d *Detail) *opt.Opt[uint32]  { return &d.IPVLANMode }

// DecodeDetail decodes the kind data of l into d, all of which it overwrites. Its
// error wraps decode.ErrMalformed; d is then of no use.
func DecodeDetail(l *Link, order binary.ByteOrder, d *Detail) error {
	*d = Detail{}
	if err := d.read(l.KindData, order, "rtnetlink link kind", kindFields[string(l.Kind)]); err != nil {
		return err
	}
	if protocol, known := d.VLANProtocol.Get(); known { // the one number in network order
		d.VLANProtocol = opt.Some(uint32(inNetworkOrder(order, uint16(protocol))))
	}
	if d.VXLANExternal.Or(0) != 0 {
		d.VXLANID = opt.Opt[uint32]{}
	}
	if err := d.relate(l, order); err != nil {
		return err
	}
	return d.read(l.PortData, order, "rtnetlink port kind", portFields[string(l.PortKind)])
}

// relate sets what l runs over, or is paired with. IFLA_LINK alone does not say
// so: the kernel sends the interface's own index there for a driver that
// implements no ndo_get_iflink, as soon as the interface was made in another
// namespace than it is in (rtnl_fill_link_netnsid of net/core/rtnetlink.c).
func (d *Detail) relate(l *Link, order binary.ByteOrder) error {
	attr, inData := linkAttrs[string(l.Kind)]
	switch {
	case inData:
		var below opt.Opt[uint32]
		link := detailField{attr, func(*Detail) *opt.Opt[uint32] { return &below }}
		if err := d.read(l.KindData, order, "rtnetlink link kind", []detailField{link}); err != nil {
			return err
		}
		d.Lower = int32(below.Or(0))
	case pairKinds[string(l.Kind)]:
		d.Peer = l.Other
	case stackedKinds[string(l.Kind)] || l.Other != l.Index:
		d.Lower = l.Other
	}
	if d.Lower != 0 || d.Peer != 0 {
		d.NetNSID = l.OtherNetNSID
	}
	return nil
}

// read sets the fields whose attributes are in b.
func (d *Detail) read(b []byte, order binary.ByteOrder, format string, fields []detailField) error {
	c := decode.NewCursor(b, order, format)
	for a := nlmsg.AttrsOf(c); a.Next(); {
		for _, f := range fields {
			if f.attr == a.Type {
				*f.of(d) = opt.Some(number(c))
			}
		}
	}
	return c.Err()
}

// number reads a number whose width is that of the attribute.
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

// inNetworkOrder is the value in network order of the two bytes that are n in
// another order.
func inNetworkOrder(order binary.ByteOrder, n uint16) uint16 {
	var b [2]byte
	order.PutUint16(b[:], n)
	return binary.BigEndian.Uint16(b[:])
}
