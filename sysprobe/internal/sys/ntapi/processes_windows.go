package ntapi

import (
	"errors"
	"strconv"
	"unsafe"

	"golang.org/x/sys/windows"

	"telegraf-sysprobe/sysprobe/internal/decode/ntinfo"
)

// wordSize is the number of bytes of a pointer.
const wordSize = strconv.IntSize / 8

// Processes reads the process table into a buffer that it keeps. It is not safe
// for concurrent use.
type Processes struct{ answer Answer }

// Read calls f for each process, as ntinfo.DecodeProcesses does. It needs no
// privilege.
func (p *Processes) Read(f func(*ntinfo.Process)) error {
	b, base, err := querySystem(&p.answer, windows.SystemProcessInformation)
	if err != nil {
		return err
	}
	return ntinfo.DecodeProcesses(b, base, wordSize, f)
}

// querySystem returns the answer of NtQuerySystemInformation for a class, and its
// address.
func querySystem(answer *Answer, class int32) (b []byte, base uint64, err error) {
	b, err = answer.Ask(func(buf []byte) (int, error) {
		var n uint32
		first := unsafe.Pointer(unsafe.SliceData(buf))
		base = uint64(uintptr(first))
		err := windows.NtQuerySystemInformation(class, first, uint32(len(buf)), &n)
		if errors.Is(err, windows.STATUS_INFO_LENGTH_MISMATCH) {
			return int(n), ErrTooSmall
		}
		return int(n), err
	})
	return b, base, err
}

// TimeOfDay returns when Windows started. It needs no privilege.
func TimeOfDay() (ntinfo.TimeOfDay, error) {
	buf := make([]byte, 48)
	var n uint32
	err := windows.NtQuerySystemInformation(windows.SystemTimeOfDayInformation, unsafe.Pointer(unsafe.SliceData(buf)), uint32(len(buf)), &n)
	if err != nil {
		return ntinfo.TimeOfDay{}, err
	}
	return ntinfo.DecodeTimeOfDay(buf[:min(int(n), len(buf))])
}
