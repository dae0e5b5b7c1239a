// Package netns finds, watches and enters the network namespaces that have a
// name (network_namespaces(7), ip-netns(8)).
package netns

import "path/filepath"

// Dir is where ip-netns(8) mounts the namespaces that it names.
const Dir = "/run/netns"

// Path returns the file of a network namespace. The name is a path, which is
// returned as it is, the name that ip-netns(8) gave, or empty for the caller's
// own namespace, as is then the path.
func Path(name string) string {
	if name == "" || filepath.IsAbs(name) {
		return name
	}
	return filepath.Join(Dir, name)
}

// Identity identifies a namespace while it exists: the kernel gives the inode of
// one that is gone to another one (ns_alloc_inum of kernel/nsproxy.c).
type Identity struct{ Device, Inode uint64 }
