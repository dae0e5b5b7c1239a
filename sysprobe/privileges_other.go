//go:build !linux

package sysprobe

// privilegesClient is the client of a system that has none.
type privilegesClient struct{ unsupportedPrivileges }
