//go:build !linux && !darwin && !freebsd && !netbsd && !openbsd && !windows

package sysprobe

import "context"

// nicWatchClient is the client of a system that has none yet.
type nicWatchClient struct {
	unsupportedNICWatch

	events chan NICEvent
}

func newNICWatchClient(context.Context, Config, NICChoice) (*nicWatchClient, error) {
	return nil, opError("watch interfaces", "", ErrNotSupported)
}
