//go:build darwin || freebsd || netbsd || openbsd

package route

import (
	"os"
	"syscall"

	"golang.org/x/sys/unix"
)

// Dial opens a routing socket, which programs that are started later do not get. It
// needs no privilege, and returns an errno.
func Dial() (Conn, error) {
	syscall.ForkLock.RLock()
	defer syscall.ForkLock.RUnlock()
	fd, err := unix.Socket(unix.AF_ROUTE, unix.SOCK_RAW, unix.AF_UNSPEC)
	if err != nil {
		return nil, err
	}
	unix.CloseOnExec(fd)
	if err := unix.SetNonblock(fd, true); err != nil {
		unix.Close(fd) //nolint:errcheck // another error is on its way
		return nil, err
	}
	return os.NewFile(uintptr(fd), "routing socket"), nil
}
