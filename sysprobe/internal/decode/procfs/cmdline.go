package procfs

import (
	"bytes"

	"telegraf-sysprobe/sysprobe/internal/decode"
)

// LongName returns the name that the kernel cut to comm, as far as
// /proc/PID/cmdline tells: the last element of the path by which the program
// was called, if that begins with comm, or comm itself.
func LongName(comm string, cmdline []byte) string {
	arg, rest, _ := bytes.Cut(cmdline, []byte{0})
	// A single argument may be a title that the program wrote over all of
	// them, with blanks between ("name --option"); only its first word can be
	// a name then.
	if len(bytes.Trim(rest, "\x00")) == 0 {
		arg, _, _ = bytes.Cut(arg, []byte{' '})
	}
	name := arg[bytes.LastIndexByte(arg, '/')+1:]
	if len(name) > len(comm) && string(name[:len(comm)]) == comm {
		return string(name)
	}
	return comm
}

// SplitCmdline returns the arguments in /proc/PID/cmdline (proc_pid_cmdline(5)),
// as psutil does. They end in NULs; a program that wrote a title over them may
// have ended it otherwise, or have left a single argument. Both are split at
// blanks, so that the lone argument of a program is, if it has blanks.
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

// Variable is one variable of an environment.
type Variable struct{ Name, Value string }

// SplitEnviron returns the variables in /proc/PID/environ (proc_pid_environ(5))
// in their order. It passes over what has no name and "=", and ends at an empty entry:
// what follows that is left of what a program wrote over.
func SplitEnviron(b []byte) []Variable {
	variables := make([]Variable, 0, bytes.Count(b, []byte{0})+1)
	for rest := b; ; {
		entry, after, more := bytes.Cut(rest, []byte{0})
		if len(entry) == 0 {
			return variables
		}
		if name, value, ok := bytes.Cut(entry, []byte{'='}); ok && len(name) > 0 {
			variables = append(variables, Variable{string(name), string(value)})
		}
		if !more {
			return variables
		}
		rest = after
	}
}

// DeletedSuffix is what the kernel appends to the path of a removed file.
const DeletedSuffix = " (deleted)"

// DecodeDeviceName returns DEVNAME of the uevent of a device in sysfs(5), the
// path below /dev. The error answers to decode.ErrMalformed.
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
// ends at a NUL if there is one, and whether the kernel says that this path was
// removed. A file can be named as if it had been.
func TrimLink(b []byte) (path string, deleted bool) {
	target, _, _ := bytes.Cut(b, []byte{0})
	target, deleted = bytes.CutSuffix(target, []byte(DeletedSuffix))
	return string(target), deleted
}
