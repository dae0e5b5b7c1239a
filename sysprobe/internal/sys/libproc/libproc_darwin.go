package libproc

import (
	"bytes"
	"encoding/binary"
	"runtime"
	"syscall"
	"unsafe"

	"golang.org/x/sys/unix"

	"telegraf-sysprobe/sysprobe/internal/decode/kinfo"
)

//go:cgo_import_dynamic libc_proc_pidinfo proc_pidinfo "/usr/lib/libSystem.B.dylib"
//go:cgo_import_dynamic libc_proc_pidpath proc_pidpath "/usr/lib/libSystem.B.dylib"
//go:cgo_import_dynamic libc_mach_timebase_info mach_timebase_info "/usr/lib/libSystem.B.dylib"

// The addresses of the functions, which libproc_darwin.s sets.
var (
	addrOfPIDInfo      uintptr
	addrOfPIDPath      uintptr
	addrOfTimebaseInfo uintptr
)

// syscall6 calls a function of the C library, on a stack that is large enough.
//
//go:linkname syscall6 syscall.syscall6
func syscall6(fn, a1, a2, a3, a4, a5, a6 uintptr) (r1, r2 uintptr, err syscall.Errno)

// Numbers and sizes of sys/proc_info.h.
const (
	pidTaskInfo  = 4 // PROC_PIDTASKINFO
	taskInfoSize = 96
	pidVnodePath = 9    // PROC_PIDVNODEPATHINFO
	pathSize     = 4096 // PROC_PIDPATHINFO_MAXSIZE
)

// Timebase is how many nanoseconds a unit of the times of a task is, as a fraction.
type Timebase struct{ Numerator, Denominator uint32 }

// ReadTimebase returns the Timebase of this machine.
func ReadTimebase() Timebase {
	var b [8]byte
	var pinner runtime.Pinner
	defer pinner.Unpin()
	pinner.Pin(&b)
	if r, _, _ := syscall6(addrOfTimebaseInfo, uintptr(unsafe.Pointer(&b)), 0, 0, 0, 0, 0); r != 0 { // KERN_SUCCESS
		return Timebase{1, 1}
	}
	return Timebase{binary.NativeEndian.Uint32(b[:]), binary.NativeEndian.Uint32(b[4:])}
}

// Usage returns what a process uses (PROC_PIDTASKINFO). It returns EPERM if the
// process is another user's and the caller is not root, ESRCH if it is gone or a
// zombie, and an error that wraps decode.ErrMalformed.
func (t Timebase) Usage(pid int32) (kinfo.Usage, error) {
	var b [taskInfoSize]byte
	var pinner runtime.Pinner
	defer pinner.Unpin()
	pinner.Pin(&b)
	n, _, _ := syscall6(addrOfPIDInfo, uintptr(pid), pidTaskInfo, 0, uintptr(unsafe.Pointer(&b)), taskInfoSize, 0)
	if int32(n) <= 0 {
		return kinfo.Usage{}, failure(pid)
	}
	info, err := kinfo.DecodeTaskInfo(b[:min(int(int32(n)), len(b))], binary.NativeEndian)
	if err != nil {
		return kinfo.Usage{}, err
	}
	return info.Usage(t.Numerator, t.Denominator), nil
}

// Path returns the file that a process executes, with the errors of Usage.
func Path(pid int32) (string, error) {
	b := make([]byte, pathSize)
	var pinner runtime.Pinner
	defer pinner.Unpin()
	pinner.Pin(&b[0])
	n, _, _ := syscall6(addrOfPIDPath, uintptr(pid), uintptr(unsafe.Pointer(&b[0])), pathSize, 0, 0, 0)
	if int32(n) <= 0 {
		return "", failure(pid)
	}
	path, _, _ := bytes.Cut(b[:min(int(int32(n)), len(b))], []byte{0})
	return string(path), nil
}

// Cwd returns the working directory of a process, with the errors of Usage.
func Cwd(pid int32) (string, error) {
	b := make([]byte, kinfo.VnodePathsSize)
	var pinner runtime.Pinner
	defer pinner.Unpin()
	pinner.Pin(&b[0])
	n, _, _ := syscall6(addrOfPIDInfo, uintptr(pid), pidVnodePath, 0, uintptr(unsafe.Pointer(&b[0])), uintptr(len(b)), 0)
	if int32(n) <= 0 {
		return "", failure(pid)
	}
	path, err := kinfo.DecodeVnodePaths(b[:min(int(int32(n)), len(b))])
	return string(path), err
}

// zombie is SZOMB of sys/proc.h.
const zombie = 5

// failure is why the library has no answer, which it keeps in the errno of a thread
// that can be another one by now: EPERM if the process lives, and otherwise ESRCH.
// kill(2) says of a zombie, whoever has it, that it could be sent a signal.
func failure(pid int32) error {
	switch err := unix.Kill(int(pid), 0); err { //nolint:errorlint // it is a plain errno
	case nil:
		if p, err := unix.SysctlKinfoProc("kern.proc.pid", int(pid)); err == nil && p.Proc.P_stat != zombie {
			return unix.EPERM
		}
		return unix.ESRCH
	case unix.EPERM:
		return unix.EPERM
	default:
		return unix.ESRCH
	}
}
