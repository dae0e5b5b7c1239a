package plugintest

import (
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"testing"
)

// ofProcess matches the names of descriptors of one process, of its files, and of a
// cgroup below the root.
const ofProcess = `^(anon_inode:\[pidfd\]|pidfd:.*|/proc/\d+(/.*)?|/sys/fs/cgroup/.+)$`

// Held returns what this process has open of processes and cgroups, sorted: what
// names a process or a cgroup keeps it from ending for good. The Go runtime has
// files of its own cgroup open. It is for Linux.
func Held(tb testing.TB) []string {
	tb.Helper()
	entries, err := os.ReadDir("/proc/self/fd")
	if err != nil {
		tb.Fatal(err)
	}
	pattern := regexp.MustCompile(ofProcess)
	var held []string
	for _, entry := range entries {
		name, err := os.Readlink(filepath.Join("/proc/self/fd", entry.Name()))
		if err == nil && pattern.MatchString(name) && filepath.Base(name) != "fd" { // the directory that is being read
			held = append(held, name)
		}
	}
	slices.Sort(held)
	return held
}
