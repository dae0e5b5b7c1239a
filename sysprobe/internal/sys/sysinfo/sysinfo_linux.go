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
