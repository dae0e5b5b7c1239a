//go:build !linux

package sysprobe

// accountingClient is the client of a system without process accounting.
type accountingClient struct{ unsupportedAccounting }
