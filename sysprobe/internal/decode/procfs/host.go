package procfs

import (
	"bytes"
	"strconv"
	"strings"

	"telegraf-sysprobe/sysprobe/internal/decode"
	"telegraf-sysprobe/sysprobe/internal/opt"
)

// Meminfo is /proc/meminfo (proc_meminfo(5)), in bytes.
type Meminfo struct {
	Total, Free                opt.Opt[uint64] // always known
	Available, Buffers, Cached opt.Opt[uint64]
	Reclaimable, Slab, Shared  opt.Opt[uint64]
	Active, Inactive           opt.Opt[uint64]
	SwapTotal, SwapFree        opt.Opt[uint64]
}

var meminfoSizes = map[string]func(*Meminfo) *opt.Opt[uint64]{
	"MemTotal":     func(m *Meminfo) *opt.Opt[uint64] { return &m.Total },
	"MemFree":      func(m *Meminfo) *opt.Opt[uint64] { return &m.Free },
	"MemAvailable": func(m *Meminfo) *opt.Opt[uint64] { return &m.Available },
	"Buffers":      func(m *Meminfo) *opt.Opt[uint64] { return &m.Buffers },
	"Cached":       func(m *Meminfo) *opt.Opt[uint64] { return &m.Cached },
	"SReclaimable": func(m *Meminfo) *opt.Opt[uint64] { return &m.Reclaimable },
	"Slab":         func(m *Meminfo) *opt.Opt[uint64] { return &m.Slab },
	"Shmem":        func(m *Meminfo) *opt.Opt[uint64] { return &m.Shared },
	"Active":       func(m *Meminfo) *opt.Opt[uint64] { return &m.Active },
	"Inactive":     func(m *Meminfo) *opt.Opt[uint64] { return &m.Inactive },
	"SwapTotal":    func(m *Meminfo) *opt.Opt[uint64] { return &m.SwapTotal },
	"SwapFree":     func(m *Meminfo) *opt.Opt[uint64] { return &m.SwapFree },
}

// DecodeMeminfo reads /proc/meminfo. Lines it does not know are ignored; it is
// malformed without MemTotal and MemFree. The error wraps
// decode.ErrMalformed.
func DecodeMeminfo(b []byte) (Meminfo, error) {
	var m Meminfo
	lines := lineScanner{scanner: scanner{buf: b, format: "meminfo"}}
	for lines.next() {
		if n := field(meminfoSizes, &m, lines.key); n != nil {
			*n = opt.Some(lines.kibibytes())
		}
	}
	if !m.Total.Known() || !m.Free.Known() {
		lines.fail("want lines MemTotal and MemFree")
	}
	if lines.err != nil {
		return Meminfo{}, lines.err
	}
	return m, nil
}

// Swapping is how many pages went in and out of swap since boot.
type Swapping struct{ In, Out opt.Opt[uint64] }

var swapCounters = map[string]func(*Swapping) *opt.Opt[uint64]{
	"pswpin":  func(s *Swapping) *opt.Opt[uint64] { return &s.In },
	"pswpout": func(s *Swapping) *opt.Opt[uint64] { return &s.Out },
}

// DecodeSwapping reads /proc/vmstat (proc_vmstat(5)). The error wraps
// decode.ErrMalformed.
func DecodeSwapping(b []byte) (Swapping, error) {
	var s Swapping
	for at := 0; at < len(b); {
		end := lineEnd(b, at)
		key, value, _ := bytes.Cut(b[at:end], []byte{' '})
		if counter := field(swapCounters, &s, key); counter != nil {
			n, ok := parseUint(value)
			if !ok {
				return Swapping{}, &decode.Error{Format: "vmstat", Offset: at, Reason: "want an unsigned decimal number in this line"}
			}
			*counter = opt.Some(n)
		}
		at = end + 1
	}
	return s, nil
}

// CPUInfo is the numbers of processors in /proc/cpuinfo; 0 if it does not have one.
type CPUInfo struct {
	// Logical is the number of processors, Cores that of processors with execution
	// units of their own, Sockets that of packages.
	Logical, Cores, Sockets int
}

// DecodeCPUInfo reads /proc/cpuinfo (proc_cpuinfo(5)), whose form is that of the
// architecture.
func DecodeCPUInfo(b []byte) CPUInfo {
	var (
		info   CPUInfo
		socket string
		cores  = map[string]int{} // by socket
	)
	lines := lineScanner{scanner: scanner{buf: b, format: "cpuinfo"}}
	for lines.next() {
		value := bytes.TrimSpace(lines.buf[lines.off:])
		switch string(bytes.TrimSpace(bytes.ToLower(lines.key))) {
		case "processor":
			if _, ok := parseUint(value); ok { // not the model of an old ARM
				info.Logical++
			}
			socket = ""
		case "physical id":
			socket = string(value)
			if _, ok := cores[socket]; !ok {
				cores[socket] = 0
			}
		case "cpu cores":
			if n, ok := parseUint(value); ok && socket != "" && n < 1<<15 {
				cores[socket] = int(n)
			}
		}
	}
	info.Sockets = len(cores)
	for _, n := range cores {
		info.Cores += n
	}
	return info
}

// CountCPUs returns how many processors a list of sysfs(5) has, such as
// "0-3,8-11,16"; 0 if it is none.
func CountCPUs(list []byte) int {
	count := 0
	for part := range strings.SplitSeq(strings.TrimSpace(string(list)), ",") {
		low, high, isRange := strings.Cut(part, "-")
		first, err := strconv.ParseUint(low, 10, 16)
		last := first
		if isRange && err == nil {
			last, err = strconv.ParseUint(high, 10, 16)
		}
		if err != nil || last < first {
			return 0
		}
		count += int(last-first) + 1
	}
	return count
}
