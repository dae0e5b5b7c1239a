package proctable

import (
	"errors"
	"math/bits"

	"telegraf-sysprobe/sysprobe"
)

// Detail adds the optional facts want to the copy p of a row of a sweep. It
// returns false where that process is gone meanwhile: p then has only what the
// sweep knew. It returns an error, and true, where the process is there but
// could not be asked.
func Detail(m Machine, p *sysprobe.Proc, want sysprobe.Fields) (bool, error) {
	fresh, err := m.Lookup(p.ID.PID, want)
	switch {
	case errors.Is(err, sysprobe.ErrZombieProcess), errors.Is(err, sysprobe.ErrAccessDenied):
		return true, nil // the facts are withheld and stay absent
	case errors.Is(err, sysprobe.ErrNoSuchProcess):
		return false, nil
	case err != nil:
		return true, err
	case fresh.ID != p.ID:
		return false, nil // the PID is another process's by now
	}
	fill(&p.Status, fresh.Status)
	fill(&p.Memory, fresh.Memory)
	fill(&p.IO, fresh.IO)
	fill(&p.FDs, fresh.FDs)
	if p.Origin == nil {
		p.Origin = fresh.Origin
	}
	fill(&p.Exit, fresh.Exit) // whether it may be seen depends on the owner, that is, on the status
	return true, nil
}

// Withheld counts the facts of want that the living process p did not tell.
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
	note(sysprobe.WantMemory, p.Memory.Known())
	note(sysprobe.WantIO, p.IO.Known())
	note(sysprobe.WantFDs, p.FDs.Known())
	note(sysprobe.WantOrigin, p.Origin != nil)
	return bits.OnesCount32(uint32(want &^ known &^ sysprobe.WantName))
}

// fill sets an absent fact to one that may be known.
func fill[T any](fact *sysprobe.Opt[T], fresh sysprobe.Opt[T]) {
	if !fact.Known() {
		*fact = fresh
	}
}
