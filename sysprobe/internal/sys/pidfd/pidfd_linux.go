package pidfd

import (
	"errors"
	"math/bits"
	"os"
	"slices"
	"syscall"
	"time"
	"unsafe"

	"golang.org/x/sys/unix"
)

// FD is a pidfd.
type FD struct {
	file *os.File
	conn syscall.RawConn
	fd   int
}

// Open returns a pidfd of the process that has the PID (Linux 5.3). The caller
// checks which process that is.
func Open(pid int32) (*FD, error) {
	fd, err := unix.PidfdOpen(int(pid), 0)
	if err != nil {
		return nil, err
	}
	// Not by PIDFD_NONBLOCK, which came with Linux 5.10.
	if err := unix.SetNonblock(fd, true); err != nil {
		return nil, errors.Join(err, unix.Close(fd))
	}
	f := &FD{file: os.NewFile(uintptr(fd), "pidfd"), fd: fd}
	if f.conn, err = f.file.SyscallConn(); err != nil {
		return nil, errors.Join(err, f.file.Close())
	}
	return f, nil
}

// Close releases the pidfd.
func (f *FD) Close() error { return f.file.Close() }

// Await calls done, and again each time the kernel signals: when the process
// has exited and, since Linux 6.9, when it was reaped. It returns once done
// reports true, or with os.ErrDeadlineExceeded at the deadline; a zero one never
// comes. It returns an error that wraps os.ErrNoDeadline where the runtime cannot
// poll the pidfd.
func (f *FD) Await(deadline time.Time, done func() bool) error {
	if err := f.file.SetReadDeadline(deadline); err != nil {
		return err
	}
	return f.conn.Read(func(uintptr) bool { return done() })
}

// Interrupt makes the Await that is under way return os.ErrDeadlineExceeded.
func (f *FD) Interrupt() {
	f.file.SetReadDeadline(time.Unix(1, 0)) //nolint:errcheck // Await has met the error
}

// siginfo is the siginfo_t that waitid(2) fills.
type siginfo struct {
	info    [3]int32 // si_signo, si_errno and si_code; MIPS has the latter in another order
	_       [unsafe.Sizeof(uintptr(0)) / 8]int32
	pid     int32
	uid     uint32
	status  int32
	padding [112]byte
}

// Peek returns the wait status (wait(2)) of the process, which has to be a dead child
// of this one, and leaves it to be reaped. It returns ECHILD for any other.
func (f *FD) Peek() (uint32, error) { return peek(unix.P_PIDFD, f.fd) }

// Peek is FD.Peek by PID: a child that is not reaped keeps its PID.
func Peek(pid int32) (uint32, error) { return peek(unix.P_PID, int(pid)) }

func peek(idType, id int) (uint32, error) {
	var info siginfo
	err := unix.Waitid(idType, id, (*unix.Siginfo)(unsafe.Pointer(&info)), unix.WEXITED|unix.WNOHANG|unix.WNOWAIT, nil)
	switch {
	case err != nil:
		return 0, err
	case info.pid == 0:
		return 0, unix.ECHILD
	}
	return waitStatus((*unix.Siginfo)(unsafe.Pointer(&info)).Code, info.status), nil
}

// Exit returns the wait status of a process of any parent, once it was reaped
// (PIDFD_GET_INFO with PIDFD_INFO_EXIT of linux/pidfd.h, Linux 6.15). It returns
// ENODATA before, and on a kernel that does not tell.
func (f *FD) Exit() (uint32, error) {
	info := unix.PidfdInfo{Mask: unix.PIDFD_INFO_EXIT}
	if err := unix.IoctlPidfdInfo(f.fd, &info); err != nil || info.Mask&unix.PIDFD_INFO_EXIT == 0 {
		return 0, unix.ENODATA
	}
	return uint32(info.Exit_code), nil
}

// si_code of a child that exited (asm-generic/siginfo.h).
const (
	childKilled = 2
	childDumped = 3
)

// waitStatus makes a wait status of what waitid(2) returns.
func waitStatus(code, status int32) uint32 {
	switch code {
	case childKilled:
		return uint32(status)
	case childDumped:
		return uint32(status) | 0x80
	default:
		return uint32(status&0xff) << 8
	}
}

// Signal sends a signal through a pidfd or the open directory of a process
// below /proc. It returns ENOSYS before Linux 5.1.
func Signal(fd int, sig syscall.Signal) error { return unix.PidfdSendSignal(fd, sig, nil, 0) }

// Kill sends a signal to the process that has the PID.
func Kill(pid int32, sig syscall.Signal) error { return unix.Kill(int(pid), sig) }

