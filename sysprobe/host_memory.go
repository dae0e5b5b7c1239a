package sysprobe

// HostMemory is the memory of the machine in bytes, as psutil's
// virtual_memory and swap_memory count it.
type HostMemory struct {
	// Total is usable memory; Free is what nothing is in.
	Total, Free uint64
	// Available is what programs can get without swapping, by the kernel's
	// estimate. Where there is none it is what is free or cached, and where it
	// is more than Total, as in some containers, what is free.
	Available uint64
	// Cached counts slabs that can be reclaimed too.
	Buffers, Cached, Slab, Shared Opt[uint64]
	Active, Inactive              Opt[uint64]

	SwapTotal, SwapFree Opt[uint64]
	// SwappedIn and SwappedOut are bytes since boot; absent where the kernel
	// does not count them.
	SwappedIn, SwappedOut Opt[uint64]
}

// Used is what is not available.
func (m HostMemory) Used() uint64 { return m.Total - m.Available }

// UsedPercent is Used in percent of Total.
func (m HostMemory) UsedPercent() float64 {
	if m.Total == 0 {
		return 0
	}
	return 100 * float64(m.Used()) / float64(m.Total)
}

// ReadMemory reads the memory of the machine whose proc(5) is mounted at
// c.ProcRoot; a nil c means defaults. It needs no privilege. It returns an error
// that answers to [ErrNotSupported] on a system without a backend, to
// fs.ErrNotExist where meminfo is missing, and to [ErrMalformed].
func ReadMemory(c *Config) (HostMemory, error) { return readMemory(c.withDefaults()) }

// HostCPUs are the processors of the machine. What the machine does not say is
// absent.
type HostCPUs struct {
	// Logical is how many processors the kernel uses, Cores how many of them have
	// execution units of their own, Sockets in how many packages they are.
	Logical, Cores, Sockets Opt[int]
}

// ReadCPUs counts the processors of the machine whose proc(5) and sysfs(5) are
// mounted at c.ProcRoot and c.SysRoot; a nil c means defaults. It needs no
// privilege. It returns an error that answers to [ErrNotSupported] on a system
// without a backend, and to fs.ErrNotExist where cpuinfo is missing.
func ReadCPUs(c *Config) (HostCPUs, error) { return readCPUs(c.withDefaults()) }
