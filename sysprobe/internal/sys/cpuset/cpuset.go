// Package cpuset asks FreeBSD which processors a process may run on, and sets them
// (cpuset_getaffinity(2)). What decides how to ask is built for every system, so that its
// tests run everywhere. Errors are plain errnos.
package cpuset

import (
	"errors"
	"syscall"
)

// Call is the system call about all threads of a process. Processor n is bit n%8 of byte
// n/8 of mask, for the system runs on machines alone that store the least significant
// byte first.
type Call func(pid int32, mask []byte) error

// sizes are those of the sets of kernels, in bytes, that of FreeBSD 14 first: CPU_MAXSIZE
// of sys/_cpuset.h. A kernel has ERANGE for one that is smaller than its own, and for one
// that is larger than it knows any.
var sizes = [...]int{128, 32, 16, 256, 512}

// Get returns the numbers of the processors that a process may run on, in order: those of
// each of its threads. It returns ESRCH if there is no such process, also of a zombie.
func Get(get Call, pid int32) ([]int, error) {
	var cpus []int
	err := sized(func(size int) error {
		mask := make([]byte, size)
		if err := get(pid, mask); err != nil {
			return err
		}
		for cpu := range 8 * size {
			if mask[cpu/8]>>(cpu%8)&1 != 0 {
				cpus = append(cpus, cpu)
			}
		}
		return nil
	})
	return cpus, err
}

// Set sets the processors that every thread of a process may run on. It returns EINVAL or
// EDEADLK if one of them is not of the machine or of the jail, EPERM if this user must
// not, and ESRCH as Get does.
func Set(set Call, pid int32, cpus []int) error {
	err := sized(func(size int) error {
		mask := make([]byte, size)
		for _, cpu := range cpus {
			if cpu < 0 || cpu >= 8*size {
				return syscall.ERANGE
			}
			mask[cpu/8] |= 1 << (cpu % 8)
		}
		return set(pid, mask)
	})
	if errors.Is(err, syscall.ERANGE) {
		return syscall.EINVAL
	}
	return err
}

// sized calls f with a size after the other, until one is the kernel's.
func sized(f func(size int) error) error {
	err := error(syscall.ERANGE)
	for _, size := range sizes {
		if err = f(size); !errors.Is(err, syscall.ERANGE) {
			return err
		}
	}
	return err
}
