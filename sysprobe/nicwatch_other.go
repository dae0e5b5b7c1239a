//go:build !linux

package sysprobe

// nicWatchClient is the backend of a system that has none yet.
type nicWatchClient struct{ events chan NICEvent }

func newNICWatchClient(Config) (*nicWatchClient, error) {
	return nil, opError("watch interfaces", "", ErrNotSupported)
}

func (*nicWatchClient) snapshot(*AddrSnapshot) error { return ErrNotSupported }
func (*nicWatchClient) failure() error               { return ErrNotSupported }
func (*nicWatchClient) statistics() NICWatchStats    { return NICWatchStats{} }
func (*nicWatchClient) close() error                 { return ErrNotSupported }
