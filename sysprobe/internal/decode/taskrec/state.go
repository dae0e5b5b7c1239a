package taskrec

import "math/bits"

// State is __state and exit_state of a task_struct in one number: they have no
// bit in common (include/linux/sched.h).
type State uint32

const (
	stateReport   State = 0x7f   // TASK_REPORT
	stateExited   State = 0x30   // EXIT_DEAD, EXIT_ZOMBIE
	stateIdle     State = 0x402  // TASK_IDLE: uninterruptible and no load
	stateLockWait State = 0x1000 // TASK_RTLOCK_WAIT
	stateFrozen   State = 0x8000 // TASK_FROZEN
)

// Exited reports that the thread is dead.
func (s State) Exited() bool { return s&stateExited != 0 }

// Letter is what /proc/PID/stat shows (task_state_index in the kernel).
func (s State) Letter() byte {
	switch {
	case s&stateIdle == stateIdle:
		return 'I'
	case s&(stateLockWait|stateFrozen) != 0:
		return 'D'
	default:
		return "RSDTtXZP"[bits.Len32(uint32(s&stateReport))]
	}
}
