//go:build linux

package sysprobe

// nicAddrsClient is the backend of a system that has none yet.
type nicAddrsClient struct{}

func newNICAddrsClient(Config) (*nicAddrsClient, error) {
	return nil, opError("open address table", "", ErrNotSupported)
}

func (*nicAddrsClient) snapshot(*AddrSnapshot) error { return ErrNotSupported }
func (*nicAddrsClient) close() error                 { return ErrNotSupported }
