package cgroup

import "strings"

// Parts are the parts of the path of a cgroup. A part that it lacks is empty.
type Parts struct {
	// Unit and Slice are names of systemd units, escapes included, as
	// systemctl(1) shows them.
	Unit, Slice string
	// Container is an ID, or the name if the runtime has names only.
	Container string
	Runtime   string
	// Pod is a UID with hyphens.
	Pod string
}

// Runtimes of containers, as Kubernetes spells those it knows.
const (
	docker     = "docker"
	containerd = "containerd"
	crio       = "cri-o"
	podman     = "podman"
	lxc        = "lxc"
	nspawn     = "systemd-nspawn"
)

// Parse takes the path of a cgroup apart. It never fails: a path that no known
// program made has no parts. Unit and Slice are those of the machine's systemd, or
// of the manager of a user below that; Container and Pod are the innermost ones.
func Parse(path string) Parts {
	var p Parts
	p.setUnit(path)
	above := ""
	if strings.HasPrefix(path, "/..") {
		above = hidden
	}
	for name := range elements(path) {
		if pod := podOf(above, name); pod != "" {
			p.Pod = pod
		}
		if id, runtime := containerOf(above, name); id != "" {
			p.Container, p.Runtime = id, runtime
		}
		above = name
	}
	return p
}

// hidden stands for what is above a path that begins above the root of a cgroup
// namespace.
const hidden = ".."

// elements yields the names in path, without those that lead out of a cgroup
// namespace.
func elements(path string) func(yield func(string) bool) {
	return func(yield func(string) bool) {
		for name := range strings.SplitSeq(path, "/") {
			if name != "" && name != ".." && !yield(name) {
				return
			}
		}
	}
}

// setUnit follows the path as systemd does (cg_path_get_unit and
// cg_path_get_user_unit of its src/basic/cgroup-util.c): slices lead to a unit. The
// cgroups below a unit are not of systemd, unless the unit is the manager of a user:
// below that, slices lead to the units of the user.
func (p *Parts) setUnit(path string) {
	slice := ""
	for name := range elements(path) {
		name = strings.TrimPrefix(name, "_") // which systemd puts before a name that the kernel has a file of
		switch {
		case isUnit(name, ".slice"):
			slice = name
			if p.Unit == "" {
				p.Slice = slice
			}
			continue
		case !isUnit(name, ".service", ".scope", ".socket", ".mount", ".swap"),
			name == "init.scope" && p.Unit != "": // where the user's manager itself is
			return
		}
		p.Unit, p.Slice = name, slice
		if !strings.HasPrefix(name, "user@") {
			return
		}
	}
}

// isUnit reports whether name is that of a unit of one of the types.
func isUnit(name string, types ...string) bool {
	for _, t := range types {
		if len(name) > len(t) && strings.HasSuffix(name, t) {
			return true
		}
	}
	return false
}

// podOf returns the UID of the pod whose cgroup has that name:
// kubepods-burstable-podUID.slice with underscores in the UID, podUID below
// kubepods or a class of it; or the ID of a pod of podman.
func podOf(above, name string) string {
	name, _, _ = strings.Cut(name, ":") // containerd makes SLICE:PREFIX:ID of names of systemd
	slice, isSlice := strings.CutSuffix(name, ".slice")
	if isSlice {
		if _, id, ok := strings.Cut(slice, "libpod_pod_"); ok && isID(id) {
			return id
		}
		at := strings.LastIndex(slice, "-pod")
		if at < 0 {
			return ""
		}
		return podUID(strings.ReplaceAll(slice[at+len("-pod"):], "_", "-"))
	}
	uid, ok := strings.CutPrefix(name, "pod")
	if !ok || above != hidden && above != "kubepods" && above != "burstable" && above != "besteffort" && above != "guaranteed" {
		return ""
	}
	return podUID(uid)
}

// podUID returns uid if it is one: a UUID, or the hash of a manifest file.
func podUID(uid string) string {
	if len(uid) != 32 && len(uid) != 36 || strings.Trim(uid, "0123456789abcdef-") != "" {
		return ""
	}
	return uid
}

