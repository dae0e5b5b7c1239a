package sysprobe

import (
	"cmp"

	"telegraf-sysprobe/sysprobe/internal/decode/ntinfo"
	"telegraf-sysprobe/sysprobe/internal/decode/wtsinfo"
)

// sessionOfWindows maps a session of terminal services. It began when its user logged
// on: that it is connected again, maybe from another machine, does not begin one.
func sessionOfWindows(raw *wtsinfo.Session) Session {
	s := Session{User: raw.User, Terminal: raw.Station, Host: raw.ClientName}
	if raw.ClientAddress.IsValid() && !raw.ClientAddress.IsUnspecified() {
		s.Host = raw.ClientAddress.String()
	}
	if start := cmp.Or(raw.LoggedOn, raw.Connected); start > 0 {
		s.Start = ntinfo.Time(start)
	}
	return s
}
