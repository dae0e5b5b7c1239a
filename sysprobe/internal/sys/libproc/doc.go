// Package libproc asks the library of macOS that is named so for what its process
// table lacks: what a process uses, and the file that it executes. It calls the
// library without cgo, as the standard library does. Errors are plain errnos and
// those of package decode.
package libproc
