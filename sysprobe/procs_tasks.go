package sysprobe

import (
	"time"

	"telegraf-sysprobe/sysprobe/internal/decode/taskrec"
)

// setTask sets what is not optional, but for names and ID. Start is since boot.
// Old is the row of the same process in the snapshot before, or nil.
func (p *Proc) setTask(r *taskrec.Process, start time.Duration, old *Proc, pageSize uint64) {
	p.PPID, p.Group, p.Session = r.PPID, r.Group, r.Session
	p.KernelThread = r.Flags&taskrec.FlagKernelThread != 0
	p.Threads = r.Threads
	p.setTaskState(r)
	p.setTaskTimes(r, old)
	p.MinorFaults, p.MajorFaults = r.Sums.MinorFaults, r.Sums.MajorFaults
	p.RSS, p.VMS = r.ExactPages().Resident()*pageSize, r.TotalVM*pageSize
	p.Nice, p.Policy, p.RTPriority = r.Nice, SchedPolicy(r.Policy), r.RTPriority
	p.CPU = Some(r.CPU)
	p.Switches = Some(ProcSwitches{r.Sums.VoluntarySwitches, r.Sums.InvoluntarySwitches})
	p.Task = Some(ProcTask{Start: start, ExecID: r.ExecID, CgroupID: r.Cgroup, PIDNamespace: r.PIDNamespace})
}

// setTaskState sets state and end.
func (p *Proc) setTaskState(r *taskrec.Process) {
	p.State = stateOfLetter(r.State.Letter())
	if p.State != StateZombie {
		return
	}
	if r.Live {
		p.LeaderDead, p.State = true, stateOfLetter(r.LiveState.Letter())
		return
	}
	p.Exit = Some(ExitStatus(r.ExitCode))
}

// setTaskTimes sets what is measured in time. What was shown in the snapshot
// before, or by proc(5), limits how CPU time can be split now.
func (p *Proc) setTaskTimes(r *taskrec.Process, old *Proc) {
	var shownUser, shownSystem uint64
	if old != nil {
		shownUser, shownSystem = uint64(old.UserTime), uint64(old.SystemTime)
	}
	user, system := r.Split(shownUser, shownSystem)
	p.UserTime, p.SystemTime = time.Duration(user), time.Duration(system)
	p.ChildUserTime, p.ChildSystemTime = Some(time.Duration(r.ChildUserTime)), Some(time.Duration(r.ChildSystemTime))
	p.IOWait = time.Duration(r.IOWait)
}

// keepCounting corrects the counters of p, of which the program reads a part
// after the other while threads end: none is below what it was in old, and
// where they are torn, and may be too high, all are those of old.
func (p *Proc) keepCounting(old *Proc, torn bool) {
	keep(&p.UserTime, old.UserTime, torn)
	keep(&p.SystemTime, old.SystemTime, torn)
	keep(&p.MinorFaults, old.MinorFaults, torn)
	keep(&p.MajorFaults, old.MajorFaults, torn)
	if now, before := p.Switches.Ref(), old.Switches.Ref(); now != nil && before != nil {
		keep(&now.Voluntary, before.Voluntary, torn)
		keep(&now.Involuntary, before.Involuntary, torn)
	}
	if now, before := p.IO.Ref(), old.IO.Ref(); now != nil && before != nil {
		counters := before.all()
		for i, n := range now.all() {
			if n, before := n.Ref(), counters[i].Ref(); n != nil && before != nil {
				keep(n, *before, torn)
			}
		}
	}
}

func keep[T time.Duration | uint64](now *T, old T, torn bool) {
	if torn || *now < old {
		*now = old
	}
}

// taskMemory is what statm has (task_statm in the kernel), and the parts that
// status has.
func taskMemory(r *taskrec.Process, pageSize uint64) ProcMemory {
	m := r.ExactPages()
	anon, file, shmem := taskrec.Pages(m.Anon)*pageSize, taskrec.Pages(m.File)*pageSize, taskrec.Pages(m.Shmem)*pageSize
	text := (r.EndCode+pageSize-1)/pageSize - r.StartCode/pageSize
	return ProcMemory{
		VMS: r.TotalVM * pageSize, RSS: anon + file + shmem, Shared: file + shmem,
		Text: text * pageSize, Data: (r.DataVM + r.StackVM) * pageSize,
		Anon: Some(anon), File: Some(file), Shmem: Some(shmem),
	}
}

func taskStatus(r *taskrec.Process, pageSize uint64) ProcStatus {
	return ProcStatus{
		UID: r.UID, EUID: r.EUID, SUID: r.SUID,
		GID: r.GID, EGID: r.EGID, SGID: r.SGID,
		Tracer:              Some(r.Tracer),
		OwnPID:              Some(r.OwnPID),
		VoluntarySwitches:   Some(r.LeaderVoluntarySwitches),
		InvoluntarySwitches: Some(r.LeaderInvoluntarySwitches),
		Swap:                someIf(taskrec.Pages(r.ExactPages().Swap)*pageSize, r.UserMemory),
	}
}

func taskIO(s *taskrec.Sums) ProcIO {
	return ProcIO{
		ReadChars: Some(s.ReadChars), WriteChars: Some(s.WriteChars),
		ReadCalls: Some(s.ReadCalls), WriteCalls: Some(s.WriteCalls),
		ReadBytes: Some(s.ReadBytes), WriteBytes: Some(s.WriteBytes),
		CancelledWriteBytes: Some(s.CancelledWriteBytes),
	}
}
