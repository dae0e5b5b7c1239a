package main

import (
	"fmt"
	"io"
)

// requirement is a limit and what was measured against it.
type requirement struct {
	Name  string  `json:"name"`
	Value float64 `json:"value"`
	Limit float64 `json:"limit"`
	// AtLeast says that the limit is the lowest good value, not the highest.
	AtLeast bool `json:"at_least,omitempty"`
	// Measured is false where a task failed or was not asked for.
	Measured bool `json:"measured"`
}

// met says whether the measured value keeps the limit.
func (r requirement) met() bool {
	if r.AtLeast {
		return r.Measured && r.Value >= r.Limit
	}
	return r.Measured && r.Value <= r.Limit
}

// judge holds the figures against the limits.
func judge(r *report) []requirement {
	stat, procs := find(r, "stat"), find(r, "procs")
	requirements := []requirement{
		compareTimes("process table, times the C floor", procs, stat, 1.3),
		compareTimes("process table, four files, times the C floor", find(r, "procs files"), find(r, "files"), 1.3),
		compareClocks("process table, two workers, times the C floor", find(r, "procs two"), stat, 0.8),
		compareClocks("four files, two workers, times the C floor", find(r, "procs files two"), find(r, "files"), 0.8),
		{
			Name: "process table, allocations per process", Limit: 0.01,
			Value: ratio(procs.Allocs, uint64(procs.Rows)), Measured: procs.Rows > 0,
		},
	}
	requirements = append(requirements, judgeBefore(r)...)
	requirements = append(requirements, judgeTasks(r)...)
	requirements = append(requirements, judgeCalls(r)...)
	requirements = append(requirements, judgeAddresses(r)...)
	if r.Waits != nil {
		requirements = append(requirements, r.Waits.requirements()...)
	}
	if r.Events != nil {
		requirements = append(requirements, r.Events.requirements()...)
	}
	requirements = append(requirements, judgeLinks(r)...)
	if r.Chains != nil {
		requirements = append(requirements, r.Chains.requirements()...)
	}
	execd := execd{}
	if len(r.Execd) > 0 && r.Execd[0].Processes < few {
		execd = *r.Execd[0]
	}
	requirements = append(requirements, judgeZombies(r)...)
	requirements = append(requirements, judgeDecoders(r)...)
	return append(requirements,
		requirement{Name: "sysprobe-execd, MB resident", Limit: 40, Value: float64(execd.Resident) * 1024 / 1e6, Measured: execd.Resident > 0},
		requirement{Name: "sysprobe-execd, ms to the first metric", Limit: 200, Value: float64(execd.StartNS) / 1e6, Measured: execd.StartNS > 0})
}

// many is from how many processes on limits in milliseconds do not hold. A
// machine with less than few is idle.
const (
	many = 20_000
	few  = 1_000
)

// judgeTasks holds the figures of the BPF backend and of the input over it
// against the limits. Those that are times are for 5,000 processes.
func judgeTasks(r *report) []requirement {
	bpf, stat, much := find(r, "procs bpf"), find(r, "stat"), find(r, "inputs.procs much")
	asFast := 6.0
	if bpf.Rows > many {
		asFast = 12
	}
	requirements := []requirement{
		{
			Name: "BPF, us a process", Limit: 2,
			Value: ratio(bpf.CPUNS, int64(bpf.Rows)) / 1000, Measured: bpf.Rows > 0,
		},
		{
			Name: "BPF, allocations per process", Limit: 0.01,
			Value: ratio(bpf.Allocs, uint64(bpf.Rows)), Measured: bpf.Rows > 0,
		},
	}
	if bpf.Rows <= many {
		every := find(r, "inputs.procs every")
		requirements = append(requirements,
			requirement{Name: "inputs.procs, ranks and groups, ms", Limit: 20, Value: float64(much.CPUNS) / 1e6, Measured: much.CPUNS > 0},
			requirement{Name: "inputs.procs, every process, ms", Limit: 120, Value: float64(every.CPUNS) / 1e6, Measured: every.CPUNS > 0})
	}
	for _, faster := range []requirement{
		compareTimes("BPF, times as fast as the C loop", stat, bpf, asFast),
		compareTimes("BPF, times as fast as psutil", findIn(r, "process table", "psutil", "processes"), bpf, 60),
		compareTimes("BPF, times as fast as gopsutil", find(r, "gopsutil processes"), bpf, 100),
		compareTimes("one look-up, times as fast as loading BPF", find(r, "procs load"), find(r, "procs lookup"), 50),
		compareTimes("inputs.procs, times as fast as inputs.procstat", find(r, "inputs.procstat"), much, 100),
	} {
		faster.AtLeast = true
		requirements = append(requirements, faster)
	}
	return requirements
}

