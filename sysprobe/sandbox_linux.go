package sysprobe

import (
	"os"
	"path/filepath"
	"slices"
	"strings"

	"telegraf-sysprobe/sysprobe/internal/decode/procfs"
	"telegraf-sysprobe/sysprobe/internal/sys/caps"
	"telegraf-sysprobe/sysprobe/internal/sys/procdir"
	"telegraf-sysprobe/sysprobe/internal/sys/regular"
	"telegraf-sysprobe/sysprobe/internal/sys/sysinfo"
)

// sandboxClient asks for the rights of this process.
type sandboxClient struct{}

func (sandboxClient) read(cfg Config) (Sandbox, error) {
	const op, self = "read sandbox", "/proc/self"
	status := filepath.Join(self, "status")
	b, err := procdir.ReadFile(status)
	if err != nil {
		return Sandbox{}, opError(op, status, err)
	}
	rights, err := procfs.DecodeSandbox(b)
	if err != nil {
		return Sandbox{}, opError(op, status, err)
	}
	s := Sandbox{
		Effective: capabilityNames(rights.Effective), Bounding: capabilityNames(rights.Bounding), NoNewPrivileges: rights.NoNewPrivileges,
		Seccomp: "filter", Namespaces: namespacesOf(self, cfg.ProcRoot),
	}
	if modes := []string{"off", "strict"}; rights.Seccomp < uint64(len(modes)) {
		s.Seccomp = modes[rights.Seccomp]
	}
	if s.Kernel, err = sysinfo.Release(); err != nil {
		return Sandbox{}, opError(op, "", err)
	}
	_, err = os.Stat(filepath.Join(cfg.SysRoot, "kernel/btf/vmlinux"))
	s.BTF = err == nil
	s.setMount(filepath.Join(self, "mountinfo"), cfg.ProcRoot)
	s.Container = containerOf(cfg.RunRoot, s.Namespaces)
	return s, nil
}

// capabilityNames returns the names of a set of capabilities.
func capabilityNames(set uint64) []string {
	if set == 0 {
		return nil
	}
	return strings.Split(caps.Set(set).String(), ",")
}

// setMount sets the mount options of proc(5) at root.
func (s *Sandbox) setMount(mountInfo, root string) {
	b, err := procdir.ReadFile(mountInfo)
	if err != nil {
		return
	}
	options, found := procfs.FindMount(b, filepath.Clean(root), "proc")
	if !found {
		return
	}
	s.HidePID, s.Subset = Some(""), Some("")
	for option := range strings.SplitSeq(options, ",") {
		name, value, _ := strings.Cut(option, "=")
		switch {
		case name == "hidepid" && value != "0" && value != "off":
			s.HidePID = Some(value)
		case name == "subset":
			s.Subset = Some(value)
		}
	}
}

// initialNamespaces are the numbers of the namespaces that a machine starts with
// (include/linux/proc_ns.h). Of "mnt" and "net" older kernels take the next number.
var initialNamespaces = map[string]string{
	"cgroup": "4026531835", "ipc": "4026531839", "mnt": "4026531832", "net": "4026531833",
	"pid": "4026531836", "time": "4026531834", "user": "4026531837", "uts": "4026531838",
}

// namespacesOf returns the namespaces of the process whose directory in proc(5) is
// self, compared with those of the first processes below root.
func namespacesOf(self, root string) []Namespace {
	var all []Namespace
	for kind, initial := range initialNamespaces {
		name, err := os.Readlink(filepath.Join(self, "ns", kind))
		if err != nil {
			continue // the kernel has none
		}
		n := Namespace{Kind: kind}
		switch {
		case name == kind+":["+initial+"]":
			n.OfMachine = Some(true)
		case kind == "mnt" || kind == "net":
			n.OfMachine = isOfFirst(root, kind, name)
		default:
			n.OfMachine = Some(false)
		}
		all = append(all, n)
	}
	slices.SortFunc(all, func(a, b Namespace) int { return strings.Compare(a.Kind, b.Kind) })
	return all
}

// isOfFirst reports whether the first kernel thread or process 1, whichever can be
// asked, is in the namespace of that kind and name; absent where neither can, or where
// root shows them of another PID namespace than the machine's.
func isOfFirst(root, kind, name string) (is Opt[bool]) {
	for _, pid := range []string{"2", "1"} {
		ns := filepath.Join(root, pid, "ns")
		initial, err := os.Readlink(filepath.Join(ns, "pid"))
		if err != nil || initial != initialPIDNamespace {
			continue
		}
		if other, err := os.Readlink(filepath.Join(ns, kind)); err == nil {
			return Some(other == name)
		}
	}
	return is
}

// containerOf returns which kind of container left its mark, unless all namespaces
// are those of the machine: images of machines have such marks too.
func containerOf(run string, namespaces []Namespace) string {
	if !slices.ContainsFunc(namespaces, func(n Namespace) bool { return n.Kind != "mnt" && !n.OfMachine.Or(true) }) {
		return ""
	}
	if b, err := regular.ReadFile(filepath.Join(run, "systemd/container")); err == nil {
		return strings.TrimSpace(string(b))
	}
	for _, mark := range []struct{ file, runtime string }{{"/.dockerenv", "docker"}, {filepath.Join(run, ".containerenv"), "podman"}} {
		if _, err := os.Stat(mark.file); err == nil {
			return mark.runtime
		}
	}
	return ""
}
