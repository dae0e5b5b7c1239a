package procdir

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"io/fs"
	"iter"
	"os"
	"slices"
	"strconv"

	"golang.org/x/sys/unix"

	"telegraf-sysprobe/sysprobe/internal/decode/procfs"
)

// Root is an open proc(5) tree. Its methods can be called at the same time,
// each call with a Buffer of its own.
type Root struct{ dir *directory }

// Open opens the tree at path and checks that it is one of proc(5).
func Open(path string) (*Root, error) {
	fd, err := unix.Open(path, unix.O_RDONLY|unix.O_DIRECTORY|unix.O_CLOEXEC, 0)
	if err != nil {
		return nil, err
	}
	r := &Root{dir: newDirectory(fd, isProc(fd))}
	var st unix.Stat_t
	// A mount with subset=pid has no stat, any other may have a self that
	// leads nowhere.
	if unix.Fstatat(fd, "stat", &st, 0) != nil {
		if err := unix.Fstatat(fd, "self", &st, unix.AT_SYMLINK_NOFOLLOW); err != nil {
			r.dir.close() //nolint:errcheck // another error is on its way
			return nil, fmt.Errorf("not a proc(5) tree, neither stat nor self is in it: %w", err)
		}
	}
	if !r.isWhole() {
		r.dir.close() //nolint:errcheck // another error is on its way
		return nil, fmt.Errorf("a directory within a proc(5) tree, and not its root: %w", fs.ErrInvalid)
	}
	return r, nil
}

// rootInode is the inode number of the root of proc(5): PROC_ROOT_INO of
// include/linux/proc_ns.h.
const rootInode = 1

// isWhole reports that r is no directory of a process, which has a stat too, and
// no other one below the root. Of a copy the stat tells: that of a process has a name in brackets.
func (r *Root) isWhole() bool {
	if r.IsKernel() {
		var st unix.Stat_t
		return unix.Fstat(r.dir.fd, &st) == nil && st.Ino == rootInode
	}
	b, err := r.Read(new(Buffer), Stat)
	if err != nil {
		return !errors.Is(err, unix.EISDIR)
	}
	return bytes.IndexByte(b, '(') < 0
}

// isProc reports that fd is below a mount of proc(5).
func isProc(fd int) bool {
	var st unix.Statfs_t
	return unix.Fstatfs(fd, &st) == nil && int64(st.Type) == unix.PROC_SUPER_MAGIC
}

// IsMount reports that path is on a proc(5) of the running kernel, and not in a copy
// of one.
func IsMount(path string) bool {
	var st unix.Statfs_t
	return unix.Statfs(path, &st) == nil && int64(st.Type) == unix.PROC_SUPER_MAGIC
}

// Close releases the tree, once the calls that are under way have returned. A
// second Close returns fs.ErrClosed.
func (r *Root) Close() error { return r.dir.close() }

// IsKernel reports that the kernel makes the files of this tree, which is a
// copy of one otherwise.
func (r *Root) IsKernel() bool { return r.dir.kernel }

// IsOwn reports that the PIDs of this tree are those that system calls of this
// process mean.
func (r *Root) IsOwn(buf *Buffer) bool {
	if !r.dir.kernel {
		return false
	}
	b, err := r.Read(buf, "self/status")
	if err != nil {
		return false
	}
	st, err := procfs.DecodeStatus(b)
	return err == nil && st.Tgid == int32(os.Getpid()) && st.Namespaces <= 1
}

// Read returns the content of a file of the tree that is of no process, such as
// "stat".
func (r *Root) Read(buf *Buffer, file File) ([]byte, error) {
	buf.path = buf.path[:0]
	return r.dir.read(buf, file)
}

