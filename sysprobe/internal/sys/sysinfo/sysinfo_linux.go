package sysinfo

import (
	"os"

	"golang.org/x/sys/unix"
)

// Memory returns the usable memory of the machine in bytes: MemTotal of
// proc_meminfo(5). It returns the error of sysinfo(2).
func Memory() (uint64, error) {
	var info unix.Sysinfo_t
	if err := unix.Sysinfo(&info); err != nil {
		return 0, os.NewSyscallError("sysinfo", err)
	}
	return uint64(info.Totalram) * uint64(info.Unit), nil
}

// Release returns the release of the kernel, such as 6.1.0-44-amd64. It returns the
// error of uname(2).
func Release() (string, error) {
	var name unix.Utsname
	if err := unix.Uname(&name); err != nil {
		return "", os.NewSyscallError("uname", err)
	}
	return unix.ByteSliceToString(name.Release[:]), nil
}
