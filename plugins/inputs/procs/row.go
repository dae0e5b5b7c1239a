package procs

import (
	"strconv"

	"telegraf-sysprobe/plugins/internal/proctable"
	"telegraf-sysprobe/sysprobe"
)

// row is a member: a process of the snapshot. It reads what the snapshot lacks
// when that is needed, once.
type row struct {
	*sysprobe.Proc

	gather *gather
	rate   *sysprobe.ProcRate // since the snapshot before
	delta  *counters          // since the snapshot before
	since  int                // the gather that first saw it

	selection, pattern   int    // index of the table it belongs to, or none
	chosen               bool   // by the filters
	listed               bool   // in the result of distinct
	patternName          string // of its group, if that is named after what it matches
	cmdlineRead, exeRead reading

	program    *program    // nil until cmdline or exe is read
	details    *details    // nil until read
	inspection *inspection // nil until asked for or read
}

// reading says whether a fact was read, and whether it is known since.
type reading uint8

const (
	unread reading = iota
	readKnown
	readUnknown
)

// done returns the reading of what ended with err.
func done(err error) reading {
	if err != nil {
		return readUnknown
	}
	return readKnown
}

// user names the real user of the process.
func (r *row) user() string { return r.gather.user(r.Proc) }

// owner returns the name and the number of the real user.
func (r *row) owner() (name, number string) {
	number, _ = proctable.UserID(r.Proc)
	return r.user(), number
}

// text implements member.
func (r *row) text(fact string) (string, bool) {
	switch fact {
	case "name":
		return r.Name, true
	case "process_name":
		return proctable.TagName(r.Name, r.KernelThread), true
	case "user":
		return r.user(), true
	case "uid":
		return proctable.UserID(r.Proc)
	case "pid":
		return strconv.Itoa(int(r.ID.PID)), true
	case "exe":
		exe, known := r.exe()
		return exe.Path, known
	case "cmdline":
		program, known := r.cmdline()
		if !known {
			return "", false
		}
		return program.line, true
	case patternKey:
		if r.patternName != "" {
			return r.patternName, true
		}
		return r.gather.plan.patternText(r.pattern)
	default:
		return originText(fact, r.Origin)
	}
}

// setPattern sets the table of the option group_pattern, with that index, that r
// belongs to. It can be called before choose drops rows.
func (r *row) setPattern(table int) {
	r.pattern = table
	if table == none || r.gather.plan.patterns[table].capture == nil {
		return
	}
	name, known := r.captured(r.gather.plan.patterns[table].capture)
	if r.patternName = name; !known {
		r.pattern = none
	}
}

// addTo implements member.
func (r *row) addTo(s *sums) { s.add(r.Proc, r.delta) }

// lives implements member.
func (*row) lives() bool { return true }

// details is a process of the snapshot with what rows show besides.
type details struct {
	proc  sysprobe.Proc
	alive bool
}

// detailed returns the process with what rows show beyond the snapshot, and
// whether it is still there. One that is gone has what the snapshot has.
func (r *row) detailed() (*sysprobe.Proc, bool) {
	g := r.gather
	if g.missing == 0 {
		return r.Proc, true
	}
	if r.details == nil {
		d := &details{proc: *r.Proc}
		var err error
		d.alive, err = proctable.Detail(g.machine, &d.proc, g.missing)
		g.account.missed(err)
		if err == nil && d.alive {
			g.account.withheld += proctable.Withheld(&d.proc, g.missing)
		}
		r.details = d
	}
	return &r.details.proc, r.details.alive
}

// show returns proc, which detailed returned, as a metric shows it.
func (r *row) show(proc *sysprobe.Proc) process {
	g := r.gather
	shown := process{
		Proc: proc, rate: r.rate, since: r.since, user: g.user(proc),
		created: g.snapshot.Created(proc), memTotal: g.host.MemTotal, facts: r.properties(proc),
	}
	if r.selection != none {
		shown.selection = g.plan.selection[r.selection].as
		shown.nameAs = g.plan.selection[r.selection].processName
	}
	return shown
}
