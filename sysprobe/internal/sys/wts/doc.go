// Package wts asks the terminal services of Windows who is logged in. Errors are
// those of wtsapi32.dll: syscall.Errno, which errors.Is compares with
// fs.ErrPermission and the like.
package wts