// judgeZombies holds the figures of zombies and exits against the limits.
func judgeZombies(r *report) []requirement {
	bpf, files := find(r, "inputs.zombies bpf"), find(r, "inputs.zombies procfs")
	requirements := []requirement{
		compareTimes("zombies by proc(5), times the C floor", files, findIn(r, "zombies", "floor", "stat"), 1.3),
		compareTimes("zombies by BPF, times as fast as psutil", findIn(r, "zombies", "psutil", "zombies"), bpf, 20),
	}
	requirements[len(requirements)-1].AtLeast = true
	if find(r, "stat").Rows < many {
		requirements = append(requirements, requirement{Name: "zombies by BPF, ms", Value: float64(bpf.MinNS) / 1e6, Limit: 12, Measured: bpf.MinNS > 0})
	}
	if r.Exits != nil {
		requirements = append(requirements, r.Exits.requirements()...)
	}
	return requirements
}

// findIn is find of a group and a worker.
func findIn(r *report, name, worker, key string) figures {
	for _, g := range r.Groups {
		for _, t := range g.Tasks {
			if g.Name == name && t.worker == worker && t.key == key {
				return t.figures
			}
		}
	}
	return figures{}
}

// judgeAddresses holds the figures of addresses against the limits: those of the
// C floor for a dump of both tables, as it makes, and those of other libraries for
// what their users would call here, the handle that keeps the interfaces.
func judgeAddresses(r *report) []requirement {
	kept, dumped, watched := find(r, "nicaddrs"), find(r, "nicaddrs dumped"), find(r, "nicwatch")
	requirements := []requirement{
		compareTimes("addresses, times the C floor", dumped, find(r, "addresses"), 1.5),
		{
			Name: "addresses, allocations per address", Limit: 0.2,
			Value: ratio(dumped.Allocs, uint64(dumped.Rows)), Measured: dumped.Rows > 0,
		},
		{Name: "addresses kept by a watch, ms", Value: float64(watched.CPUNS) / 1e6, Limit: 1, Measured: watched.CPUNS > 0},
	}
	for _, faster := range []requirement{
		compareTimes("addresses, times as fast as psutil "+r.Peers["psutil"], findIn(r, "addresses", "psutil", "addresses"), kept, 3),
		compareTimes("addresses, times as fast as gopsutil "+r.Peers["gopsutil"], find(r, "gopsutil interfaces"), kept, 200),
		compareTimes("addresses of a watch, times as fast as inputs.net", findIn(r, "addresses", "go", "inputs.net"), watched, 200),
	} {
		faster.AtLeast = true
		requirements = append(requirements, faster)
	}
	return requirements
}

// judgeLinks holds the figures of interfaces against the limits.
func judgeLinks(r *report) []requirement {
	dumps, stats, psutil := find(r, "stats"), find(r, "nicstats"), findIn(r, "interfaces", "psutil", "stats")
	requirements := []requirement{
		compareTimes("interfaces, times the C floor", stats, dumps, 1.5),
		compareTimes("interfaces, times as fast as psutil", psutil, stats, 2),
		{
			Name: "interfaces, allocations per interface", Limit: 0.5,
			Value: ratio(stats.Allocs, uint64(stats.Rows)), Measured: stats.Rows > 0,
		},
	}
	requirements[1].AtLeast = true
	return requirements
}

// compareTimes is the requirement that a takes at most limit times the CPU
// time of b.
func compareTimes(name string, a, b figures, limit float64) requirement {
	return requirement{Name: name, Limit: limit, Value: ratio(a.CPUNS, b.CPUNS), Measured: a.CPUNS > 0 && b.CPUNS > 0}
}

// compareClocks is compareTimes by the clock, for tasks of several threads.
func compareClocks(name string, a, b figures, limit float64) requirement {
	return requirement{Name: name, Limit: limit, Value: ratio(a.MinNS, b.MinNS), Measured: a.MinNS > 0 && b.MinNS > 0}
}

// find returns the figures of the task with that key; none where it has none.
func find(r *report, key string) figures {
	for _, g := range r.Groups {
		for _, t := range g.Tasks {
			if t.key == key && t.worker != "psutil" && t.worker != before {
				return t.figures
			}
		}
	}
	return figures{}
}

// printRequirements writes the verdicts and says whether one is not "met".
func printRequirements(w io.Writer, requirements []requirement) (missed bool) {
	fmt.Fprintln(w)
	for _, r := range requirements {
		verdict, relation := "met", "<="
		switch {
		case !r.Measured:
			verdict = "not measured"
		case !r.met():
			verdict = "MISSED"
		}
		if r.AtLeast {
			relation = ">="
		}
		fmt.Fprintf(w, "%-40s %8.2f %s %-6g %s\n", r.Name, r.Value, relation, r.Limit, verdict)
		missed = missed || !r.met()
	}
	return missed
}
