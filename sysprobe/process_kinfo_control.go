package sysprobe

import (
	"context"
	"errors"
	"fmt"
	"os"
	"syscall"

	"telegraf-sysprobe/sysprobe/internal/sys/cpuset"
	"telegraf-sysprobe/sysprobe/internal/sys/sysctl"
)

func (c *kinfoProcessClient) signal(sig os.Signal) error {
	p, err := c.look(context.Background())
	if number, ok := sig.(syscall.Signal); ok && err == nil {
		err = c.kernel.kill(c.id.PID, number)
	}
	switch {
	case errors.Is(err, syscall.ESRCH) && p.State == StateZombie: // OpenBSD
		err = nil
	case errors.Is(err, syscall.ESRCH):
		err = ErrNoSuchProcess
	}
	return pidError(opSignal, c.id.PID, err)
}

// byPID calls f, which asks about the process that has the PID or changes it, unless the
// value is invalid, and looks before and afterwards whether the process is this one.
func (c *kinfoProcessClient) byPID(ctx context.Context, op string, invalid error, f func(pid int32) error) error {
	if invalid != nil {
		return pidError(op, c.id.PID, invalid)
	}
	p, err := c.look(ctx)
	switch {
	case err != nil:
	case p.State == StateZombie:
		err = ErrZombieProcess
	default:
		if err = f(c.id.PID); err == nil {
			_, err = c.look(ctx)
		}
	}
	if errors.Is(err, syscall.ESRCH) {
		err = ErrNoSuchProcess
	}
	return pidError(op, c.id.PID, err)
}

func (c *kinfoProcessClient) setNice(nice int, invalid error) error {
	return c.byPID(context.Background(), "set nice value of process", invalid, func(pid int32) error {
		return c.kernel.setNice(pid, nice)
	})
}

// setLimitBy sets a limit, by the number that the system has for it.
func (c *kinfoProcessClient) setLimitBy(
	resource Resource, limit Limit, invalid error,
	set func(_ *sysctl.Processes, _ sysctl.Set, pid, resource int32, soft, hard uint64) error,
) error {
	number, known := kinfoLimits[resource]
	if invalid == nil && !known {
		invalid = fmt.Errorf("the system has no limit of %v: %w", resource, ErrNotSupported)
	}
	return c.byPID(context.Background(), "set limit of process", invalid, func(pid int32) error {
		soft, hard := min(limit.Soft.Or(kinfoUnlimited), kinfoUnlimited), min(limit.Hard.Or(kinfoUnlimited), kinfoUnlimited)
		return set(c.table.table, c.kernel.set, pid, number, soft, hard)
	})
}

// affinityBy reads the processors of all threads.
func (c *kinfoProcessClient) affinityBy(ctx context.Context, get cpuset.Call) (cpus []int, err error) {
	err = c.byPID(ctx, "read affinity of process", nil, func(pid int32) (err error) {
		cpus, err = cpuset.Get(get, pid)
		return err
	})
	return cpus, err
}

// setAffinityBy sets the processors of all threads.
func (c *kinfoProcessClient) setAffinityBy(cpus []int, invalid error, set cpuset.Call) error {
	return c.byPID(context.Background(), "set affinity of process", invalid, func(pid int32) error {
		err := cpuset.Set(set, pid, cpus)
		if errors.Is(err, syscall.EINVAL) || errors.Is(err, syscall.EDEADLK) {
			err = fmt.Errorf("not all of the processors %v are in the range of the machine, or of the cpuset or the jail of the process: %w",
				cpus, refusedError{err})
		}
		return err
	})
}
