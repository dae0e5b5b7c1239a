package sysprobe

import (
	"os"
	"path/filepath"

	"telegraf-sysprobe/sysprobe/internal/decode/procfs"
)

func readMemory(cfg Config) (HostMemory, error) {
	const op = "read memory"
	b, err := os.ReadFile(filepath.Join(cfg.ProcRoot, "meminfo"))
	if err != nil {
		return HostMemory{}, opError(op, cfg.ProcRoot, err)
	}
	raw, err := procfs.DecodeMeminfo(b)
	if err != nil {
		return HostMemory{}, opError(op, cfg.ProcRoot, err)
	}
	m := HostMemory{
		Total: raw.Total, Free: min(raw.Free, raw.Total), Available: raw.Available.Value,
		Buffers: optNumber(raw.Buffers), Cached: someIf(raw.Cached.Value+raw.Reclaimable.Value, raw.Cached.Known),
		Slab: optNumber(raw.Slab), Shared: optNumber(raw.Shared), Active: optNumber(raw.Active), Inactive: optNumber(raw.Inactive),
		SwapTotal: optNumber(raw.SwapTotal), SwapFree: optNumber(raw.SwapFree),
	}
	switch {
	case m.Available == 0:
		m.Available = min(m.Free+raw.Cached.Value, m.Total)
	case m.Available > m.Total:
		m.Available = m.Free
	}
	if b, err = os.ReadFile(filepath.Join(cfg.ProcRoot, "vmstat")); err != nil {
		return m, nil //nolint:nilerr // the counters are absent
	}
	if swapping, err := procfs.DecodeSwapping(b); err == nil {
		pageSize := uint64(os.Getpagesize())
		m.SwappedIn = someIf(swapping.In.Value*pageSize, swapping.In.Known)
		m.SwappedOut = someIf(swapping.Out.Value*pageSize, swapping.Out.Known)
	}
	return m, nil
}

func readCPUs(cfg Config) (HostCPUs, error) {
	b, err := os.ReadFile(filepath.Join(cfg.ProcRoot, "cpuinfo"))
	if err != nil {
		return HostCPUs{}, opError("read processors", cfg.ProcRoot, err)
	}
	info := procfs.DecodeCPUInfo(b)
	// Numbers of cores in cpuinfo are those of a package in which all are alike.
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
			if b, err := os.ReadFile(name); err == nil {
				different[string(b)] = true
			}
		}
		return len(different)
	}
	return 0
}
