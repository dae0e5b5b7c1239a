//go:build linux

package sysprobe

import (
	"encoding/binary"

	"telegraf-sysprobe/sysprobe/internal/decode/ethnl"
)

// ethtoolFact is a request, its reply, and what to do with the body of one.
type ethtoolFact struct {
	request, reply uint8
	hear           func(body []byte) error
}

// factsOf lists what is to be asked.
func (e *ethtoolReader) factsOf(want LinkFacts) []ethtoolFact {
	facts := []ethtoolFact{
		{ethnl.CmdLinkInfoGet, ethnl.CmdLinkInfoGetReply, e.linkInfo},
		{ethnl.CmdLinkModesGet, ethnl.CmdLinkModesGetReply, func(body []byte) error { return e.linkModes(body, want) }},
	}
	if want&WantLinkState != 0 {
		facts = append(facts, ethtoolFact{ethnl.CmdLinkStateGet, ethnl.CmdLinkStateGetReply, e.linkState})
	}
	if want&WantFEC != 0 {
		facts = append(facts, ethtoolFact{ethnl.CmdFECGet, ethnl.CmdFECGetReply, e.linkFEC})
	}
	return facts
}

// driverFacts is what the driver of an interface told, and in which pass of
// the reader it did; 0 for never.
type driverFacts struct {
	slow    bool   // took its time, when asked alone
	askedIn uint64 // was asked, alone, for all
	goneIn  uint64 // was found to have vanished

	infoIn uint64
	port   Opt[Port]

	modesIn                     uint64
	speed                       Opt[uint32]
	duplex                      Duplex
	autoneg                     Opt[bool]
	best                        ethnl.Best
	supported, advertised, peer LinkModes

	stateIn uint64
	state   ethnl.LinkState

	fecIn     uint64
	fecModes  LinkModes
	fecAuto   Opt[bool]
	fecActive Opt[LinkMode]
}

// linkInfo takes an ETHTOOL_MSG_LINKINFO_GET_REPLY.
func (e *ethtoolReader) linkInfo(body []byte) error {
	raw, err := ethnl.DecodeLinkInfo(body, binary.NativeEndian)
	if err != nil {
		return err
	}
	f := e.factsFrom(int(raw.Index))
	f.infoIn, f.port = e.pass, someIf(Port(raw.Port), raw.HasPort)
	return nil
}

// linkModes takes an ETHTOOL_MSG_LINKMODES_GET_REPLY.
func (e *ethtoolReader) linkModes(body []byte, want LinkFacts) error {
	raw := &e.modes
	if err := ethnl.DecodeLinkModes(body, binary.NativeEndian, raw); err != nil {
		return err
	}
	f := e.factsFrom(int(raw.Index))
	f.modesIn = e.pass
	f.speed = speedOfKernel(raw.Speed) // 0 where the driver tells none
	f.duplex = DuplexUnknown
	if raw.HasDuplex {
		f.duplex = duplexOfKernel(raw.Duplex)
	}
	f.autoneg = someIf(raw.Autoneg != 0, raw.HasAutoneg)
	f.best = raw.Best()
	if want&WantLinkModes != 0 {
		f.supported = append(f.supported[:0], raw.Supported...)
		f.advertised = append(f.advertised[:0], raw.Advertised...)
		f.peer = append(f.peer[:0], raw.Peer...)
	}
	return nil
}

// linkState takes an ETHTOOL_MSG_LINKSTATE_GET_REPLY.
func (e *ethtoolReader) linkState(body []byte) error {
	raw, err := ethnl.DecodeLinkState(body, binary.NativeEndian)
	if err != nil {
		return err
	}
	f := e.factsFrom(int(raw.Index))
	f.stateIn, f.state = e.pass, raw
	return nil
}

// linkFEC takes an ETHTOOL_MSG_FEC_GET_REPLY.
func (e *ethtoolReader) linkFEC(body []byte) error {
	raw := &e.fec
	if err := ethnl.DecodeFEC(body, binary.NativeEndian, raw); err != nil {
		return err
	}
	f := e.factsFrom(int(raw.Index))
	f.fecIn = e.pass
	f.fecModes = append(f.fecModes[:0], raw.Modes...)
	f.fecAuto = someIf(raw.Auto != 0, raw.HasAuto)
	f.fecActive = someIf(LinkMode(raw.Active), raw.HasActive && raw.Active <= 0xffff)
	return nil
}

// apply sets what was told in the pass since or later.
func (f *driverFacts) apply(l *LinkStats, since uint64) {
	if f.infoIn >= since {
		l.Port = f.port
	}
	if f.modesIn >= since {
		l.Speed, l.Duplex, l.Autoneg = f.speed, f.duplex, f.autoneg
		l.SpeedMax = someIf(f.best.Speed, f.best.Speed != 0)
		l.Degraded = degraded(l, f.best)
		l.Supported = append(l.Supported, f.supported...)
		l.Advertised = append(l.Advertised, f.advertised...)
		l.Peer = append(l.Peer, f.peer...)
	}
	if f.stateIn >= since {
		s := &f.state
		l.SQI, l.SQIMax = someIf(s.SQI, s.HasSQI), someIf(s.SQIMax, s.HasSQIMax)
		if !l.Link.Carrier.Or(false) { // as the links were dumped
			l.DownReason = someIf(LinkDownReason(s.Reason), s.HasReason)
			l.DownDetail = someIf(s.Detail, s.HasDetail)
		}
	}
	if f.fecIn >= since {
		l.FECModes = append(l.FECModes, f.fecModes...)
		l.FECAuto, l.FECActive = f.fecAuto, f.fecActive
	}
}

// degraded says whether a link that is up, with a carrier, does less than the
// best mode of both ends. Of a link that is down drivers tell what was last.
func degraded(l *LinkStats, best ethnl.Best) Opt[bool] {
	if best.Speed == 0 || l.Link.Flags&FlagUp == 0 || !l.Link.Carrier.Or(false) {
		return Opt[bool]{}
	}
	if l.Duplex == DuplexHalf && best.Full {
		return Some(true)
	}
	speed, known := l.Speed.Get()
	return someIf(speed < best.Speed, known)
}
