//go:build !linux && !windows

package sysprobe

type procsClient struct{ unsupportedProcs }
