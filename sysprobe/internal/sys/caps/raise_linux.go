package caps

import (
	"os"
	"runtime"
	"syscall"
	"unsafe"

	"golang.org/x/sys/unix"

	"telegraf-sysprobe/sysprobe/internal/decode/filecap"
)

// capget reads the sets of the calling thread.
func capget() (data [2]unix.CapUserData, err error) { // version 3 has two words of 32 bits
	header := unix.CapUserHeader{Version: unix.LINUX_CAPABILITY_VERSION_3}
	return data, os.NewSyscallError("capget", unix.Capget(&header, &data[0]))
}

// Permitted returns the capabilities that the calling thread can make effective. It
// returns the error of capget(2).
func Permitted() (Set, error) {
	data, err := capget()
	return Set(data[0].Permitted) | Set(data[1].Permitted)<<32, err
}

// Raise makes those of wanted effective that are permitted, in every thread of this
// process and of those that it starts from now on. It makes no system call that could
// fail where there are none. It returns the error of capget(2) or capset(2), or ENOTSUP
// in a program that was built with cgo, whose threads Go cannot all reach.
func Raise(wanted Set) error {
	data, err := capget()
	if err != nil {
		return err
	}
	before := data
	for i := range data {
		data[i].Effective |= uint32(wanted>>(32*i)) & data[i].Permitted
	}
	if data == before {
		return nil
	}
	header := unix.CapUserHeader{Version: unix.LINUX_CAPABILITY_VERSION_3}
	_, _, errno := syscall.AllThreadsSyscall(unix.SYS_CAPSET, uintptr(unsafe.Pointer(&header)), uintptr(unsafe.Pointer(&data[0])), 0)
	runtime.KeepAlive(&data)
	if errno != 0 {
		return os.NewSyscallError("capset", errno)
	}
	return nil
}

// Granted returns what the file of this program permits to who executes it
// (security.capability of xattr(7)): nothing too where that cannot be read.
func Granted() Set {
	var b [64]byte // the longest revision has 24
	n, err := unix.Getxattr(self, "security.capability", b[:])
	if err != nil {
		return 0
	}
	permitted, err := filecap.Permitted(b[:n])
	if err != nil {
		return 0
	}
	return Set(permitted)
}

// self is the program of this process, whatever root holds the facts of others.
const self = "/proc/self/exe"

// NoNewPrivileges reports whether this process and its children gain nothing from
// the file that they execute (PR_SET_NO_NEW_PRIVS of prctl(2)).
func NoNewPrivileges() bool {
	set, err := unix.PrctlRetInt(unix.PR_GET_NO_NEW_PRIVS, 0, 0, 0, 0)
	return err == nil && set == 1
}

// OnNoSUID reports whether the program lies in a file system whose files grant nothing
// (MS_NOSUID of mount(2)).
func OnNoSUID() bool {
	var fs unix.Statfs_t
	return unix.Statfs(self, &fs) == nil && fs.Flags&unix.ST_NOSUID != 0
}

// Bounded returns those of wanted that no file can grant to this process, since its
// bounding set lacks them.
func Bounded(wanted Set) Set {
	var lacks Set
	for number := range 64 {
		if !wanted.Has(Capability(number)) {
			continue
		}
		if in, err := unix.PrctlRetInt(unix.PR_CAPBSET_READ, uintptr(number), 0, 0, 0); err == nil && in == 0 {
			lacks |= 1 << number
		}
	}
	return lacks
}
