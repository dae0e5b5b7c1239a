package kinfo

import (
	"encoding/binary"
	"fmt"
	"math"
	"math/bits"
	"time"

	"telegraf-sysprobe/sysprobe/internal/decode"
)

// taskInfoSize is the size of struct proc_taskinfo of sys/proc_info.h.
const taskInfoSize = 96

// TaskInfo is what macOS knows of a task that its process table lacks.
type TaskInfo struct {
	// Virtual and Resident are in bytes.
	Virtual, Resident uint64
	// User and System are CPU times of all threads, ended ones included, in
	// units of mach_absolute_time, which are not nanoseconds on arm64.
	User, System uint64
	// The kernel counts these in 32 bits; they wrap.
	Faults, PageIns, CopyFaults, Switches uint32
	// Threads live, Running of them run.
	Threads, Running, Priority int32
}

// DecodeTaskInfo decodes the answer of proc_pidinfo for PROC_PIDTASKINFO. It
// returns an error that wraps decode.ErrMalformed where b is shorter than that.
func DecodeTaskInfo(b []byte, order binary.ByteOrder) (TaskInfo, error) {
	c := decode.NewCursor(b, order, "proc_taskinfo")
	if c.Len() < taskInfoSize {
		c.Skip(taskInfoSize)
		return TaskInfo{}, c.Err()
	}
	var long [6]uint64
	var short [12]uint32
	c.Uint64s(long[:])
	c.Uint32s(short[:])
	return TaskInfo{
		Virtual: long[0], Resident: long[1], User: long[2], System: long[3],
		Faults: short[1], PageIns: short[2], CopyFaults: short[3], Switches: short[8],
		Threads: int32(short[9]), Running: int32(short[10]), Priority: int32(short[11]),
	}, nil
}

// Usage is what a task uses, in units that need no clock of the machine.
type Usage struct {
	// Virtual and Resident are in bytes.
	Virtual, Resident uint64
	User, System      time.Duration
	// Faults are all page faults, PageIns those that read from a disk.
	Faults, PageIns  uint64
	Threads, Running uint32
}

// Usage converts the times of t, of which a unit is numerator/denominator
// nanoseconds (mach_timebase_info). A denominator of 0 stands for 1.
func (t *TaskInfo) Usage(numerator, denominator uint32) Usage {
	return Usage{
		Virtual: t.Virtual, Resident: t.Resident,
		User: machTime(t.User, numerator, denominator), System: machTime(t.System, numerator, denominator),
		Faults: uint64(t.Faults), PageIns: uint64(t.PageIns),
		Threads: uint32(max(t.Threads, 0)), Running: uint32(max(t.Running, 0)),
	}
}

// machTime converts a time without an overflow of the product.
func machTime(units uint64, numerator, denominator uint32) time.Duration {
	high, low := bits.Mul64(units, uint64(numerator))
	n := uint64(max(denominator, 1))
	if high >= n {
		return math.MaxInt64
	}
	quotient, _ := bits.Div64(high, low, n)
	return time.Duration(min(quotient, math.MaxInt64))
}

// VnodePathsSize is the size of struct proc_vnodepathinfo of macOS (sys/proc_info.h).
const VnodePathsSize = 2352

// DecodeVnodePaths returns the working directory in a struct proc_vnodepathinfo, which
// proc_pidinfo returns for PROC_PIDVNODEPATHINFO, without copying it. Its error wraps
// decode.ErrMalformed.
func DecodeVnodePaths(b []byte) ([]byte, error) {
	r := decode.NewRecord(b, binary.LittleEndian)
	if r.Len() < VnodePathsSize {
		return nil, &decode.Error{Format: "paths of a process", Offset: r.Len(), Reason: fmt.Sprintf("want %d bytes", VnodePathsSize)}
	}
	return r.Text(decode.Text(152, 1024)), nil
}
