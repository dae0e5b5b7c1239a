package sysprobe

import (
	"context"
	"errors"

	"telegraf-sysprobe/sysprobe/internal/sys/iphlpapi"
)

type nicWatchClient = noticedNICWatchClient

func newNICWatchClient(ctx context.Context, cfg Config, choice NICChoice) (*nicWatchClient, error) {
	kernel, err := newNICAddrsClient(cfg)
	if err != nil {
		return nil, err
	}
	notices, err := iphlpapi.Subscribe()
	if err != nil {
		return nil, errors.Join(opError("subscribe to interfaces", "", err), kernel.close())
	}
	return startNoticedNICWatch(ctx, cfg, choice, notices, kernel)
}
