package sysprobe

import "time"

// CPUTimes is how long a processor, or all of them, did what since boot
// (proc_stat(5)), as psutil's cpu_times. Times are multiples of 10 ms, on the BSDs of a
// tick of the clock of statistics (kern.clockrate of sysctl(3)). Those of
// virtual machines that the processor ran, Guest and GuestNice, are parts of User
// and Nice. A time that the system does not count is 0.
type CPUTimes struct {
	User, Nice, System, Idle    time.Duration
	IOWait, IRQ, SoftIRQ, Steal time.Duration
	Guest, GuestNice            time.Duration
}

// Total is the sum of all times.
func (t CPUTimes) Total() time.Duration {
	return t.User + t.Nice + t.System + t.Idle + t.IOWait + t.IRQ + t.SoftIRQ + t.Steal
}

// Busy is Total without Idle and IOWait.
func (t CPUTimes) Busy() time.Duration { return t.Total() - t.Idle - t.IOWait }

// PercentSince is how busy the processor was between two readings, from 0 to 100,
// as psutil's cpu_percent. It is absent if no time passed between them. A counter
// that ran backwards, as that of IOWait can, did nothing.
func (t CPUTimes) PercentSince(before CPUTimes) Opt[float64] {
	idle := max(t.Idle-before.Idle, 0) + max(t.IOWait-before.IOWait, 0)
	busy := max(t.User-before.User, 0) + max(t.Nice-before.Nice, 0) + max(t.System-before.System, 0) +
		max(t.IRQ-before.IRQ, 0) + max(t.SoftIRQ-before.SoftIRQ, 0) + max(t.Steal-before.Steal, 0)
	if busy+idle == 0 {
		return Opt[float64]{}
	}
	return Some(100 * float64(busy) / float64(busy+idle))
}

// HostCPUTimes are the times of the processors of a machine.
type HostCPUTimes struct {
	// All are the sums over all processors.
	All CPUTimes
	// Each has the processors that are online, by number; on the BSDs those that have
	// done anything since boot.
	Each []NumberedCPUTimes
}

// NumberedCPUTimes are the times of one processor.
type NumberedCPUTimes struct {
	CPU int
	CPUTimes
}

// ReadCPUTimes reads the times of the processors of the machine whose proc(5) is
// mounted at c.ProcRoot; a nil c means defaults. It needs no privilege. It returns
// an error that wraps [ErrNotSupported] on a system without a backend,
// fs.ErrNotExist if there is no such file, or [ErrMalformed]. The BSDs have no such
// file: sysctl(3) answers for kern.cp_times, kern.cp_time and kern.cptime2.
func ReadCPUTimes(c *Config) (HostCPUTimes, error) { return configured(c, hostClient{}.cpuTimes) }

// LoadAverage is how many threads ran, waited for a processor or, on Linux,
// waited for a disk, on average of the last 1, 5 and 15 minutes (getloadavg(3)).
type LoadAverage struct {
	One, Five, Fifteen float64
}

// ReadLoad reads the load average, as psutil's getloadavg, with the conditions and
// errors of [ReadCPUTimes].
func ReadLoad(c *Config) (LoadAverage, error) { return configured(c, hostClient{}.load) }

// ReadBootTime reads when the machine started, in seconds, as psutil's boot_time,
// with the conditions and errors of [ReadCPUTimes]. A step of the wall clock moves
// it.
func ReadBootTime(c *Config) (time.Time, error) { return configured(c, hostClient{}.bootTime) }

// PIDs lists the processes, as psutil's pids: without threads, zombies included,
// in order. It needs no privilege; a mount with hidepid hides those of others. It
// returns the errors of [OpenProcs].
func PIDs(c *Config) ([]int32, error) { return configured(c, hostClient{}.pids) }

// PIDExists reports whether a process has the PID, as psutil's pid_exists: a
// zombie does, a thread that is not the first does not, and no process has a
// negative one. It returns the errors of [OpenProcs].
func PIDExists(c *Config, pid int32) (bool, error) {
	return configured(c, func(cfg Config) (bool, error) { return hostClient{}.pidExists(cfg, pid) })
}
