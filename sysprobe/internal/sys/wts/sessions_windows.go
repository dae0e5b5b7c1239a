package wts

import (
	"errors"
	"unsafe"

	"golang.org/x/sys/windows"

	"telegraf-sysprobe/sysprobe/internal/decode/wtsinfo"
)

// ErrGone says that no session has that ID: ERROR_CTX_WINSTATION_NOT_FOUND.
var ErrGone error = windows.ERROR_CTX_WINSTATION_NOT_FOUND

// Sessions returns the IDs of all sessions, those without a user included: that of
// services, and those that wait for somebody to log in. It needs no privilege.
func Sessions() ([]uint32, error) {
	const version = 1
	var first *windows.WTS_SESSION_INFO
	var count uint32
	if err := windows.WTSEnumerateSessions(0, 0, version, &first, &count); err != nil {
		return nil, err
	}
	defer windows.WTSFreeMemory(uintptr(unsafe.Pointer(first)))
	ids := make([]uint32, 0, count)
	for _, s := range unsafe.Slice(first, count) {
		ids = append(ids, s.SessionID)
	}
	return ids, nil
}

// Numbers of WTS_INFO_CLASS (wtsapi32.h).
const (
	classUserName      = 5
	classClientName    = 10
	classClientAddress = 14
	classSessionInfo   = 24
)

// Read returns what there is to know of a session. One of nobody has no user, and
// nothing else. Of the sessions of other users it needs the right to query them. It
// returns an error that is ErrGone where the session has ended.
func Read(id uint32) (wtsinfo.Session, error) {
	var s wtsinfo.Session
	err := query(id, classUserName, func(b []byte) error {
		s.User = wtsinfo.Text(b)
		return nil
	})
	if err != nil || s.User == "" {
		return s, err
	}
	err = errors.Join(
		query(id, classSessionInfo, s.DecodeInfo),
		query(id, classClientAddress, s.DecodeClientAddress),
		query(id, classClientName, func(b []byte) error {
			s.ClientName = wtsinfo.Text(b)
			return nil
		}))
	return s, err
}

// query calls f with the answer of WTSQuerySessionInformation, which is valid until f
// returns.
func query(id, class uint32, f func([]byte) error) error {
	var answer *byte
	var size uint32
	ok, _, err := windows.NewLazySystemDLL("wtsapi32.dll").NewProc("WTSQuerySessionInformationW").Call(
		0, uintptr(id), uintptr(class), uintptr(unsafe.Pointer(&answer)), uintptr(unsafe.Pointer(&size)))
	if ok == 0 {
		return err
	}
	defer windows.WTSFreeMemory(uintptr(unsafe.Pointer(answer)))
	return f(unsafe.Slice(answer, size))
}
