package sysprobe

import (
	"encoding/binary"

	"telegraf-sysprobe/sysprobe/internal/decode/rtnl"
)

// fillDetail maps the kind data of raw to d, by way of k. Where they are malformed it
// returns an error that wraps ErrMalformed, and d has no fact.
func fillDetail(d *LinkDetail, raw *rtnl.Link, k *rtnl.Detail) error {
	if err := rtnl.DecodeDetail(raw, binary.NativeEndian, k); err != nil {
		return err
	}
	if d.LowerIndex, d.PeerIndex = int(k.Lower), int(k.Peer); d.PeerIndex != 0 {
		d.PeerNetNSID = k.NetNSID
	} else {
		d.LowerNetNSID = k.NetNSID
	}
	d.VLANID = numberOf[uint32](k.VLANID)
	d.VLANProtocol = numberOf[VLANProtocol](k.VLANProtocol)
	d.VXLANID = numberOf[uint32](k.VXLANID)
	d.MACVLANMode = numberOf[MACVLANMode](k.MACVLANMode)
	d.IPVLANMode = numberOf[IPVLANMode](k.IPVLANMode)
	d.BondMode = numberOf[BondMode](k.BondMode)
	slave := k.BondActiveSlave.Or(0)
	d.BondActiveSlave = someIf(slave, slave != 0)
	d.BondMIIMon = numberOf[uint32](k.BondMIIMon)
	d.BridgeSTP = numberOf[BridgeSTP](k.BridgeSTP)
	filtering, known := k.BridgeVLANFiltering.Get()
	d.BridgeVLANFiltering = someIf(filtering != 0, known)
	d.BridgePortState = numberOf[BridgePortState](k.BridgePortState)
	d.BondSlaveState = numberOf[BondSlaveState](k.BondSlaveState)
	d.BondSlaveMII = numberOf[MIIStatus](k.BondSlaveMII)
	d.BondSlaveFailures = numberOf[uint32](k.BondSlaveFailures)
	return nil
}

// numberOf converts an optional number. It is absent where n is, or where T cannot
// hold it.
func numberOf[T ~uint8 | ~uint16 | ~uint32](n Opt[uint32]) Opt[T] {
	v, known := n.Get()
	return someIf(T(v), known && uint32(T(v)) == v)
}

// nameOthers sets the names of the interfaces that details have the index of.
func (s *LinkSnapshot) nameOthers() {
	rows := s.rows()
	name := func(index int) string {
		if i := rows.find(index); index != 0 && i >= 0 {
			return s.Links[i].Link.Name
		}
		return ""
	}
	for i := range s.Links {
		d := &s.Links[i].Detail
		if !d.LowerNetNSID.Known() {
			d.LowerName = name(d.LowerIndex)
		}
		if !d.PeerNetNSID.Known() {
			d.PeerName = name(d.PeerIndex)
		}
		d.BondActiveSlaveName = name(int(d.BondActiveSlave.Or(0)))
	}
}
