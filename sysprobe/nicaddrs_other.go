//go:build !linux && !windows && !darwin && !freebsd && !netbsd && !openbsd

package sysprobe

// nicAddrsClient is the client of a system that has none yet.
type nicAddrsClient struct{ unsupportedNICAddrs }

func newNICAddrsClient(Config) (*nicAddrsClient, error) {
	return nil, opError("open address table", "", ErrNotSupported)
}
