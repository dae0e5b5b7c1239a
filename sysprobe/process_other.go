//go:build !linux && !windows && !darwin && !freebsd && !netbsd && !openbsd

package sysprobe

// processClient is the client of a system that has none yet.
type processClient struct {
	unsupportedProcess

	id ProcID
}
