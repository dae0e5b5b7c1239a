package main

import (
	"errors"
	"io/fs"

	"github.com/prometheus/procfs"
	"github.com/shirou/gopsutil/v4/net"
	"github.com/shirou/gopsutil/v4/process"
)

// procfsStats reads stat of every process with prometheus/procfs.
func procfsStats() (pass, error) {
	proc, err := procfs.NewFS("/proc")
	if err != nil {
		return nil, err
	}
	return func() (int, error) {
		procs, err := proc.AllProcs()
		if err != nil {
			return 0, err
		}
		rows := 0
		for _, p := range procs {
			if _, err := p.Stat(); err == nil {
				rows++
			}
		}
		return rows, nil
	}, nil
}

// gopsutilProcesses asks gopsutil for the same facts of every process.
func gopsutilProcesses() (pass, error) {
	return func() (int, error) {
		procs, err := process.Processes()
		if err != nil {
			return 0, err
		}
		rows := 0
		for _, p := range procs {
			if err := gopsutilAttributes(p); err == nil {
				rows++
			} else if !errors.Is(err, fs.ErrNotExist) && !errors.Is(err, process.ErrorProcessNotRunning) {
				return 0, err
			}
		}
		return rows, nil
	}, nil
}

// gopsutilAttributes calls what gopsutil has for each of the eight attributes.
func gopsutilAttributes(p *process.Process) error {
	_, name := p.Name()
	_, status := p.Status()
	_, ppid := p.Ppid()
	_, created := p.CreateTime()
	_, times := p.Times()
	_, memory := p.MemoryInfo()
	_, threads := p.NumThreads()
	return errors.Join(name, status, ppid, created, times, memory, threads)
}

// gopsutilInterfaces counts the addresses gopsutil finds.
func gopsutilInterfaces() (pass, error) {
	return func() (int, error) {
		interfaces, err := net.Interfaces()
		rows := 0
		for i := range interfaces {
			rows += len(interfaces[i].Addrs)
		}
		return rows, err
	}, nil
}

// gopsutilCounters counts the interfaces gopsutil has counters of.
func gopsutilCounters() (pass, error) {
	return func() (int, error) {
		counters, err := net.IOCounters(true)
		return len(counters), err
	}, nil
}

// gopsutilConnections counts the sockets gopsutil finds.
func gopsutilConnections() (pass, error) {
	return func() (int, error) {
		connections, err := net.Connections("all")
		return len(connections), err
	}, nil
}
