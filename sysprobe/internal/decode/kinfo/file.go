package kinfo

import (
	"encoding/binary"
	"fmt"

	"telegraf-sysprobe/sysprobe/internal/decode"
)

// File is an open file of a process of FreeBSD, or a directory that the process is in.
type File struct {
	// FD is the descriptor, or what the process has beside those: FDCwd, FDTerminal.
	FD int32
	// Regular means that it is a regular file.
	Regular bool
	// Read, Write and Append say how it was opened; Flags are all that the kernel says
	// of it, KF_FLAG_* of sys/user.h.
	Read, Write, Append bool
	Flags               uint32
	Offset              int64
	// Path is a part of what was decoded, empty if the kernel does not know it.
	Path []byte
}

// What a process has without a descriptor.
const (
	FDCwd      = -1 // KF_FD_TYPE_CWD
	FDTerminal = -6 // KF_FD_TYPE_CTTY
)

// The records of open files and of regions of memory (struct kinfo_file and
// kinfo_vmentry of sys/user.h) have numbers of fixed widths: they are the same on all
// architectures. Their paths are cut behind the NUL.
const (
	filePath   = 368
	regionPath = 136
)

// AppendFiles appends the open files of a process of FreeBSD (KERN_PROC_FILEDESC, or
// KERN_PROC_CWD, which has one) to dst. It returns an error that wraps
// decode.ErrMalformed, with the files before, where a record is not as long as it says.
func AppendFiles(dst []File, b []byte, order binary.ByteOrder) ([]File, error) {
	err := eachSized("open files", b, filePath, order, func(r decode.Record) {
		const (
			vnode   = 1 // KF_TYPE_VNODE
			regular = 1 // KF_VTYPE_VREG
		)
		f := File{
			FD: int32(r.Int(decode.U32(8))), Flags: uint32(r.Uint(decode.U32(16))), Offset: r.Int(decode.U64(24)),
			Regular: r.Uint(decode.U32(4)) == vnode && r.Uint(decode.U32(32)) == regular,
			Path:    r.Text(decode.Text(filePath, r.Len()-filePath)),
		}
		f.Read, f.Write, f.Append = f.Flags&1 != 0, f.Flags&2 != 0, f.Flags&4 != 0
		dst = append(dst, f)
	})
	return dst, err
}

// Region is a region of the memory of a process of FreeBSD.
type Region struct {
	Start, End, Offset uint64
	// Type is KVME_TYPE_* of sys/user.h.
	Type uint32
	// Resident counts pages.
	Resident            uint64
	Read, Write, Exec   bool
	CopyOnWrite, NoCore bool
	// Path is a part of what was decoded, empty without a file.
	Path []byte
}

// AppendRegions appends the regions of a process of FreeBSD (KERN_PROC_VMMAP) to dst,
// with the errors of AppendFiles.
func AppendRegions(dst []Region, b []byte, order binary.ByteOrder) ([]Region, error) {
	err := eachSized("regions of memory", b, regionPath, order, func(r decode.Record) {
		flags, protection := r.Uint(decode.U32(44)), r.Uint(decode.U32(56))
		dst = append(dst, Region{
			Type:  uint32(r.Uint(decode.U32(4))),
			Start: r.Uint(decode.U64(8)), End: r.Uint(decode.U64(16)), Offset: r.Uint(decode.U64(24)),
			Resident: uint64(max(0, r.Int(decode.U32(48)))),
			Read:     protection&1 != 0, Write: protection&2 != 0, Exec: protection&4 != 0,
			CopyOnWrite: flags&3 != 0, // KVME_FLAG_COW, KVME_FLAG_NEEDS_COPY
			NoCore:      flags&4 != 0,
			Path:        r.Text(decode.Text(regionPath, r.Len()-regionPath)),
		})
	})
	return dst, err
}

// eachSized calls f for every record, which begin with their size, of at least that
// many bytes.
func eachSized(format string, b []byte, least int, order binary.ByteOrder, f func(decode.Record)) error {
	for off := 0; off < len(b); {
		r := decode.NewRecord(b[off:], order)
		size := r.Int(decode.U32(0))
		if size < int64(least) || size > int64(r.Len()) {
			return &decode.Error{
				Format: format, Offset: off, Reason: fmt.Sprintf("a record of %d bytes, want %d at least, of %d that are left", size, least, r.Len()),
			}
		}
		f(decode.NewRecord(b[off:off+int(size)], order))
		off += int(size)
	}
	return nil
}

// DecodeLimit returns a limit of FreeBSD (KERN_PROC_RLIMIT, struct rlimit of
// sys/resource.h): what is in force, and up to what it can be raised. Its error wraps
// decode.ErrMalformed.
func DecodeLimit(b []byte, order binary.ByteOrder) (soft, hard uint64, err error) {
	c := decode.NewCursor(b, order, "resource limit")
	soft, hard = c.Uint64(), c.Uint64()
	return soft, hard, c.Err()
}
