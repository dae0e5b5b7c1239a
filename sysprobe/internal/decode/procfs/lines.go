package procfs

import (
	"bytes"
	"math"
	"strconv"

	"telegraf-sysprobe/sysprobe/internal/decode"
	"telegraf-sysprobe/sysprobe/internal/opt"
)

// field returns the field of v that the number of a line with that key goes to,
// or nil if fields has none.
func field[T any](fields map[string]func(*T) *opt.Opt[uint64], v *T, key []byte) *opt.Opt[uint64] {
	f := fields[string(key)]
	if f == nil {
		return nil
	}
	return f(v)
}

// Status is what /proc/PID/status has beyond stat (proc_pid_status(5)).
type Status struct {
	// Tgid is the PID of the process that the thread belongs to.
	Tgid int32
	// UID and GID are the real, effective, saved and file system IDs.
	UID, GID [4]uint32
	// Swap, and the parts of resident memory that came with Linux 4.5, are in
	// bytes; kernel threads and zombies lack them.
	Swap, Anon, File, Shmem opt.Opt[uint64]
	// PeakResident and PeakSize are the most that there ever was of resident and of
	// virtual memory, and HugeTLB, which came with Linux 4.4, is in pages of
	// hugetlbfs: in bytes, as Swap.
	PeakResident, PeakSize, HugeTLB opt.Opt[uint64]
	// Tracer is the ID of the thread that traces it, or 0.
	Tracer opt.Opt[int32]
	// OwnPID is the last number of NSpid, which came with Linux 4.1, and
	// Namespaces how many there are: from the one that proc(5) was mounted in to
	// that of the process.
	OwnPID     opt.Opt[int32]
	Namespaces uint32
	// VoluntarySwitches and InvoluntarySwitches came with Linux 2.6.23.
	VoluntarySwitches, InvoluntarySwitches opt.Opt[uint64]
}

// memory returns the field of a line that has a size in kB; nil for other lines.
// A table of functions would move st to the heap, for each process.
func (st *Status) memory(key []byte) *opt.Opt[uint64] {
	switch string(key) {
	case "VmSwap":
		return &st.Swap
	case "RssAnon":
		return &st.Anon
	case "RssFile":
		return &st.File
	case "RssShmem":
		return &st.Shmem
	case "VmHWM":
		return &st.PeakResident
	case "VmPeak":
		return &st.PeakSize
	case "HugetlbPages":
		return &st.HugeTLB
	}
	return nil
}

// DecodeStatus reads /proc/PID/status. Unknown lines are ignored; it is
// malformed if Tgid, Uid or Gid is missing, or a known line is not a
// number. The error wraps decode.ErrMalformed.
func DecodeStatus(b []byte) (Status, error) {
	const (
		seenTgid = 1 << iota
		seenUID
		seenGID
		seenAll = seenTgid | seenUID | seenGID
	)
	var (
		st   Status
		seen int
	)
	lines := lineScanner{scanner: scanner{buf: b, format: "proc status"}}
	for lines.next() {
		s := &lines.scanner
		switch string(lines.key) {
		case "Tgid":
			st.Tgid = s.int32()
			seen |= seenTgid
		case "Uid":
			st.UID = [4]uint32{s.uint32(), s.uint32(), s.uint32(), s.uint32()}
			seen |= seenUID
		case "Gid":
			st.GID = [4]uint32{s.uint32(), s.uint32(), s.uint32(), s.uint32()}
			seen |= seenGID
		case "TracerPid":
			st.Tracer = opt.Some(int32(s.upTo(math.MaxInt32)))
		case "NSpid":
			for s.more() {
				st.OwnPID = opt.Some(int32(s.upTo(math.MaxInt32)))
				st.Namespaces++
			}
		case "VmSwap", "RssAnon", "RssFile", "RssShmem", "VmHWM", "VmPeak", "HugetlbPages":
			*st.memory(lines.key) = opt.Some(s.kibibytes())
		case "voluntary_ctxt_switches":
			st.VoluntarySwitches = opt.Some(s.uint())
		case "nonvoluntary_ctxt_switches":
			st.InvoluntarySwitches = opt.Some(s.uint())
		}
	}
	if seen != seenAll {
		lines.fail("want lines Tgid, Uid and Gid")
	}
	if lines.err != nil {
		return Status{}, lines.err
	}
	return st, nil
}

// DecodePermitted returns the permitted capabilities in /proc/PID/status, one bit
// each (capabilities(7)). The error wraps decode.ErrMalformed.
func DecodePermitted(b []byte) (uint64, error) {
	lines := lineScanner{scanner: scanner{buf: b, format: "proc status"}}
	for lines.next() {
		if string(lines.key) == "CapPrm" {
			set, err := strconv.ParseUint(string(lines.token()), 16, 64)
			if err != nil {
				lines.fail("want a hexadecimal number before here")
				return 0, lines.err
			}
			return set, nil
		}
	}
	lines.fail("want a line CapPrm")
	return 0, lines.err
}

// IO is /proc/PID/io (proc_pid_io(5)).
type IO struct {
	ReadChars, WriteChars opt.Opt[uint64]
	ReadCalls, WriteCalls opt.Opt[uint64]
	ReadBytes, WriteBytes opt.Opt[uint64]
	CancelledWriteBytes   opt.Opt[uint64]
}

// counter returns the field of a line; nil for unknown lines. See Status.memory.
func (io *IO) counter(key []byte) *opt.Opt[uint64] {
	switch string(key) {
	case "rchar":
		return &io.ReadChars
	case "wchar":
		return &io.WriteChars
	case "syscr":
		return &io.ReadCalls
	case "syscw":
		return &io.WriteCalls
	case "read_bytes":
		return &io.ReadBytes
	case "write_bytes":
		return &io.WriteBytes
	case "cancelled_write_bytes":
		return &io.CancelledWriteBytes
	}
	return nil
}

