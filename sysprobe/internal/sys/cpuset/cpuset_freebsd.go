package cpuset

import (
	"unsafe"

	"golang.org/x/sys/unix"
)

// Numbers of sys/cpuset.h: the threads themselves and not a set that they are in, and a
// process by its PID.
const (
	levelWhich = 3 // CPU_LEVEL_WHICH
	whichPID   = 2 // CPU_WHICH_PID
)

// SystemGet is the Call that asks the running kernel.
func SystemGet(pid int32, mask []byte) error { return system(unix.SYS_CPUSET_GETAFFINITY, pid, mask) }

// SystemSet is the Call that changes a process of the running kernel.
func SystemSet(pid int32, mask []byte) error { return system(unix.SYS_CPUSET_SETAFFINITY, pid, mask) }

// system makes a system call whose third argument, the PID, has 64 bits: on a machine of
// 32 bits it takes the place of two, of which the upper half is 0.
func system(number uintptr, pid int32, mask []byte) error {
	var errno unix.Errno
	if unsafe.Sizeof(number) == 4 {
		_, _, errno = unix.Syscall6(number, levelWhich, whichPID, uintptr(pid), 0,
			uintptr(len(mask)), uintptr(unsafe.Pointer(unsafe.SliceData(mask))))
	} else {
		_, _, errno = unix.Syscall6(number, levelWhich, whichPID, uintptr(pid),
			uintptr(len(mask)), uintptr(unsafe.Pointer(unsafe.SliceData(mask))), 0)
	}
	if errno != 0 {
		return errno
	}
	return nil
}
