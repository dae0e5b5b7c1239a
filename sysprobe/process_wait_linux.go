package sysprobe

import (
	"context"
	"errors"
	"os"
	"syscall"
	"time"
	"unsafe"

	"golang.org/x/sys/unix"
)

// Between two looks at what no event comes from.
const (
	firstPause  = 10 * time.Millisecond
	zombiePause = 100 * time.Millisecond // there is an event since Linux 6.9
	lastPause   = time.Second
)

func (c *processClient) wait(ctx context.Context) (Opt[ExitStatus], error) {
	const op = "wait for process"
	pidfd, err := c.openPidfd()
	if err != nil {
		return Opt[ExitStatus]{}, opError(op, c.target(), err)
	}
	if pidfd == nil {
		err = c.waitByClock(ctx)
	} else {
		err = c.waitByPidfd(ctx, pidfd)
		pidfd.Close()
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.exit, opError(op, c.target(), err)
}

// openPidfd returns a pidfd of the process, and none where that is gone, has
// another PID here, or the kernel has no pidfds.
func (c *processClient) openPidfd() (*os.File, error) {
	if !c.table.own {
		return nil, nil
	}
	fd, err := unix.PidfdOpen(int(c.id.PID), 0)
	switch {
	case isExhausted(err):
		return nil, err
	case err != nil:
		return nil, nil
	}
	// Not by PIDFD_NONBLOCK, which came with Linux 5.10.
	if err := unix.SetNonblock(fd, true); err != nil {
		unix.Close(fd) //nolint:errcheck // another error is on its way
		return nil, err
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if _, err := c.stat(); err != nil { // it may be another process
		unix.Close(fd) //nolint:errcheck // nothing was written
		return nil, nil
	}
	return os.NewFile(uintptr(fd), "pidfd"), nil
}

// waitByPidfd waits for what the kernel tells of by the pidfd: that the process
// has died and, since Linux 6.9, that it was reaped.
func (c *processClient) waitByPidfd(ctx context.Context, pidfd *os.File) error {
	conn, err := pidfd.SyscallConn()
	if err != nil {
		return err
	}
	stop := context.AfterFunc(ctx, func() { pidfd.SetReadDeadline(time.Unix(1, 0)) }) //nolint:errcheck // it is open
	defer stop()
	var state waitState
	for pause := zombiePause; ; pause = min(2*pause, lastPause) {
		var deadline time.Time
		if state == waitZombie {
			deadline = time.Now().Add(pause)
		}
		if err := pidfd.SetReadDeadline(deadline); err != nil {
			return c.waitByClock(ctx) // the poller does not take it
		}
		if err := ctx.Err(); err != nil { // its deadline may have been overwritten
			return err
		}
		var lookErr error
		err := conn.Read(func(fd uintptr) bool {
			before := state
			state, lookErr = c.look(int(fd))
			return lookErr != nil || state == waitGone || state != before
		})
		switch {
		case lookErr != nil || state == waitGone:
			return lookErr
		case err != nil && !errors.Is(err, os.ErrDeadlineExceeded):
			return err
		}
	}
}

// waitByClock looks again and again.
func (c *processClient) waitByClock(ctx context.Context) error {
	for pause := firstPause; ; pause = min(2*pause, lastPause) {
		state, err := c.look(-1)
		if err != nil || state == waitGone {
			return err
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-time.After(pause):
		}
	}
}

// waitState is how far a process is that is waited for.
type waitState uint8

const (
	waitAlive  waitState = iota
	waitZombie           // and not ours to reap
	waitGone
)

// look says how far the process is. Where it is a dead child of this one, it
// reaps it and keeps the status.
func (c *processClient) look(pidfd int) (waitState, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	st, err := c.stat()
	switch {
	case c.exit.known, isGone(err):
		return waitGone, nil
	case err != nil:
		return waitAlive, err
	case stateOfLetter(st.State) != StateZombie || st.Threads > 1:
		return waitAlive, nil
	}
	if !c.table.own {
		return waitZombie, nil
	}
	status, err := c.reap(pidfd)
	switch {
	case errors.Is(err, unix.ECHILD):
		return waitZombie, nil
	case err != nil:
		return waitZombie, err
	}
	c.exit = Some(status)
	return waitGone, nil
}

// siginfo is the siginfo_t that waitid(2) fills.
type siginfo struct {
	info    [3]int32 // si_signo, si_errno and si_code; MIPS has the latter in another order
	_       [unsafe.Sizeof(uintptr(0)) / 8]int32
	pid     int32
	uid     uint32
	status  int32
	padding [112]byte
}

// reap reaps a dead child of this process. It returns ECHILD of others.
func (c *processClient) reap(pidfd int) (ExitStatus, error) {
	if pidfd < 0 {
		var status syscall.WaitStatus
		_, err := syscall.Wait4(int(c.id.PID), &status, syscall.WNOHANG, nil)
		return ExitStatus(status), err
	}
	var info siginfo
	err := unix.Waitid(unix.P_PIDFD, pidfd, (*unix.Siginfo)(unsafe.Pointer(&info)), unix.WEXITED|unix.WNOHANG, nil)
	switch {
	case err != nil:
		return 0, err
	case info.pid == 0:
		return 0, unix.ECHILD
	}
	return exitStatus((*unix.Siginfo)(unsafe.Pointer(&info)).Code, info.status), nil
}

// si_code of a child that ended (asm-generic/siginfo.h).
const (
	childKilled = 2
	childDumped = 3
)

// exitStatus makes a wait status of what waitid(2) gives.
func exitStatus(code, status int32) ExitStatus {
	switch code {
	case childKilled:
		return ExitStatus(status)
	case childDumped:
		return ExitStatus(status) | 0x80
	default:
		return ExitStatus(status&0xff) << 8
	}
}
