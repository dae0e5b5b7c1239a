package main

import (
	"context"

	"telegraf-sysprobe/sysprobe"
)

// readLogical counts processors.
func readLogical() (pass, error) {
	count, err := sysprobe.OpenCPUCount(nil)
	if err != nil {
		return nil, err
	}
	return repeat(func() error {
		_, err := count.Read()
		return err
	}), nil
}

// readAttributes reads at once what psutil's oneshot has of: name, exe, cmdline, cwd,
// ppid, status, create_time, uids, gids, nice, ionice, cpu_affinity, num_threads,
// cpu_times, memory_info, num_ctx_switches and terminal.
func readAttributes(p *sysprobe.Process) pass {
	const row = sysprobe.WantName | sysprobe.WantStatus | sysprobe.WantMemory
	const facts = sysprobe.WantCmdline | sysprobe.WantExe | sysprobe.WantCwd |
		sysprobe.WantTerminal | sysprobe.WantAffinity | sysprobe.WantIOPriority
	var info sysprobe.ProcessInfo
	return repeat(func() error { return p.Read(context.Background(), &info, row, facts) })
}

// readBoot asks when the machine started.
func readBoot() (pass, error) {
	return repeat(func() error {
		_, err := sysprobe.ReadBootTime(nil)
		return err
	}), nil
}

// question is a method of a process.
type question[T any] func(*sysprobe.Process, context.Context) (T, error)

// askSubject makes a pass of what asks the process that has the files and regions.
func askSubject(ask func(*sysprobe.Process) pass) func() (pass, error) {
	return func() (pass, error) {
		pid, err := subject()
		if err != nil {
			return nil, err
		}
		procs, err := sysprobe.OpenProcs(nil)
		if err != nil {
			return nil, err
		}
		p, err := procs.OpenPID(context.Background(), pid)
		if err != nil {
			return nil, err
		}
		return ask(p), nil
	}
}

// often asks a question whose answer takes microseconds.
func often[T any](q question[T]) func(*sysprobe.Process) pass {
	return func(p *sysprobe.Process) pass {
		return repeat(func() error {
			_, err := q(p, context.Background())
			return err
		})
	}
}

// length asks for a list.
func length[T any](q question[[]T]) func(*sysprobe.Process) pass {
	return func(p *sysprobe.Process) pass {
		return func() (int, error) {
			rows, err := q(p, context.Background())
			return len(rows), err
		}
	}
}

// readDescendants asks for the descendants of process 1.
func readDescendants() (pass, error) {
	procs, err := sysprobe.OpenProcs(nil)
	if err != nil {
		return nil, err
	}
	first, err := procs.OpenPID(context.Background(), 1)
	if err != nil {
		return nil, err
	}
	return length((*sysprobe.Process).Descendants)(first), nil
}
