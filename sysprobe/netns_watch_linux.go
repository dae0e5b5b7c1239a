//go:build linux

package sysprobe

import (
	"os"
	"syscall"
	"time"
)

// mountInfo lists the mounts that this process sees.
const mountInfo = "/proc/self/mountinfo"

// netNSWatchClient waits until the kernel says that mounts have changed.
type netNSWatchClient struct {
	file    *os.File
	changed chan struct{}
	ended   chan struct{}
}

func newNetNSWatchClient() (*netNSWatchClient, error) {
	const op = "watch network namespaces"
	file, err := os.Open(mountInfo)
	if err != nil {
		return nil, opError(op, mountInfo, err)
	}
	raw, err := file.SyscallConn()
	if err == nil {
		err = file.SetReadDeadline(time.Time{}) // fails where Go cannot wait for this file
	}
	if err != nil {
		file.Close()
		return nil, opError(op, mountInfo, err)
	}
	c := &netNSWatchClient{file: file, changed: make(chan struct{}, 1), ended: make(chan struct{})}
	go c.run(raw)
	return c, nil
}

// run tells of changes until the file is closed. The one Read never finds what
// it waits for: between two, a change would be lost, for the kernel tells of it
// once (mounts_poll of fs/proc_namespace.c).
func (c *netNSWatchClient) run(raw syscall.RawConn) {
	defer close(c.ended)
	_ = raw.Read(func(uintptr) bool { //nolint:errcheck // it fails because of close
		select {
		case c.changed <- struct{}{}:
		default:
		}
		return false
	})
}

// close ends the goroutine.
func (c *netNSWatchClient) close() error {
	err := c.file.Close()
	<-c.ended
	return opError("close", mountInfo, err)
}
