package cgroupfs

import (
	"encoding/binary"
	"errors"
	"os"
	"path/filepath"
	"strconv"
	"strings"

	"golang.org/x/sys/unix"
)

// fileIDKernFS is FILEID_KERNFS of include/linux/exports.h: a handle of the
// number of a node (Linux 5.5).
const fileIDKernFS = 0xfe

// RootID is the ID of the root of the hierarchy, which the kernel makes first
// (cgroup_setup_root of kernel/cgroup/cgroup.c).
const RootID = 1

// Path returns the path, below the root of the hierarchy, of the cgroup with that
// ID. The hierarchy is the one that is mounted below sysRoot, where sysfs(5) is.
// It needs CAP_DAC_READ_SEARCH (open_by_handle_at(2)). It returns an errno: ESTALE
// if there is no such cgroup, ENODEV if the hierarchy is not mounted there.
func Path(sysRoot string, id uint64) (string, error) {
	err := error(unix.ENODEV)
	for _, dir := range []string{"fs/cgroup", "fs/cgroup/unified"} {
		mount, openErr := unix.Open(filepath.Join(sysRoot, dir), unix.O_RDONLY|unix.O_DIRECTORY|unix.O_CLOEXEC, 0)
		if openErr != nil {
			continue
		}
		var path string
		path, err = pathBelow(mount, id)
		unix.Close(mount) //nolint:errcheck // nothing was written
		if err == nil {
			return path, nil
		}
	}
	return "", err
}

// pathBelow returns the path of a cgroup below the mount that is open.
func pathBelow(mount int, id uint64) (string, error) {
	var fs unix.Statfs_t
	if err := unix.Fstatfs(mount, &fs); err != nil {
		return "", err
	}
	if int64(fs.Type) != unix.CGROUP2_SUPER_MAGIC {
		return "", unix.ENODEV
	}
	handle := unix.NewFileHandle(fileIDKernFS, binary.NativeEndian.AppendUint64(nil, id))
	fd, err := unix.OpenByHandleAt(mount, handle, unix.O_PATH|unix.O_CLOEXEC)
	if err != nil {
		return "", err
	}
	path, err := os.Readlink("/proc/self/fd/" + strconv.Itoa(fd))
	unix.Close(fd) //nolint:errcheck // nothing was written
	root, rootErr := os.Readlink("/proc/self/fd/" + strconv.Itoa(mount))
	if err := errors.Join(err, rootErr); err != nil {
		return "", err
	}
	below, ok := strings.CutPrefix(path, root)
	if !ok || below != "" && below[0] != '/' {
		return "", unix.EXDEV
	}
	return "/" + strings.TrimPrefix(below, "/"), nil
}
