package procdir

import (
	"encoding/binary"
	"slices"
	"strconv"
	"unsafe"

	"golang.org/x/sys/unix"

	"telegraf-sysprobe/sysprobe/internal/decode/procfs"
)

// FDDir is the open directory of the descriptors of a process or thread. The kernel
// ties it to that: once that is gone, nothing is found in it. The links in it are
// found faster than from further up.
type FDDir struct {
	fd     int
	kernel bool // as in directory
}

// OpenFDs opens the directory of the descriptors. The caller closes it.
func (d Dir) OpenFDs(buf *Buffer) (FDDir, error) {
	d.begin(buf)
	fd, err := d.dir.open(buf, "fd", unix.O_DIRECTORY)
	return FDDir{fd, d.dir.kernel}, err
}

// Close releases the directory.
func (d FDDir) Close() {
	unix.RawSyscall(unix.SYS_CLOSE, uintptr(d.fd), 0, 0) //nolint:errcheck // nothing was written
}

// List returns the descriptors, in order. They are in the memory of buf until its
// next List.
func (d FDDir) List(buf *Buffer) ([]int32, error) {
	fds := buf.fds[:0]
	err := listEntries(d.fd, buf, func(entries []byte) error {
		var err error
		fds, err = procfs.AppendFDs(fds, entries, binary.NativeEndian)
		return err
	})
	buf.fds = fds
	slices.Sort(fds)
	return fds, err
}

// setNumber makes the path the name of a descriptor in its directory.
func (buf *Buffer) setNumber(fd int32) {
	buf.path = strconv.AppendInt(buf.path[:0], int64(fd), 10)
	buf.setFile("")
}

// Readlink returns what the link of a descriptor leads to. It does not wait for
// anything: proc_pid_readlink in fs/proc/base.c asks no file system.
func (d FDDir) Readlink(buf *Buffer, fd int32) ([]byte, error) {
	buf.setNumber(fd)
	n, _, errno := unix.RawSyscall6(unix.SYS_READLINKAT, uintptr(d.fd), uintptr(unsafe.Pointer(&buf.path[0])),
		uintptr(unsafe.Pointer(&buf.content[0])), uintptr(len(buf.content)), 0, 0)
	if errno != 0 {
		return nil, errno
	}
	return buf.content[:n], nil
}

// Stat is Dir.Stat of the process or thread that has the descriptors.
func (d FDDir) Stat(buf *Buffer) (procfs.Stat, error) {
	buf.path = buf.path[:0]
	buf.setFile("../stat")
	read := readBelow
	if d.kernel {
		read = readQuickly
	}
	b, err := read(d.fd, buf)
	if err != nil {
		return procfs.Stat{}, err
	}
	return procfs.DecodeStat(b)
}

// IsRegular reports that a descriptor is of a regular file. It asks the file system
// for no more than it knows (statx(2), Linux 4.11).
func (d FDDir) IsRegular(buf *Buffer, fd int32) (bool, error) {
	buf.setNumber(fd)
	var st unix.Statx_t
	_, _, errno := unix.Syscall6(unix.SYS_STATX, uintptr(d.fd), uintptr(unsafe.Pointer(&buf.path[0])),
		unix.AT_STATX_DONT_SYNC, unix.STATX_TYPE, uintptr(unsafe.Pointer(&st)), 0)
	if errno != 0 {
		return false, errno
	}
	return st.Mode&unix.S_IFMT == unix.S_IFREG, nil
}

// FDInfoDir is the open directory of what the kernel knows of the descriptors, as
// FDDir is that of their links.
type FDInfoDir struct{ fd int }

// OpenFDInfos opens that directory. The caller closes it.
func (d Dir) OpenFDInfos(buf *Buffer) (FDInfoDir, error) {
	d.begin(buf)
	fd, err := d.dir.open(buf, "fdinfo", unix.O_DIRECTORY)
	return FDInfoDir{fd}, err
}

// Close releases the directory.
func (d FDInfoDir) Close() { FDDir{fd: d.fd}.Close() }

// Info returns the decoded fdinfo of a descriptor, which can wait: what has the file,
// such as a graphics driver, adds lines of its own (show_fdinfo in the kernel).
func (d FDInfoDir) Info(buf *Buffer, fd int32) (procfs.FDInfo, error) {
	buf.setNumber(fd)
	b, err := readBelow(d.fd, buf)
	if err != nil {
		return procfs.FDInfo{}, err
	}
	return procfs.DecodeFDInfo(b)
}
