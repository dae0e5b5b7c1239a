package ntapi

import (
	"errors"
	"unsafe"

	"golang.org/x/sys/windows"

	"telegraf-sysprobe/sysprobe/internal/decode/ntinfo"
)

// Memory is MEMORYSTATUSEX of GlobalMemoryStatusEx, in bytes.
type Memory struct {
	// Total and Available are of physical memory. CommitLimit and CommitFree are of
	// memory that programs can commit: physical memory and page files.
	Total, Available        uint64
	CommitLimit, CommitFree uint64
}

// ReadMemory returns the memory of the machine. It needs no privilege.
func ReadMemory() (Memory, error) {
	status := struct {
		length, load                                 uint32
		total, available, limit, free                uint64
		virtual, virtualAvailable, extendedAvailable uint64
	}{length: 64}
	ok, _, err := windows.NewLazySystemDLL("kernel32.dll").NewProc("GlobalMemoryStatusEx").Call(uintptr(unsafe.Pointer(&status)))
	if ok == 0 {
		return Memory{}, err
	}
	return Memory{Total: status.total, Available: status.available, CommitLimit: status.limit, CommitFree: status.free}, nil
}

// LogicalProcessors returns the number of processors of all groups.
func LogicalProcessors() int {
	return int(windows.GetActiveProcessorCount(windows.ALL_PROCESSOR_GROUPS))
}

// ReadProcessors counts cores and packages. It needs no privilege.
func ReadProcessors() (ntinfo.Processors, error) {
	const relationAll = 0xffff
	proc := windows.NewLazySystemDLL("kernel32.dll").NewProc("GetLogicalProcessorInformationEx")
	var answer Answer
	b, err := answer.Ask(func(buf []byte) (int, error) {
		n := uint32(len(buf))
		ok, _, err := proc.Call(relationAll, uintptr(unsafe.Pointer(unsafe.SliceData(buf))), uintptr(unsafe.Pointer(&n)))
		switch {
		case ok != 0:
			return int(n), nil
		case errors.Is(err, windows.ERROR_INSUFFICIENT_BUFFER):
			return int(n), ErrTooSmall
		default:
			return 0, err
		}
	})
	if err != nil {
		return ntinfo.Processors{}, err
	}
	return ntinfo.DecodeProcessors(b)
}
