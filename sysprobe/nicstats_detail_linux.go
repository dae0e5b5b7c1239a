//go:build linux

package sysprobe

import (
	"encoding/binary"

	"telegraf-sysprobe/sysprobe/internal/decode/rtnl"
)

// fillDetail maps the kind data of raw to d. It returns an error that answers
// to ErrMalformed; d then holds only what is no kind data.
func fillDetail(d *LinkDetail, raw *rtnl.Link) error {
	d.LowerIndex = int(raw.Lower)
	d.LowerNetNSID = someIf(raw.LowerNetNSID, raw.HasLowerNetNSID)
	var k rtnl.Detail
	if err := rtnl.DecodeDetail(raw, binary.NativeEndian, &k); err != nil {
		return err
	}
	d.VLANID = numberOf[uint32](k.VLANID)
	d.VLANProtocol = numberOf[VLANProtocol](k.VLANProtocol)
	d.VXLANID = numberOf[uint32](k.VXLANID)
	d.MACVLANMode = numberOf[MACVLANMode](k.MACVLANMode)
	d.IPVLANMode = numberOf[IPVLANMode](k.IPVLANMode)
	d.BondMode = numberOf[BondMode](k.BondMode)
	d.BondActiveSlave = someIf(k.BondActiveSlave.Value, k.BondActiveSlave.Value != 0)
	d.BondMIIMon = numberOf[uint32](k.BondMIIMon)
	d.BridgeSTP = numberOf[BridgeSTP](k.BridgeSTP)
	d.BridgeVLANFiltering = someIf(k.BridgeVLANFiltering.Value != 0, k.BridgeVLANFiltering.Known)
	d.BridgePortState = numberOf[BridgePortState](k.BridgePortState)
	d.BondSlaveState = numberOf[BondSlaveState](k.BondSlaveState)
	d.BondSlaveMII = numberOf[MIIStatus](k.BondSlaveMII)
	d.BondSlaveFailures = numberOf[uint32](k.BondSlaveFailures)
	return nil
}

// numberOf is a number that a kernel may not send. One that no T holds is none.
func numberOf[T ~uint8 | ~uint16 | ~uint32](n rtnl.Number) Opt[T] {
	return someIf(T(n.Value), n.Known && uint32(T(n.Value)) == n.Value)
}

// nameOthers sets the names of the interfaces that details name by index.
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
		d.BondActiveSlaveName = name(int(d.BondActiveSlave.Or(0)))
	}
}
