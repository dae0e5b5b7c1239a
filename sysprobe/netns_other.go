//go:build !linux

package sysprobe

func namedNetNS() ([]string, error) { return nil, ErrNotSupported }

func mayEnterNetNS() error { return ErrNotSupported }

// netNSWatchClient is the backend of a system that has none.
type netNSWatchClient struct{ changed chan struct{} }

func newNetNSWatchClient() (*netNSWatchClient, error) {
	return nil, opError("watch network namespaces", "", ErrNotSupported)
}

func (*netNSWatchClient) close() error { return ErrNotSupported }
