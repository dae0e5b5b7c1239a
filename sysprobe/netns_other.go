//go:build !linux

package sysprobe

// netNSClient is the client of a system that has none.
type netNSClient struct{ unsupportedNetNS }

// netNSWatchClient is the client of a system that has none.
type netNSWatchClient struct{ unsupportedNetNSWatch }
