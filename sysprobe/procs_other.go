//go:build !linux && !windows && !darwin && !freebsd && !netbsd && !openbsd

package sysprobe

// procsClient is the client of a system without a process table.
type procsClient struct{ unsupportedProcs }

func newProcsClient(Config) (*procsClient, error) {
	return nil, opError("open process table", "", ErrNotSupported)
}
