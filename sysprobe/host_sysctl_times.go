package sysprobe

import (
	"encoding/binary"
	"errors"
	"fmt"
	"io/fs"
	"syscall"
	"time"

	"telegraf-sysprobe/sysprobe/internal/decode/vmstat"
	"telegraf-sysprobe/sysprobe/internal/sys/sysctl"
)

// maxProcessors is more than any machine has.
const maxProcessors = 1 << 12

// cpuTimes reads the times of the processors that have done anything since boot. All
// is their sum: OpenBSD's own total is an average.
func (h hostSysctl) cpuTimes() (HostCPUTimes, error) {
	const op = "read processor times"
	b, err := sysctl.NewReader(h.call).Read(1, 12) // CTL_KERN, KERN_CLOCKRATE
	if err != nil {
		return HostCPUTimes{}, opError(op, "", err)
	}
	rate, err := vmstat.DecodeClock(b, binary.NativeEndian)
	if err != nil {
		return HostCPUTimes{}, opError(op, "", err)
	}
	each, err := h.ticksOfEach()
	if err != nil {
		return HostCPUTimes{}, opError(op, "", err)
	}
	var times HostCPUTimes
	for cpu := range each {
		if each[cpu] == (vmstat.Ticks{}) { // it is not there, or not in use
			continue
		}
		t := timesOfTicks(each[cpu], rate)
		times.Each = append(times.Each, NumberedCPUTimes{CPU: cpu, CPUTimes: t})
		times.All.User += t.User
		times.All.Nice += t.Nice
		times.All.System += t.System
		times.All.IRQ += t.IRQ
		times.All.Idle += t.Idle
	}
	return times, nil
}

// timesOfTicks are the times of a clock that ticks so often a second.
func timesOfTicks(t vmstat.Ticks, rate uint64) CPUTimes {
	const centuries = 1 << 33 // seconds
	length := func(n uint64) time.Duration {
		seconds := min(n/rate, centuries)
		return time.Duration(seconds)*time.Second + time.Duration(n%rate)*time.Second/time.Duration(rate)
	}
	return CPUTimes{User: length(t.User), Nice: length(t.Nice), System: length(t.System), IRQ: length(t.Interrupt), Idle: length(t.Idle)}
}

// ticksOfEach returns the ticks of each processor by its number. FreeBSD has all in
// one answer, of C's long; OpenBSD and NetBSD have one for each, of 64 bits.
func (h hostSysctl) ticksOfEach() ([]vmstat.Ticks, error) {
	const states = 5 // CPUSTATES of FreeBSD, NetBSD, and OpenBSD before 6.4
	switch h.goos {
	case "freebsd":
		b, err := h.raw("kern.cp_times")
		if err != nil {
			return nil, err
		}
		return vmstat.DecodeTicks(nil, b, binary.NativeEndian, sysctl.LongSize(h.goarch), states)
	case "netbsd":
		return h.ticksByNumber(51, states) // KERN_CP_TIME
	default:
		return h.ticksByNumber(71, states) // KERN_CPTIME2
	}
}

// ticksByNumber asks for one processor after the other.
func (h hostSysctl) ticksByNumber(name int32, states int) ([]vmstat.Ticks, error) {
	const size = 8
	processors, err := sysctl.Number(h.call, 6, 3) // CTL_HW, HW_NCPU
	if err != nil {
		return nil, err
	}
	reader := sysctl.NewReader(h.call)
	var each []vmstat.Ticks
	for cpu := range int32(min(max(processors, 0), maxProcessors)) {
		b, err := reader.Read(1, name, cpu) // CTL_KERN
		if errors.Is(err, fs.ErrNotExist) || errors.Is(err, syscall.ENODEV) {
			each = append(each, vmstat.Ticks{}) // it is not in use
			continue
		}
		if err != nil {
			return nil, fmt.Errorf("processor %d: %w", cpu, err)
		}
		of := states
		if len(b) == size*(states+1) {
			of = states + 1
		}
		before := len(each)
		each, err = vmstat.DecodeTicks(each, b, binary.NativeEndian, size, of)
		if err != nil {
			return nil, err
		}
		each = each[:before+1]
	}
	return each, nil
}
