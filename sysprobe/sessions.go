package sysprobe

import "time"

// Session is a user who is logged in.
type Session struct {
	// User is the login name: any bytes.
	User string
	// Terminal is the terminal without "/dev/", as "pts/0", or the X11 display where
	// there is none; empty for a session without either.
	Terminal string
	// Host is where the user came from, as the program that logged the user in wrote
	// it: a name or an address, an X11 display, or empty for a local one, for which
	// psutil has "localhost".
	Host string
	// Start is when the session began, by the wall clock of that moment.
	Start time.Time
	// PID is that of the process that the session began with, by the time of the
	// login; absent if that is not known.
	PID Opt[int32]
}

// ReadSessions returns who is logged in, in the order of the source: psutil's
// users(). It reads utmp(5), which is c.RunRoot/utmp, and where there is none, or
// nobody writes it, as in Debian 13, the sessions that systemd-logind keeps in
// c.RunRoot/systemd/sessions; of these those that a person uses and that do not end
// yet. FreeBSD, NetBSD, OpenBSD and macOS have a file of utmpx(5) in c.RunRoot, without
// which nobody has logged in; that of OpenBSD has no PIDs. A nil c means defaults. It
// needs no privilege.
//
// It returns an error that wraps [ErrNotSupported] on a system without a backend and
// where neither source exists, [ErrAccessDenied] if they must not be read, and
// [ErrMalformed] if sessions of logind cannot be decoded; the others are returned with
// it.
func ReadSessions(c *Config) ([]Session, error) { return configured(c, sessionsClient{}.read) }

// unsupportedSessions is the client of a system whose sessions cannot be read.
type unsupportedSessions struct{}

const opReadSessions = "read sessions"

func (unsupportedSessions) read(Config) ([]Session, error) {
	return nil, opError(opReadSessions, "", ErrNotSupported)
}
