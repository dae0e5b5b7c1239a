package sysprobe

// Privileges is what became of the capabilities that the file of a program grants.
type Privileges struct {
	// Withheld are those that this process did not get, by their names in
	// capabilities(7), with commas between: "CAP_PERFMON,CAP_BPF". Empty where it got
	// all, or the file grants none.
	Withheld string
	// By is what withholds them, as far as it can be told: "no_new_privs", "nosuid" or
	// "bounding set"; otherwise empty.
	By string
}

// RaisePrivileges lets this process use what it is permitted of CAP_BPF, CAP_PERFMON and
// CAP_SYS_PTRACE of capabilities(7), which make more of a [Procs] and its zombies known:
// it makes them effective in all of its threads. Call it before a handle is opened. A
// program whose file permits them without making them effective (=p of
// cap_from_text(3)) starts where a sandbox withholds them, too, and learns here what it
// lacks; one whose file makes them effective does not start there.
//
// What is effective already stays so, and a process without any of them, or with all,
// makes no change. It needs no privilege. The error is an [*OpError] of capset(2), or
// wraps [ErrNotSupported] on other systems than Linux and in a program that was built
// with cgo.
func RaisePrivileges() (Privileges, error) { return privilegesClient{}.raise() }

// unsupportedPrivileges is the client of a system without capabilities.
type unsupportedPrivileges struct{}

func (unsupportedPrivileges) raise() (Privileges, error) {
	return Privileges{}, opError("raise", "capabilities", ErrNotSupported)
}
