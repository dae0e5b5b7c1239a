//go:build freebsd || openbsd

package sysprobe

import (
	"context"

	"telegraf-sysprobe/sysprobe/internal/sys/sysctl"
)

// threads asks for the records of threads, of which NetBSD has no CPU times and
// macOS none.
func (c *kinfoProcessClient) threads(ctx context.Context) ([]Thread, error) {
	return c.threadsBy(ctx, (*sysctl.Processes).Threads)
}
