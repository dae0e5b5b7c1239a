package sysprobe

import (
	"strconv"

	"telegraf-sysprobe/sysprobe/internal/decode"
	"telegraf-sysprobe/sysprobe/internal/decode/ipadapter"
)

// rowTexts keeps the texts of the table of interfaces of Windows.
type rowTexts struct{ names, guids interner }

// newRowTexts returns a rowTexts without any text.
func newRowTexts() rowTexts { return rowTexts{names: interner{}, guids: interner{}} }

// fill maps a row to l.
func (t rowTexts) fill(l *Link, raw *ipadapter.Row) {
	*l = Link{
		Index:         int(raw.Index),
		Name:          t.names.textBy(raw.Alias, decode.UTF16),
		AltNames:      l.AltNames[:0],
		Kind:          interfaceTypeName(raw.Type),
		HardwareType:  uint16(raw.Type),
		Flags:         flagsOfRow(raw),
		OperState:     operStateOfWindows(raw.OperStatus),
		MTU:           raw.MTU,
		HardwareAddr:  HardwareAddrFrom(raw.HardwareAddr),
		PermanentAddr: HardwareAddrFrom(raw.PermanentAddr),
		Description:   t.names.textBy(raw.Description, decode.UTF16),
		GUID:          t.guids.textBy(raw.GUID, ipadapter.FormatGUID),
		LUID:          raw.LUID,
		Hardware:      Some(raw.Hardware),
		Filter:        raw.Filter,
	}
	if l.Name == "" { // an alias cannot be empty, but a row can be read while it is made
		l.Name = l.GUID
	}
	// As on Linux, what medium an interface that is down has means nothing.
	if l.Flags&FlagUp != 0 {
		l.Carrier = someIf(raw.MediaState == ipadapter.MediaConnected,
			raw.MediaState == ipadapter.MediaConnected || raw.MediaState == ipadapter.MediaDisconnected)
	}
}

// flagsOfRow are the flags that a row stands for.
func flagsOfRow(raw *ipadapter.Row) LinkFlags {
	var flags LinkFlags
	for _, f := range [...]struct {
		flag LinkFlags
		set  bool
	}{
		{FlagUp, raw.AdminStatus == ipadapter.AdminUp},
		{FlagRunning, raw.OperStatus == windowsOperUp},
		{FlagBroadcast, raw.Access == ipadapter.AccessBroadcast},
		{FlagPointToPoint, raw.Access == ipadapter.AccessPointToPoint},
		{FlagLoopback, raw.Access == ipadapter.AccessLoopback || raw.Type == windowsTypeLoopback},
		{FlagLowerUp, raw.MediaState == ipadapter.MediaConnected},
	} {
		if f.set {
			flags |= f.flag
		}
	}
	return flags
}

// Numbers of Windows: an IF_OPER_STATUS (ifdef.h) and an IF_TYPE_* (ipifcons.h).
const (
	windowsOperUp       = 1
	windowsTypeLoopback = 24
)

// operStateOfWindows maps an IF_OPER_STATUS (ifdef.h).
func operStateOfWindows(raw uint32) OperState {
	states := [...]OperState{
		windowsOperUp: OperUp, 2: OperDown, 3: OperTesting, 4: OperUnknown, 5: OperDormant, 6: OperNotPresent, 7: OperLowerLayerDown,
	}
	if raw < uint32(len(states)) {
		return states[raw]
	}
	return OperUnknown
}

// interfaceTypeNames are the IF_TYPE_* of ipifcons.h, with the names that Linux
// has for the same things where it has one.
var interfaceTypeNames = map[uint32]string{
	1: "other", 6: "ether", 9: "tr", 15: "fddi", 23: "ppp", windowsTypeLoopback: "loopback", 28: "slip", 37: "atm", 53: "virtual",
	71: "ieee802.11", 131: "tunnel", 144: "ieee1394", 161: "lag", 166: "mpls", 199: "infiniband", 209: "bridge", 237: "wimax",
	243: "wwan", 244: "wwan", 259: "ieee802.15.4",
}

// interfaceTypeName names an IF_TYPE_*, or prints its number.
func interfaceTypeName(t uint32) string {
	if name := interfaceTypeNames[t]; name != "" {
		return name
	}
	return strconv.FormatUint(uint64(t), 10)
}
