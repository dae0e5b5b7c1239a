package execd

import (
	"errors"
	"fmt"
	"io"

	"telegraf-sysprobe/sysprobe"
)

// RaisePrivileges lets the inputs use the capabilities that this program is permitted,
// and writes to stderr which of those that its file grants are withheld, by what, and
// what that costs. It never keeps the program from starting.
func RaisePrivileges(stderr io.Writer) {
	if sysprobe.Supported("RaisePrivileges") != nil {
		return
	}
	for _, line := range privilegeLines(sysprobe.RaisePrivileges()) {
		fmt.Fprintln(stderr, "W! sysprobe-execd: "+line) //nolint:errcheck // there is no other place to report that the log cannot be written
	}
}

// privilegeLines says what RaisePrivileges of sysprobe returned.
func privilegeLines(privileges sysprobe.Privileges, err error) []string {
	const cost = "where an input needs them, processes are read through proc(5), " +
		"at more CPU time and without exit codes and I/O counts of other users' processes; see Privileges in the README"
	var lines []string
	if privileges.Withheld != "" {
		lines = append(lines, fmt.Sprintf("%s withholds %s, which the file of this program grants: %s",
			withholder(privileges.By), privileges.Withheld, cost))
	}
	if errors.Is(err, sysprobe.ErrNotSupported) {
		lines = append(lines, fmt.Sprintf("%v, in a program that was built with cgo; build it with CGO_ENABLED=0: %s", err, cost))
	} else if err != nil {
		lines = append(lines, fmt.Sprintf("%v: %s", err, cost))
	}
	return lines
}

// withholder says what a sandbox withholds capabilities by, and where to change that.
func withholder(by string) string {
	switch by {
	case "no_new_privs":
		return "NoNewPrivileges (NoNewPrivileges= of the unit, or an option that implies it; allowPrivilegeEscalation of a container)"
	case "bounding set":
		return "the bounding set (CapabilityBoundingSet= of the unit; the capabilities of a container)"
	case "nosuid":
		return "the mount option nosuid, where this program lies,"
	default:
		return "the user namespace, or a tracer,"
	}
}
