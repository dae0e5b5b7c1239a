package procs

import (
	"errors"

	"telegraf-sysprobe/sysprobe"
)

// account counts what one gather leaves out beyond what the sweep did.
type account struct {
	withheld  int     // facts that this user may not see
	malformed int     // facts that could not be decoded
	errors    []error // of facts that could not be read
}

// missed counts a fact that is absent because of err, if that is one. Processes
// end, and nobody has lost what a dead one or an old kernel does not have.
func (a *account) missed(err error) {
	switch {
	case err == nil, errors.Is(err, sysprobe.ErrZombieProcess), errors.Is(err, sysprobe.ErrNoSuchProcess),
		errors.Is(err, sysprobe.ErrNotSupported):
	case errors.Is(err, sysprobe.ErrAccessDenied):
		a.withheld++
	case errors.Is(err, sysprobe.ErrMalformed):
		a.malformed++
	default:
		a.errors = append(a.errors, err)
	}
}
