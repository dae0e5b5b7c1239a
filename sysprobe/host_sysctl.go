package sysprobe

import (
	"encoding/binary"
	"time"

	"telegraf-sysprobe/sysprobe/internal/decode/vmstat"
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

// vmLoad is the name of vm.loadavg on all systems.
var vmLoad = []int32{2, 2} // CTL_VM, VM_LOADAVG

func (h hostSysctl) load() (LoadAverage, error) {
	const op = "read load average"
	b, err := sysctl.NewReader(h.call).Read(vmLoad...)
	if err != nil {
		return LoadAverage{}, opError(op, "", err)
	}
	load, err := vmstat.DecodeLoad(b, binary.NativeEndian)
	return LoadAverage{One: load[0], Five: load[1], Fifteen: load[2]}, opError(op, "", err)
}

// memory has as available what is free or has not been used for a while.
func (h hostSysctl) memory() (HostMemory, error) {
	const op = "read memory"
	var m vmstat.Memory
	var err error
	switch h.goos {
	case "freebsd":
		memory, err := h.memoryByName()
		return memory, opError(op, "", err)
	case "netbsd":
		m, err = h.uvm(vmstat.NetBSD(), 2, 5) // VM_UVMEXP2
	default:
		m, err = h.uvm(vmstat.OpenBSD(), 2, 4) // VM_UVMEXP
	}
	if err != nil {
		return HostMemory{}, opError(op, "", err)
	}
	return HostMemory{
		Total: m.Total, Free: m.Free, Available: min(m.Free+m.Inactive, m.Total),
		Active: Some(m.Active), Inactive: Some(m.Inactive),
		SwapTotal: Some(m.SwapTotal), SwapFree: Some(m.SwapTotal - min(m.SwapUsed, m.SwapTotal)),
	}, nil
}

func (h hostSysctl) uvm(layout vmstat.Layout, mib ...int32) (vmstat.Memory, error) {
	b, err := sysctl.NewReader(h.call).Read(mib...)
	if err != nil {
		return vmstat.Memory{}, err
	}
	return layout.Decode(b, binary.NativeEndian)
}

// memoryByName reads the memory of FreeBSD, which has a name for each number of
// pages. How much of its swap is used it says for each device alone.
func (h hostSysctl) memoryByName() (m HostMemory, err error) {
	var pageSize, total, free, active, inactive int64
	for name, to := range map[string]*int64{
		"hw.pagesize":                  &pageSize,
		"vm.stats.vm.v_page_count":     &total,
		"vm.stats.vm.v_free_count":     &free,
		"vm.stats.vm.v_active_count":   &active,
		"vm.stats.vm.v_inactive_count": &inactive,
	} {
		if *to, err = h.named(name); err != nil {
			return HostMemory{}, err
		}
	}
	bytes := func(pages int64) uint64 { return uint64(max(0, pages)) * uint64(max(0, pageSize)) }
	m = HostMemory{Total: bytes(total), Free: bytes(free), Active: Some(bytes(active)), Inactive: Some(bytes(inactive))}
	laundry, err := h.named("vm.stats.vm.v_laundry_count")
	if err != nil {
		laundry = 0 // before FreeBSD 12
	}
	m.Available = min(bytes(free+inactive+laundry), m.Total)
	swap, err := h.named("vm.swap_total")
	m.SwapTotal = someIf(uint64(swap), err == nil && swap >= 0)
	return m, nil
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
