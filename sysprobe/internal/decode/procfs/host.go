package procfs

import (
	"bytes"

	"telegraf-sysprobe/sysprobe/internal/decode"
)

// Meminfo is /proc/meminfo (proc_meminfo(5)), in bytes.
type Meminfo struct {
	Total, Free                uint64
	Available, Buffers, Cached Number
	Reclaimable, Slab, Shared  Number
	Active, Inactive           Number
	SwapTotal, SwapFree        Number
}

// DecodeMeminfo reads /proc/meminfo. Lines it does not know are ignored; it is
// malformed without MemTotal and MemFree. The error answers to
// decode.ErrMalformed.
func DecodeMeminfo(b []byte) (Meminfo, error) {
	var (
		m           Meminfo
		total, free Number
	)
	fields := map[string]*Number{
		"MemTotal": &total, "MemFree": &free, "MemAvailable": &m.Available, "Buffers": &m.Buffers, "Cached": &m.Cached,
		"SReclaimable": &m.Reclaimable, "Slab": &m.Slab, "Shmem": &m.Shared, "Active": &m.Active, "Inactive": &m.Inactive,
		"SwapTotal": &m.SwapTotal, "SwapFree": &m.SwapFree,
	}
	lines := lineScanner{scanner: scanner{buf: b, format: "meminfo"}}
	for lines.next() {
		if n := fields[string(lines.key)]; n != nil {
			*n = Number{lines.kibibytes(), true}
		}
	}
	if !total.Known || !free.Known {
		lines.fail("want lines MemTotal and MemFree")
	}
	if lines.err != nil {
		return Meminfo{}, lines.err
	}
	m.Total, m.Free = total.Value, free.Value
	return m, nil
}

// Swapping is how many pages went in and out of swap since boot.
type Swapping struct{ In, Out Number }

// DecodeSwapping reads /proc/vmstat (proc_vmstat(5)). The error answers to
// decode.ErrMalformed.
func DecodeSwapping(b []byte) (Swapping, error) {
	var s Swapping
	for at := 0; at < len(b); {
		end := lineEnd(b, at)
		key, value, _ := bytes.Cut(b[at:end], []byte{' '})
		to := map[string]*Number{"pswpin": &s.In, "pswpout": &s.Out}[string(key)]
		if to != nil {
			n, ok := parseUint(value)
			if !ok {
				return Swapping{}, &decode.Error{Format: "vmstat", Offset: at, Reason: "want an unsigned decimal number in this line"}
			}
			*to = Number{n, true}
		}
		at = end + 1
	}
	return s, nil
}

// CPUInfo is what /proc/cpuinfo says of processors; 0 where it does not.
type CPUInfo struct {
	// Logical is how many there are, Cores how many have execution units of
	// their own, Sockets in how many packages.
	Logical, Cores, Sockets int
}

// DecodeCPUInfo reads /proc/cpuinfo (proc_cpuinfo(5)), which every architecture
// writes as it likes.
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
