package sysprobe

import "context"

// Memory is how much memory the process has and had, as psutil's memory_info_ex. It
// is 0 for kernel threads and zombies, and absent where it is optional. It needs no
// privilege, and takes the kernel less time than Footprint: it counts no pages.
//
// Source: statm and status of proc_pid_statm(5) and proc_pid_status(5).
func (p *Process) Memory(ctx context.Context) (ProcessMemory, error) { return p.client.memory(ctx) }

// ProcessMemory is memory in bytes.
type ProcessMemory struct {
	ProcMemory

	// Swap is swapped-out memory, as that of [ProcStatus].
	Swap Opt[uint64]
	// PeakRSS and PeakVMS are the most that RSS and VMS ever were, since the process
	// executed its program. A process can set PeakRSS back (clear_refs of proc(5)).
	PeakRSS, PeakVMS Opt[uint64]
	// HugeTLB is memory in pages of hugetlbfs, which is no part of RSS (Linux 4.4).
	HugeTLB Opt[uint64]
}