// PIDs appends the process IDs of the tree to dst, sorted and each once.
func (r *Root) PIDs(buf *Buffer, dst []int32) ([]int32, error) {
	buf.path = buf.path[:0]
	err := r.dir.list(buf, ".", func(entries []byte) error {
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

// Dir returns the directory of a process by its PID. It opens nothing: each
// call finds the process that has the PID by then.
func (r *Root) Dir(pid int32) Dir { return Dir{dir: r.dir, pid: pid} }

// OpenDir opens the directory of a process. The kernel ties an open directory
// to the process: once that is gone, nothing is found in it. The caller closes
// the Dir.
func (r *Root) OpenDir(buf *Buffer, pid int32) (Dir, error) {
	buf.path = strconv.AppendInt(buf.path[:0], int64(pid), 10)
	return r.openDir(buf, "")
}

// OpenSelf opens the directory of the process that reads, as OpenDir does.
func (r *Root) OpenSelf(buf *Buffer) (Dir, error) {
	buf.path = buf.path[:0]
	return r.openDir(buf, "self")
}

// openDir opens the directory of a process, whose name is the path of buf and
// behind that name.
func (r *Root) openDir(buf *Buffer, name File) (Dir, error) {
	fd, err := r.dir.open(buf, name, unix.O_DIRECTORY)
	if err != nil {
		return Dir{}, err
	}
	return Dir{dir: newDirectory(fd, r.dir.kernel), pid: -1}, nil
}

// Dir is the directory of a process, or of one of its threads. Its methods can
// be called at the same time, each call with a Buffer of its own.
type Dir struct {
	dir *directory
	// pid is negative where dir is that of the process. Tid is 0 where the files
	// are those of the process and not of a thread.
	pid, tid int32
}

// Close releases a directory that OpenDir opened, once the calls that are under
// way have returned. A second Close returns fs.ErrClosed.
func (d Dir) Close() error { return d.dir.close() }

// IsKernel is that of the Root.
func (d Dir) IsKernel() bool { return d.dir.kernel }

// WithFD calls f with the descriptor of a directory that OpenDir opened, which
// serves as a pidfd (pidfd_send_signal(2)).
func (d Dir) WithFD(f func(fd int) error) error {
	if !d.dir.acquire() {
		return fs.ErrClosed
	}
	defer d.dir.release()
	return f(d.dir.fd)
}

// Thread returns the directory of a thread of the process.
func (d Dir) Thread(tid int32) Dir {
	d.tid = tid
	return d
}

// begin makes the path of the directory the one in buf.
func (d Dir) begin(buf *Buffer) {
	buf.path = buf.path[:0]
	if d.pid >= 0 {
		buf.path = append(strconv.AppendInt(buf.path, int64(d.pid), 10), '/')
	}
	if d.tid != 0 {
		buf.path = append(buf.path, "task/"...)
		buf.path = append(strconv.AppendInt(buf.path, int64(d.tid), 10), '/')
	}
}

// Read returns the content of a file that the kernel makes in one piece, or
// that fits a page.
func (d Dir) Read(buf *Buffer, file File) ([]byte, error) {
	d.begin(buf)
	if file.isQuick() && d.dir.kernel {
		return d.dir.readQuickly(buf, file)
	}
	return d.dir.read(buf, file)
}

// ReadAll returns the content of a file that the kernel makes record by record:
// it comes in parts that do not fill the buffer, and takes a read for each. It
// calls next before each, and ends with the error of that.
func (d Dir) ReadAll(buf *Buffer, file File, next func() error) ([]byte, error) {
	d.begin(buf)
	return d.dir.readAll(buf, file, next)
}

// Stat returns the decoded stat of the process or thread. Its name is in the
// memory of buf.
func (d Dir) Stat(buf *Buffer) (procfs.Stat, error) {
	b, err := d.Read(buf, Stat)
	if err != nil {
		return procfs.Stat{}, err
	}
	return procfs.DecodeStat(b)
}

// Readlink returns the target of a link.
func (d Dir) Readlink(buf *Buffer, file File) ([]byte, error) {
	d.begin(buf)
	return d.dir.readlink(buf, file)
}

// Count returns the number of entries of a directory.
func (d Dir) Count(buf *Buffer, dir File) (int, error) {
	d.begin(buf)
	total := 0
	err := d.dir.list(buf, dir, func(entries []byte) error {
		n, err := procfs.CountEntries(entries, binary.NativeEndian)
		total += n
		return err
	})
	return total, err
}

// Size returns the size of a file (statx(2), Linux 4.11).
func (d Dir) Size(buf *Buffer, file File) (uint64, error) {
	d.begin(buf)
	return d.dir.size(buf, file)
}

// TIDs returns the IDs of the threads of the process, sorted. They are in the
// memory of buf until its next TIDs or Threads.
func (d Dir) TIDs(buf *Buffer) ([]int32, error) {
	d.tid = 0
	d.begin(buf)
	tids := buf.tids[:0]
	err := d.dir.list(buf, "task", func(entries []byte) error {
		var err error
		tids, err = procfs.AppendPIDs(tids, entries, binary.NativeEndian)
		return err
	})
	buf.tids = tids
	slices.Sort(tids)
	return tids, err
}

// Threads returns the decoded stat of each thread, with its ID for the PID, by
// ID. A thread that ends meanwhile is left out. An error ends the sequence.
func (d Dir) Threads(buf *Buffer) iter.Seq2[procfs.Stat, error] {
	return func(yield func(procfs.Stat, error) bool) {
		tids, err := d.TIDs(buf)
		if err != nil {
			yield(procfs.Stat{}, err)
			return
		}
		for _, tid := range tids {
			st, err := d.Thread(tid).Stat(buf)
			if errors.Is(err, unix.ENOENT) || errors.Is(err, unix.ESRCH) {
				continue
			}
			st.PID = tid
			if !yield(st, err) || err != nil {
				return
			}
		}
	}
}

// FileID identifies a file on a mounted file system.
type FileID struct {
	Dev, Inode uint64
	IsRegular  bool
}

func fileID(st *unix.Stat_t) FileID {
	return FileID{Dev: uint64(st.Dev), Inode: st.Ino, IsRegular: st.Mode&unix.S_IFMT == unix.S_IFREG}
}

// Lookup identifies the file that a link below the directory leads to.
func (d Dir) Lookup(buf *Buffer, link File) (FileID, error) {
	d.begin(buf)
	var st unix.Stat_t
	err := d.dir.stat(buf, link, &st, 0)
	return fileID(&st), err
}

// LookupPath identifies the file that has an absolute path in the root
// directory of the process, or else in that of the caller. It follows no link.
func (d Dir) LookupPath(buf *Buffer, path string) (FileID, error) {
	d.begin(buf)
	var st unix.Stat_t
	err := d.dir.stat(buf, File("root"+path), &st, unix.AT_SYMLINK_NOFOLLOW)
	if err != nil {
		err = unix.Lstat(path, &st)
	}
	return fileID(&st), err
}

// OpenFile opens a file below the directory for reading. It returns an errno.
func (d Dir) OpenFile(buf *Buffer, file File) (*os.File, error) {
	d.begin(buf)
	fd, err := d.dir.open(buf, file, 0)
	if err != nil {
		return nil, err
	}
	return os.NewFile(uintptr(fd), string(file)), nil
}

// Access returns how a file can be used that is open with these flags of
// open(2): not at all with O_PATH, or with the access mode 3.
func Access(flags uint32) OpenMode {
	mode := flags & unix.O_ACCMODE
	if flags&unix.O_PATH != 0 {
		return OpenMode{}
	}
	return OpenMode{
		Read:   mode == unix.O_RDONLY || mode == unix.O_RDWR,
		Write:  mode == unix.O_WRONLY || mode == unix.O_RDWR,
		Append: flags&unix.O_APPEND != 0 && (mode == unix.O_WRONLY || mode == unix.O_RDWR),
	}
}
