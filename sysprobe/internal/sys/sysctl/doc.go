// Package sysctl reads what sysctl(3) of FreeBSD, OpenBSD, NetBSD and macOS
// answers: single numbers, and tables whose size changes while they are read.
//
// A Call is the system call. Whatever decides how to ask is built for every
// system, so that its tests run everywhere with the recorded answers of those
// kernels in place of a Call. Errors are plain errnos and those of
// package decode.
package sysctl
