package sysprobe

// Host is what the machine says of itself.
type Host struct {
	// MemTotal is usable memory in bytes (MemTotal of proc_meminfo(5)).
	MemTotal Opt[uint64]
	// PIDMax and ThreadsMax are kernel.pid_max and kernel.threads-max: how many
	// IDs, and how many threads, there can be at once.
	PIDMax, ThreadsMax Opt[uint64]
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
