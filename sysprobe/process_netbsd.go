package sysprobe

import (
	"context"

	"telegraf-sysprobe/sysprobe/internal/sys/sysctl"
)

func (c *kinfoProcessClient) limits(ctx context.Context) (Limits, error) {
	return c.limitsBy(ctx, (*sysctl.Processes).LimitOfNetBSD)
}
