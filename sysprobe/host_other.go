//go:build !linux && !windows && !darwin && !freebsd && !netbsd && !openbsd

package sysprobe

// hostClient is the client of a system that has none yet.
type hostClient struct{ unsupportedHost }
