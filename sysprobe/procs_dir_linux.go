//go:build linux

package sysprobe

import (
	"encoding/binary"
	"fmt"
	"io/fs"
	"slices"
	"strconv"
	"unsafe"

	"golang.org/x/sys/unix"

	"telegraf-sysprobe/sysprobe/internal/decode/procfs"
)

// maxProcFile bounds what is read of one file. The longest real one is the
// status of a process with 65,536 groups.
const maxProcFile = 1 << 20

// procDir is an open proc(5) tree with the memory its files are read into. It
// makes the system calls itself, because package os and the wrappers of
// x/sys/unix allocate a string for every path.
type procDir struct {
	fd      int
	kernel  bool   // the kernel makes this tree: it is not a copy of one
	path    []byte // the path below fd, ended by NUL
	content []byte // the file read last
	entries []byte // directory entries
}

// openProcDir opens root and checks that it is a proc(5) tree.
func openProcDir(root string) (*procDir, error) {
	fd, err := unix.Open(root, unix.O_RDONLY|unix.O_DIRECTORY|unix.O_CLOEXEC, 0)
	if err != nil {
		return nil, err
	}
	d := newProcDir(fd)
	var st unix.Stat_t
	// A mount with subset=pid has no stat, any other may have a self that
	// leads nowhere.
	if unix.Fstatat(fd, "stat", &st, 0) != nil {
		if err := unix.Fstatat(fd, "self", &st, unix.AT_SYMLINK_NOFOLLOW); err != nil {
			d.close()
			return nil, fmt.Errorf("not a proc(5) tree, neither stat nor self is in it: %w", err)
		}
	}
	d.kernel = isProc(fd)
	return d, nil
}

func newProcDir(fd int) *procDir {
	return &procDir{fd: fd, content: make([]byte, 4<<10), entries: make([]byte, 32<<10)}
}

// clone returns the same tree with memory of its own, for another thread. It
// lives no longer than d.
func (d *procDir) clone() *procDir {
	c := newProcDir(d.fd)
	c.kernel = d.kernel
	return c
}

// isProc reports that fd is below a mount of proc(5).
func isProc(fd int) bool {
	var st unix.Statfs_t
	return unix.Fstatfs(fd, &st) == nil && int64(st.Type) == unix.PROC_SUPER_MAGIC
}

// close releases the directory; later reads fail.
func (d *procDir) close() {
	unix.Close(d.fd) //nolint:errcheck // nothing was written
	d.fd = -1
}

// of names a file of the process for the next call: "stat" is PID/stat.
func (d *procDir) of(pid int32, file string) *procDir {
	d.path = strconv.AppendInt(d.path[:0], int64(pid), 10)
	return d.below(file)
}

// ofThread names a file of a thread of the process for the next call.
func (d *procDir) ofThread(pid, tid int32, file string) *procDir {
	d.path = strconv.AppendInt(d.path[:0], int64(pid), 10)
	d.path = append(d.path, "/task/"...)
	d.path = strconv.AppendInt(d.path, int64(tid), 10)
	return d.below(file)
}

// top names a file at the root for the next call.
func (d *procDir) top(file string) *procDir {
	d.path = append(d.path[:0], file...)
	d.path = append(d.path, 0)
	return d
}

func (d *procDir) below(file string) *procDir {
	d.path = append(d.path, '/')
	d.path = append(d.path, file...)
	d.path = append(d.path, 0)
	return d
}

// open opens the named file. It returns an errno.
func (d *procDir) open(flags int) (int, error) {
	if d.fd < 0 {
		return -1, fs.ErrClosed
	}
	fd, _, errno := unix.Syscall6(unix.SYS_OPENAT, uintptr(d.fd), uintptr(unsafe.Pointer(&d.path[0])),
		uintptr(flags|unix.O_CLOEXEC), 0, 0, 0)
	if errno != 0 {
		return -1, errno
	}
	return int(fd), nil
}

