package sysprobe

import (
	"encoding/binary"
	"time"

	"telegraf-sysprobe/sysprobe/internal/decode/utmp"
)

func sessionsOfUtmp(found []utmp.Session) []Session {
	sessions := make([]Session, len(found))
	for i, s := range found {
		sessions[i] = Session{
			User: s.User, Terminal: s.Line, Host: s.Host,
			Start: sessionStart(s.Seconds, s.Micros), PID: someIf(s.PID, s.PID > 0),
		}
	}
	return sessions
}

// sessionStart is the time of a session, the zero time where there is none.
func sessionStart(seconds, micros int64) time.Time {
	if seconds == 0 && micros == 0 {
		return time.Time{}
	}
	return time.Unix(seconds, micros*int64(time.Microsecond))
}

// sessionFile is the name of the file of a system other than Linux, and what its bytes
// say.
func sessionFile(goos, goarch string) (name string, sessions func(b []byte) []Session) {
	file, _ := utmp.FileOf(goos, goarch)
	return file.Name, func(b []byte) []Session { return sessionsOfUtmp(file.Decode(b, binary.NativeEndian)) }
}
