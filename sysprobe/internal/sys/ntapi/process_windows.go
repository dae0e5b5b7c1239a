package ntapi

import (
	"context"
	"errors"
	"runtime"
	"time"
	"unsafe"

	"golang.org/x/sys/windows"

	"telegraf-sysprobe/sysprobe/internal/decode"
	"telegraf-sysprobe/sysprobe/internal/decode/ntinfo"
)

// ErrGone says that no process has that PID: ERROR_INVALID_PARAMETER of
// OpenProcess.
var ErrGone error = windows.ERROR_INVALID_PARAMETER

// Process is a process that is open, which keeps its PID from being used again.
type Process struct {
	handle windows.Handle
	// forgotten closes the handle of a Process that nothing refers to and that was not
	// closed.
	forgotten runtime.Cleanup
}

// Rights to open a process with.
const (
	// QueryRights are for the methods that read and wait. Protected processes grant
	// them to administrators too.
	QueryRights = windows.PROCESS_QUERY_LIMITED_INFORMATION | windows.SYNCHRONIZE
	// TerminateRights are for Terminate, SetRights for the methods that set, and
	// SuspendRights for Suspend and Resume.
	TerminateRights = windows.PROCESS_TERMINATE | windows.PROCESS_QUERY_LIMITED_INFORMATION
	SetRights       = windows.PROCESS_SET_INFORMATION | windows.PROCESS_QUERY_LIMITED_INFORMATION
	SuspendRights   = windows.PROCESS_SUSPEND_RESUME
)

// Open opens a process. It returns an error that is ErrGone where no process has
// the PID, and one that is fs.ErrPermission where the caller has not the rights.
func Open(pid, rights uint32) (*Process, error) {
	h, err := windows.OpenProcess(rights, false, pid)
	if err != nil {
		return nil, err
	}
	p := &Process{handle: h}
	p.forgotten = runtime.AddCleanup(p, func(h windows.Handle) { windows.CloseHandle(h) }, h) //nolint:errcheck // nobody is there to tell
	return p, nil
}

// Close closes the process. It keeps running.
func (p *Process) Close() error {
	p.forgotten.Stop()
	return windows.CloseHandle(p.handle)
}

// Created returns when the process was created, in units of 100 ns since 1601.
func (p *Process) Created() (int64, error) {
	var created, exited, kernel, user windows.Filetime
	if err := windows.GetProcessTimes(p.handle, &created, &exited, &kernel, &user); err != nil {
		return 0, err
	}
	return int64(created.HighDateTime)<<32 | int64(created.LowDateTime), nil
}

// IsRunning reports whether the process has not exited.
func (p *Process) IsRunning() (bool, error) {
	event, err := windows.WaitForSingleObject(p.handle, 0)
	return event == uint32(windows.WAIT_TIMEOUT), err
}

// Exe returns the file that the process executes, as a path with a drive.
func (p *Process) Exe() (string, error) {
	buf := make([]uint16, windows.MAX_PATH)
	for {
		n := uint32(len(buf))
		err := windows.QueryFullProcessImageName(p.handle, 0, &buf[0], &n)
		if err == nil {
			return windows.UTF16ToString(buf[:n]), nil
		}
		if !errors.Is(err, windows.ERROR_INSUFFICIENT_BUFFER) || len(buf) > 1<<15 {
			return "", err
		}
		buf = make([]uint16, 2*len(buf))
	}
}

// CommandLine returns the command line, which begins with the program. It needs
// Windows 8.1.
func (p *Process) CommandLine() (string, error) {
	var answer Answer
	var base uint64
	b, err := answer.Ask(func(buf []byte) (int, error) {
		var n uint32
		first := unsafe.Pointer(unsafe.SliceData(buf))
		base = uint64(uintptr(first))
		err := windows.NtQueryInformationProcess(p.handle, windows.ProcessCommandLineInformation, first, uint32(len(buf)), &n)
		if errors.Is(err, windows.STATUS_INFO_LENGTH_MISMATCH) || errors.Is(err, windows.STATUS_BUFFER_TOO_SMALL) {
			return int(n), ErrTooSmall
		}
		return int(n), err
	})
	if err != nil {
		return "", err
	}
	text, err := ntinfo.CommandLine(b, base, wordSize)
	return decode.UTF16(text), err
}

// Owner returns the user that the process runs as, DOMAIN\name, or the text of the
// security identifier where it has no name.
func (p *Process) Owner() (string, error) {
	var token windows.Token
	if err := windows.OpenProcessToken(p.handle, windows.TOKEN_QUERY, &token); err != nil {
		return "", err
	}
	defer token.Close() //nolint:errcheck // it was read only
	user, err := token.GetTokenUser()
	if err != nil {
		return "", err
	}
	name, domain, _, err := user.User.Sid.LookupAccount("")
	if err != nil {
		return user.User.Sid.String(), nil // the account was removed, or its domain is not reachable
	}
	return domain + `\` + name, nil
}

// Terminate ends the process, whose exit code is then code.
func (p *Process) Terminate(code uint32) error { return windows.TerminateProcess(p.handle, code) }

// ExitCode returns the exit code of a process that exited.
func (p *Process) ExitCode() (uint32, error) {
	var code uint32
	err := windows.GetExitCodeProcess(p.handle, &code)
	return code, err
}

// waitAtLeast is how long Wait waits before it looks at its context again.
const waitAtLeast = 50 * time.Millisecond

// Wait waits until the process exits. It returns the error of ctx where that ends
// first.
func (p *Process) Wait(ctx context.Context) error {
	for {
		if err := ctx.Err(); err != nil {
			return err
		}
		event, err := windows.WaitForSingleObject(p.handle, uint32(waitAtLeast/time.Millisecond))
		if err != nil || event == windows.WAIT_OBJECT_0 {
			return err
		}
	}
}
