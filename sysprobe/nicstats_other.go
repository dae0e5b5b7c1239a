//go:build !linux

package sysprobe

// nicStatsClient is the backend of a system that has none yet.
type nicStatsClient struct{}

func newNICStatsClient(Config) (*nicStatsClient, error) {
	return nil, opError("open link table", "", ErrNotSupported)
}

func (*nicStatsClient) snapshot(*LinkSnapshot) error { return ErrNotSupported }
func (*nicStatsClient) close() error                 { return ErrNotSupported }
