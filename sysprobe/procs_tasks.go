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
	p.RSS, p.VMS = r.Memory.Resident()*pageSize, r.TotalVM*pageSize
	p.Nice, p.Policy, p.RTPriority = r.Nice, SchedPolicy(r.Policy), r.RTPriority
	p.CPU = Some(r.CPU)
	switches := p.Switches.Fill()
	switches.Voluntary, switches.Involuntary = r.Sums.VoluntarySwitches, r.Sums.InvoluntarySwitches
	task := p.Task.Fill()
	task.Start, task.ExecID, task.CgroupID, task.PIDNamespace = start, r.ExecID, r.Cgroup, r.PIDNamespace
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

// setTask sets what statm has (task_statm in the kernel), and the parts that
// status has.
func (m *ProcMemory) setTask(r *taskrec.Process, pageSize uint64) {
	pages := r.Memory
	anon, file, shmem := taskrec.Pages(pages.Anon)*pageSize, taskrec.Pages(pages.File)*pageSize, taskrec.Pages(pages.Shmem)*pageSize
	m.VMS, m.RSS, m.Shared = r.TotalVM*pageSize, anon+file+shmem, file+shmem
	m.Text = ((r.EndCode+pageSize-1)/pageSize - r.StartCode/pageSize) * pageSize
	m.Data = (r.DataVM + r.StackVM) * pageSize
	m.Anon, m.File, m.Shmem = Some(anon), Some(file), Some(shmem)
}

func (s *ProcStatus) setTask(r *taskrec.Process, pageSize uint64) {
	s.UID, s.EUID, s.SUID = r.UID, r.EUID, r.SUID
	s.GID, s.EGID, s.SGID = r.GID, r.EGID, r.SGID
	s.Tracer, s.OwnPID = Some(r.Tracer), Some(r.OwnPID)
	s.VoluntarySwitches, s.InvoluntarySwitches = Some(r.LeaderVoluntarySwitches), Some(r.LeaderInvoluntarySwitches)
	s.Swap = someIf(taskrec.Pages(r.Memory.Swap)*pageSize, r.UserMemory)
}

func (io *ProcIO) setTask(s *taskrec.Sums) {
	io.ReadChars, io.WriteChars = Some(s.ReadChars), Some(s.WriteChars)
	io.ReadCalls, io.WriteCalls = Some(s.ReadCalls), Some(s.WriteCalls)
	io.ReadBytes, io.WriteBytes = Some(s.ReadBytes), Some(s.WriteBytes)
	io.CancelledWriteBytes = Some(s.CancelledWriteBytes)
}
