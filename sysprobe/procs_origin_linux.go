package sysprobe

import "time"

// origin reads the Origin of p. Old is as in fill.
func (r *procReader) origin(p, old *Proc, sw *sweep) *Origin {
	var before *Origin
	if old != nil && old.ID == p.ID {
		before = old.Origin
	}
	dir := r.dir(p.ID.PID)
	if p.LeaderDead { // the cgroup of a thread that lives is that of the process
		thread, err := r.liveThread(p.ID.PID)
		if sw.watch(err); err == nil && thread.PID != 0 {
			dir = dir.Thread(thread.PID)
		}
	}
	origin, err := r.origins.read(r.buf, dir, before, p.State == StateZombie || p.LeaderDead)
	if err != nil {
		sw.missed(err)
	}
	return origin
}

// taskOrigin is origin for a row made by BPF, which has the ID of the cgroup. If
// that stands for the cgroup, one process of each cgroup is read. Otherwise each
// process is read: when its ID changes, when it executes a program, as a process
// does after it was put into its cgroup, and each minute.
func (r *procReader) taskOrigin(p, old *Proc, sw *sweep) *Origin {
	task := p.Task.Ref()
	if r.origins.cache.idsSuffice() {
		origin, err := r.origins.readByID(r.buf, p.ID.PID, task.CgroupID)
		if err != nil {
			sw.missed(err)
		}
		return origin
	}
	if old != nil && old.Origin != nil && !sw.isDue(p.ID.PID) {
		if before := old.Task.Ref(); before != nil && before.CgroupID == task.CgroupID && before.ExecID == task.ExecID {
			return old.Origin
		}
	}
	return r.origin(p, old, sw)
}

// cgroupAge is how long the cgroup of a process is believed if its ID does not
// stand for it.
const cgroupAge = time.Minute

// isDue reports whether the cgroup of a process is to be read again. Each process
// has a second of cgroupAge of its own, by its PID, so that a snapshot reads an even
// share of them: those whose second has come since the snapshot before.
func (sw *sweep) isDue(pid int32) bool {
	const seconds = uint32(cgroupAge / time.Second)
	since := (sw.second%seconds + seconds - uint32(pid)%seconds) % seconds
	return since < sw.seconds
}

func (c *procsClient) originOf(id uint64) *Origin { return c.origins.ofID(id) }
