package sysprobe

import (
	"context"

	"telegraf-sysprobe/sysprobe/internal/sys/sysctl"
)

func (c *kinfoProcessClient) limits(ctx context.Context) (Limits, error) {
	return c.limitsBy(ctx, (*sysctl.Processes).LimitOfNetBSD)
}

func (c *kinfoProcessClient) setLimit(resource Resource, limit Limit, invalid error) error {
	return c.setLimitBy(resource, limit, invalid, (*sysctl.Processes).SetLimitOfNetBSD)
}
