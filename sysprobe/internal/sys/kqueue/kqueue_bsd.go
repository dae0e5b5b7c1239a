//go:build darwin || freebsd || netbsd || openbsd

package kqueue

import (
	"context"
	"errors"
	"os"
	"syscall"

	"golang.org/x/sys/unix"
)

// AwaitExit returns when the process exits, by EVFILT_PROC with NOTE_EXIT. It
// returns ESRCH if there is no such process or, except on FreeBSD, where it returns at
// once, if it is a zombie already; another errno if the kernel does not let this user
// wait for it; and the error of ctx once that is done.
func AwaitExit(ctx context.Context, pid int32) error {
	queue, err := unix.Kqueue()
	if err != nil {
		return err
	}
	defer unix.Close(queue) //nolint:errcheck // nothing was written
	wake, interrupt, err := os.Pipe()
	if err != nil {
		return err
	}
	defer wake.Close()
	defer interrupt.Close()
	stop := context.AfterFunc(ctx, func() { interrupt.Close() })
	defer stop()

	changes := make([]unix.Kevent_t, 2)
	unix.SetKevent(&changes[0], int(pid), unix.EVFILT_PROC, unix.EV_ADD|unix.EV_ONESHOT)
	changes[0].Fflags = unix.NOTE_EXIT
	unix.SetKevent(&changes[1], int(wake.Fd()), unix.EVFILT_READ, unix.EV_ADD)
	events := make([]unix.Kevent_t, 2)
	if _, err := unix.Kevent(queue, changes, nil, nil); err != nil {
		return err
	}
	for {
		_, err := unix.Kevent(queue, nil, events, nil)
		switch {
		case ctx.Err() != nil:
			return ctx.Err()
		case !errors.Is(err, unix.EINTR):
			return err
		}
	}
}

// Reap takes the wait status of a child that has exited. Reaped is false if it has
// not, or if the process is no child of this program.
func Reap(pid int32) (status uint32, reaped bool) {
	var raw unix.WaitStatus
	for {
		got, err := unix.Wait4(int(pid), &raw, unix.WNOHANG, nil)
		if !errors.Is(err, unix.EINTR) {
			return uint32(raw), err == nil && got == int(pid)
		}
	}
}

// Kill sends a signal to a process.
func Kill(pid int32, signal syscall.Signal) error { return unix.Kill(int(pid), signal) }

// SetNice sets the nice value of a process (setpriority(2)).
func SetNice(pid int32, nice int) error { return unix.Setpriority(unix.PRIO_PROCESS, int(pid), nice) }
