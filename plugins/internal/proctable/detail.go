package proctable

import (
	"errors"
	"math/bits"

	"telegraf-sysprobe/sysprobe"
)

// Detail adds the optional facts want to p, a copy of a row of a snapshot. It
// returns false if the process is gone by now: p is then as it was. It returns an
// error, and true, if the process exists but could not be read.
func Detail(m Machine, p *sysprobe.Proc, want sysprobe.Fields) (bool, error) {
	fresh, err := m.Lookup(p.ID.PID, want)
	switch {
	case errors.Is(err, sysprobe.ErrZombieProcess), errors.Is(err, sysprobe.ErrAccessDenied):
		return true, nil // the facts stay absent
	case errors.Is(err, sysprobe.ErrNoSuchProcess):
		return false, nil
	case err != nil:
		return true, err
	case fresh.ID != p.ID:
		return false, nil // another process has the PID by now
	}
	fill(&p.Status, fresh.Status)
	fill(&p.Memory, fresh.Memory)
	fill(&p.IO, fresh.IO)
	fill(&p.FDs, fresh.FDs)
	fill(&p.Switches, fresh.Switches)
	fill(&p.FDLimit, fresh.FDLimit)
	if p.Origin == nil {
		p.Origin = fresh.Origin
	}
	fill(&p.Exit, fresh.Exit) // it is known where the status is
	return true, nil
}

// Withheld counts the facts of want that the living process p lacks. Its memory and
// its limit of descriptors, which is absent where there is none, are withheld from
// no user.
func Withheld(p *sysprobe.Proc, want sysprobe.Fields) int {
	if p.IsZombie() {
		return 0
	}
	known := sysprobe.Fields(0)
	note := func(fact sysprobe.Fields, there bool) {
		if there {
			known |= fact
		}
	}
	note(sysprobe.WantStatus, p.Status.Known())
	note(sysprobe.WantIO, p.IO.Known())
	note(sysprobe.WantFDs, p.FDs.Known())
	note(sysprobe.WantOrigin, p.Origin != nil)
	return bits.OnesCount32(uint32(want &^ known &^ (sysprobe.WantName | sysprobe.WantMemory | sysprobe.WantFDLimit)))
}

// fill sets fact to fresh, if it is absent.
func fill[T any](fact *sysprobe.Opt[T], fresh sysprobe.Opt[T]) {
	if !fact.Known() {
		*fact = fresh
	}
}
