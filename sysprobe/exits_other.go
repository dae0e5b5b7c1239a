//go:build !linux && !darwin && !freebsd && !netbsd && !openbsd

package sysprobe

// exitsClient is the client of a system without a source of exits.
type exitsClient struct{ unsupportedExits }

func newExitsClient(Config) (*exitsClient, error) {
	return nil, opError("open exits", "", ErrNotSupported)
}
