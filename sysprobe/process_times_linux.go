package sysprobe

import (
	"context"
	"time"
)

func (c *processClient) cpuTimes(ctx context.Context) (ProcessCPUTimes, error) {
	return ask(ctx, c, "read CPU times of process", func(_ context.Context, t target) (times ProcessCPUTimes, found bool, err error) {
		taken := time.Now()
		st, err := t.stat()
		if err != nil {
			return times, false, err
		}
		var row Proc
		row.setStat(&st, c.id.PID, 0)
		times, err = row.cpuTimes(c.id, taken, ErrMalformed)
		return times, true, err
	})
}
