package procdir

import (
	"io/fs"
	"runtime"
	"sync/atomic"
	"unsafe"

	"golang.org/x/sys/unix"
)

// maxFile bounds what is read of a file that the kernel makes in one piece. The
// longest real one is the status of a process with 65,536 groups.
const maxFile = 1 << 20

// maxRecords bounds what is read of a file that can be as long as the memory of
// a process allows.
const maxRecords = 64 << 20

// directory is an open directory. It makes the system calls itself, because
// package os and the wrappers of x/sys/unix allocate a string for every path.
// Its methods read the file whose directory is the path of the Buffer.
type directory struct {
	fd     int
	kernel bool // the kernel makes its files
	// users counts the calls that use the descriptor. Close adds closing, and the
	// call that brings users down to closing closes the descriptor.
	users atomic.Int64
	// forgotten closes the descriptor of a directory that nothing refers to and
	// that was not closed.
	forgotten runtime.Cleanup
	// kept are files in it that are open; nil without.
	kept atomic.Pointer[keptFiles]
}

// newDirectory returns the directory of an open descriptor, which it then owns.
func newDirectory(fd int, kernel bool) *directory {
	d := &directory{fd: fd, kernel: kernel}
	d.forgotten = runtime.AddCleanup(d, func(fd int) { unix.Close(fd) }, fd) //nolint:errcheck // nothing was written
	return d
}

const closing = -1 << 62

// acquire keeps the descriptor open until release. It reports whether that is
// still possible.
func (d *directory) acquire() bool {
	for {
		users := d.users.Load()
		if users < 0 {
			return false
		}
		if d.users.CompareAndSwap(users, users+1) {
			return true
		}
	}
}

func (d *directory) release() {
	if d.users.Add(-1) == closing {
		d.forgotten.Stop()
		if kept := d.kept.Load(); kept != nil {
			kept.forgotten.Stop()
			kept.close(len(kept.fds))
		}
		unix.Close(d.fd) //nolint:errcheck // nothing was written
	}
}

// close closes the descriptor, or leaves that to the last call under way.
func (d *directory) close() error {
	if !d.acquire() {
		return fs.ErrClosed
	}
	for {
		users := d.users.Load()
		if users < 0 { // another close was first
			d.release()
			return fs.ErrClosed
		}
		if d.users.CompareAndSwap(users, users+closing) {
			d.release()
			return nil
		}
	}
}

// open opens the file. It returns an errno.
func (d *directory) open(buf *Buffer, file File, flags int) (int, error) {
	if !d.acquire() {
		return -1, fs.ErrClosed
	}
	defer d.release()
	buf.setFile(file)
	return openBelow(d.fd, buf, flags)
}

// openBelow is directory.open below an open directory.
func openBelow(dir int, buf *Buffer, flags int) (int, error) {
	fd, _, errno := unix.Syscall6(unix.SYS_OPENAT, uintptr(dir), uintptr(unsafe.Pointer(&buf.path[0])),
		uintptr(flags|unix.O_RDONLY|unix.O_CLOEXEC), 0, 0, 0)
	if errno != 0 {
		return -1, errno
	}
	return int(fd), nil
}

// readQuickly is read without telling the Go scheduler of the three system
// calls, which would be a tenth of the cost of a sweep. It is for files that the
// kernel makes without waiting.
func (d *directory) readQuickly(buf *Buffer, file File) ([]byte, error) {
	if !d.acquire() {
		return nil, fs.ErrClosed
	}
	defer d.release()
	kept := d.kept.Load()
	isOwn := len(buf.path) == 0
	buf.setFile(file)
	if kept != nil && isOwn {
		if b, ok, err := kept.read(buf, file); ok {
			return b, err
		}
	}
	return readQuickly(d.fd, buf)
}

// readQuickly is directory.readQuickly below an open directory.
func readQuickly(dir int, buf *Buffer) ([]byte, error) {
	fd, _, errno := unix.RawSyscall6(unix.SYS_OPENAT, uintptr(dir), uintptr(unsafe.Pointer(&buf.path[0])),
		unix.O_RDONLY|unix.O_CLOEXEC, 0, 0, 0)
	if errno != 0 {
		return nil, errno
	}
	n, _, errno := unix.RawSyscall(unix.SYS_READ, fd, uintptr(unsafe.Pointer(&buf.content[0])), uintptr(len(buf.content)))
	if errno == 0 && int(n) == len(buf.content) { // there may be more
		b, err := buf.fill(int(fd), int(n))
		unix.Close(int(fd)) //nolint:errcheck // nothing was written
		return b, err
	}
	unix.RawSyscall(unix.SYS_CLOSE, fd, 0, 0) //nolint:errcheck // nothing was written
	if errno != 0 {
		return nil, errno
	}
	return buf.content[:n], nil
}

