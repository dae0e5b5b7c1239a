// Package iphlpapi asks the IP helper of Windows for adapters, interfaces and
// sockets, and to be notified of their changes. Errors are those of its functions:
// syscall.Errno.
package iphlpapi
