package sysprobe

// Host is what the machine says of itself.
type Host struct {
	// MemTotal is usable memory in bytes (MemTotal of proc_meminfo(5)).
	MemTotal Opt[uint64]
	// PIDMax and ThreadsMax are kernel.pid_max and kernel.threads-max: how many
	// IDs, and how many threads, there can be at once.
	PIDMax, ThreadsMax Opt[uint64]
	// CgroupPIDs is the tightest limit on processes and threads among the
	// cgroups that hold both this process and process 1: in a container that
	// is the container's. Absent where none limits them.
	CgroupPIDs Opt[PIDUse]
}

// PIDUse is how many IDs of processes and threads are taken, and how many can
// be.
type PIDUse struct {
	InUse, Limit uint64
	// Source is what sets the limit: "pid_max", "threads_max" or "cgroup".
	Source string
}

// Free is how many more there can be.
func (u PIDUse) Free() uint64 { return u.Limit - min(u.Limit, u.InUse) }

// TightestPIDs returns whichever limit leaves least, where inUse IDs of the
// machine are taken.
func (h Host) TightestPIDs(inUse uint64) Opt[PIDUse] {
	tightest := h.CgroupPIDs
	for _, limit := range []struct {
		value  Opt[uint64]
		source string
	}{{h.PIDMax, "pid_max"}, {h.ThreadsMax, "threads_max"}} {
		use := PIDUse{InUse: inUse, Limit: limit.value.value, Source: limit.source}
		if limit.value.known && (!tightest.known || use.Free() < tightest.value.Free()) {
			tightest = Some(use)
		}
	}
	return tightest
}

// PIDLimit is the lower of PIDMax and ThreadsMax, or the one that is known.
func (h Host) PIDLimit() Opt[uint64] {
	ids, threads := h.PIDMax, h.ThreadsMax
	if !ids.known || threads.known && threads.value < ids.value {
		return threads
	}
	return ids
}

// ReadHost reads the facts of the machine whose proc(5) is mounted at
// c.ProcRoot; a nil c means defaults. It needs no privilege. It returns an
// error that answers to [ErrNotSupported] on a system without a backend, and
// to fs.ErrNotExist or [ErrAccessDenied] where c.ProcRoot cannot be read.
// A single fact that cannot be had is absent.
func ReadHost(c *Config) (Host, error) { return readHost(c.withDefaults()) }
