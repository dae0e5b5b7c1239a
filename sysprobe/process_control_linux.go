package sysprobe

import (
	"errors"
	"fmt"
	"math"
	"syscall"

	"telegraf-sysprobe/sysprobe/internal/sys/pidfd"
)

func (c *processClient) suspend() error { return c.signal(syscall.SIGSTOP) }

func (c *processClient) resume() error { return c.signal(syscall.SIGCONT) }

func (c *processClient) setNice(nice int, invalid error) error {
	return c.set("set nice value of process", invalid, func(pid int32) error { return pidfd.SetNice(pid, nice) })
}

func (c *processClient) setIOPriority(p IOPriority, invalid error) error {
	invalid = errors.Join(invalid, checkIOPriority(p, false))
	return c.set("set I/O priority of process", invalid, func(pid int32) error {
		return pidfd.SetIOPriority(pid, uint8(p.Class), p.Level)
	})
}

func (c *processClient) setLimit(resource Resource, l Limit, invalid error) error {
	return c.set("set limit of process", invalid, func(pid int32) error {
		return pidfd.SetLimit(pid, int(resource), l.Soft.Or(math.MaxUint64), l.Hard.Or(math.MaxUint64))
	})
}

func (c *processClient) setAffinity(cpus []int, invalid error) error {
	return c.set("set affinity of process", invalid, func(pid int32) error { return pidfd.SetAffinity(pid, cpus) })
}

// set calls f, which changes the process that has a PID, if that is this one and
// the value is not invalid. A zombie has nothing left to change, although the
// kernel takes the call.
func (c *processClient) set(op string, invalid error, f func(pid int32) error) error {
	buf := c.table.takeBuffer()
	defer c.table.buffers.Put(buf)
	t := target{Dir: c.dir, buf: buf}
	st, err := t.stat()
	switch {
	case err != nil:
	case invalid != nil:
		err = invalid
	case !c.table.own:
		err = ErrNotSupported
	case st.Start != c.id.Start:
		err = ErrNoSuchProcess
	case stateOfLetter(st.State) == StateZombie:
		err = fmt.Errorf("it has exited: %w", ErrZombieProcess)
	default:
		err = c.byPID(t, f)
	}
	if isGone(err) {
		err = ErrNoSuchProcess
	}
	return c.opError(op, err)
}
