//go:build linux

package sysprobe

import (
	"encoding/binary"
	"errors"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"golang.org/x/sys/unix"

	"telegraf-sysprobe/sysprobe/internal/decode/cgroup"
)

// beginOrigins looks which hierarchies there are: every process has the same
// ones.
func (c *procsClient) beginOrigins() {
	b, err := c.dir.top("self/cgroup").read()
	var file cgroup.File
	if err == nil {
		file, _ = cgroup.Decode(b) //nolint:errcheck // each process is asked then
	}
	c.origins.begin(file)
}

// origin reads where p belongs. Old is as in fill.
func (r *procReader) origin(p, old *Proc, sw *sweep) *Origin {
	var before *Origin
	if old != nil && old.ID == p.ID {
		before = old.Origin
	}
	path, err := r.cgroupPath(p.ID.PID)
	switch {
	case err != nil:
		sw.missed(err)
		return before
	case before != nil && p.State == StateZombie && len(path) == 1:
		return before // the hierarchies of controllers show the dead in the root
	}
	return r.origins.of(path)
}

// cgroupPath returns the path of a process, valid until the next read.
func (r *procReader) cgroupPath(pid int32) ([]byte, error) {
	b, err := r.dir.of(pid, "cgroup").read()
	if err != nil {
		return nil, err
	}
	file, err := cgroup.Decode(b)
	return file.Path, err
}

// taskOrigin is origin for a row made by BPF, which knows the ID of the cgroup.
// Where that stands for the cgroup, one process of it is asked. Elsewhere each
// is, and again when it executes a program, which is what comes after it was
// put into its cgroup, when its ID changes, and each minute.
func (c *procsClient) taskOrigin(p, old *Proc, sw *sweep) *Origin {
	task := &p.Task.value
	if c.origins.idsSuffice() {
		return c.cgroupOrigin(p.ID.PID, task.CgroupID, sw)
	}
	if old != nil && old.Origin != nil && !sw.isDue(p.ID.PID) {
		if before, known := old.Task.Get(); known && before.CgroupID == task.CgroupID && before.ExecID == task.ExecID {
			return old.Origin
		}
	}
	return c.origin(p, old, sw)
}

// cgroupOrigin returns the Origin of the cgroup with that ID, which pid is in.
// Where proc(5) hides that process, the file system of cgroups may tell.
func (c *procsClient) cgroupOrigin(pid int32, id uint64, sw *sweep) *Origin {
	origin, read := c.origins.find(id)
	if !read {
		return origin
	}
	path, err := c.cgroupPath(pid)
	if err != nil && origin == nil {
		sw.missed(err)
		path = c.cgroups.path(id)
	}
	return c.origins.learn(id, path)
}

// originsAge is how long the cgroup of a process is believed where its ID does
// not stand for it.
const originsAge = time.Minute

// isDue reports that a process is to be asked again for its cgroup: each has
// its second of originsAge, and each sweep those since the one before.
func (sw *sweep) isDue(pid int32) bool {
	const seconds = uint32(originsAge / time.Second)
	return (sw.second%seconds+seconds-uint32(pid)%seconds)%seconds < sw.seconds
}

// originOf implements Procs.OriginOf.
func (c *procsClient) originOf(id uint64) *Origin {
	if origin, _ := c.origins.find(id); origin != nil {
		return origin
	}
	path := c.cgroups.path(id)
	if path == nil || len(path) == 1 && !c.origins.idsSuffice() {
		return nil
	}
	return c.origins.learn(id, path)
}

// cgroupTree is a mount of the unified hierarchy.
type cgroupTree struct{ root string }

// fileIDKernFS is FILEID_KERNFS of include/linux/exports.h: a handle of the
// number of a node (Linux 5.5).
const fileIDKernFS = 0xfe

// path returns the path of the cgroup with that ID, or nil: where there is no
// such cgroup, or not CAP_DAC_READ_SEARCH, which open_by_handle_at(2) needs.
func (t *cgroupTree) path(id uint64) []byte {
	for _, dir := range []string{"fs/cgroup", "fs/cgroup/unified"} {
		mount, err := unix.Open(filepath.Join(t.root, dir), unix.O_RDONLY|unix.O_DIRECTORY|unix.O_CLOEXEC, 0)
		if err != nil {
			continue
		}
		path, err := pathByID(mount, id)
		unix.Close(mount) //nolint:errcheck // nothing was written
		if err == nil {
			return path
		}
	}
	return nil
}

// pathByID returns the path of a cgroup below the mount that is open.
func pathByID(mount int, id uint64) ([]byte, error) {
	var fs unix.Statfs_t
	if err := unix.Fstatfs(mount, &fs); err != nil {
		return nil, err
	}
	if int64(fs.Type) != unix.CGROUP2_SUPER_MAGIC {
		return nil, unix.ENODEV
	}
	handle := unix.NewFileHandle(fileIDKernFS, binary.NativeEndian.AppendUint64(nil, id))
	fd, err := unix.OpenByHandleAt(mount, handle, unix.O_PATH|unix.O_CLOEXEC)
	if err != nil {
		return nil, err
	}
	path, err := os.Readlink("/proc/self/fd/" + strconv.Itoa(fd))
	unix.Close(fd) //nolint:errcheck // nothing was written
	root, rootErr := os.Readlink("/proc/self/fd/" + strconv.Itoa(mount))
	if err := errors.Join(err, rootErr); err != nil {
		return nil, err
	}
	below, ok := strings.CutPrefix(path, root)
	if !ok || below != "" && below[0] != '/' {
		return nil, unix.EXDEV
	}
	return []byte("/" + strings.TrimPrefix(below, "/")), nil
}
