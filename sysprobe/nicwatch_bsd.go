//go:build darwin || freebsd || netbsd || openbsd

package sysprobe

import (
	"context"
	"runtime"

	"telegraf-sysprobe/sysprobe/internal/sys/route"
	"telegraf-sysprobe/sysprobe/internal/sys/sysctl"
)

type nicWatchClient = noticedNICWatchClient

func newNICWatchClient(ctx context.Context, cfg Config, choice NICChoice) (*nicWatchClient, error) {
	const op = "subscribe to interfaces"
	kernel, err := newRIBNICAddrsClient(sysctl.System, runtime.GOOS, runtime.GOARCH)
	if err != nil {
		return nil, err
	}
	conn, err := route.Dial()
	if err != nil {
		return nil, opError(op, "", err)
	}
	notices, err := route.NewNotices(conn, runtime.GOOS, runtime.GOARCH)
	if err != nil {
		return nil, opError(op, "", err)
	}
	return startNoticedNICWatch(ctx, cfg, choice, notices, kernel)
}
