package procs

import (
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
	account *account
}

type detail struct {
	proc  sysprobe.Proc
	alive bool
}

// begin starts a gather in which the sweep left want out.
func (d *details) begin(machine proctable.Machine, want sysprobe.Fields, account *account) {
	if d.known == nil {
		d.known = map[int32]*detail{}
	}
	clear(d.known)
	d.machine, d.want, d.account = machine, want, account
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
	d.account.missed(err)
	if err == nil && found.alive {
		d.account.withheld += proctable.Withheld(&found.proc, d.want)
	}
	d.known[p.ID.PID] = found
	return &found.proc, found.alive
}
