// Package sysinfo asks the kernel for the size of the machine (sysinfo(2)) and for its
// own release (uname(2)).
package sysinfo
