//go:build !linux

package sysprobe

// exitsClient is the backend of a system that has none.
type exitsClient struct{}

func newExitsClient(Config) (*exitsClient, error) {
	return nil, opError("follow exits", "", ErrNotSupported)
}

func (*exitsClient) read(*ExitLog) error { return ErrNotSupported }
func (*exitsClient) close() error        { return ErrNotSupported }
