package sysprobe

// Sandbox is what this process is allowed to see of the machine, as far as the kernel
// tells it: what explains a fact that is absent.
type Sandbox struct {
	// Kernel is the release of the kernel, such as 6.1.0-44-amd64.
	Kernel string
	// BTF says that the kernel describes its types in /sys/kernel/btf, which
	// [BackendBPF] needs.
	BTF bool
	// Effective are the names of the capabilities that this process can use, such as
	// CAP_BPF, and Bounding of those that a program it executes can have at most, in
	// the order of their numbers.
	Effective, Bounding []string
	// NoNewPrivileges says that the file capabilities of a program have no effect
	// (NoNewPrivileges= of systemd).
	NoNewPrivileges bool
	// Seccomp is "off", "strict", or "filter" where some system calls can be refused
	// (SystemCallFilter= and RestrictAddressFamilies= of systemd).
	Seccomp string
	// HidePID and Subset are these mount options of proc(5) at Config.ProcRoot, such
	// as "invisible" and "pid" (ProtectProc= and ProcSubset= of systemd); empty where
	// it is mounted without them, absent where it is no mount.
	HidePID, Subset Opt[string]
	// Namespaces are those that this process is in, sorted by Kind.
	Namespaces []Namespace
	// Container is what this process is in: "docker", "podman" or the name that
	// systemd knows; empty where nothing shows a container.
	Container string
}

// Namespace is a namespace of this process (namespaces(7)).
type Namespace struct {
	// Kind is "cgroup", "ipc", "mnt", "net", "pid", "time", "user" or "uts".
	Kind string
	// OfMachine says that it is the one that the machine started with; absent where
	// this user cannot find out, as without CAP_SYS_PTRACE of "mnt" and "net".
	OfMachine Opt[bool]
}

// ReadSandbox returns what keeps facts from this process, or could. A nil c means
// defaults. It needs no privilege. It returns an error that wraps [ErrNotSupported]
// on another system than Linux, and fs.ErrNotExist or [ErrMalformed] where
// /proc/self/status cannot be read.
//
// Source: /proc/self/status, mountinfo and ns, uname(2).
func ReadSandbox(c *Config) (Sandbox, error) { return configured(c, sandboxClient{}.read) }

// unsupportedSandbox is the client of a system that has none.
type unsupportedSandbox struct{}

func (unsupportedSandbox) read(Config) (Sandbox, error) {
	return Sandbox{}, opError("read sandbox", "", ErrNotSupported)
}
