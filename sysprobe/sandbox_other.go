//go:build !linux

package sysprobe

// sandboxClient is the client of a system that has none.
type sandboxClient struct{ unsupportedSandbox }
