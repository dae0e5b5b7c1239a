package procfs

import "bytes"

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
