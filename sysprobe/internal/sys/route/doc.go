// Package route asks the routing tables of FreeBSD, OpenBSD, NetBSD and macOS for
// interfaces and addresses: by sysctl(3) for all of them, and by a routing socket
// for their changes (route(4)). It chooses the question by the system, and its
// answers are those of package rib. Errors are plain errnos and those of
// package decode.
package route
