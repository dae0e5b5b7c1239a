package sysprobe

import "time"

// Session is a user who is logged in.
type Session struct {
	// User is the login name: any bytes.
	User string
	// Terminal is the terminal without "/dev/", as "pts/0", or the X11 display where
	// there is none; empty for a session without either. On Windows it is "Console" or
	// the connection, as "RDP-Tcp#3", and empty while the session is disconnected.
	Terminal string
	// Host is where the user came from, as the program that logged the user in wrote
	// it: a name or an address, an X11 display, or empty for a local one, for which
	// psutil has "localhost". On Windows it is the IPv4 address of the client, or else
	// its name.
	Host string
	// Start is when the session began, by the wall clock of that moment: on Windows
	// when the user logged on, and the zero time where that is not known.
	Start time.Time
	// PID is that of the process that the session began with, by the time of the
	// login; absent if that is not known, and on Windows.
	PID Opt[int32]
}

// ReadSessions returns who is logged in, in the order of the source: psutil's
// users(). It reads utmp(5), which is c.RunRoot/utmp, and where that is not there or
// has no session, as in Debian 13, where few programs write it, the sessions that
// systemd-logind keeps in c.RunRoot/systemd/sessions; of these those that a person uses
// and that do not end yet. A session in utmp whose process is gone, as after a crash of
// the program that should have ended it, is left out as who(1) does, and psutil does not:
// where c.RunRoot is /run and this process is in the PID namespace of the machine, so that
// the PIDs in utmp mean its processes; elsewhere utmp is taken as it is.
//
// FreeBSD, NetBSD, OpenBSD and macOS have a file of utmpx(5) in c.RunRoot, without
// which nobody has logged in; that of OpenBSD has no PIDs. Windows is
// asked by WTSEnumerateSessions and WTSQuerySessionInformation, by the ID of the
// session; of what they do not say of one, as of one that this user must not query,
// the rest is returned, with the error. A nil c means defaults. It needs no privilege.
//
// It returns an error that wraps [ErrNotSupported] on a system without a backend and
// where neither source exists, [ErrAccessDenied] if they must not be read, fs.ErrInvalid
// if they are not regular files, and [ErrMalformed] if sessions of logind cannot be decoded;
// the others are returned with it.
func ReadSessions(c *Config) ([]Session, error) { return configured(c, sessionsClient{}.read) }

// unsupportedSessions is the client of a system whose sessions cannot be read.
type unsupportedSessions struct{}

const opReadSessions = "read sessions"

func (unsupportedSessions) read(Config) ([]Session, error) {
	return nil, opError(opReadSessions, "", ErrNotSupported)
}
