package sysprobe

import (
	"errors"
	"slices"
	"time"

	"telegraf-sysprobe/sysprobe/internal/decode/procfs"
	"telegraf-sysprobe/sysprobe/internal/sys/clock"
	"telegraf-sysprobe/sysprobe/internal/sys/procdir"
)

func (hostClient) cpuTimes(cfg Config) (HostCPUTimes, error) {
	raw, err := readHostFile(cfg, "read processor times", "stat", procfs.DecodeHostTimes)
	if err != nil {
		return HostCPUTimes{}, err
	}
	times := HostCPUTimes{All: cpuTimesOf(&raw.All), Each: make([]NumberedCPUTimes, len(raw.Each))}
	for i := range raw.Each {
		times.Each[i] = NumberedCPUTimes{CPU: raw.Each[i].CPU, CPUTimes: cpuTimesOf(&raw.Each[i].Times)}
	}
	return times, nil
}

func cpuTimesOf(raw *procfs.CPUTimes) (t CPUTimes) {
	for i, to := range [...]*time.Duration{
		&t.User, &t.Nice, &t.System, &t.Idle, &t.IOWait, &t.IRQ, &t.SoftIRQ, &t.Steal, &t.Guest, &t.GuestNice,
	} {
		*to = ticks(raw[i])
	}
	return t
}

func (hostClient) load(cfg Config) (LoadAverage, error) {
	load, err := readHostFile(cfg, "read load average", "loadavg", procfs.DecodeLoadAverage)
	return LoadAverage{One: load[0], Five: load[1], Fifteen: load[2]}, err
}

func (hostClient) bootTime(cfg Config) (time.Time, error) {
	// The clocks of the running kernel say it sooner than a file with a line for each
	// processor and a number for each interrupt.
	if seconds, known := clock.Start(); known && cfg.ProcRoot == "/proc" {
		return time.Unix(seconds, 0), nil
	}
	seconds, err := readHostFile(cfg, "read boot time", "stat", procfs.DecodeBootTime)
	if err != nil {
		return time.Time{}, err
	}
	return time.Unix(int64(seconds), 0), nil
}

func (hostClient) pids(cfg Config) ([]int32, error) {
	pids, err := withProcRoot(cfg, func(root *procdir.Root, buf *procdir.Buffer) ([]int32, error) {
		return root.PIDs(buf, nil)
	})
	slices.Sort(pids)
	return pids, opError("list processes", cfg.ProcRoot, err)
}

func (hostClient) pidExists(cfg Config, pid int32) (bool, error) {
	if pid < 0 {
		return false, nil
	}
	exists, err := withProcRoot(cfg, func(root *procdir.Root, buf *procdir.Buffer) (bool, error) {
		b, err := root.Dir(pid).Read(buf, procdir.Status)
		switch {
		case isGone(err):
			return false, nil
		case err != nil:
			return false, err
		}
		// A thread has a directory too, though /proc does not list it.
		st, err := procfs.DecodeStatus(b)
		return err == nil && st.Tgid == pid, err
	})
	return exists, pidError("look for process", pid, err)
}

// withProcRoot calls f with an open proc(5).
func withProcRoot[T any](cfg Config, f func(*procdir.Root, *procdir.Buffer) (T, error)) (T, error) {
	root, err := procdir.Open(cfg.ProcRoot)
	if err != nil {
		var zero T
		return zero, err
	}
	v, err := f(root, new(procdir.Buffer))
	return v, errors.Join(err, root.Close())
}
