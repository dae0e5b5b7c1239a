// Package ifmedia asks the network drivers of FreeBSD, OpenBSD, NetBSD and macOS,
// by ioctl(2) on a socket: for the medium of an interface (ifmedia(4)), and for its
// description and its groups (netintro(4)). Its answers are those of the decoder of the same
// name. Errors are plain errnos and those of package decode.
package ifmedia