// maxCPUWords bounds the set of CPUs that Affinity asks for.
const maxCPUWords = 1 << 12

// Affinity returns the numbers of the CPUs that the first thread may run on, in
// order (sched_getaffinity(2)).
func Affinity(pid int32) ([]int, error) {
	var small [1024 / bits.UintSize]uint // for more than most kernels have
	n, err := affinity(pid, small[:])
	if err == nil {
		return numbersOf(small[:n]), nil
	}
	// EINVAL says that the kernel's set has more CPUs.
	for words := 4 * len(small); errors.Is(err, unix.EINVAL) && words <= maxCPUWords; words *= 4 {
		set := make([]uint, words)
		if n, err = affinity(pid, set); err == nil {
			return numbersOf(set[:n]), nil
		}
	}
	return nil, err
}

// affinity fills set, and returns how much of it. The kernel does not wait for anything.
func affinity(pid int32, set []uint) (int, error) {
	n, _, errno := unix.RawSyscall(unix.SYS_SCHED_GETAFFINITY, uintptr(pid), uintptr(wordSize*len(set)), uintptr(unsafe.Pointer(&set[0])))
	if errno != 0 {
		return 0, errno
	}
	return int(n) / wordSize, nil
}

// wordSize is that of the words of a set of CPUs, in bytes.
const wordSize = bits.UintSize / 8

// numbersOf returns the numbers of the CPUs of a set.
func numbersOf(set []uint) []int {
	count := 0
	for _, word := range set {
		count += bits.OnesCount(word)
	}
	cpus := make([]int, 0, count)
	for i, word := range set {
		for ; word != 0; word &= word - 1 {
			cpus = append(cpus, i*bits.UintSize+bits.TrailingZeros(word))
		}
	}
	return cpus
}

// ioprio_get(2), which x/sys/unix does not wrap (linux/ioprio.h).
const (
	ioprioWhoProcess = 1
	ioprioClassShift = 13
	ioprioLevels     = 8
)

// IOPriority returns the I/O scheduling class of the first thread, by the
// kernel's number, and the level in it (ioprio_get(2)).
func IOPriority(pid int32) (class, level uint8, err error) {
	priority, _, errno := unix.RawSyscall(unix.SYS_IOPRIO_GET, ioprioWhoProcess, uintptr(pid), 0)
	if errno != 0 {
		return 0, 0, errno
	}
	return uint8(priority >> ioprioClassShift), uint8(priority % ioprioLevels), nil
}

// SetNice sets the nice value of the first thread (setpriority(2)).
func SetNice(pid int32, nice int) error { return unix.Setpriority(unix.PRIO_PROCESS, int(pid), nice) }

// SetIOPriority sets what IOPriority returns (ioprio_set(2)).
func SetIOPriority(pid int32, class, level uint8) error {
	priority := uintptr(class)<<ioprioClassShift | uintptr(level)
	if _, _, errno := unix.RawSyscall(unix.SYS_IOPRIO_SET, ioprioWhoProcess, uintptr(pid), priority); errno != 0 {
		return errno
	}
	return nil
}

// SetAffinity sets the CPUs that the first thread may run on, one at least
// (sched_setaffinity(2)).
func SetAffinity(pid int32, cpus []int) error {
	set := unix.NewCPUSet(slices.Max(cpus) + 1)
	for _, cpu := range cpus {
		set.Set(cpu)
	}
	return unix.SchedSetaffinityDynamic(int(pid), set)
}

// rlimits are the architecture's numbers of the limits, in the order of those
// that most architectures have (asm-generic/resource.h).
var rlimits = [...]int{
	unix.RLIMIT_CPU, unix.RLIMIT_FSIZE, unix.RLIMIT_DATA, unix.RLIMIT_STACK, unix.RLIMIT_CORE, unix.RLIMIT_RSS,
	unix.RLIMIT_NPROC, unix.RLIMIT_NOFILE, unix.RLIMIT_MEMLOCK, unix.RLIMIT_AS, unix.RLIMIT_LOCKS, unix.RLIMIT_SIGPENDING,
	unix.RLIMIT_MSGQUEUE, unix.RLIMIT_NICE, unix.RLIMIT_RTPRIO, unix.RLIMIT_RTTIME,
}

// SetLimit sets a resource limit by its number on most architectures;
// math.MaxUint64 is none (prlimit(2)).
func SetLimit(pid int32, resource int, soft, hard uint64) error {
	return unix.Prlimit(int(pid), rlimits[resource], &unix.Rlimit{Cur: soft, Max: hard}, nil)
}
