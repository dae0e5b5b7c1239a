package procs

import "telegraf-sysprobe/sysprobe"

// addEnded fills p.gone with what ended since the last sweep, and adds it to
// the sums. What ended before the first sweep of this plugin is none of it.
func (p *Procs) addEnded() {
	p.gone = p.gone[:0]
	ended := p.snapshot.Ended
	p.ended, p.endedSums = p.ended[:0], p.endedSums[:0]
	for i := range ended {
		e := &ended[i]
		p.endedSums = append(p.endedSums, p.history.endedCounters(e))
		p.ended = append(p.ended, sysprobe.Proc{
			Comm: e.Comm, Name: e.Name, KernelThread: e.KernelThread,
			Status: sysprobe.Some(sysprobe.ProcStatus{UID: e.UID}), Origin: p.machine.OriginOf(e.CgroupID),
		})
	}
	for i := range ended {
		p.gone = append(p.gone, row{Proc: &p.ended[i], delta: &p.endedSums[i], gone: true, selection: none, pattern: none})
		p.total.add(&p.gone[i], false)
	}
}

// lastFacts knows of a process that ended what its row has.
type lastFacts struct{ p *Procs }

func (f lastFacts) user(proc *sysprobe.Proc) (string, bool) { return f.p.user(proc) }
func (lastFacts) exe(*sysprobe.Proc) (string, bool)         { return "", false }
func (lastFacts) cmdline(*sysprobe.Proc) (string, bool)     { return "", false }
