package sysprobe

import (
	"telegraf-sysprobe/sysprobe/internal/decode/procfs"
	"telegraf-sysprobe/sysprobe/internal/sys/procdir"
)

// switches returns the context switches of all threads of p, whose status is st if
// that was read. Old is as in fill.
func (r *procReader) switches(p, old *Proc, st *procfs.Status, sw *sweep) Opt[ProcSwitches] {
	if old != nil && old.ID == p.ID {
		p.threads = old.threads
	}
	if p.threads == nil && p.Threads <= 1 {
		if !p.Status.Known() && sw.want&WantSwitches != 0 {
			*st = optional(r, sw, r.dir(p.ID.PID), procdir.Status, procfs.DecodeStatus).Or(procfs.Status{})
		}
		return switchesOf(st)
	}
	if sw.want&WantSwitches == 0 {
		p.threads = nil // what they do now is not seen
		return Opt[ProcSwitches]{}
	}
	live, err := r.threadSwitches(p.ID.PID)
	if err != nil {
		sw.missed(err)
		return Opt[ProcSwitches]{}
	}
	if p.threads == nil {
		p.threads = new(threadSwitches)
	}
	return Some(p.threads.update(live))
}

// threadSwitches reads the switches of each thread of a process that lives.
func (r *procReader) threadSwitches(pid int32) ([]threadSwitch, error) {
	dir := r.dir(pid)
	tids, err := dir.TIDs(r.buf)
	if err != nil {
		return nil, err
	}
	live := r.live[:0]
	for _, tid := range tids {
		b, err := dir.Thread(tid).Read(r.buf, procdir.Status)
		if isGone(err) {
			continue
		}
		if err != nil {
			return nil, err
		}
		st, err := procfs.DecodeStatus(b)
		if err != nil {
			return nil, err
		}
		switches, _ := switchesOf(&st).Get()
		live = append(live, threadSwitch{tid, switches})
	}
	r.live = live
	return live, nil
}

// switchesOf returns the switches of one thread.
func switchesOf(st *procfs.Status) Opt[ProcSwitches] {
	voluntary, known1 := st.VoluntarySwitches.Get()
	involuntary, known2 := st.InvoluntarySwitches.Get()
	return someIf(ProcSwitches{voluntary, involuntary}, known1 && known2)
}

// fillFromThread sets the facts of p that its first thread, which is dead, lost:
// its memory and its descriptors are those of a thread that lives. Where that
// cannot be seen, they are absent.
func (r *procReader) fillFromThread(p *Proc, sw *sweep) {
	p.Memory, p.FDs = Opt[ProcMemory]{}, Opt[uint32]{}
	thread, err := r.liveThread(p.ID.PID)
	if err != nil || thread.PID == 0 {
		sw.watch(err)
		return // it ended since, or deadLeader counted why not
	}
	dir := r.dir(p.ID.PID).Thread(thread.PID)
	p.RSS, p.VMS = thread.Resident*r.pageSize, thread.VirtualSize
	var st procfs.Status
	if sw.want&WantStatus != 0 {
		st = optional(r, sw, dir, procdir.Status, procfs.DecodeStatus).Or(procfs.Status{})
		if status := p.Status.Ref(); status != nil {
			status.Swap = st.Swap
		}
	}
	if sw.want&WantMemory != 0 {
		p.Memory = r.statm(dir, sw)
		if memory := p.Memory.Ref(); memory != nil {
			memory.addParts(&st)
		}
	}
	r.status = st
	p.setExactRSS(&st)
	if sw.want&WantFDs != 0 {
		p.FDs = r.fds(p, dir, sw)
	}
}
