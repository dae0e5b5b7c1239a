package procfs

import (
	"bytes"
	"strconv"

	"telegraf-sysprobe/sysprobe/internal/opt"
)

// Mapping is one region of /proc/PID/maps or smaps (proc_pid_smaps(5)).
type Mapping struct {
	// Start and End are addresses; End is the first one behind.
	Start, End uint64
	// Permissions are four letters: r, w, x and p for private or s for shared.
	Permissions string
	// Offset is that in the file of inode number Inode.
	Offset, Inode uint64
	// Path is as the kernel has it: a file, a name in brackets, or nothing.
	Path   string
	Memory MappingMemory
}

// MappingMemory is how the memory of a region is used, in bytes; all absent for
// /proc/PID/maps.
type MappingMemory struct {
	Size, RSS, PSS                          opt.Opt[uint64]
	SharedClean, SharedDirty                opt.Opt[uint64]
	PrivateClean, PrivateDirty, PrivateHuge opt.Opt[uint64]
	Referenced, Anonymous, Swap             opt.Opt[uint64]
}

// field returns the field of m that a line with that key and a size in kB goes to, or
// nil. It is no table: a region has two dozen lines, of which each would be looked up.
func (m *MappingMemory) field(key []byte) *opt.Opt[uint64] {
	switch string(key) {
	case "Size":
		return &m.Size
	case "Rss":
		return &m.RSS
	case "Pss":
		return &m.PSS
	case "Shared_Clean":
		return &m.SharedClean
	case "Shared_Dirty":
		return &m.SharedDirty
	case "Private_Clean":
		return &m.PrivateClean
	case "Private_Dirty":
		return &m.PrivateDirty
	case "Private_Hugetlb":
		return &m.PrivateHuge
	case "Referenced":
		return &m.Referenced
	case "Anonymous":
		return &m.Anonymous
	case "Swap":
		return &m.Swap
	}
	return nil
}

// DecodeMappings reads /proc/PID/smaps, smaps_rollup or maps. Lines it does
// not know are ignored. The error wraps decode.ErrMalformed.
func DecodeMappings(b []byte) ([]Mapping, error) {
	var mappings []Mapping
	for at := 0; at < len(b); {
		end := lineEnd(b, at)
		s := scanner{buf: b[:end], off: at, format: "proc smaps"}
		if key, ok := mappingKey(b[at:end]); !ok {
			m := s.mapping()
			mappings = append(mappings, m)
		} else if len(mappings) == 0 {
			s.fail("want a region before its lines")
		} else if n := mappings[len(mappings)-1].Memory.field(key); n != nil {
			s.off += len(key) + 1
			*n = opt.Some(s.kibibytes())
		}
		if s.err != nil {
			return nil, s.err
		}
		at = end + 1
	}
	return mappings, nil
}

// mappingKey returns the key of a line that has one. Other lines begin a
// region: they have a blank before the first colon.
func mappingKey(line []byte) ([]byte, bool) {
	for i, c := range line {
		switch c {
		case ':':
			return line[:i], true
		case ' ':
			return nil, false
		}
	}
	return nil, false
}

// mapping reads the line that begins a region:
//
//	start-end perms offset major:minor inode path
func (s *scanner) mapping() Mapping {
	start, end, _ := bytes.Cut(s.token(), []byte{'-'})
	m := Mapping{
		Start: s.hex(start, 64), End: s.hex(end, 64),
		Permissions: string(s.token()), Offset: s.hex(s.token(), 64),
	}
	s.skip(1)
	m.Inode = s.uint()
	if s.err == nil {
		m.Path = string(bytes.TrimLeft(s.buf[s.off:], " "))
	}
	return m
}

// hex returns the number that token is in hexadecimal.
func (s *scanner) hex(token []byte, bits int) uint64 {
	n, err := strconv.ParseUint(string(token), 16, bits)
	if err != nil {
		s.fail("want a hexadecimal number before here")
		return 0
	}
	return n
}

// FDInfo is /proc/PID/fdinfo/FD (proc_pid_fdinfo(5)).
type FDInfo struct {
	Position uint64
	// Flags are those of open(2).
	Flags uint32
}

// DecodeFDInfo reads /proc/PID/fdinfo/FD. The error wraps
// decode.ErrMalformed.
func DecodeFDInfo(b []byte) (FDInfo, error) {
	var (
		info        FDInfo
		pos, octals bool
	)
	lines := lineScanner{scanner: scanner{buf: b, format: "proc fdinfo"}}
	for lines.next() {
		switch string(lines.key) {
		case "pos":
			info.Position, pos = lines.uint(), true
		case "flags":
			n, err := strconv.ParseUint(string(lines.token()), 8, 32)
			if err != nil {
				lines.fail("want an octal number before here")
			}
			info.Flags, octals = uint32(n), true
		}
	}
	if !pos || !octals {
		lines.fail("want lines pos and flags")
	}
	if lines.err != nil {
		return FDInfo{}, lines.err
	}
	return info, nil
}
