package sysprobe

import (
	"bytes"
	"errors"
	"fmt"
	"math"
	"path/filepath"
	"syscall"

	"telegraf-sysprobe/sysprobe/internal/sys/pidfd"
	"telegraf-sysprobe/sysprobe/internal/sys/procdir"
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
	return c.setOf(wholeProcess, "set limit of process", invalid, func(pid int32) error {
		return pidfd.SetLimit(pid, int(resource), l.Soft.Or(math.MaxUint64), l.Hard.Or(math.MaxUint64))
	})
}

func (c *processClient) setAffinity(cpus []int, invalid error) error {
	return c.set("set affinity of process", invalid, func(pid int32) error {
		err := pidfd.SetAffinity(pid, cpus)
		if errors.Is(err, syscall.EINVAL) {
			online, _ := procdir.ReadFile(filepath.Join(c.table.sysRoot, "devices/system/cpu/online")) //nolint:errcheck // then the range is unknown
			err = fmt.Errorf("none of the processors %v is in the range %s that are online, or none of the cpuset: %w",
				cpus, bytes.TrimSpace(online), refusedError{err})
		}
		return err
	})
}

// set is setOf the first thread.
func (c *processClient) set(op string, invalid error, f func(pid int32) error) error {
	return c.setOf(firstThread, op, invalid, f)
}

// scope is whose a setting is.
type scope uint8

const (
	firstThread scope = iota
	wholeProcess
)

// setOf calls f, which changes the process that has a PID, if that is this one and
// the value is not invalid. A zombie has nothing left to change, although the
// kernel takes the call; and so has a first thread that is dead alone, but for what
// the whole process shares.
func (c *processClient) setOf(whose scope, op string, invalid error, f func(pid int32) error) error {
	if invalid != nil {
		return c.opError(op, invalid)
	}
	buf := c.table.takeBuffer()
	defer c.table.buffers.Put(buf)
	t := target{Dir: c.dir, buf: buf}
	st, err := t.stat()
	switch {
	case err != nil:
	case !c.table.own:
		err = ErrNotSupported
	case st.Start != c.id.Start:
		err = ErrNoSuchProcess
	case stateOfLetter(st.State) == StateZombie && (st.Threads <= 1 || whose == firstThread):
		err = fmt.Errorf("it, or its first thread, has exited: %w", ErrZombieProcess)
	default:
		err = c.byPID(t, f)
	}
	if isGone(err) {
		err = ErrNoSuchProcess
	}
	return c.opError(op, err)
}
