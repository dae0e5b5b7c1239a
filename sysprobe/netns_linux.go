//go:build linux

package sysprobe

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"

	"golang.org/x/sys/unix"
)

// netNSDir is where ip-netns(8) mounts the namespaces that it names.
const netNSDir = "/run/netns"

// netNSPath is the file of a network namespace: name is a path, or what
// ip-netns(8) calls it, or empty.
func netNSPath(name string) string {
	if name == "" || filepath.IsAbs(name) {
		return name
	}
	return filepath.Join(netNSDir, name)
}

func namedNetNS() ([]string, error) {
	entries, err := os.ReadDir(netNSDir) // sorted
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, opError("list network namespaces", netNSDir, err)
	}
	var paths []string
	for _, entry := range entries {
		path := filepath.Join(netNSDir, entry.Name())
		// The file is made before the namespace is mounted on it, and removed
		// after that was unmounted.
		var mount unix.Statfs_t
		if unix.Statfs(path, &mount) == nil && int64(mount.Type) == unix.NSFS_MAGIC {
			paths = append(paths, path)
		}
	}
	return paths, nil
}

func mayEnterNetNS() error {
	effective, err := ownCapabilities()
	if err == nil && effective&(1<<unix.CAP_SYS_ADMIN) == 0 {
		err = ErrAccessDenied
	}
	return opError("enter other network namespaces", "", err)
}
