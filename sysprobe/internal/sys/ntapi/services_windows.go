package ntapi

import (
	"errors"
	"unsafe"

	"golang.org/x/sys/windows"
)

// Services calls f for each service that runs, with the PID of its process, of
// which several can be one. Every user may list services.
func Services(f func(name string, pid uint32)) error {
	manager, err := windows.OpenSCManager(nil, nil, windows.SC_MANAGER_ENUMERATE_SERVICE|windows.SC_MANAGER_CONNECT)
	if err != nil {
		return err
	}
	defer windows.CloseServiceHandle(manager) //nolint:errcheck // it was read only
	var answer Answer
	var count uint32
	b, err := answer.Ask(func(buf []byte) (int, error) {
		var needed uint32
		err := windows.EnumServicesStatusEx(manager, windows.SC_ENUM_PROCESS_INFO, windows.SERVICE_WIN32, windows.SERVICE_ACTIVE,
			unsafe.SliceData(buf), uint32(len(buf)), &needed, &count, nil, nil)
		if errors.Is(err, windows.ERROR_MORE_DATA) {
			return len(buf) + int(needed), ErrTooSmall
		}
		return len(buf), err
	})
	if err != nil || count == 0 {
		return err
	}
	// The system wrote that many records, whose pointers are into the buffer.
	for _, s := range unsafe.Slice((*windows.ENUM_SERVICE_STATUS_PROCESS)(unsafe.Pointer(unsafe.SliceData(b))), count) {
		f(windows.UTF16PtrToString(s.ServiceName), s.ServiceStatusProcess.ProcessId)
	}
	return nil
}
