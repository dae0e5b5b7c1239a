package sysprobe

import (
	"net/netip"

	"telegraf-sysprobe/sysprobe/internal/decode/ipadapter"
)

// socketOfWindows maps a row of a table of sockets. The kernel does not say when the
// process started.
func socketOfWindows(raw *ipadapter.Socket, table ipadapter.SocketTable) Connection {
	c := Connection{
		Process: someIf(ProcID{PID: int32(raw.PID), Start: StartUnknown}, raw.PID != 0),
		Local:   raw.Local, Remote: raw.Remote, Family: FamilyInet, Type: SocketStream,
	}
	if raw.Local.Addr().Is6() {
		c.Family = FamilyInet6
	}
	if table == ipadapter.UDP4 || table == ipadapter.UDP6 {
		c.Type = SocketDatagram
		return c
	}
	c.Status = connStatusOfWindows(raw.State)
	if c.Remote.Port() == 0 { // it listens
		c.Remote = netip.AddrPort{}
	}
	return c
}

// connStatusOfWindows maps a MIB_TCP_STATE (tcpmib.h).
func connStatusOfWindows(raw uint32) ConnStatus {
	states := [...]ConnStatus{
		1: ConnClose, 2: ConnListen, 3: ConnSynSent, 4: ConnSynRecv, 5: ConnEstablished, 6: ConnFinWait1, 7: ConnFinWait2,
		8: ConnCloseWait, 9: ConnClosing, 10: ConnLastAck, 11: ConnTimeWait, 12: ConnDeleteTCB,
	}
	if raw < uint32(len(states)) {
		return states[raw]
	}
	return ConnNone
}
