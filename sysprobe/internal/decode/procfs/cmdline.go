package procfs

import (
	"bytes"
	"strings"

	"telegraf-sysprobe/sysprobe/internal/decode"
)

// LongName returns the name that the kernel cut to comm, as far as
// /proc/PID/cmdline shows it: the last element of the path by which the program
// was called, if that begins with comm, or comm itself.
func LongName(comm string, cmdline []byte) string {
	arg, rest, _ := bytes.Cut(cmdline, []byte{0})
	// A single argument may be a title that the program wrote over all of
	// them, with blanks between ("name --option", "name: busy"); only its first
	// word can be a name then.
	if len(bytes.Trim(rest, "\x00")) == 0 {
		if word, _, ok := bytes.Cut(arg, []byte{' '}); ok {
			arg = bytes.TrimSuffix(word, []byte{':'})
		}
	}
	name := arg[bytes.LastIndexByte(arg, '/')+1:]
	if len(name) > len(comm) && string(name[:len(comm)]) == comm {
		return string(name)
	}
	return comm
}

// SplitCmdline returns the arguments in /proc/PID/cmdline (proc_pid_cmdline(5)),
// as psutil does. They end in NULs. A program that wrote a title over them might
// have ended it otherwise, or have left a single argument; both are split at
// blanks, and so is the only argument of a program if it has blanks.
func SplitCmdline(b []byte) []string {
	if len(b) == 0 {
		return nil
	}
	rest, sep := b, byte(0)
	if b[len(b)-1] != 0 {
		sep = ' '
	}
	rest = bytes.TrimSuffix(rest, []byte{sep})
	if sep == 0 && bytes.IndexByte(rest, 0) < 0 {
		sep = ' '
	}
	args := make([]string, 0, bytes.Count(rest, []byte{sep})+1)
	for {
		arg, after, more := bytes.Cut(rest, []byte{sep})
		args = append(args, string(arg))
		if !more {
			return args
		}
		rest = after
	}
}

// SplitEnviron returns the entries in /proc/PID/environ (proc_pid_environ(5)) in their
// order, empty ones too: what each NUL ends, and the rest.
func SplitEnviron(b []byte) []string {
	if len(b) == 0 {
		return nil
	}
	return strings.Split(strings.TrimSuffix(string(b), "\x00"), "\x00")
}

// DeletedSuffix is what the kernel appends to the path of a removed file.
const DeletedSuffix = " (deleted)"

// DecodeDeviceName returns DEVNAME of the uevent of a device in sysfs(5), the
// path below /dev. The error wraps decode.ErrMalformed.
func DecodeDeviceName(b []byte) (string, error) {
	for line := range bytes.Lines(b) {
		if name, ok := bytes.CutPrefix(bytes.TrimSuffix(line, []byte{'\n'}), []byte("DEVNAME=")); ok && len(name) > 0 {
			return string(name), nil
		}
	}
	return "", &decode.Error{Format: "uevent", Offset: len(b), Reason: "want a line DEVNAME"}
}

// SocketInode returns the inode number in the target of the link of a socket,
// "socket:[5]", and reports whether it is one.
func SocketInode(b []byte) (uint64, bool) {
	digits, ok := bytes.CutPrefix(b, []byte("socket:["))
	if !ok || !bytes.HasSuffix(digits, []byte{']'}) {
		return 0, false
	}
	return parseUint(digits[:len(digits)-1])
}

// TrimLink returns the path in the target of a link below /proc/PID, which
// ends at a NUL if there is one, and whether the kernel marks this path as removed.
// A file can have a name that looks like the mark.
func TrimLink(b []byte) (path string, deleted bool) {
	target, _, _ := bytes.Cut(b, []byte{0})
	target, deleted = bytes.CutSuffix(target, []byte(DeletedSuffix))
	return string(target), deleted
}
