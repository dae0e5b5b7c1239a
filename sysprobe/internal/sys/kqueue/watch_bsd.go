//go:build darwin || freebsd || netbsd || openbsd

package kqueue

import (
	"errors"
	"os"
	"sync"

	"golang.org/x/sys/unix"
)

// Watch hears of the exits of processes, by EVFILT_PROC with NOTE_EXIT.
type Watch struct {
	queue           int
	wake, interrupt *os.File

	mu     sync.Mutex // is held while Next waits
	closed bool
	events [64]unix.Kevent_t
}

// NewWatch returns a Watch of no process. It returns an errno.
func NewWatch() (*Watch, error) {
	queue, err := unix.Kqueue()
	if err != nil {
		return nil, err
	}
	wake, interrupt, err := os.Pipe()
	if err != nil {
		unix.Close(queue) //nolint:errcheck // another error is on its way
		return nil, err
	}
	w := &Watch{queue: queue, wake: wake, interrupt: interrupt}
	if err := w.register(int(wake.Fd()), unix.EVFILT_READ, 0); err != nil {
		return nil, errors.Join(err, w.Close())
	}
	return w, nil
}

// Add adds a process, until it exits. It returns ESRCH if there is no such process
// or, except on FreeBSD, if it is a zombie already: FreeBSD reports its exit as one of
// now. It returns EACCES or EPERM if the kernel does not let this user watch it. It
// must not be called after Close.
func (w *Watch) Add(pid int32) error { return w.register(int(pid), unix.EVFILT_PROC, unix.NOTE_EXIT) }

// register adds an event to the queue.
func (w *Watch) register(ident, filter int, notes uint32) error {
	change := make([]unix.Kevent_t, 1)
	unix.SetKevent(&change[0], ident, filter, unix.EV_ADD)
	change[0].Fflags = notes
	for {
		_, err := unix.Kevent(w.queue, change, nil, nil)
		if !errors.Is(err, unix.EINTR) {
			return err
		}
	}
}

// Next waits until processes exit, and calls exited for each. It returns an error e
// with errors.Is(e, os.ErrClosed) after Close, and otherwise an errno.
func (w *Watch) Next(exited func(pid int32)) error {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.closed {
		return os.ErrClosed
	}
	n, err := unix.Kevent(w.queue, nil, w.events[:], nil)
	if errors.Is(err, unix.EINTR) {
		return nil
	}
	for i := range max(n, 0) {
		switch e := &w.events[i]; {
		case e.Filter == unix.EVFILT_READ: // the other end of the pipe is closed
			err = os.ErrClosed
		case e.Fflags&unix.NOTE_EXIT != 0:
			exited(int32(e.Ident))
		}
	}
	return err
}

// Close ends Next, and closes the queue. It returns an errno.
func (w *Watch) Close() error {
	w.interrupt.Close() //nolint:errcheck // nothing was written
	w.mu.Lock()
	defer w.mu.Unlock()
	w.closed = true
	return errors.Join(unix.Close(w.queue), w.wake.Close())
}
