package netns

import (
	"fmt"
	"os"
	"syscall"
	"time"
)

// Watch waits until the kernel reports that mounts have changed, for a
// namespace that has a name is mounted on it.
type Watch struct {
	file    *os.File
	changed chan struct{}
	ended   chan struct{}
}

// NewWatch begins to watch the mounts in mountInfo, which is a mountinfo file of
// proc(5). It returns the error of opening that, and an error where it is no
// file that the kernel reports changes of.
//
// Source: poll(2) of the file (mounts_poll of fs/proc_namespace.c).
func NewWatch(mountInfo string) (*Watch, error) {
	file, err := os.Open(mountInfo)
	if err != nil {
		return nil, fmt.Errorf("open mounts: %w", err)
	}
	raw, err := file.SyscallConn()
	if err == nil {
		err = file.SetReadDeadline(time.Time{}) // fails where Go cannot wait for this file
	}
	if err != nil {
		file.Close()
		return nil, fmt.Errorf("wait for mounts: %w", err)
	}
	w := &Watch{file: file, changed: make(chan struct{}, 1), ended: make(chan struct{})}
	go w.run(raw)
	return w, nil
}

// Changed receives a value first, and then after any mount came or went.
// Changes that were not received yet are one value. Close closes it.
func (w *Watch) Changed() <-chan struct{} { return w.changed }

// run reports changes until the file is closed. A single Read that never
// finishes waits for all of them: the kernel reports a change once, so that one
// between two Reads would be lost.
func (w *Watch) run(raw syscall.RawConn) {
	defer close(w.ended)
	defer close(w.changed)
	_ = raw.Read(func(uintptr) bool { //nolint:errcheck // it fails because of Close
		select {
		case w.changed <- struct{}{}:
		default:
		}
		return false
	})
}

// Close ends the watch and waits for its goroutine. Further calls return an
// error that wraps fs.ErrClosed.
func (w *Watch) Close() error {
	err := w.file.Close()
	<-w.ended
	return err
}
