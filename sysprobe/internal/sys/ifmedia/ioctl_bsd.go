//go:build darwin || freebsd || netbsd || openbsd

package ifmedia

import (
	"encoding/binary"
	"runtime"
	"syscall"
	"unsafe"

	"golang.org/x/sys/unix"

	"telegraf-sysprobe/sysprobe/internal/decode"
)

// Socket is a socket for ioctl(2).
type Socket struct{ fd int }

// Open opens a socket, which the program it is passed on to does not get. It needs
// no privilege, and returns an errno.
func Open() (*Socket, error) {
	syscall.ForkLock.RLock()
	defer syscall.ForkLock.RUnlock()
	fd, err := unix.Socket(unix.AF_INET, unix.SOCK_DGRAM, 0)
	if err != nil {
		return nil, err
	}
	unix.CloseOnExec(fd)
	return &Socket{fd: fd}, nil
}

// Close closes the socket. It returns an errno.
func (s *Socket) Close() error { return unix.Close(s.fd) }

// ioctlPtr is the call of package syscall, which goes through the C library where
// the system wants that (OpenBSD, macOS).
//
//go:linkname ioctlPtr syscall.ioctlPtr
func ioctlPtr(fd int, request uint, arg unsafe.Pointer) error

// Ioctl is an Ioctl that asks the running kernel.
func (s *Socket) Ioctl(request uint32, arg []byte, pointer decode.Field, list []byte) error {
	var pinner runtime.Pinner
	defer pinner.Unpin()
	if len(list) > 0 {
		first := unsafe.SliceData(list)
		pinner.Pin(first)
		at := arg[pointer.At:]
		if pointer.Size == 8 {
			binary.NativeEndian.PutUint64(at, uint64(uintptr(unsafe.Pointer(first))))
		} else {
			binary.NativeEndian.PutUint32(at, uint32(uintptr(unsafe.Pointer(first))))
		}
	}
	for {
		err := ioctlPtr(s.fd, uint(request), unsafe.Pointer(unsafe.SliceData(arg)))
		if err != syscall.EINTR { //nolint:errorlint // ioctlPtr returns a plain errno
			return err
		}
	}
}
