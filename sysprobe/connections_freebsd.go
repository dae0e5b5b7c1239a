package sysprobe

import (
	"context"
	"runtime"

	"telegraf-sysprobe/sysprobe/internal/sys/sysctl"
)

// runningPCBs asks the running kernel.
func runningPCBs(ctx context.Context) *pcbReader {
	read := func(name string) ([]byte, error) { return sysctl.Raw(name) }
	return &pcbReader{ctx: ctx, read: read, goarch: runtime.GOARCH}
}

func (c *kinfoProcsClient) connections(ctx context.Context, filter ConnectionFilter) (Connections, error) {
	return c.connectionsBy(runningPCBs(ctx), filter)
}

func (c *kinfoProcsClient) connectionsOf(ctx context.Context, ids []ProcID) []ProcConnections {
	return c.connectionsOfBy(runningPCBs(ctx), ids)
}

func (c *kinfoProcessClient) connections(ctx context.Context) (Connections, error) {
	return c.connectionsBy(runningPCBs(ctx))
}
