package sysprobe

import (
	"strings"

	"telegraf-sysprobe/sysprobe/internal/decode/cgroup"
)

// Origin is the unit, container and pod that a process belongs to, as far as the
// name of its cgroup shows (cgroups(7)); it takes no question to a daemon. What the
// name does not show is empty. For all processes of one cgroup a handle returns the
// same *Origin, and never changes it.
type Origin struct {
	// Cgroup is the path of the cgroup below the root of its hierarchy, or
	// below that of the caller's cgroup namespace; then it can begin with "/..".
	// It is that of systemd's hierarchy or of the unified one; if both have the
	// process in the root, that of a controller.
	Cgroup string
	// Unit is the systemd unit and Slice the innermost slice it is in, named as
	// in systemctl(1): ssh.service in system.slice, session-3.scope in
	// user-1000.slice. A user's own units count (foo.service in app.slice), a
	// container's do not.
	Unit, Slice string
	// Container is the ID of the innermost container, or its name if the
	// runtime has only names; on FreeBSD the name of the jail. The processes
	// that watch over a container are not in it.
	Container string
	// Runtime is "docker", "containerd", "cri-o", "podman", "lxc",
	// "systemd-nspawn" or "jail"; empty if the name does not show it, as that of
	// a pod without systemd.
	Runtime string
	// Pod is the UID of the Kubernetes pod, or the ID of a pod of podman.
	Pod string
}

// ParseOrigin takes the path of a cgroup apart. It never fails.
func ParseOrigin(cgroupPath string) Origin {
	cgroupPath = strings.TrimSuffix(cgroupPath, " (deleted)")
	parts := cgroup.Parse(cgroupPath)
	return Origin{
		Cgroup: cgroupPath, Unit: parts.Unit, Slice: parts.Slice,
		Container: parts.Container, Runtime: parts.Runtime, Pod: parts.Pod,
	}
}
