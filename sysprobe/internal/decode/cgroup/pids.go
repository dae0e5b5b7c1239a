package cgroup

import (
	"bytes"

	"telegraf-sysprobe/sysprobe/internal/decode"
)

// DecodePIDs reads from /proc/PID/cgroup the path of the cgroup that counts and
// limits processes, and whether that is in the hierarchy of the controller pids;
// without one it is in the unified hierarchy. A removed cgroup limits nothing any
// more; its mark stays part of the path. The error wraps
// decode.ErrMalformed.
func DecodePIDs(b []byte) (path string, controller bool, err error) {
	for line := range bytes.Lines(b) {
		_, rest, _ := bytes.Cut(bytes.TrimSuffix(line, []byte{'\n'}), []byte{':'})
		names, value, _ := bytes.Cut(rest, []byte{':'})
		if len(value) == 0 || value[0] != '/' {
			continue
		}
		for name := range bytes.SplitSeq(names, []byte{','}) {
			if string(name) == "pids" {
				return string(value), true, nil
			}
		}
		if len(names) == 0 {
			path = string(value)
		}
	}
	if path == "" {
		return "", false, &decode.Error{Format: "proc cgroup", Offset: len(b), Reason: "want the controller pids or the unified hierarchy"}
	}
	return path, false, nil
}
