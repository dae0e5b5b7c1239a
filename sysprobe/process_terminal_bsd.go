//go:build darwin || netbsd || openbsd

package sysprobe

import (
	"context"

	"telegraf-sysprobe/sysprobe/internal/sys/devdir"
)

func (c *kinfoProcessClient) terminal(ctx context.Context) (string, error) {
	return c.terminalByDevice(ctx, func(device uint32) (string, error) { return devdir.Character("/dev", device) })
}
