package sysprobe

import (
	"encoding/binary"
	"errors"
	"slices"
	"strconv"

	"golang.org/x/sys/unix"

	"telegraf-sysprobe/sysprobe/internal/decode/procfs"
)

func (c *processClient) openFiles() ([]OpenFile, error) {
	return askAlso(c, "read open files of process", func() ([]OpenFile, error) {
		fds, err := c.fds()
		if err != nil {
			return nil, err
		}
		var files []OpenFile
		for _, fd := range fds {
			file, err := c.openFile(fd)
			switch {
			case err == nil:
				files = append(files, file)
			case !errors.Is(err, errNothing):
				return nil, err
			}
		}
		return files, nil
	})
}

// fds lists the open descriptors of the process in order. It tells a process
// without any from one that has died.
func (c *processClient) fds() ([]int32, error) {
	var fds []int32
	err := c.list("fd", func(entries []byte) error {
		var err error
		fds, err = procfs.AppendFDs(fds, entries, binary.NativeEndian)
		return err
	})
	if err == nil && len(fds) == 0 {
		err = errNothing
	}
	slices.Sort(fds)
	return fds, err
}

// list calls f with the entries of a directory of the process, a part at a
// time.
func (c *processClient) list(name string, f func(entries []byte) error) error {
	if c.dir.entries == nil {
		c.dir.entries = make([]byte, 8<<10)
	}
	return c.file(name).list(f)
}

// openFile looks at an open descriptor. What is no regular file under a path,
// was closed meanwhile, or has a path too long for the kernel to tell, is
// errNothing.
func (c *processClient) openFile(fd int32) (OpenFile, error) {
	name := "fd/" + strconv.Itoa(int(fd))
	path, err := c.link(name)
	switch {
	case errors.Is(err, unix.ENAMETOOLONG), isGone(err):
		return OpenFile{}, errNothing
	case err != nil:
		return OpenFile{}, err
	case path.Deleted || path.Path == "" || path.Path[0] != '/':
		return OpenFile{}, errNothing
	}
	var st unix.Stat_t
	if err := unix.Fstatat(c.dir.fd, c.thread+name, &st, 0); err != nil || st.Mode&unix.S_IFMT != unix.S_IFREG {
		return OpenFile{}, errNothing
	}
	b, err := c.file("fdinfo/" + strconv.Itoa(int(fd))).read()
	if isGone(err) {
		return OpenFile{}, errNothing
	}
	if err != nil {
		return OpenFile{}, err
	}
	info, err := procfs.DecodeFDInfo(b)
	if err != nil {
		return OpenFile{}, err
	}
	return OpenFile{FD: fd, Path: path.Path, Position: info.Position, Mode: openMode(info.Flags), Flags: info.Flags}, nil
}

// openMode is how a file with these flags can be used.
func openMode(flags uint32) string {
	if flags&unix.O_PATH != 0 {
		return ""
	}
	appends := flags&unix.O_APPEND != 0
	switch access := flags & unix.O_ACCMODE; {
	case access == unix.O_RDONLY:
		return "r"
	case access == unix.O_WRONLY && appends:
		return "a"
	case access == unix.O_WRONLY:
		return "w"
	case access == unix.O_RDWR && appends:
		return "a+"
	case access == unix.O_RDWR:
		return "r+"
	default:
		return ""
	}
}
