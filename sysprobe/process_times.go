package sysprobe

import (
	"context"
	"fmt"
	"io/fs"
	"time"
)

// ProcessCPUTimes is a reading of the CPU time that one process has used, of all its
// threads, as psutil's cpu_times. Times are multiples of 10 ms on Linux.
type ProcessCPUTimes struct {
	// ID is whose times these are.
	ID ProcID
	// Taken is when they were read, with a monotonic reading.
	Taken time.Time
	// User and System are what the process itself used.
	User, System time.Duration
	// ChildUser and ChildSystem are what its reaped children used, as in [Proc].
	ChildUser, ChildSystem Opt[time.Duration]
	// IOWait is the time spent waiting for block devices, as in [Proc].
	IOWait time.Duration
}

// CPUTimes reads the CPU time that the process has used, also that of a zombie. It
// needs no privilege, except on macOS, where it is for the owner of the process.
//
// Source: stat of proc_pid_stat(5).
func (p *Process) CPUTimes(ctx context.Context) (ProcessCPUTimes, error) {
	return p.client.cpuTimes(ctx)
}

// PercentSince is the CPU time that the process used between two readings, in percent
// of one processor, as psutil's cpu_percent: a process with four busy threads has
// 400. Two readings that the caller keeps take the place of the state that psutil
// keeps in the process. It is absent if no time passed between them, or a counter ran
// backwards. It returns an error that wraps fs.ErrInvalid if the readings are of
// different processes, as two with one PID are.
//
// A program that asks for all processes keeps a [ProcRates].
func (t ProcessCPUTimes) PercentSince(before ProcessCPUTimes) (Opt[float64], error) {
	if t.ID != before.ID {
		return Opt[float64]{}, pidError("compare CPU times of process", t.ID.PID,
			fmt.Errorf("started at tick %d, and the reading before is of process %d, started at tick %d: %w",
				t.ID.Start, before.ID.PID, before.ID.Start, fs.ErrInvalid))
	}
	elapsed := float64(t.Taken.Sub(before.Taken))
	return rate(Some(t.User+t.System), Some(before.User+before.System), elapsed/100), nil
}

// cpuTimes returns the times of the process with that identity, of which p is the
// row. It returns cause where the row does not have them.
func (p *Proc) cpuTimes(id ProcID, taken time.Time, cause error) (ProcessCPUTimes, error) {
	if p.UsageHidden {
		return ProcessCPUTimes{}, cause
	}
	return ProcessCPUTimes{
		ID: id, Taken: taken, User: p.UserTime, System: p.SystemTime,
		ChildUser: p.ChildUserTime, ChildSystem: p.ChildSystemTime, IOWait: p.IOWait,
	}, nil
}
