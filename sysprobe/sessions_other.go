//go:build !linux && !darwin && !freebsd && !netbsd && !openbsd && !windows

package sysprobe

// sessionsClient is the client of a system that has none yet.
type sessionsClient struct{ unsupportedSessions }
