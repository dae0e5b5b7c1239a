package sysprobe

import (
	"time"

	"telegraf-sysprobe/sysprobe/internal/decode/taskrec"
)

// setTask sets what is not optional, but for names, ID and start. Old is the row of
// the same process in the sweep before, or nil.
func (p *Proc) setTask(r *taskrec.Process, old *Proc, pageSize uint64) {
	p.PPID, p.Group, p.Session = r.PPID, r.Group, r.Session
	p.KernelThread = r.Flags&taskrec.FlagKernelThread != 0
	p.Threads = r.Threads
	p.setTaskState(r)
	p.setTaskTimes(r, old)
	p.MinorFaults, p.MajorFaults = r.Sums.MinorFaults, r.Sums.MajorFaults
	p.RSS, p.VMS = residentPages(r.Memory)*pageSize, r.TotalVM*pageSize
	p.Nice, p.Policy, p.RTPriority = r.Nice, SchedPolicy(r.Policy), r.RTPriority
	p.CPU = r.CPU
	p.Task = Some(ProcTask{
		ExecID: r.ExecID, CgroupID: r.Cgroup,
		VoluntarySwitches: r.Sums.VoluntarySwitches, InvoluntarySwitches: r.Sums.InvoluntarySwitches,
		PIDNamespace: r.PIDNamespace,
	})
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

// setTaskTimes sets what is measured in time. What was shown in the sweep
// before, or by proc(5), limits how CPU time can be split now.
func (p *Proc) setTaskTimes(r *taskrec.Process, old *Proc) {
	var shownUser, shownSystem uint64
	if old != nil {
		shownUser, shownSystem = uint64(old.UserTime), uint64(old.SystemTime)
	}
	user, system := r.Split(shownUser, shownSystem)
	p.UserTime, p.SystemTime = time.Duration(user), time.Duration(system)
	p.ChildUserTime, p.ChildSystemTime = time.Duration(r.ChildUserTime), time.Duration(r.ChildSystemTime)
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
	if p.Task.known && old.Task.known {
		now, before := &p.Task.value, &old.Task.value
		keep(&now.VoluntarySwitches, before.VoluntarySwitches, torn)
		keep(&now.InvoluntarySwitches, before.InvoluntarySwitches, torn)
	}
	if p.IO.known && old.IO.known {
		now, before := &p.IO.value, &old.IO.value
		keepOpt(&now.ReadChars, before.ReadChars, torn)
		keepOpt(&now.WriteChars, before.WriteChars, torn)
		keepOpt(&now.ReadCalls, before.ReadCalls, torn)
		keepOpt(&now.WriteCalls, before.WriteCalls, torn)
		keepOpt(&now.ReadBytes, before.ReadBytes, torn)
		keepOpt(&now.WriteBytes, before.WriteBytes, torn)
		keepOpt(&now.CancelledWriteBytes, before.CancelledWriteBytes, torn)
	}
}

func keep[T time.Duration | uint64](now *T, old T, torn bool) {
	if torn || *now < old {
		*now = old
	}
}

func keepOpt(now *Opt[uint64], old Opt[uint64], torn bool) {
	if now.known && old.known {
		keep(&now.value, old.value, torn)
	}
}

// pages returns a counter of pages as the kernel shows it.
func pages(n int64) uint64 { return uint64(max(n, 0)) }

func residentPages(m taskrec.Memory) uint64 { return pages(m.File) + pages(m.Anon) + pages(m.Shmem) }

// taskMemory is what statm has (task_statm in the kernel), and the parts that
// status has.
func taskMemory(r *taskrec.Process, pageSize uint64) ProcMemory {
	m := r.Memory.Add(r.Held)
	text := (r.EndCode+pageSize-1)/pageSize - r.StartCode/pageSize
	return ProcMemory{
		VMS: r.TotalVM * pageSize, RSS: residentPages(m) * pageSize,
		Shared: (pages(m.File) + pages(m.Shmem)) * pageSize,
		Text:   text * pageSize, Data: (r.DataVM + r.StackVM) * pageSize,
		Anon: Some(pages(m.Anon) * pageSize), File: Some(pages(m.File) * pageSize), Shmem: Some(pages(m.Shmem) * pageSize),
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
		Swap:                someIf(pages(r.Memory.Swap+r.Held.Swap)*pageSize, r.UserMemory),
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