// read returns the content of the named file, valid until the next read. It
// returns an errno.
func (d *procDir) read() ([]byte, error) {
	fd, err := d.open(unix.O_RDONLY)
	if err != nil {
		return nil, err
	}
	n, err := d.readAll(fd)
	unix.Close(fd) //nolint:errcheck // nothing was written
	return d.content[:n], err
}

// readAtOnce is read for a file that the kernel makes without waiting for
// anybody: do_task_stat, proc_pid_status and proc_pid_statm in fs/proc/array.c
// take no lock that is held across a wait. Telling the Go scheduler of its three system calls would be a tenth of
// the cost of a sweep. A tree that is not the kernel's can be on any medium and
// is read the usual way.
func (d *procDir) readAtOnce() ([]byte, error) {
	if !d.kernel || d.fd < 0 {
		return d.read()
	}
	fd, _, errno := unix.RawSyscall6(unix.SYS_OPENAT, uintptr(d.fd), uintptr(unsafe.Pointer(&d.path[0])),
		unix.O_RDONLY|unix.O_CLOEXEC, 0, 0, 0)
	if errno != 0 {
		return nil, errno
	}
	n, _, errno := unix.RawSyscall(unix.SYS_READ, fd, uintptr(unsafe.Pointer(&d.content[0])), uintptr(len(d.content)))
	unix.RawSyscall(unix.SYS_CLOSE, fd, 0, 0) //nolint:errcheck // nothing was written
	switch {
	case errno != 0:
		return nil, errno
	case int(n) == len(d.content):
		return d.read() // there may be more
	}
	return d.content[:n], nil
}

// readAll reads until a read leaves room in the buffer: the files of proc(5)
// fill what they are given, so that no second call is needed to see the end.
func (d *procDir) readAll(fd int) (int, error) {
	n := 0
	for {
		got, err := unix.Read(fd, d.content[n:])
		if err != nil {
			return 0, err
		}
		n += got
		if n < len(d.content) || n >= maxProcFile {
			return n, nil
		}
		d.content = append(d.content, make([]byte, len(d.content))...)
	}
}

// pids appends the process IDs at the root to dst, sorted and each once.
func (d *procDir) pids(dst []int32) ([]int32, error) {
	if d.fd < 0 {
		return dst, fs.ErrClosed
	}
	if _, err := unix.Seek(d.fd, 0, unix.SEEK_SET); err != nil {
		return dst, err
	}
	err := d.listFD(d.fd, func(entries []byte) error {
		var err error
		dst, err = procfs.AppendPIDs(dst, entries, binary.NativeEndian)
		return err
	})
	// The kernel lists them in order, but a tree that is not proc(5) need not.
	if !slices.IsSorted(dst) {
		slices.Sort(dst)
	}
	return slices.Compact(dst), err
}

// list calls f with the entries of the named directory, a part at a time.
func (d *procDir) list(f func(entries []byte) error) error {
	fd, err := d.open(unix.O_RDONLY | unix.O_DIRECTORY)
	if err != nil {
		return err
	}
	err = d.listFD(fd, f)
	unix.Close(fd) //nolint:errcheck // nothing was written
	return err
}

func (d *procDir) listFD(fd int, f func(entries []byte) error) error {
	for {
		n, err := unix.Getdents(fd, d.entries)
		if n <= 0 || err != nil {
			return err
		}
		if err := f(d.entries[:n]); err != nil {
			return err
		}
	}
}

// size returns the size of the named file (statx(2), Linux 4.11).
func (d *procDir) size() (uint64, error) {
	var st unix.Statx_t
	_, _, errno := unix.Syscall6(unix.SYS_STATX, uintptr(d.fd), uintptr(unsafe.Pointer(&d.path[0])),
		0, unix.STATX_SIZE, uintptr(unsafe.Pointer(&st)), 0)
	if errno != 0 {
		return 0, errno
	}
	return st.Size, nil
}
