// Package devdir finds devices by their numbers, which is what the process tables of
// NetBSD, OpenBSD and macOS have of terminals. Errors are those of package os.
package devdir