// isID reports whether id is a random one, as runtimes of OCI containers make.
func isID(id string) bool {
	return len(id) == 64 && strings.Trim(id, "0123456789abcdef") == ""
}

// prefixes are those of scopes and directories of one container. The monitor of
// a container (libpod-conmon-ID, crio-conmon-ID) is not in it.
var prefixes = [...]struct{ prefix, runtime string }{
	{"docker-", docker},
	{"cri-containerd-", containerd},
	{"nerdctl-", containerd},
	{"crio-", crio},
	{"libpod-", podman},
	{"libpod-payload-", podman}, // below a service, with --cgroups=split
}

// containerOf returns the container whose cgroup is name below above.
func containerOf(above, name string) (id, runtime string) {
	if isID(name) {
		return name, runtimeAbove(above)
	}
	// SLICE:PREFIX:ID
	if before, id, ok := cutLast(name, ":"); ok && isID(id) {
		_, prefix, _ := cutLast(before, ":")
		return id, runtimeOf(prefix + "-")
	}
	base := strings.TrimSuffix(name, ".scope")
	if before, id, ok := cutLast(base, "-"); ok && isID(id) {
		if runtime := runtimeOf(before + "-"); runtime != "" {
			return id, runtime
		}
	}
	return namedContainer(above, name)
}

// runtimeOf returns the runtime that has the prefix, or "".
func runtimeOf(prefix string) string {
	for _, p := range &prefixes {
		if p.prefix == prefix {
			return p.runtime
		}
	}
	return ""
}

// runtimeAbove returns the runtime that keeps its containers in a cgroup of that
// name, or "": each runtime keeps containers below the cgroup of a pod.
func runtimeAbove(above string) string {
	switch above {
	case "docker":
		return docker
	case "k8s.io", "default": // namespaces of containerd
		return containerd
	}
	return ""
}

// namedContainer returns the container of a runtime whose containers have names.
// The monitor of LXC (lxc.monitor.NAME) is not in the container, and a virtual
// machine (machine-qemu) is no container.
func namedContainer(above, name string) (id, runtime string) {
	if id, ok := strings.CutPrefix(name, "lxc.payload."); ok {
		return id, lxc
	}
	if above == "lxc" || above == "lxc.payload" {
		return name, lxc
	}
	if id, ok := cutBoth(name, "systemd-nspawn@", ".service"); ok {
		return unescape(id), nspawn
	}
	if id, ok := cutBoth(name, "machine-", ".scope"); ok && !strings.HasPrefix(id, `qemu\x2d`) {
		return unescape(id), nspawn
	}
	return "", ""
}

// unescape undoes what systemd-escape(1) does to a name.
func unescape(name string) string {
	if !strings.Contains(name, `\x`) {
		return name
	}
	var b strings.Builder
	for i := 0; i < len(name); i++ {
		if rest := name[i:]; len(rest) >= 4 && rest[0] == '\\' && rest[1] == 'x' {
			high, low := hexDigit(rest[2]), hexDigit(rest[3])
			if high >= 0 && low >= 0 {
				b.WriteByte(byte(high<<4 | low))
				i += 3
				continue
			}
		}
		b.WriteByte(name[i])
	}
	return b.String()
}

// hexDigit returns the value of c, or -1.
func hexDigit(c byte) int { return strings.IndexByte("0123456789abcdef", c) }

// cutLast is strings.Cut at the last sep.
func cutLast(s, sep string) (before, after string, found bool) {
	at := strings.LastIndex(s, sep)
	if at < 0 {
		return s, "", false
	}
	return s[:at], s[at+len(sep):], true
}

// cutBoth cuts prefix and suffix, if s has both and something between.
func cutBoth(s, prefix, suffix string) (string, bool) {
	if len(s) <= len(prefix)+len(suffix) || !strings.HasPrefix(s, prefix) || !strings.HasSuffix(s, suffix) {
		return "", false
	}
	return s[len(prefix) : len(s)-len(suffix)], true
}
