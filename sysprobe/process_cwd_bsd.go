//go:build freebsd || netbsd || openbsd

package sysprobe

import (
	"context"

	"telegraf-sysprobe/sysprobe/internal/sys/sysctl"
)

func (c *kinfoProcessClient) cwd(ctx context.Context) (ProcPath, error) {
	return c.cwdBy(ctx, (*sysctl.Processes).Cwd)
}
