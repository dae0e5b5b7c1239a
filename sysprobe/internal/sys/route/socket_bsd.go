//go:build darwin || freebsd || netbsd || openbsd

package route

import (
	"os"
	"runtime"
	"syscall"

	"golang.org/x/sys/unix"
)

// receiveErrors are SO_RERROR of sys/socket.h, by which reading fails after messages
// were dropped, where a system has it.
var receiveErrors = map[string]int{"freebsd": 0x20000, "netbsd": 0x4000}

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
	if option, has := receiveErrors[runtime.GOOS]; has {
		unix.SetsockoptInt(fd, unix.SOL_SOCKET, option, 1) //nolint:errcheck // FreeBSD 13 and older do not know it
	}
	if err := unix.SetNonblock(fd, true); err != nil {
		unix.Close(fd) //nolint:errcheck // another error is on its way
		return nil, err
	}
	return os.NewFile(uintptr(fd), "routing socket"), nil
}
