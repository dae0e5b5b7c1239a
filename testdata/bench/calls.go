package main

import (
	"context"
	"os"
	"strconv"
)

// What the process has that calls ask for.
const (
	subjectFiles   = 1000
	subjectRegions = 2000
)

// subjectVariable is the environment variable with its PID.
const subjectVariable = "SYSPROBE_BENCH_SUBJECT"

// timesCalled is how often a pass makes a call that takes microseconds.
const timesCalled = 500

// call is a question about the machine or one process.
type call struct {
	name, item, key string
	// asFast is how many times as fast as psutil the answer has to be, and
	// asFastAsGo as gopsutil; 0 where that has none.
	asFast, asFastAsGo float64
	gopsutil           bool
}

// allCalls are the calls that are measured.
var allCalls = []call{
	{name: "number of processors", item: "call", key: "logical", asFast: 2, gopsutil: true},
	{name: "one process, 17 attributes", item: "call", key: "attributes", asFast: 5, asFastAsGo: 10, gopsutil: true},
	{name: "boot time", item: "call", key: "boot", asFast: 2, gopsutil: true},
	{name: "I/O priority", item: "call", key: "ionice", asFast: 1},
	{name: "affinity", item: "call", key: "affinity", asFast: 1},
	{name: "open files", item: "file", key: "open files", asFast: 2, gopsutil: true},
	{name: "memory maps", item: "region", key: "maps", asFast: 4, gopsutil: true},
	{name: "descendants of process 1", item: "process", key: "children", asFast: 20, asFastAsGo: 50, gopsutil: true},
}

// callGroups are the groups of the calls, one for each.
func callGroups() []*group {
	groups := make([]*group, len(allCalls))
	for i, c := range allCalls {
		groups[i] = &group{Name: c.name, Item: c.item, Tasks: []*task{
			{Name: "psutil", worker: "psutil", key: c.key},
			{Name: "sysprobe", worker: "go", key: c.key},
		}}
		if c.gopsutil {
			groups[i].Tasks = append(groups[i].Tasks, &task{Name: "gopsutil", worker: "go", key: "gopsutil " + c.key})
		}
	}
	return groups
}

// onCalls measures calls beside many processes.
func (r *report) onCalls(ctx context.Context, o options, p programs, load, subject string) error {
	restore, err := makeRoom(o.processes)
	if err != nil {
		return err
	}
	h, err := holdProcesses(ctx, load, o.processes)
	if err != nil {
		return joinErrors(err, restore())
	}
	s, err := hold(ctx, subject, strconv.Itoa(subjectFiles), strconv.Itoa(subjectRegions))
	if err != nil {
		return joinErrors(err, h.release(), restore())
	}
	p.inside = func(args ...string) []string {
		return append([]string{"env", subjectVariable + "=" + strconv.Itoa(s.cmd.Process.Pid)}, args...)
	}
	r.Waits = measureWaits(ctx)
	r.Waits.print(os.Stdout)
	err = r.measure(ctx, o, p, callGroups()...)
	return joinErrors(err, s.release(), h.release(), restore())
}

// subject is the PID of the process that calls ask for.
func subject() (int32, error) {
	pid, err := strconv.ParseInt(os.Getenv(subjectVariable), 10, 32)
	return int32(pid), err
}

// repeat makes a call often.
func repeat(f func() error) pass {
	return func() (int, error) {
		for range timesCalled {
			if err := f(); err != nil {
				return 0, err
			}
		}
		return timesCalled, nil
	}
}

// judgeCalls holds the figures of calls against the limits.
func judgeCalls(r *report) []requirement {
	var requirements []requirement
	for _, c := range allCalls {
		psutil, ours := findIn(r, c.name, "psutil", c.key), findIn(r, c.name, "go", c.key)
		requirements = append(requirements, compareTimes(c.name+", times as fast as psutil", psutil, ours, c.asFast))
		if c.asFastAsGo > 0 {
			gopsutil := findIn(r, c.name, "go", "gopsutil "+c.key)
			requirements = append(requirements, compareTimes(c.name+", times as fast as gopsutil", gopsutil, ours, c.asFastAsGo))
		}
	}
	connections := findIn(r, "connections", "psutil", "connections")
	requirements = append(requirements,
		compareTimes("sockets and owners by BPF, times as fast as psutil", connections, find(r, "connections bpf"), 10),
		compareTimes("sockets and owners by proc(5), times as fast as psutil", connections, find(r, "connections procfs"), 1.3))
	for i := range requirements {
		requirements[i].AtLeast = true
	}
	return requirements
}
