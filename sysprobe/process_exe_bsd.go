//go:build freebsd || netbsd

package sysprobe

import (
	"context"

	"telegraf-sysprobe/sysprobe/internal/sys/sysctl"
)

// exe asks for a name of sysctl(3) that OpenBSD lacks.
func (c *kinfoProcessClient) exe(ctx context.Context) (ProcPath, error) {
	return c.exeBy(ctx, (*sysctl.Processes).Path)
}
