// Package ntapi asks the native interface of Windows about processes and the
// system, and the functions of kernel32.dll, psapi.dll and advapi32.dll that
// package golang.org/x/sys/windows lacks.
//
// What decides how to ask is built for every system, so that its tests run
// everywhere. Errors are those of the functions: syscall.Errno, which
// errors.Is compares with fs.ErrPermission and the like, and windows.NTStatus.
package ntapi
