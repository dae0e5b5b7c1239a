// Package pidfd makes the system calls that take a process: by a pidfd
// (pidfd_open(2)), which stays with its process, and by a PID, which the next
// process can have. Errors are plain errnos.
package pidfd