// DecodeIO reads /proc/PID/io. Unknown lines are ignored, and a counter without a
// line is absent; without any known line it is malformed. The error wraps
// decode.ErrMalformed.
func DecodeIO(b []byte) (IO, error) {
	var io IO
	lines := lineScanner{scanner: scanner{buf: b, format: "proc io"}}
	known := false
	for lines.next() {
		n := io.counter(lines.key)
		if n == nil {
			continue
		}
		*n = opt.Some(lines.uint())
		known = true
	}
	if !known {
		lines.fail("want at least one known line")
	}
	if lines.err != nil {
		return IO{}, lines.err
	}
	return io, nil
}

// DecodeMemTotal returns MemTotal of /proc/meminfo (proc_meminfo(5)) in bytes.
// The error wraps decode.ErrMalformed.
func DecodeMemTotal(b []byte) (uint64, error) {
	lines := lineScanner{scanner: scanner{buf: b, format: "meminfo"}}
	for lines.next() {
		if string(lines.key) == "MemTotal" {
			n := lines.kibibytes()
			return n, lines.result()
		}
	}
	lines.fail("want a line MemTotal")
	return 0, lines.err
}

// DecodeBootTime returns btime of /proc/stat (proc_stat(5)) in seconds since
// 1970. The error wraps decode.ErrMalformed.
func DecodeBootTime(b []byte) (uint64, error) {
	const format = "stat of the system"
	rest := b
	for len(rest) > 0 {
		var line []byte
		line, rest, _ = bytes.Cut(rest, []byte{'\n'})
		if value, ok := bytes.CutPrefix(line, []byte("btime ")); ok {
			return number(value, format)
		}
	}
	return 0, &decode.Error{Format: format, Offset: len(b), Reason: "want a line btime"}
}

// DecodeBootOffset returns what /proc/PID/timens_offsets (time_namespaces(7))
// adds to the time since boot, in nanoseconds. The error wraps
// decode.ErrMalformed.
func DecodeBootOffset(b []byte) (int64, error) {
	const limit = math.MaxInt64 / 2
	s := scanner{buf: b, format: "offsets of a time namespace"}
	for s.more() {
		clock := string(s.token())
		seconds, nanoseconds := s.signed(limit/1_000_000_000), s.signed(limit)
		if s.err == nil && clock == "boottime" {
			return seconds*1_000_000_000 + nanoseconds, nil
		}
	}
	s.fail("want a line boottime")
	return 0, s.err
}

// DecodeNumber reads a file that holds one number, such as those of
// /proc/sys/kernel. The error wraps decode.ErrMalformed.
func DecodeNumber(b []byte) (uint64, error) { return number(b, "number") }

// DecodeRelease reads the first two numbers of /proc/sys/kernel/osrelease, such as
// 6 and 18 of "6.18.44-cloud". The error wraps decode.ErrMalformed.
func DecodeRelease(b []byte) (major, minor uint64, err error) {
	const format = "kernel release"
	first, rest, _ := bytes.Cut(b, []byte{'.'})
	end := 0
	for end < len(rest) && rest[end] >= '0' && rest[end] <= '9' {
		end++
	}
	major, ok1 := parseUint(first)
	minor, ok2 := parseUint(rest[:end])
	if !ok1 || !ok2 {
		return 0, 0, &decode.Error{Format: format, Reason: "want two numbers with a dot between"}
	}
	return major, minor, nil
}

// number reads the only number of b.
func number(b []byte, format string) (uint64, error) {
	s := scanner{buf: b, format: format}
	n := s.uint()
	if s.more() {
		s.fail("want the end")
	}
	if s.err != nil {
		return 0, s.err
	}
	return n, nil
}

// Statm is /proc/PID/statm (proc_pid_statm(5)), in pages.
type Statm struct {
	Size, Resident, Shared, Text, Data uint64
}

// DecodeStatm reads /proc/PID/statm. The error wraps
// decode.ErrMalformed.
func DecodeStatm(b []byte) (Statm, error) {
	s := scanner{buf: b, format: "proc statm"}
	m := Statm{Size: s.pages(), Resident: s.pages(), Shared: s.pages(), Text: s.pages()}
	s.skip(1) // lib, 0 since Linux 2.6
	m.Data = s.pages()
	if s.err != nil {
		return Statm{}, s.err
	}
	return m, nil
}

// lineScanner reads files of lines "key: value". Its scanner reads the value
// and ends with the line.
type lineScanner struct {
	scanner
	key  []byte
	rest int // where the next line begins
	all  []byte
}

// next goes to the next line that has a key, and reports whether there is one.
func (l *lineScanner) next() bool {
	if l.all == nil {
		l.all = l.buf
	}
	for l.err == nil && l.rest < len(l.all) {
		start, end := l.rest, len(l.all)
		if i := bytes.IndexByte(l.all[start:], '\n'); i >= 0 {
			end = start + i
		}
		l.rest = end + 1
		colon := bytes.IndexByte(l.all[start:end], ':')
		if colon < 0 {
			continue
		}
		l.key = l.all[start : start+colon]
		l.buf, l.off = l.all[:end], start+colon+1
		return true
	}
	return false
}

// kibibytes reads a number of kB and returns bytes.
func (s *scanner) kibibytes() uint64 {
	n := s.uint()
	if string(s.token()) != "kB" || n > 1<<53 {
		s.fail("want a size in kB before here")
		return 0
	}
	return n << 10
}
