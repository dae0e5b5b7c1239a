package sysprobe

import (
	"context"
	"time"
)

// ProcessFacts says which facts [Process.Read] adds to the row of a process.
type ProcessFacts uint8

// The facts, each of which costs a system call or three, but for the terminal, which
// costs none. What they need, the methods of [Process] of the same names say.
const (
	WantCmdline ProcessFacts = 1 << iota
	WantExe
	WantCwd
	WantLimits
	WantTerminal
	WantAffinity
	WantIOPriority
)

// ProcessInfo is what [Process.Read] finds. A fact that was not wanted is absent, and
// so is one of which the method of its name would return an error.
type ProcessInfo struct {
	Proc

	// Taken is when it was read, with a monotonic reading.
	Taken time.Time
	// PeakRSS, PeakVMS and HugeTLB are those of [ProcessMemory], with [WantStatus].
	PeakRSS, PeakVMS, HugeTLB Opt[uint64]

	Cmdline    Opt[[]string]
	Exe, Cwd   Opt[ProcPath]
	Limits     Opt[Limits]
	Terminal   Opt[string]
	Affinity   Opt[[]int]
	IOPriority Opt[IOPriority]

	// Denied counts the facts that this user must not see, and Malformed those that
	// could not be decoded.
	Denied, Malformed int
}

// Read reads many facts of the process at once into dst: a row as a snapshot of the
// table has it, with the optional facts of row, and those of facts, as psutil's
// oneshot. A file of proc(5) is read once for all facts, so that these are of one
// moment; stat and status again where the first thread is dead, a fact is denied, or
// [WantSwitches] asks for those of all threads. A dst that is used again for the
// process costs less, and goes on with Proc.Switches: of Linux the handle then keeps
// three files of the process open until it is closed, for 64 processes of a Procs at most.
//
// It returns an error that wraps [ErrNoSuchProcess] if the process is gone, also if it
// went meanwhile, [ErrNotSupported] on a system without a backend, the error of ctx if
// that ends first, and EMFILE, ENFILE or ENOMEM where descriptors or memory run out;
// dst is then empty. A zombie has a row.
func (p *Process) Read(ctx context.Context, dst *ProcessInfo, row Fields, facts ProcessFacts) error {
	return p.client.read(ctx, dst, row, facts)
}

// CPUTimes returns the times in the row, as [Process.CPUTimes] does; those of two
// reads make a percentage. They are absent where Proc.UsageHidden is set.
func (i *ProcessInfo) CPUTimes() Opt[ProcessCPUTimes] {
	times, err := i.cpuTimes(i.ID, i.Taken, ErrAccessDenied)
	return someIf(times, err == nil)
}
