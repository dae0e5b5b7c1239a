package sysprobe

import (
	"net/netip"
	"testing"

	"telegraf-sysprobe/sysprobe/internal/decode/ipadapter"
)

func TestSocketsOfWindows(t *testing.T) {
	four, six := netip.MustParseAddrPort("192.0.2.7:443"), netip.MustParseAddrPort("[2001:db8::7]:8080")
	for _, tt := range []struct {
		table ipadapter.SocketTable
		raw   ipadapter.Socket
		want  Connection
	}{
		{
			ipadapter.TCP4,
			ipadapter.Socket{Local: four, Remote: netip.MustParseAddrPort("0.0.0.0:0"), PID: 4, State: 2},
			Connection{Process: Some(ProcID{PID: 4, Start: StartUnknown}), Family: FamilyInet, Type: SocketStream, Local: four, Status: ConnListen},
		},
		{
			ipadapter.TCP6,
			ipadapter.Socket{Local: six, Remote: six, State: 11},
			Connection{Family: FamilyInet6, Type: SocketStream, Local: six, Remote: six, Status: ConnTimeWait},
		},
		{
			ipadapter.UDP6,
			ipadapter.Socket{Local: six, PID: 9},
			Connection{Process: Some(ProcID{PID: 9, Start: StartUnknown}), Family: FamilyInet6, Type: SocketDatagram, Local: six},
		},
	} {
		if got := socketOfWindows(&tt.raw, tt.table); got != tt.want {
			t.Errorf("%+v, want %+v", got, tt.want)
		}
	}
	for raw, want := range map[uint32]ConnStatus{
		0: ConnNone, 1: ConnClose, 5: ConnEstablished, 8: ConnCloseWait, 9: ConnClosing, 10: ConnLastAck, 12: ConnDeleteTCB, 13: ConnNone, 1 << 31: ConnNone,
	} {
		if got := connStatusOfWindows(raw); got != want {
			t.Errorf("state %d: %v, want %v", raw, got, want)
		}
	}
}
