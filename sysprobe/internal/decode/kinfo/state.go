package kinfo

import (
	"telegraf-sysprobe/sysprobe/internal/decode"
	"telegraf-sysprobe/sysprobe/internal/opt"
)

// State is what a process, or a thread, does.
type State uint8

// States. macOS keeps almost every living process at StateRunning, whatever its
// threads do: TaskInfo has the number of those that run.
const (
	StateUnknown   State = iota // a number that is not in the table of the system
	StateIdle                   // being created
	StateRunning                // on a processor; FreeBSD and macOS: or ready for one
	StateWaking                 // OpenBSD and NetBSD: ready for a processor
	StateSleeping               // waits for an event
	StateStopped                // by a signal or a tracer
	StateSuspended              // NetBSD: by another thread
	StateWaiting                // FreeBSD: for an interrupt
	StateLocked                 // FreeBSD: on a lock of the kernel
	StateZombie                 // ended and not waited for, or about to be
)

// At the numbers of sys/proc.h of each system.
var (
	freebsdStates = [...]State{
		1: StateIdle, 2: StateRunning, 3: StateSleeping, 4: StateStopped, 5: StateZombie, 6: StateWaiting, 7: StateLocked,
	}
	// A zombie of OpenBSD is SDEAD (6); SZOMB (5) is not in use.
	openbsdStates = [...]State{
		1: StateIdle, 2: StateWaking, 3: StateSleeping, 4: StateStopped, 5: StateZombie, 6: StateZombie, 7: StateRunning,
	}
	// The states of a process of NetBSD. SACTIVE (2) leaves it to the threads.
	// One that is SDYING (3) or SDEAD (6) has ended.
	netbsdProcessStates = [...]State{
		1: StateIdle, 3: StateZombie, 4: StateStopped, 5: StateZombie, 6: StateZombie,
	}
	// The states of a thread of NetBSD.
	netbsdThreadStates = [...]State{
		1: StateIdle, 2: StateWaking, 3: StateSleeping, 4: StateStopped, 5: StateZombie, 7: StateRunning, 8: StateSuspended,
	}
	darwinStates = [...]State{1: StateIdle, 2: StateRunning, 3: StateSleeping, 4: StateStopped, 5: StateZombie}
)

// netbsdActive is SACTIVE: the threads of a living process say what it does.
const netbsdActive = 2

// family is the system whose numbers a layout has.
type family uint8

const (
	freebsd family = iota + 1
	openbsd
	netbsd
	darwin
)

// lookup returns what a number means in a table.
func lookup(table []State, raw int8) State {
	if raw < 0 || int(raw) >= len(table) {
		return StateUnknown
	}
	return table[raw]
}

// state returns what the process of r does, and the number that says so.
func (l *Layout) state(r decode.Record) (State, int8) {
	raw := int8(r.Int(l.Stat))
	switch l.family {
	case freebsd:
		return lookup(freebsdStates[:], raw), raw
	case openbsd:
		return lookup(openbsdStates[:], raw), raw
	case darwin:
		return lookup(darwinStates[:], raw), raw
	}
	if !r.Has(l.RealStat) {
		return StateUnknown, raw // 3 is a sleeping thread or a dying process
	}
	process := r.Int(l.RealStat)
	if process == netbsdActive {
		return lookup(netbsdThreadStates[:], raw), raw
	}
	return lookup(netbsdProcessStates[:], int8(process)), int8(process)
}

// cpu returns the processor of the process of r: the one that it is on, or the
// last one.
func (l *Layout) cpu(r decode.Record) opt.Opt[int32] {
	for _, f := range [...]decode.Field{l.OnCPU, l.LastCPU} {
		if n := r.Int(f); r.Has(f) && n >= 0 {
			return opt.SomeIf(int32(n), n <= 1<<31-1)
		}
	}
	return opt.Opt[int32]{}
}
