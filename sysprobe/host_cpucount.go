package sysprobe

import (
	"fmt"
	"io/fs"
	"sync/atomic"
)

// CPUCount counts the processors that the kernel uses, for a program that asks again
// and again: of Linux it keeps the file open that says so, which is most of the cost of
// asking once. It is safe for concurrent use.
type CPUCount struct {
	client *cpuCountClient
	closed atomic.Bool
}

// OpenCPUCount returns the count of the machine whose proc(5) and sysfs(5) are mounted
// at c.ProcRoot and c.SysRoot; a nil c means defaults. It needs no privilege. The
// caller closes it. It returns an error for a Config that has no meaning.
func OpenCPUCount(c *Config) (*CPUCount, error) {
	return configured(c, func(cfg Config) (*CPUCount, error) {
		return &CPUCount{client: newCPUCountClient(cfg)}, nil
	})
}

// Read returns how many processors the kernel uses now, psutil's cpu_count(): all that
// are online, whichever of them a process may run on. It returns an error that wraps
// fs.ErrClosed after Close, and those of [ReadCPUs]; [ErrNotSupported] also where the
// machine does not show the number.
func (c *CPUCount) Read() (int, error) {
	if c.closed.Load() {
		return 0, opError("count processors", "", fs.ErrClosed)
	}
	return c.client.read()
}

// Close closes what is open. A second Close returns an error that wraps fs.ErrClosed.
func (c *CPUCount) Close() error {
	if c.closed.Swap(true) {
		return opError("close count of processors", "", fs.ErrClosed)
	}
	return opError("close count of processors", "", c.client.close())
}

// countLogical counts the processors by all that ReadCPUs reads.
func countLogical(cfg Config) (int, error) {
	cpus, err := hostClient{}.cpus(cfg)
	if err != nil {
		return 0, err
	}
	count, known := cpus.Logical.Get()
	if !known {
		err = opError("count processors", "", fmt.Errorf("no number of processors: %w", ErrNotSupported))
	}
	return count, err
}
