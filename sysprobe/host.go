package sysprobe

import (
	"math"
	"time"
)

// Host is the size of a machine and its limits.
type Host struct {
	// MemTotal is usable memory in bytes (MemTotal of proc_meminfo(5)).
	MemTotal Opt[uint64]
	// PIDMax and ThreadsMax are kernel.pid_max and kernel.threads-max: how many
	// IDs, and how many threads, there can be at once.
	PIDMax, ThreadsMax Opt[uint64]
	// LimitedAbove says that PIDMax is that of the PID namespace of this process,
	// and that those of the namespaces above hold too: since Linux 6.14 each has one
	// of its own, which starts at the highest value that there can be, and those
	// above cannot be read. How many IDs there can be is then not known.
	LimitedAbove bool
	// CgroupPIDs is the tightest limit on processes and threads among the
	// cgroups that hold both this process and process 1: in a container that
	// is the container's. It is absent if none limits them.
	CgroupPIDs Opt[PIDUse]
	// Missing is why MemTotal, PIDMax and ThreadsMax are absent: errors.Join of an
	// [OpError] for each, with the file as target; nil where none is absent. A proc(5)
	// that is mounted with subset=pid has none of the files; MemTotal is then known
	// all the same.
	Missing error `json:"-"`
}

// PIDUse is how many IDs of processes and threads are in use, and how many there
// can be.
type PIDUse struct {
	InUse, Limit uint64
	// Source is what sets the limit: "pid_max", "threads_max" or "cgroup".
	Source string
}

// Free is how many more there can be.
func (u PIDUse) Free() uint64 { return u.Limit - min(u.Limit, u.InUse) }

// TightestPIDs returns the limit that leaves the fewest IDs if the machine uses
// inUse of them. With LimitedAbove it is CgroupPIDs, and others may be tighter.
func (h Host) TightestPIDs(inUse uint64) Opt[PIDUse] {
	tightest := h.CgroupPIDs
	if h.LimitedAbove {
		return tightest
	}
	for _, limit := range []struct {
		value  Opt[uint64]
		source string
	}{{h.PIDMax, "pid_max"}, {h.ThreadsMax, "threads_max"}} {
		if most, known := limit.value.Get(); known {
			tightest = tighter(tightest, PIDUse{InUse: inUse, Limit: most, Source: limit.source})
		}
	}
	return tightest
}

// tighter returns use if it leaves fewer IDs than the other, or if that is absent.
func tighter(other Opt[PIDUse], use PIDUse) Opt[PIDUse] {
	if o, known := other.Get(); known && o.Free() <= use.Free() {
		return other
	}
	return Some(use)
}

// PIDLimit is the lower of PIDMax and ThreadsMax, or the one that is known; absent
// with LimitedAbove.
func (h Host) PIDLimit() Opt[uint64] {
	if h.LimitedAbove {
		return Opt[uint64]{}
	}
	ids, threads := h.PIDMax, h.ThreadsMax
	if !ids.Known() || threads.Or(math.MaxUint64) < ids.Or(0) {
		return threads
	}
	return ids
}

// ReadHost reads the facts of the machine whose proc(5) is mounted at
// c.ProcRoot; a nil c means defaults. It needs no privilege. It returns an error
// that wraps [ErrNotSupported] on a system without a backend, and fs.ErrNotExist or
// [ErrAccessDenied] if c.ProcRoot cannot be read. A single fact that cannot be read
// is absent, and Host.Missing says why.
func ReadHost(c *Config) (Host, error) { return configured(c, hostClient{}.read) }

// ReadCgroupPIDs returns the limit that leaves the fewest IDs to the cgroup of the
// process with that PID, which it shares with the processes it starts: that of the
// cgroup, or of one above it (TasksMax= of systemd, the limit of a container). It is
// absent if none is limited, and for a zombie in a hierarchy of controllers, which
// has no cgroup any more. A nil c means defaults. It needs no privilege.
//
// It returns an error that wraps [ErrNotSupported] on a system without cgroups,
// [ErrNoSuchProcess] if there is no such process, fs.ErrInvalid if pid is negative,
// and [ErrMalformed] or
// [ErrAccessDenied] if its cgroup cannot be read.
func ReadCgroupPIDs(c *Config, pid int32) (Opt[PIDUse], error) {
	return configured(c, func(cfg Config) (Opt[PIDUse], error) { return hostClient{}.cgroupPIDs(cfg, pid) })
}

// unsupportedHost is the client of a system whose machine cannot be read. The
// client of a system that can do a part embeds it.
type unsupportedHost struct{}

func (unsupportedHost) read(Config) (Host, error) {
	return Host{}, opError("read host", "", ErrNotSupported)
}

func (unsupportedHost) cgroupPIDs(Config, int32) (Opt[PIDUse], error) {
	return Opt[PIDUse]{}, opError("read limit of cgroup", "", ErrNotSupported)
}

func (unsupportedHost) memory(Config) (HostMemory, error) {
	return HostMemory{}, opError("read memory", "", ErrNotSupported)
}

func (unsupportedHost) cpus(Config) (HostCPUs, error) {
	return HostCPUs{}, opError("read processors", "", ErrNotSupported)
}

func (unsupportedHost) cpuTimes(Config) (HostCPUTimes, error) {
	return HostCPUTimes{}, opError("read processor times", "", ErrNotSupported)
}

func (unsupportedHost) load(Config) (LoadAverage, error) {
	return LoadAverage{}, opError("read load average", "", ErrNotSupported)
}

func (unsupportedHost) bootTime(Config) (time.Time, error) {
	return time.Time{}, opError("read boot time", "", ErrNotSupported)
}

func (unsupportedHost) pids(Config) ([]int32, error) {
	return nil, opError("list processes", "", ErrNotSupported)
}

func (unsupportedHost) pidExists(Config, int32) (bool, error) {
	return false, opError("look for process", "", ErrNotSupported)
}
