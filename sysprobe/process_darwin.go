package sysprobe

import (
	"context"

	"telegraf-sysprobe/sysprobe/internal/sys/libproc"
	"telegraf-sysprobe/sysprobe/internal/sys/sysctl"
)

func (c *kinfoProcessClient) exe(ctx context.Context) (ProcPath, error) {
	return c.exeBy(ctx, func(_ *sysctl.Processes, pid int32) (string, error) { return libproc.Path(pid) })
}

func (c *kinfoProcessClient) cwd(ctx context.Context) (ProcPath, error) {
	return c.cwdBy(ctx, func(_ *sysctl.Processes, pid int32) (string, error) { return libproc.Cwd(pid) })
}
