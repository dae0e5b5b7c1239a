package sysprobe

import (
	"net/netip"
	"testing"
	"time"

	"telegraf-sysprobe/sysprobe/internal/decode/wtsinfo"
)

func TestSessionOfWindows(t *testing.T) {
	const logon = 133_000_000_000_000_000 // 2022-06-18 04:26:40
	start := time.Date(2022, 6, 18, 4, 26, 40, 0, time.UTC)
	for _, tt := range []struct {
		raw  wtsinfo.Session
		want Session
	}{
		{
			wtsinfo.Session{User: "alice", Domain: "EXAMPLE", Station: "Console", LoggedOn: logon, Connected: logon + 1e7},
			Session{User: "alice", Terminal: "Console", Start: start},
		},
		{
			wtsinfo.Session{
				User: "bob", Station: "RDP-Tcp#3", Connected: logon, ClientName: "LAPTOP", ClientAddress: netip.MustParseAddr("192.0.2.7"),
			},
			Session{User: "bob", Terminal: "RDP-Tcp#3", Host: "192.0.2.7", Start: start},
		},
		{
			wtsinfo.Session{User: "carol", ClientName: "LAPTOP", ClientAddress: netip.MustParseAddr("0.0.0.0")}, // disconnected
			Session{User: "carol", Host: "LAPTOP"},
		},
	} {
		got := sessionOfWindows(&tt.raw)
		if !got.Start.Equal(tt.want.Start) {
			t.Errorf("%s: began %v, want %v", tt.raw.User, got.Start, tt.want.Start)
		}
		if got.Start = tt.want.Start; got != tt.want {
			t.Errorf("%+v, want %+v", got, tt.want)
		}
	}
}
