package sysprobe

import (
	"time"

	"telegraf-sysprobe/sysprobe/internal/sys/sysctl"
)

// hostNames are the names of sysctl(3) for what a machine has: sys/sysctl.h of each
// system.
type hostNames struct {
	memory, processors []int32
	cores              string // empty if the system does not count them
}

var hostSysctls = map[string]hostNames{
	"darwin":  {memory: []int32{6, 24}, processors: []int32{6, 3}, cores: "hw.physicalcpu"}, // HW_MEMSIZE, HW_NCPU
	"freebsd": {memory: []int32{6, 5}, processors: []int32{6, 3}, cores: "kern.smp.cores"},  // HW_PHYSMEM, HW_NCPU
	"netbsd":  {memory: []int32{6, 13}, processors: []int32{6, 16}},                         // HW_PHYSMEM64, HW_NCPUONLINE
	"openbsd": {memory: []int32{6, 19}, processors: []int32{6, 25}},                         // HW_PHYSMEM64, HW_NCPUONLINE
}

// hostSysctl reads a machine by sysctl(3).
type hostSysctl struct {
	call  sysctl.Call
	named func(name string) (int64, error)
	// raw returns the answer for a name and the numbers behind it.
	raw func(name string, behind ...int) ([]byte, error)
	// goos and goarch are the system, as Go spells it.
	goos, goarch string
}

// read returns the memory of the machine, and how many processes there can be at
// once (KERN_MAXPROC), which is fewer than there are IDs.
func (h hostSysctl) read() (Host, error) {
	memory, err := sysctl.Number(h.call, hostSysctls[h.goos].memory...)
	if err != nil {
		return Host{}, opError("read host", "", err)
	}
	processes, err := sysctl.Number(h.call, 1, 6)
	return Host{
		MemTotal: someIf(uint64(memory), memory > 0),
		PIDMax:   someIf(uint64(processes), err == nil && processes > 0),
	}, nil
}

// cpus counts the processors.
func (h hostSysctl) cpus() (HostCPUs, error) {
	names := hostSysctls[h.goos]
	logical, err := sysctl.Number(h.call, names.processors...)
	if err != nil {
		return HostCPUs{}, opError("read processors", "", err)
	}
	cpus := HostCPUs{Logical: someIf(int(logical), logical > 0)}
	if names.cores != "" {
		cores, err := h.named(names.cores)
		cpus.Cores = someIf(int(cores), err == nil && cores > 0)
	}
	return cpus, nil
}

// table is the process table, which has the boot time too.
func (h hostSysctl) table() (*sysctl.Processes, error) {
	return sysctl.NewProcesses(h.call, h.goos, h.goarch)
}

func (h hostSysctl) bootTime() (time.Time, error) {
	table, err := h.table()
	if err != nil {
		return time.Time{}, opError("read boot time", "", err)
	}
	boot, err := table.BootTime()
	return boot.Truncate(time.Second), opError("read boot time", "", err)
}

func (h hostSysctl) pids() ([]int32, error) {
	const op = "list processes"
	table, err := h.table()
	if err != nil {
		return nil, opError(op, "", err)
	}
	rows, err := table.All()
	pids := make([]int32, len(rows))
	for i := range rows {
		pids[i] = rows[i].PID
	}
	return pids, opError(op, "", err)
}

func (h hostSysctl) pidExists(pid int32) (bool, error) {
	const op = "look for process"
	table, err := h.table()
	if err != nil {
		return false, opError(op, "", err)
	}
	if _, err = table.One(pid); isGone(err) {
		return false, nil
	}
	return err == nil, pidError(op, pid, err)
}
