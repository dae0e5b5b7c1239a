package zombies

import (
	"errors"
	"strings"

	"github.com/influxdata/telegraf"

	"telegraf-sysprobe/plugins/internal/proctable"
	"telegraf-sysprobe/sysprobe"
)

// candidate is a parent that takes part.
type candidate struct {
	sysprobe.ZombieParent
	old int // of its zombies, those that min_age lets pass
}

// chosen returns the parents that take part, those with most zombies first.
func (z *Zombies) chosen(zombies []sysprobe.Zombie) (chosen []candidate) {
	old := map[sysprobe.ProcID]int{}
	for i := range zombies {
		if z.isOld(&zombies[i]) {
			old[parentID(&zombies[i])]++
		}
	}
	for _, p := range z.tracker.Parents() {
		proc := p.Proc
		if proc == nil {
			proc = &sysprobe.Proc{Name: unknownParent}
		}
		if z.chooses(proc) {
			chosen = append(chosen, candidate{p, old[p.ID]})
		}
	}
	return chosen
}

// parentID is the identity of the parent of zombie, as the tracker has it.
func parentID(zombie *sysprobe.Zombie) sysprobe.ProcID {
	if zombie.Parent != nil {
		return zombie.Parent.ID
	}
	return sysprobe.ProcID{PID: zombie.Proc.PPID}
}

// chooses reports whether the filters let p pass.
func (z *Zombies) chooses(p *sysprobe.Proc) bool {
	return z.choice.Match(p.Name, func() (name, number string) {
		number, _ = proctable.UserID(p)
		return proctable.User(z.machine, p), number
	})
}

// divide returns the parents to name, those with most zombies first, and what
// the others sum up to.
func (z *Zombies) divide(chosen []candidate) (first []candidate, rest restRow) {
	first = chosen[:min(len(chosen), z.MaxParents)]
	for _, p := range chosen[len(first):] {
		rest.parents++
		rest.zombies += p.Count
		rest.old += p.old
		rest.oldest = max(rest.oldest, p.Oldest.Or(0))
	}
	return first, rest
}

// detailed returns the parents with what the snapshot lacks. One that is gone by
// now, or cannot be read, has what the snapshot has.
func (z *Zombies) detailed(parents []candidate, acc telegraf.Accumulator) []parentRow {
	rows := make([]parentRow, 0, len(parents))
	for _, p := range parents {
		row := parentRow{candidate: p, place: place{name: parentTag(p.Proc)}}
		if p.Proc != nil {
			row.Proc, row.place = z.lookUpParent(p.Proc, acc)
			row.pids = z.machine.CgroupPIDs(p.ID.PID)
			row.exhaustion = exhaustion(row.pids, z.named.growth(&p, z.snapshot.Taken))
			if args, err := z.cmdline(row.Proc); err == nil { // else it is withheld, or gone
				row.cmdline = z.cmdlines.Text(args)
			}
		}
		rows = append(rows, row)
	}
	return rows
}

// whereIs returns what looks up where a parent is.
func (z *Zombies) whereIs(acc telegraf.Accumulator) func(p *sysprobe.Proc) place {
	return func(p *sysprobe.Proc) place {
		if p == nil {
			return place{name: unknownParent}
		}
		_, at := z.lookUpParent(p, acc)
		return at
	}
}

// lookUpParent returns a copy of p with what the snapshot lacks, and where it is.
func (z *Zombies) lookUpParent(p *sysprobe.Proc, acc telegraf.Accumulator) (*sysprobe.Proc, place) {
	proc := *p
	_, err := proctable.Detail(z.machine, &proc, sysprobe.WantStatus|sysprobe.WantOrigin)
	addUnlessMalformed(acc, err)
	at := place{name: parentTag(p)}
	if o := proc.Origin; o != nil {
		at.container, at.pod = o.Container, o.Pod
		if at.unit = o.Unit; isOfContainer(o) {
			at.unit = "" // the ID of the container again
		}
	}
	return &proc, at
}

// isOfContainer reports whether the unit of o is the scope that a container
// runtime made for the container, which has the ID in its name.
func isOfContainer(o *sysprobe.Origin) bool {
	return o.Container != "" && strings.HasSuffix(o.Unit, "-"+o.Container+".scope")
}

// cmdline returns the command line of p, none unless the option parent_cmdline
// is set.
func (z *Zombies) cmdline(p *sysprobe.Proc) ([]string, error) {
	if !z.Cmdline {
		return nil, nil
	}
	return z.machine.Cmdline(p)
}

// oldest returns the zombies to name, the oldest first. It leaves out those that
// are reaped by the time they are looked up.
func (z *Zombies) oldest(zombies []sysprobe.Zombie, acc telegraf.Accumulator) []zombieRow {
	rows := make([]zombieRow, 0, min(len(zombies), z.MaxZombies))
	for i := range zombies {
		if len(rows) == z.MaxZombies {
			break
		}
		row := zombieRow{Zombie: zombies[i]}
		if !z.isOld(&row.Zombie) || !z.chooses(row.Proc) {
			continue
		}
		there, err := z.lookUp(&row)
		addUnlessMalformed(acc, err)
		if !there {
			continue
		}
		row.user, row.tracer = proctable.User(z.machine, row.Proc), z.nameOf(tracerOf(row.Proc))
		rows = append(rows, row)
	}
	return rows
}

// lookUp adds to the process of row, of which it makes a copy, its status, which
// alone has the PID of a tracer.
func (z *Zombies) lookUp(row *zombieRow) (there bool, err error) {
	before := row.Proc.Status
	if before.Or(sysprobe.ProcStatus{}).Tracer.Known() {
		return true, nil
	}
	proc := *row.Proc
	row.Proc = &proc
	proc.Status = sysprobe.Opt[sysprobe.ProcStatus]{}
	there, err = proctable.Detail(z.machine, &proc, sysprobe.WantStatus)
	if !proc.Status.Known() { // a mount that hides it from files
		proc.Status = before
	}
	return there, err
}

// nameOf names a process of the snapshot as parents are named.
func (z *Zombies) nameOf(pid int32) string { return parentTag(z.snapshot.Find(pid)) }

// addUnlessMalformed adds err to acc. The totals count malformed rows.
func addUnlessMalformed(acc telegraf.Accumulator, err error) {
	if err != nil && !errors.Is(err, sysprobe.ErrMalformed) {
		acc.AddError(err)
	}
}
