package sysprobe

import (
	"slices"
	"time"

	"telegraf-sysprobe/sysprobe/internal/decode/ntinfo"
	"telegraf-sysprobe/sysprobe/internal/sys/ntapi"
)

// hostClient asks kernel32.dll about the machine. Windows limits processes and
// threads by memory alone.
type hostClient struct{ unsupportedHost }

func (hostClient) read(Config) (Host, error) {
	m, err := ntapi.ReadMemory()
	if err != nil {
		return Host{}, opError("read host", "", err)
	}
	return Host{MemTotal: Some(m.Total)}, nil
}

// memory has as swap what can be committed beyond physical memory: page files.
func (hostClient) memory(Config) (HostMemory, error) {
	m, err := ntapi.ReadMemory()
	if err != nil {
		return HostMemory{}, opError("read memory", "", err)
	}
	return HostMemory{
		Total: m.Total, Free: m.Available, Available: m.Available,
		SwapTotal: Some(m.CommitLimit - min(m.CommitLimit, m.Total)),
		SwapFree:  Some(m.CommitFree - min(m.CommitFree, m.Available)),
	}, nil
}

func (hostClient) cpus(Config) (HostCPUs, error) {
	p, err := ntapi.ReadProcessors()
	if err != nil {
		return HostCPUs{}, opError("read processors", "", err)
	}
	logical := ntapi.LogicalProcessors()
	return HostCPUs{
		Logical: someIf(logical, logical > 0), Cores: someIf(p.Cores, p.Cores > 0), Sockets: someIf(p.Packages, p.Packages > 0),
	}, nil
}

func (hostClient) bootTime(Config) (time.Time, error) {
	t, err := ntapi.TimeOfDay()
	if err != nil {
		return time.Time{}, opError("read boot time", "", err)
	}
	return ntinfo.Time(t.Boot).Truncate(time.Second), nil
}

func (hostClient) pids(Config) ([]int32, error) {
	var pids []int32
	err := new(ntapi.Processes).Read(func(p *ntinfo.Process) { pids = append(pids, int32(p.PID)) })
	slices.Sort(pids)
	return pids, opError("list processes", "", err)
}

func (h hostClient) pidExists(c Config, pid int32) (bool, error) {
	pids, err := h.pids(c)
	_, found := slices.BinarySearch(pids, pid)
	return found, err
}
