package procfs

import (
	"bytes"
	"strconv"

	"telegraf-sysprobe/sysprobe/internal/decode"
)

// CPUTimes are the times of a processor, or of all, in clock ticks, in the order
// of proc_stat(5): user, nice, system, idle, iowait, irq, softirq, steal, guest,
// guest_nice. Those that a kernel lacks are 0.
type CPUTimes [10]uint64

// HostTimes are the lines cpu of /proc/stat.
type HostTimes struct {
	All  CPUTimes
	Each []NumberedTimes
}

// NumberedTimes are the times of the processor with that number.
type NumberedTimes struct {
	CPU   int
	Times CPUTimes
}

// DecodeHostTimes reads the lines of /proc/stat that begin with "cpu", which come
// first (proc_stat(5)); processors that are offline have none. It is malformed
// without the line of all. The error wraps decode.ErrMalformed.
func DecodeHostTimes(b []byte) (HostTimes, error) {
	var times HostTimes
	all := false
	for at := 0; at < len(b) && bytes.HasPrefix(b[at:], []byte("cpu")); {
		end := lineEnd(b, at)
		s := scanner{buf: b[:end], off: at + len("cpu"), format: "stat of the system"}
		cpu := -1
		if s.off < end && b[s.off] > ' ' {
			n, err := strconv.Atoi(string(s.token()))
			if err != nil || n < 0 {
				s.fail("want the number of a processor in this line")
			}
			cpu = n
		}
		t := s.cpuTimes()
		if s.err != nil {
			return HostTimes{}, s.err
		}
		if cpu < 0 {
			times.All, all = t, true
		} else {
			times.Each = append(times.Each, NumberedTimes{cpu, t})
		}
		at = end + 1
	}
	if !all {
		return HostTimes{}, &decode.Error{Format: "stat of the system", Offset: 0, Reason: "want a line cpu"}
	}
	return times, nil
}

// cpuTimes reads four times or more: Linux 2.4 had four.
func (s *scanner) cpuTimes() (t CPUTimes) {
	const least = 4
	for i := range t {
		if i >= least && !s.more() {
			break
		}
		t[i] = s.uint()
	}
	return t
}

// DecodeLoadAverage returns the load averages of 1, 5 and 15 minutes
// (proc_loadavg(5)). The error wraps decode.ErrMalformed.
func DecodeLoadAverage(b []byte) (load [3]float64, err error) {
	s := scanner{buf: b, format: "loadavg"}
	for i := range load {
		at := s.off
		n, parseErr := strconv.ParseFloat(string(s.token()), 64)
		if s.err == nil && (parseErr != nil || !(n >= 0 && n < 1e9)) {
			s.off = at
			s.fail("want a load average")
		}
		load[i] = n
	}
	if s.err != nil {
		return [3]float64{}, s.err
	}
	return load, nil
}
