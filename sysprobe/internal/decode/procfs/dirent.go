package procfs

import (
	"bytes"
	"encoding/binary"
	"math"

	"telegraf-sysprobe/sysprobe/internal/decode"
)

// AppendPIDs appends the entries of a directory that are process or thread IDs
// to dst, in the order of the directory. Entries are as getdents64(2) returns
// them, in the byte order of the machine; names that are no decimal number without
// leading zeros are left out. The error wraps decode.ErrMalformed.
func AppendPIDs(dst []int32, b []byte, order binary.ByteOrder) ([]int32, error) {
	c := decode.NewCursor(b, order, "directory entry")
	for c.Len() > 0 {
		name := direntName(c)
		if pid, ok := parsePID(name); ok {
			dst = append(dst, pid)
		}
	}
	return dst, c.Err()
}

// AppendFDs appends the entries of a directory that are file descriptors to
// dst, as AppendPIDs does with process IDs; there is a descriptor 0. The error
// wraps decode.ErrMalformed.
func AppendFDs(dst []int32, b []byte, order binary.ByteOrder) ([]int32, error) {
	c := decode.NewCursor(b, order, "directory entry")
	for c.Len() > 0 {
		if n, ok := parseUint(direntName(c)); ok && n <= math.MaxInt32 {
			dst = append(dst, int32(n))
		}
	}
	return dst, c.Err()
}

// CountEntries returns the number of entries without "." and "..". The error
// wraps decode.ErrMalformed.
func CountEntries(b []byte, order binary.ByteOrder) (int, error) {
	c := decode.NewCursor(b, order, "directory entry")
	n := 0
	for c.Len() > 0 {
		name := direntName(c)
		if c.Err() == nil && string(name) != "." && string(name) != ".." {
			n++
		}
	}
	return n, c.Err()
}

// direntName reads one struct linux_dirent64 of fs/readdir.c:
//
//	u64 d_ino; s64 d_off; unsigned short d_reclen; unsigned char d_type; char d_name[];
func direntName(c *decode.Cursor) []byte {
	const fixed = 8 + 8 + 2 + 1
	c.Skip(16)
	size := int(c.Uint16())
	c.Skip(1)
	name := c.Bytes(size - fixed)
	if end := bytes.IndexByte(name, 0); end >= 0 {
		name = name[:end]
	}
	return name
}

// parsePID reads the name of a process directory.
func parsePID(name []byte) (int32, bool) {
	n, ok := parseUint(name)
	if !ok || n > math.MaxInt32 || name[0] == '0' {
		return 0, false
	}
	return int32(n), true
}
