package main

import (
	"errors"

	"github.com/shirou/gopsutil/v4/cpu"
	"github.com/shirou/gopsutil/v4/host"
	"github.com/shirou/gopsutil/v4/process"
)

// gopsutilLogical counts processors.
func gopsutilLogical() (pass, error) {
	return repeat(func() error {
		_, err := cpu.Counts(true)
		return err
	}), nil
}

// gopsutilBoot asks when the machine started.
func gopsutilBoot() (pass, error) {
	return repeat(func() error {
		_, err := host.BootTime()
		return err
	}), nil
}

// gopsutilSubject is the process that has the files and regions.
func gopsutilSubject() (*process.Process, error) {
	pid, err := subject()
	if err != nil {
		return nil, err
	}
	return process.NewProcess(pid)
}

// gopsutilOpenFiles lists the open files of that process.
func gopsutilOpenFiles() (pass, error) {
	p, err := gopsutilSubject()
	return func() (int, error) {
		files, err := p.OpenFiles()
		return len(files), err
	}, err
}

// gopsutilMaps lists its regions of memory.
func gopsutilMaps() (pass, error) {
	p, err := gopsutilSubject()
	return func() (int, error) {
		maps, err := p.MemoryMaps(false)
		if err != nil {
			return 0, err
		}
		return len(*maps), nil
	}, err
}

// gopsutilDescendants lists the children of process 1. For those of each child it
// would read the table once more: it has to read it once here.
func gopsutilDescendants() (pass, error) {
	return func() (int, error) {
		children, err := (&process.Process{Pid: 1}).Children()
		return len(children), err
	}, nil
}

// gopsutilAllAttributes calls what gopsutil has of the attributes of readAttributes: all
// but two, for which it has no code here.
func gopsutilAllAttributes() (pass, error) {
	p, err := gopsutilSubject()
	return repeat(func() error {
		_, exe := p.Exe()
		_, cmdline := p.CmdlineSlice()
		_, cwd := p.Cwd()
		_, uids := p.Uids()
		_, gids := p.Gids()
		_, nice := p.Nice()
		_, switches := p.NumCtxSwitches()
		_, terminal := p.Terminal()
		return errors.Join(gopsutilAttributes(p), exe, cmdline, cwd, uids, gids, nice, switches, terminal)
	}), err
}
