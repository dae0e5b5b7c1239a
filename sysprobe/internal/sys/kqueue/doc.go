// Package kqueue waits for processes of FreeBSD, OpenBSD, NetBSD and macOS by
// kqueue(2), and makes the other system calls that act on a process. Errors are
// plain errnos and that of the context.
package kqueue
