package procfs

import (
	"bytes"
	"strconv"
	"strings"
)

// Sandbox is what /proc/PID/status says of the rights of a process.
type Sandbox struct {
	// Effective, Permitted and Bounding are sets of capabilities, one bit each.
	Effective, Permitted, Bounding uint64
	// NoNewPrivileges is PR_SET_NO_NEW_PRIVS of prctl(2).
	NoNewPrivileges bool
	// Seccomp is the mode: 0 off, 1 strict, 2 filters.
	Seccomp uint64
}

// DecodeSandbox reads /proc/PID/status. A line that the kernel was built without is
// left at 0; CapEff is not. The error wraps decode.ErrMalformed.
func DecodeSandbox(b []byte) (Sandbox, error) {
	var s Sandbox
	lines := lineScanner{scanner: scanner{buf: b, format: "proc status"}}
	found := false
	for lines.next() {
		switch string(lines.key) {
		case "CapEff":
			s.Effective, found = lines.set(), true
		case "CapPrm":
			s.Permitted = lines.set()
		case "CapBnd":
			s.Bounding = lines.set()
		case "NoNewPrivs":
			s.NoNewPrivileges = lines.uint() != 0
		case "Seccomp":
			s.Seccomp = lines.uint()
		}
	}
	if !found {
		lines.fail("want a line CapEff")
	}
	if lines.err != nil {
		return Sandbox{}, lines.err
	}
	return s, nil
}

// set reads a set of bits, which is a hexadecimal number.
func (l *lineScanner) set() uint64 {
	set, err := strconv.ParseUint(string(l.token()), 16, 64)
	if err != nil {
		l.fail("want a hexadecimal number before here")
	}
	return set
}

// FindMount returns the options of the mount of a file system of that type at
// target, with commas between, from /proc/PID/mountinfo (proc_pid_mountinfo(5)); of
// several mounts there, of the last, which is on top. It returns false where there
// is none. Lines that are no such lines are passed over.
func FindMount(b []byte, target, fsType string) (options string, found bool) {
	for line := range bytes.Lines(b) {
		mount, super, ok := bytes.Cut(bytes.TrimSuffix(line, []byte("\n")), []byte(" - "))
		fields, after := strings.Split(string(mount), " "), strings.Split(string(super), " ")
		if ok && len(fields) > 5 && len(after) > 2 && fields[4] == target && after[0] == fsType {
			options, found = fields[5]+","+after[2], true
		}
	}
	return options, found
}
