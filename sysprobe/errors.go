package sysprobe

import (
	"errors"
	"fmt"
	"io/fs"

	"telegraf-sysprobe/sysprobe/internal/decode"
)

// Every error of this package wraps one of these or an errno, so that callers
// decide with errors.Is and never by text. Test for [ErrZombieProcess] before
// [ErrNoSuchProcess]: the first answers to both, as in psutil.
var (
	// ErrNoSuchProcess says that the process is gone, or never was.
	ErrNoSuchProcess = errors.New("no such process")

	// ErrZombieProcess says that the process is dead but not yet reaped, so
	// that the kernel no longer has what was asked for. It is also an
	// ErrNoSuchProcess.
	ErrZombieProcess error = zombieError{}

	// ErrAccessDenied says that the kernel has the fact but this user may not
	// see it. It is fs.ErrPermission, which EPERM and EACCES answer to.
	ErrAccessDenied = fs.ErrPermission

	// ErrNotSupported says that this system or kernel cannot tell. It is
	// errors.ErrUnsupported, which ENOSYS and EOPNOTSUPP answer to.
	ErrNotSupported = errors.ErrUnsupported

	// ErrMalformed says that an answer was not in the form its format promises.
	ErrMalformed = decode.ErrMalformed

	// ErrInterrupted says that a kernel table changed during every attempt to
	// dump it (NLM_F_DUMP_INTR), so that no consistent answer could be had.
	ErrInterrupted = errors.New("table changed while it was read")
)

// zombieError makes ErrZombieProcess answer to ErrNoSuchProcess too.
type zombieError struct{}

// Error describes the state in ps(1)'s words.
func (zombieError) Error() string { return "process is a zombie" }

// Is reports that a zombie is, for most purposes, a process that is gone.
func (zombieError) Is(target error) bool { return target == ErrNoSuchProcess }

// OpError says which operation failed, on what, and why. Every error that a
// handle returns is one.
type OpError struct {
	// Op is what was being done, in a few lower-case words: "dump addresses".
	Op string
	// Target is what it was done to: a path, a PID, an interface name. It may
	// be empty.
	Target string
	// Err is the cause: a sentinel of this package, an errno, or an error that
	// wraps one.
	Err error
}

// Error joins operation, target and cause.
func (e *OpError) Error() string {
	if e.Target == "" {
		return fmt.Sprintf("%s: %v", e.Op, e.Err)
	}
	return fmt.Sprintf("%s %s: %v", e.Op, e.Target, e.Err)
}

// Unwrap returns the cause for errors.Is and errors.As.
func (e *OpError) Unwrap() error { return e.Err }

// opError wraps err, or returns nil where err is nil, so that a call and its
// context fit one line.
func opError(op, target string, err error) error {
	if err == nil {
		return nil
	}
	return &OpError{Op: op, Target: target, Err: err}
}
