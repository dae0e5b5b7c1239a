package sysprobe

import (
	"slices"

	"telegraf-sysprobe/sysprobe/internal/decode/taskrec"
	"telegraf-sysprobe/sysprobe/internal/sys/taskiter"
)

// firstPID is the process that gets the children of those that end before them, and
// so is the parent of many zombies.
const firstPID = 1

// isDead reports that p, or its first thread, is dead.
func (p *Proc) isDead() bool {
	return p.State == StateZombie || p.State == StateDead || p.LeaderDead
}

// passesOver reports that Config.OnlyDead leaves out p, unless that is a relative of
// a dead process.
func (sw *sweep) passesOver(p *Proc) bool {
	return sw.onlyDead && !p.isDead() && findProc(sw.old, p.ID) == nil
}

// keep sets which processes a pass has to show although they live.
func (sw *sweep) keep(kept *taskiter.Kept) {
	*kept = taskiter.Kept{}
	kept.Add(firstPID)
	for i := range sw.old {
		kept.Add(sw.old[i].ID.PID)
	}
}

// selectDead leaves in sw the rows that Config.OnlyDead asks for, and adds those of
// relatives that are not there: proc(5) shows them before, or after, it shows that
// they have a dead child.
func (c *procsClient) selectDead(sw *sweep) {
	c.pids = appendRelatives(c.pids[:0], sw.rows)
	rows := sw.rows
	sw.rows = rows[:0]
	for i := range rows {
		_, related := slices.BinarySearch(c.pids, rows[i].ID.PID)
		if related || !sw.passesOver(&rows[i]) {
			sw.rows = append(sw.rows, rows[i])
		}
	}
	selected := len(sw.rows)
	for _, pid := range c.pids {
		if findPID(sw.rows[:selected], pid) == nil {
			c.addRow(pid, sw)
		}
	}
	sw.rows = taskrec.InOrder(sw.rows, func(p *Proc) int32 { return p.ID.PID })
}

// appendRelatives appends the PIDs of process 1 and of the parents and tracers of
// dead ones, in order.
func appendRelatives(pids []int32, rows []Proc) []int32 {
	pids = append(pids, firstPID)
	for i := range rows {
		if p := &rows[i]; p.isDead() {
			pids = append(pids, p.PPID, p.Status.Or(ProcStatus{}).Tracer.Or(0))
		}
	}
	slices.Sort(pids)
	return slices.DeleteFunc(slices.Compact(pids), func(pid int32) bool { return pid == 0 })
}
