package sysprobe

import (
	"cmp"
	"os"
	"path/filepath"

	"telegraf-sysprobe/sysprobe/internal/decode/procfs"
	"telegraf-sysprobe/sysprobe/internal/sys/procdir"
)

func (hostClient) memory(cfg Config) (HostMemory, error) {
	const op = "read memory"
	raw, err := readHostFile(cfg, op, "meminfo", procfs.DecodeMeminfo)
	if err != nil {
		return HostMemory{}, err
	}
	total, free, cached := raw.Total.Or(0), raw.Free.Or(0), raw.Cached.Or(0)
	m := HostMemory{
		Total: total, Free: min(free, total), Available: raw.Available.Or(0),
		Buffers: raw.Buffers, Cached: someIf(cached+raw.Reclaimable.Or(0), raw.Cached.Known()),
		Slab: raw.Slab, Shared: raw.Shared, Active: raw.Active, Inactive: raw.Inactive,
		SwapTotal: raw.SwapTotal, SwapFree: raw.SwapFree,
	}
	switch {
	case m.Available == 0:
		m.Available = min(m.Free+cached, m.Total)
	case m.Available > m.Total:
		m.Available = m.Free
	}
	if swapping, err := readHostFile(cfg, op, "vmstat", procfs.DecodeSwapping); err == nil { // else the counters are absent
		pageSize := uint64(os.Getpagesize())
		m.SwappedIn = someIf(swapping.In.Or(0)*pageSize, swapping.In.Known())
		m.SwappedOut = someIf(swapping.Out.Or(0)*pageSize, swapping.Out.Known())
	}
	return m, nil
}

func (hostClient) cpus(cfg Config) (HostCPUs, error) {
	file := filepath.Join(cfg.ProcRoot, "cpuinfo")
	b, err := procdir.ReadFile(file)
	if err != nil {
		return HostCPUs{}, opError("read processors", file, err)
	}
	info := procfs.DecodeCPUInfo(b)
	// The cpuinfo of s390x has processors in another form than all others.
	if online, err := procdir.ReadFile(filepath.Join(cfg.SysRoot, onlineCPUs)); err == nil {
		info.Logical = cmp.Or(procfs.CountCPUs(online), info.Logical)
	}
	// The number of cores in cpuinfo is that of a package whose cores are alike.
	if cores := countTopology(cfg.SysRoot, "core_cpus_list", "thread_siblings_list"); cores > 0 {
		info.Cores = cores
	}
	return HostCPUs{
		Logical: someIf(info.Logical, info.Logical > 0),
		Cores:   someIf(info.Cores, info.Cores > 0),
		Sockets: someIf(info.Sockets, info.Sockets > 0),
	}, nil
}

// countTopology counts the different contents of the first of these files that
// processors have in sysfs.
func countTopology(sysRoot string, files ...string) int {
	for _, file := range files {
		names, err := filepath.Glob(filepath.Join(sysRoot, "devices/system/cpu/cpu[0-9]*/topology", file))
		if err != nil || len(names) == 0 {
			continue
		}
		different := make(map[string]bool)
		for _, name := range names {
			if b, err := procdir.ReadFile(name); err == nil {
				different[string(b)] = true
			}
		}
		return len(different)
	}
	return 0
}
