package sysprobe

import (
	"errors"
	"fmt"
	"io/fs"
	"strconv"
	"syscall"

	"telegraf-sysprobe/sysprobe/internal/decode"
)

// Every error of this package wraps one of these or an errno, so that callers
// decide with errors.Is and never by text. Test for [ErrZombieProcess] before
// [ErrNoSuchProcess]: errors.Is(ErrZombieProcess, ErrNoSuchProcess) is true, as in
// psutil.
var (
	// ErrNoSuchProcess says that the process is gone, or never was.
	ErrNoSuchProcess = errors.New("no such process")

	// ErrZombieProcess says that the process is dead but not yet reaped, so
	// that the kernel no longer has what was asked for. It is also an
	// ErrNoSuchProcess.
	ErrZombieProcess error = zombieError{}

	// ErrAccessDenied says that the kernel has the fact but this user must not
	// see it. It is fs.ErrPermission; errors.Is(err, ErrAccessDenied) is true of
	// EPERM and EACCES.
	ErrAccessDenied = fs.ErrPermission

	// ErrNotSupported says that this system or kernel lacks the fact. It is
	// errors.ErrUnsupported; errors.Is(err, ErrNotSupported) is true of ENOSYS and
	// EOPNOTSUPP.
	ErrNotSupported = errors.ErrUnsupported

	// ErrMalformed says that an answer was not in the form its format promises.
	ErrMalformed = decode.ErrMalformed

	// ErrInterrupted says that a kernel table changed during every attempt to
	// dump it (NLM_F_DUMP_INTR), so that no consistent answer could be had.
	ErrInterrupted = decode.ErrInterrupted
)

// zombieError makes errors.Is(ErrZombieProcess, ErrNoSuchProcess) true.
type zombieError struct{}

// Error describes the state in ps(1)'s words.
func (zombieError) Error() string { return "process is a zombie" }

// Is reports that a zombie is, for most purposes, a process that is gone.
func (zombieError) Is(target error) bool { return target == ErrNoSuchProcess }

// OpError says which operation failed, on what, and why. Every error that a
// handle returns is one, but for a plain ErrNotSupported.
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

// pidError is opError with a PID for a target, which costs no memory without an
// error.
func pidError(op string, pid int32, err error) error {
	if err == nil {
		return nil
	}
	return opError(op, strconv.Itoa(int(pid)), err)
}

// refusedError is the errno of a kernel that refuses a value as out of range. It is also
// fs.ErrInvalid, whose text that of EINVAL would only repeat.
type refusedError struct{ error }

// Unwrap returns the errno.
func (e refusedError) Unwrap() error { return e.error }

// Is reports that the value is out of range.
func (refusedError) Is(target error) bool { return target == fs.ErrInvalid }

// inRange returns an error that wraps fs.ErrInvalid for a value out of range.
func inRange(what string, value, least, most int) error {
	if value < least || value > most {
		return fmt.Errorf("%s %d is not in the range %d to %d: %w", what, value, least, most, fs.ErrInvalid)
	}
	return nil
}

// isGone reports that err is the kernel's for a process, or a file of it, that
// is not there any more. ENOTDIR comes from a file that has a PID for a name.
func isGone(err error) bool {
	return errors.Is(err, fs.ErrNotExist) || errors.Is(err, syscall.ESRCH) || errors.Is(err, syscall.ENOTDIR)
}

// isExhausted reports that err is about this program or the machine and not
// about what was to be read, so that all else would fail too.
func isExhausted(err error) bool { return lacksFiles(err) || errors.Is(err, syscall.ENOMEM) }

// lacksFiles reports that err is of a program that has as many open files as it
// may have, or of a machine that has.
func lacksFiles(err error) bool {
	return errors.Is(err, syscall.EMFILE) || errors.Is(err, syscall.ENFILE)
}

// pathless returns the cause of an error that also names the file.
func pathless(err error) error {
	if of, ok := errors.AsType[*fs.PathError](err); ok {
		return of.Err
	}
	return err
}
