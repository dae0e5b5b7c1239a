package sysprobe

import "fmt"

// Denial says why the kernel keeps facts of a process from this user: it shows them
// to who could trace the process (ptrace(2), access mode checking).
type Denial struct {
	ID   ProcID
	Name string
	// UID is the real user of the process, and OtherUser says that it is not this
	// user and group in all of its IDs.
	UID       uint32
	OtherUser bool
	// Lacks are the names of the capabilities that the process has and this one has
	// not, with commas between: each of them keeps its facts from root too.
	Lacks string
	// Traceable says that this process has CAP_SYS_PTRACE, so that the reason is
	// none of these: a user namespace, or a security module.
	Traceable bool
}

// String returns who keeps its facts and why, in words.
func (d Denial) String() string {
	who := fmt.Sprintf("process %d %q of user %d", d.ID.PID, d.Name, d.UID)
	switch {
	case d.Traceable:
		return who + " is in another user namespace, or a security module keeps its facts"
	case d.OtherUser:
		return who + " is another user's, and this process lacks CAP_SYS_PTRACE"
	case d.Lacks != "":
		return who + " has capabilities that this process lacks (" + d.Lacks + "), which also lacks CAP_SYS_PTRACE"
	default:
		return who + " does not let itself be traced (PR_SET_DUMPABLE of prctl(2)), and this process lacks CAP_SYS_PTRACE"
	}
}
