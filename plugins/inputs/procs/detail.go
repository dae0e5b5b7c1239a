package procs

import (
	"errors"

	"telegraf-sysprobe/plugins/internal/proctable"
	"telegraf-sysprobe/sysprobe"
)

// allDetails is what the rows of single processes show beyond the sweep.
const allDetails = sysprobe.WantStatus | sysprobe.WantIO | sysprobe.WantFDs

// details looks up the facts that only emitted rows need, once a gather for
// each process.
type details struct {
	machine proctable.Machine
	want    sysprobe.Fields
	known   map[int32]*detail

	withheld  int     // facts that this user may not see
	malformed int     // rows that could not be decoded
	errors    []error // of rows that could not be read
}

type detail struct {
	proc  sysprobe.Proc
	alive bool
}

// reset prepares for a gather in which the sweep left want out.
func (d *details) reset(machine proctable.Machine, want sysprobe.Fields) {
	known := d.known
	if known == nil {
		known = map[int32]*detail{}
	}
	clear(known)
	*d = details{machine: machine, want: want, known: known}
}

// of returns p with its details, and whether the process is still there.
func (d *details) of(p *sysprobe.Proc) (*sysprobe.Proc, bool) {
	if d.want == 0 {
		return p, true
	}
	if found, ok := d.known[p.ID.PID]; ok {
		return &found.proc, found.alive
	}
	found := &detail{proc: *p}
	var err error
	found.alive, err = proctable.Detail(d.machine, &found.proc, d.want)
	switch {
	case errors.Is(err, sysprobe.ErrMalformed):
		d.malformed++
	case err != nil:
		d.errors = append(d.errors, err)
	case found.alive:
		d.withheld += proctable.Withheld(&found.proc, d.want)
	}
	d.known[p.ID.PID] = found
	return &found.proc, found.alive
}
