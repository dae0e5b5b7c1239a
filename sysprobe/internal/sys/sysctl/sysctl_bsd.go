//go:build darwin || freebsd || netbsd || openbsd

package sysctl

import (
	"errors"
	"fmt"
	"syscall"
	"unsafe"

	"golang.org/x/sys/unix"

	"telegraf-sysprobe/sysprobe/internal/decode"
)

// libcSysctl is the call of package syscall, which goes through the C library
// where the system wants that (OpenBSD, macOS). Package syscall keeps it for
// programs outside the standard library.
//
//go:linkname libcSysctl syscall.sysctl
func libcSysctl(mib []int32, old *byte, oldLen *uintptr, newValue *byte, newLen uintptr) error

// System is the Call that asks the running kernel.
func System(mib []int32, old []byte) (int, error) {
	n := uintptr(len(old))
	var b *byte
	if len(old) > 0 {
		b = unsafe.SliceData(old)
	}
	for {
		err := libcSysctl(mib, b, &n, nil, 0)
		if err != syscall.EINTR { //nolint:errorlint // libcSysctl returns a plain errno
			return int(n), err
		}
		n = uintptr(len(old))
	}
}

// SystemSet is the Set of the running kernel.
func SystemSet(mib []int32, value []byte) error {
	return libcSysctl(mib, nil, nil, unsafe.SliceData(value), uintptr(len(value)))
}

// Named returns the answer for a name as sysctl(8) writes it, with the errors of
// Number.
func Named(name string) (int64, error) {
	b, err := unix.SysctlRaw(name)
	if err != nil {
		return 0, err
	}
	return number(b)
}

// Raw returns the answer for a name as sysctl(8) writes it, and numbers behind it; an
// empty one is nil. It returns an error that wraps decode.ErrInterrupted if the answer
// outgrows every buffer, or an errno: ENOENT if there is no such name.
func Raw(name string, behind ...int) ([]byte, error) {
	for range attempts {
		b, err := unix.SysctlRaw(name, behind...)
		if !errors.Is(err, unix.ENOMEM) {
			return b, err
		}
	}
	return nil, fmt.Errorf("%s: %d buffers were too small: %w", name, attempts, decode.ErrInterrupted)
}
