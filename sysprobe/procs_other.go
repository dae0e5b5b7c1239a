//go:build !linux

package sysprobe

// procsClient is the backend of a system that has none yet.
type procsClient struct{}

func newProcsClient(Config) (*procsClient, error) {
	return nil, opError("open process table", "", ErrNotSupported)
}

func (*procsClient) snapshot(*ProcSnapshot, Fields) error { return ErrNotSupported }
func (*procsClient) lookup(int32, Fields) (Proc, error)   { return Proc{}, ErrNotSupported }
func (*procsClient) backend() (Backend, error)            { return BackendAuto, ErrNotSupported }
func (*procsClient) close() error                         { return ErrNotSupported }
func (*procsClient) originOf(uint64) *Origin              { return nil }
