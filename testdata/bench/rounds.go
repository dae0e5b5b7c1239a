package main

import (
	"cmp"
	"context"
	"os"
	"os/exec"
	"path"
	"runtime/debug"
	"slices"
	"strings"
	"time"
)

// A pass that takes longer than slow is made in every slowEvery-th round only.
const (
	slow      = time.Second
	slowEvery = 5
)

// figures are what the rounds of a task gave.
type figures struct {
	Rows   int `json:"rows"`
	Rounds int `json:"rounds"`
	// MedianNS is the lower median and MinNS the lowest of the times by the
	// clock, CPUNS the lowest CPU time: what else runs adds least to that one.
	MedianNS int64 `json:"median_ns"`
	MinNS    int64 `json:"min_ns"`
	CPUNS    int64 `json:"cpu_ns"`
	// Allocs and Bytes are those of the leanest round; 0 for other languages
	// than Go.
	Allocs uint64 `json:"allocs"`
	Bytes  uint64 `json:"bytes"`
	// Resident is the memory of the worker after its last round, in KiB.
	Resident uint64 `json:"resident_kib"`
	// Error is why there is nothing else; Complaint the first line a task that
	// works wrote to standard error.
	Error     string `json:"error,omitempty"`
	Complaint string `json:"complaint,omitempty"`
}

// programs are what workers are: this program, the C floor, and this program
// as another commit builds it.
type programs struct {
	self, floor, before string
	// inside puts a command line where the load is.
	inside func(args ...string) []string
}

// command is the command line of the worker of t.
func (p programs) command(t *task) []string {
	switch t.worker {
	case "floor":
		return p.inside(p.floor, t.key)
	case "psutil":
		peers, _ := sources.ReadFile("native/peers.py") //nolint:errcheck // embedded
		return p.inside(python, "-c", string(peers), t.key)
	case before:
		return p.inside(p.before, "-worker="+t.key)
	default:
		return p.inside(p.self, "-worker="+t.key)
	}
}

// warmUp is how many passes are not measured: those who keep the answer of
// the pass before have all their memory after the second.
const warmUp = 2

// run measures the tasks of a group in turn, after some passes of each to warm
// up. A task that fails is left out from then on.
func (g *group) run(ctx context.Context, p programs, rounds int) error {
	samples := make([][]sample, len(g.Tasks))
	workers := make([]*worker, len(g.Tasks))
	for i, t := range g.Tasks {
		w, err := startWorker(ctx, p.command(t)...)
		if err != nil {
			return err
		}
		defer w.stop()
		workers[i] = w
	}
	for round := range warmUp + rounds {
		for i, t := range g.Tasks {
			last := len(samples[i]) - 1
			if t.Error != "" || round >= warmUp && samples[i][last].wall > slow && (round-warmUp)%slowEvery != 0 {
				continue
			}
			s, err := workers[i].measure()
			switch {
			case ctx.Err() != nil:
				return ctx.Err()
			case err != nil:
				t.Error = err.Error()
			case round < warmUp:
				samples[i] = append(samples[i][:0], s)
			default:
				samples[i] = append(samples[i], s)
			}
		}
	}
	if err := g.finish(workers, samples); err != nil {
		return err
	}
	g.Items = g.Tasks[0].Rows
	return nil
}

// finish stops the workers and sets the figures. The first sample of each is of
// the warm-up.
func (g *group) finish(workers []*worker, samples [][]sample) error {
	for i, t := range g.Tasks {
		if t.Error != "" {
			continue
		}
		resident, err := residentMemory(workers[i].cmd.Process.Pid)
		if err != nil {
			return err
		}
		workers[i].stop()
		t.figures = summarize(samples[i][1:])
		t.Complaint, t.Resident = workers[i].complaint(), resident
	}
	return nil
}

// summarize returns the figures of samples.
func summarize(samples []sample) figures {
	slices.SortFunc(samples, func(a, b sample) int { return cmp.Compare(a.wall, b.wall) })
	f := figures{
		Rows:     samples[0].rows,
		Rounds:   len(samples),
		MinNS:    samples[0].wall.Nanoseconds(),
		CPUNS:    samples[0].cpu.Nanoseconds(),
		MedianNS: samples[(len(samples)-1)/2].wall.Nanoseconds(),
		Allocs:   samples[0].allocs,
		Bytes:    samples[0].bytes,
	}
	for _, s := range samples {
		f.CPUNS = min(f.CPUNS, s.cpu.Nanoseconds())
		f.Allocs = min(f.Allocs, s.allocs)
		f.Bytes = min(f.Bytes, s.bytes)
	}
	return f
}

// kernel names the running kernel.
func kernel() string {
	release, err := os.ReadFile("/proc/sys/kernel/osrelease")
	if err != nil {
		return "unknown"
	}
	return strings.TrimSpace(string(release))
}

// python is the one that Debian's modules are for.
const python = "/usr/bin/python3"

// peerVersions returns the versions of the peers that limits depend on, by name.
func peerVersions(ctx context.Context) map[string]string {
	versions := map[string]string{"psutil": "none"}
	out, err := exec.CommandContext(ctx, python, "-c", "import psutil; print(psutil.__version__)").Output()
	if err == nil {
		versions["psutil"] = strings.TrimSpace(string(out))
	}
	info, _ := debug.ReadBuildInfo() // a program without it has no peer's version either
	if info == nil {
		return versions
	}
	for _, m := range info.Deps {
		switch m.Path {
		case "github.com/shirou/gopsutil/v4", "github.com/prometheus/procfs", "github.com/influxdata/telegraf":
			versions[path.Base(strings.TrimSuffix(m.Path, "/v4"))] = m.Version
		}
	}
	return versions
}
