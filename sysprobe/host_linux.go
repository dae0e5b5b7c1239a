package sysprobe

import (
	"errors"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"

	"telegraf-sysprobe/sysprobe/internal/decode/cgroup"
	"telegraf-sysprobe/sysprobe/internal/decode/procfs"
	"telegraf-sysprobe/sysprobe/internal/sys/procdir"
	"telegraf-sysprobe/sysprobe/internal/sys/sysinfo"
)

// hostClient reads the machine from proc(5), sysfs(5) and cgroups(7).
type hostClient struct{}

func (hostClient) read(cfg Config) (Host, error) {
	if _, err := os.Stat(cfg.ProcRoot); err != nil {
		return Host{}, opError("read host", cfg.ProcRoot, err)
	}
	r := hostReader{root: cfg.ProcRoot}
	host := Host{
		MemTotal:     r.memTotal(),
		PIDMax:       r.fact(procfs.DecodeNumber, "sys/kernel/pid_max"),
		ThreadsMax:   r.fact(procfs.DecodeNumber, "sys/kernel/threads-max"),
		LimitedAbove: r.isLimitedAbove(),
		CgroupPIDs:   cgroupPIDs(cfg),
	}
	host.Missing = errors.Join(r.missing...)
	return host, nil
}

// readHostFile reads a file below the root of proc(5) and decodes it.
func readHostFile[T any](cfg Config, op, name string, decode func([]byte) (T, error)) (T, error) {
	file := filepath.Join(cfg.ProcRoot, name)
	b, err := procdir.ReadFile(file)
	if err != nil {
		var zero T
		return zero, opError(op, file, err)
	}
	v, err := decode(b)
	return v, opError(op, file, err)
}

// hostReader reads facts of the machine from proc(5), and collects why it could not.
type hostReader struct {
	root    string
	missing []error
}

// fact reads the number of a file; it is absent if that cannot be had.
func (r *hostReader) fact(decode func([]byte) (uint64, error), name string) Opt[uint64] {
	file := filepath.Join(r.root, name)
	b, err := procdir.ReadFile(file)
	if err != nil {
		r.missing = append(r.missing, opError("read host", file, err))
		return Opt[uint64]{}
	}
	n, err := decode(b)
	if err != nil {
		r.missing = append(r.missing, opError("read host", file, err))
	}
	return someIf(n, err == nil)
}

// memTotal reads the memory of the machine. Of the running kernel it is known where
// proc(5) is mounted without the file, too.
func (r *hostReader) memTotal() Opt[uint64] {
	before := len(r.missing)
	total := r.fact(procfs.DecodeMemTotal, "meminfo")
	if total.Known() || !procdir.IsMount(r.root) {
		return total
	}
	memory, err := sysinfo.Memory()
	if err == nil {
		r.missing = r.missing[:before]
	}
	return someIf(memory, err == nil)
}

// initialPIDNamespace is the name of the PID namespace of the machine:
// PROC_PID_INIT_INO of include/linux/proc_ns.h.
const initialPIDNamespace = "pid:[4026531836]"

// isLimitedAbove implements Host.LimitedAbove. The kernel shows the pid_max of the
// namespace of the process that reads, of whichever mount it reads it.
func (r *hostReader) isLimitedAbove() bool {
	namespace, err := os.Readlink(filepath.Join(r.root, "self/ns/pid"))
	if err != nil || namespace == initialPIDNamespace {
		return false
	}
	b, err := procdir.ReadFile(filepath.Join(r.root, "sys/kernel/osrelease"))
	if err != nil {
		return false // pid_max is not known either
	}
	major, minor, err := procfs.DecodeRelease(b)
	return err == nil && (major > 6 || major == 6 && minor >= 14)
}

func (hostClient) cgroupPIDs(cfg Config, pid int32) (Opt[PIDUse], error) {
	name := strconv.Itoa(int(pid))
	if pid < 0 {
		return Opt[PIDUse]{}, opError("read limit of cgroup", name, fs.ErrInvalid)
	}
	cgroup, err := pidsCgroup(cfg, name)
	switch {
	case errors.Is(err, fs.ErrNotExist), errors.Is(err, syscall.ESRCH):
		return Opt[PIDUse]{}, opError("read limit of cgroup", name, ErrNoSuchProcess)
	case err != nil:
		return Opt[PIDUse]{}, opError("read limit of cgroup", name, err)
	}
	return cgroup.tightest(), nil
}

// cgroupPIDs looks for the tightest limit among the cgroups that hold both process
// 1 and this one: the limits of the service that this process belongs to are not
// those of other processes.
func cgroupPIDs(cfg Config) (tightest Opt[PIDUse]) {
	first, err := pidsCgroup(cfg, "1")
	if err != nil {
		return tightest
	}
	common := first.path
	if own, err := pidsCgroup(cfg, "self"); err == nil { // not there in another PID namespace
		for common != "/" && own.path != common && !strings.HasPrefix(own.path, common+"/") {
			common = path.Dir(common)
		}
	}
	return cgroupDir{first.mount, common}.tightest()
}

// cgroupDir is a cgroup below where its hierarchy is mounted.
type cgroupDir struct{ mount, path string }

// tightest returns the tightest limit of the cgroup and those above it. If the
// cgroup file system of a container begins with its own cgroup, the path that the
// cgroup has outside does not exist.
func (c cgroupDir) tightest() (tightest Opt[PIDUse]) {
	for dir := c.path; ; dir = path.Dir(dir) {
		use, err := readPIDUse(filepath.Join(c.mount, dir))
		if err == nil {
			tightest = tighter(tightest, use)
		}
		if dir == "/" {
			return tightest
		}
	}
}

// pidsCgroup returns the cgroup of the controller pids that a process is in.
func pidsCgroup(cfg Config, pid string) (cgroupDir, error) {
	b, err := procdir.ReadFile(filepath.Join(cfg.ProcRoot, pid, "cgroup"))
	if err != nil {
		return cgroupDir{}, err
	}
	name, controller, err := cgroup.DecodePIDs(b)
	if err != nil {
		return cgroupDir{}, err
	}
	dir := cgroupDir{mount: filepath.Join(cfg.SysRoot, "fs/cgroup"), path: path.Join("/", name)}
	if controller {
		dir.mount = filepath.Join(dir.mount, "pids")
	}
	return dir, nil
}

// readPIDUse reads a limit; "max", which is none, is an error.
func readPIDUse(dir string) (PIDUse, error) {
	use := PIDUse{Source: "cgroup"}
	for name, number := range map[string]*uint64{"pids.current": &use.InUse, "pids.max": &use.Limit} {
		b, err := procdir.ReadFile(filepath.Join(dir, name))
		if err != nil {
			return PIDUse{}, err
		}
		if *number, err = procfs.DecodeNumber(b); err != nil {
			return PIDUse{}, err
		}
	}
	return use, nil
}
