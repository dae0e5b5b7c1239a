package sysprobe

import (
	"context"

	"telegraf-sysprobe/sysprobe/internal/sys/cpuset"
	"telegraf-sysprobe/sysprobe/internal/sys/sysctl"
)

func (c *kinfoProcessClient) terminal(ctx context.Context) (string, error) {
	return c.terminalBy(ctx, (*sysctl.Processes).Files)
}

func (c *kinfoProcessClient) openFiles(ctx context.Context) ([]OpenFile, error) {
	return c.openFilesBy(ctx, (*sysctl.Processes).Files)
}

func (c *kinfoProcessClient) memoryMaps(ctx context.Context) ([]MemoryRegion, error) {
	return c.memoryMapsBy(ctx, (*sysctl.Processes).Regions)
}

func (c *kinfoProcessClient) limits(ctx context.Context) (Limits, error) {
	return c.limitsBy(ctx, (*sysctl.Processes).Limit)
}

func (c *kinfoProcessClient) setLimit(resource Resource, limit Limit, invalid error) error {
	return c.setLimitBy(resource, limit, invalid, (*sysctl.Processes).SetLimit)
}

func (c *kinfoProcessClient) affinity(ctx context.Context) ([]int, error) {
	return c.affinityBy(ctx, cpuset.SystemGet)
}

func (c *kinfoProcessClient) setAffinity(cpus []int, invalid error) error {
	return c.setAffinityBy(cpus, invalid, cpuset.SystemSet)
}
