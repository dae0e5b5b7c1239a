package sysprobe

// HostMemory is the memory of the machine in bytes, as psutil's
// virtual_memory and swap_memory count it.
type HostMemory struct {
	// Total is usable memory, Free the part that holds nothing.
	Total, Free uint64
	// Available is the memory that programs can get without swapping, by the
	// kernel's estimate. Without an estimate it is the memory that is free or
	// cached, and if that is more than Total, as in some containers, what is free.
	// The BSDs have none: it is what is free or has not been used for a while. Nor has
	// macOS, of which it is what is free, pages of files, and what programs let the
	// kernel purge.
	Available uint64
	// Cached counts slabs that can be reclaimed too.
	Buffers, Cached, Slab, Shared Opt[uint64]
	Active, Inactive              Opt[uint64]

	SwapTotal, SwapFree Opt[uint64]
	// SwappedIn and SwappedOut are bytes since boot; absent if the kernel does not
	// count them.
	SwappedIn, SwappedOut Opt[uint64]
}

// Used is Total without Available.
func (m HostMemory) Used() uint64 { return m.Total - m.Available }

// UsedPercent is Used in percent of Total.
func (m HostMemory) UsedPercent() float64 { return m.PercentOf(m.Used()) }

// PercentOf is a number of bytes in percent of Total: of the resident memory of a
// process, psutil's memory_percent. It is 0 without a Total.
func (m HostMemory) PercentOf(bytes uint64) float64 { return percent(bytes, m.Total) }

// SwapUsed is SwapTotal without SwapFree; absent if one of them is.
func (m HostMemory) SwapUsed() Opt[uint64] {
	total, known := m.SwapTotal.Get()
	free, both := m.SwapFree.Get()
	return someIf(total-min(free, total), known && both)
}

// SwapPercent is SwapUsed in percent of SwapTotal, and 0 on a machine without
// swap.
func (m HostMemory) SwapPercent() Opt[float64] {
	used, known := m.SwapUsed().Get()
	return someIf(percent(used, m.SwapTotal.Or(0)), known)
}

// percent is a part in percent of the whole; 0 of nothing.
func percent(part, whole uint64) float64 {
	if whole == 0 {
		return 0
	}
	return 100 * float64(part) / float64(whole)
}

// ReadMemory reads the memory of the machine whose proc(5) is mounted at
// c.ProcRoot; a nil c means defaults. It needs no privilege. It returns an error
// that wraps [ErrNotSupported] on a system without a backend, fs.ErrNotExist if
// meminfo is missing, or [ErrMalformed].
func ReadMemory(c *Config) (HostMemory, error) { return configured(c, hostClient{}.memory) }

// HostCPUs are the processors of the machine. A number that the machine does not
// show is absent.
type HostCPUs struct {
	// Logical is the number of processors that the kernel uses, Cores that of
	// processors with execution units of their own, Sockets that of packages.
	Logical, Cores, Sockets Opt[int]
}

// ReadCPUs counts the processors of the machine whose proc(5) and sysfs(5) are
// mounted at c.ProcRoot and c.SysRoot; a nil c means defaults. It needs no
// privilege. It returns an error that wraps [ErrNotSupported] on a system
// without a backend, and fs.ErrNotExist where cpuinfo is missing.
func ReadCPUs(c *Config) (HostCPUs, error) { return configured(c, hostClient{}.cpus) }
