package ntapi

import (
	"unsafe"

	"golang.org/x/sys/windows"
)

// Affinity are processors of one group, a bit for each: those that the process may
// run on, and those of the machine. Both are 0 of a process that runs in several
// groups.
type Affinity struct{ Process, System uint64 }

// Affinity returns the processors that the process may run on.
func (p *Process) Affinity() (Affinity, error) {
	var process, system uintptr
	ok, _, err := windows.NewLazySystemDLL("kernel32.dll").NewProc("GetProcessAffinityMask").
		Call(uintptr(p.handle), uintptr(unsafe.Pointer(&process)), uintptr(unsafe.Pointer(&system)))
	if ok == 0 {
		return Affinity{}, err
	}
	return Affinity{uint64(process), uint64(system)}, nil
}

// SetAffinity sets the processors that the process may run on. All must be of the
// machine.
func (p *Process) SetAffinity(processors uint64) error {
	ok, _, err := windows.NewLazySystemDLL("kernel32.dll").NewProc("SetProcessAffinityMask").
		Call(uintptr(p.handle), uintptr(processors))
	if ok == 0 {
		return err
	}
	return nil
}

// Priority returns the priority class.
func (p *Process) Priority() (uint32, error) { return windows.GetPriorityClass(p.handle) }

// SetPriority sets the priority class. Without a privilege for the realtime class,
// Windows sets that below it.
func (p *Process) SetPriority(class uint32) error { return windows.SetPriorityClass(p.handle, class) }

// IOPriority returns the IO_PRIORITY_HINT.
func (p *Process) IOPriority() (uint32, error) {
	var hint, n uint32
	err := windows.NtQueryInformationProcess(p.handle, windows.ProcessIoPriority, unsafe.Pointer(&hint), uint32(unsafe.Sizeof(hint)), &n)
	return hint, err
}

// SetIOPriority sets the IO_PRIORITY_HINT. A higher one than normal needs
// SeIncreaseBasePriorityPrivilege.
func (p *Process) SetIOPriority(hint uint32) error {
	return windows.NtSetInformationProcess(p.handle, windows.ProcessIoPriority, unsafe.Pointer(&hint), uint32(unsafe.Sizeof(hint)))
}

// Suspend stops all threads. A process that was suspended twice is to be resumed
// twice.
func (p *Process) Suspend() error { return p.native("NtSuspendProcess") }

// Resume lets the threads go on.
func (p *Process) Resume() error { return p.native("NtResumeProcess") }

// native calls a function of ntdll.dll whose one argument is a process.
func (p *Process) native(name string) error {
	if status, _, _ := windows.NewLazySystemDLL("ntdll.dll").NewProc(name).Call(uintptr(p.handle)); status != 0 { //nolint:errcheck // the result is the error
		return windows.NTStatus(status)
	}
	return nil
}