// read reads until a read leaves room in the buffer: a file that the kernel
// makes in one piece fills what it is given, so that no second call is needed to
// see the end.
func (d *directory) read(buf *Buffer, file File) ([]byte, error) {
	fd, err := d.open(buf, file, 0)
	if err != nil {
		return nil, err
	}
	return readOpen(fd, buf)
}

// readBelow is directory.read below an open directory.
func readBelow(dir int, buf *Buffer) ([]byte, error) {
	fd, err := openBelow(dir, buf, 0)
	if err != nil {
		return nil, err
	}
	return readOpen(fd, buf)
}

// readOpen reads a file, as directory.read does, and closes it.
func readOpen(fd int, buf *Buffer) ([]byte, error) {
	b, err := buf.fill(fd, 0)
	unix.Close(fd) //nolint:errcheck // nothing was written
	return b, err
}

// fill reads behind the n bytes that are there already.
func (buf *Buffer) fill(fd, n int) ([]byte, error) {
	for {
		if n == len(buf.content) {
			if n >= maxFile {
				return buf.content, nil
			}
			buf.grow()
		}
		got, err := unix.Read(fd, buf.content[n:])
		if err != nil {
			return nil, err
		}
		n += got
		if n < len(buf.content) {
			return buf.content[:n], nil
		}
	}
}

func (buf *Buffer) grow() { buf.content = append(buf.content, make([]byte, len(buf.content))...) }

// readAll reads until nothing is left, and calls next before each read. Where the
// kernel fills reads, one that leaves room was the last.
func (d *directory) readAll(buf *Buffer, file File, next func() error) ([]byte, error) {
	fd, err := d.open(buf, file, 0)
	if err != nil {
		return nil, err
	}
	defer unix.Close(fd) //nolint:errcheck // nothing was written
	n := 0
	for {
		if err := next(); err != nil {
			return nil, err
		}
		if n == len(buf.content) {
			buf.grow()
		}
		got, err := unix.Read(fd, buf.content[n:])
		if err != nil {
			return nil, err
		}
		n += got
		if got == 0 || n >= maxRecords || n < len(buf.content) && file.fillsReads() {
			return buf.content[:n], nil
		}
	}
}

// list calls f with the entries of a directory, a part at a time.
func (d *directory) list(buf *Buffer, file File, f func(entries []byte) error) error {
	fd, err := d.open(buf, file, unix.O_DIRECTORY)
	if err != nil {
		return err
	}
	defer unix.Close(fd) //nolint:errcheck // nothing was written
	return listEntries(fd, buf, f)
}

// listEntries is list of an open directory.
func listEntries(fd int, buf *Buffer, f func(entries []byte) error) error {
	if buf.entries == nil {
		buf.entries = make([]byte, entriesSize)
	}
	for {
		n, err := unix.Getdents(fd, buf.entries)
		if n <= 0 || err != nil {
			return err
		}
		if err := f(buf.entries[:n]); err != nil {
			return err
		}
	}
}

// readlink returns the target of a link.
func (d *directory) readlink(buf *Buffer, file File) ([]byte, error) {
	if !d.acquire() {
		return nil, fs.ErrClosed
	}
	defer d.release()
	buf.setFile(file)
	n, _, errno := unix.Syscall6(unix.SYS_READLINKAT, uintptr(d.fd), uintptr(unsafe.Pointer(&buf.path[0])),
		uintptr(unsafe.Pointer(&buf.content[0])), uintptr(len(buf.content)), 0, 0)
	if errno != 0 {
		return nil, errno
	}
	return buf.content[:n], nil
}

// size returns the size of a file (statx(2), Linux 4.11).
func (d *directory) size(buf *Buffer, file File) (uint64, error) {
	if !d.acquire() {
		return 0, fs.ErrClosed
	}
	defer d.release()
	buf.setFile(file)
	var st unix.Statx_t
	_, _, errno := unix.Syscall6(unix.SYS_STATX, uintptr(d.fd), uintptr(unsafe.Pointer(&buf.path[0])),
		0, unix.STATX_SIZE, uintptr(unsafe.Pointer(&st)), 0)
	if errno != 0 {
		return 0, errno
	}
	return st.Size, nil
}

// stat is fstatat(2).
func (d *directory) stat(buf *Buffer, file File, st *unix.Stat_t, flags int) error {
	if !d.acquire() {
		return fs.ErrClosed
	}
	defer d.release()
	buf.setFile(file)
	return unix.Fstatat(d.fd, string(buf.path[:len(buf.path)-1]), st, flags)
}
