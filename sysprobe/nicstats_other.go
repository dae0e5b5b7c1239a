//go:build !linux && !darwin && !freebsd && !netbsd && !openbsd && !windows

package sysprobe

// nicStatsClient is the client of a system that has none yet.
type nicStatsClient struct{ unsupportedNICStats }

func newNICStatsClient(Config) (*nicStatsClient, error) {
	return nil, opError("open link table", "", ErrNotSupported)
}
