// Package cgroup decodes /proc/PID/cgroup (cgroups(7)) and the names that
// systemd and container runtimes give to cgroups.
package cgroup

import (
	"bytes"

	"telegraf-sysprobe/sysprobe/internal/decode"
)

// File is /proc/PID/cgroup.
type File struct {
	// Path is the path that shows most of where the process belongs, and points
	// into the decoded slice; nil if the process is in no hierarchy.
	Path []byte
	// UnifiedOnly says that the unified hierarchy is the only one, so that the
	// ID of a cgroup in it stands for all that can be known.
	UnifiedOnly bool
}

// Decode reads /proc/PID/cgroup, lines of "ID:CONTROLLERS:PATH". A machine has
// the unified hierarchy (0::PATH), a hierarchy of each controller, or both. The
// path that counts is the first one that is not the root: of systemd's own
// hierarchy, which has all units; of the unified one, if that is not systemd's; of
// a controller. The mark of a cgroup that was removed is cut off.
// The error wraps decode.ErrMalformed.
func Decode(b []byte) (File, error) {
	f := File{UnifiedOnly: len(b) > 0}
	best := rankNone
	for off := 0; off < len(b); {
		line := b[off:]
		if end := bytes.IndexByte(line, '\n'); end >= 0 {
			line = line[:end]
		}
		_, rest, ok := bytes.Cut(line, []byte{':'})
		controllers, path, found := bytes.Cut(rest, []byte{':'})
		if !ok || !found || len(path) == 0 || path[0] != '/' {
			return File{}, &decode.Error{Format: "proc cgroup", Offset: off, Reason: "want a line ID:CONTROLLERS:/PATH"}
		}
		f.UnifiedOnly = f.UnifiedOnly && len(controllers) == 0
		path = bytes.TrimSuffix(path, []byte(" (deleted)"))
		if r := rank(controllers, path); r < best {
			best, f.Path = r, path
		}
		off += len(line) + 1
	}
	return f, nil
}

// The ranks of hierarchies: the path of the lowest rank counts. A process that was
// never moved is in the root of each.
const (
	rankSystemd = iota
	rankUnified
	rankMemory
	rankPIDs
	rankCPU
	rankOther
	rankRoot
	rankNone
)

func rank(controllers, path []byte) int {
	if len(path) == 1 {
		return rankRoot
	}
	switch string(controllers) {
	case "name=systemd":
		return rankSystemd
	case "":
		return rankUnified
	case "memory":
		return rankMemory
	case "pids":
		return rankPIDs
	case "cpu", "cpu,cpuacct", "cpuacct,cpu":
		return rankCPU
	}
	return rankOther
}
