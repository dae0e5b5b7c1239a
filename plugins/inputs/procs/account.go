package procs

import (
	"errors"

	"telegraf-sysprobe/sysprobe"
)

// account counts the facts that one gather leaves out besides those that the
// snapshot left out.
type account struct {
	withheld  int     // facts that this user is not permitted to read
	malformed int     // facts that could not be decoded
	errors    []error // of facts that could not be read
}

// missed counts a fact that is absent because of err, unless err is nil. A fact
// that a dead process or an old kernel does not have is not counted.
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
