//go:build linux

package sysprobe

import (
	"os"
	"path"
	"path/filepath"
	"strings"

	"telegraf-sysprobe/sysprobe/internal/decode/cgroup"
	"telegraf-sysprobe/sysprobe/internal/decode/procfs"
)

func readHost(cfg Config) (Host, error) {
	dir, err := os.Open(cfg.ProcRoot)
	if err != nil {
		return Host{}, opError("read host", cfg.ProcRoot, err)
	}
	defer dir.Close()
	fact := func(decode func([]byte) (uint64, error), name string) Opt[uint64] {
		b, err := os.ReadFile(filepath.Join(cfg.ProcRoot, name))
		if err != nil {
			return Opt[uint64]{} // absent, as are all facts that cannot be had
		}
		n, err := decode(b)
		return Opt[uint64]{value: n, known: err == nil}
	}
	return Host{
		MemTotal:   fact(procfs.DecodeMemTotal, "meminfo"),
		PIDMax:     fact(procfs.DecodeNumber, "sys/kernel/pid_max"),
		ThreadsMax: fact(procfs.DecodeNumber, "sys/kernel/threads-max"),
		CgroupPIDs: cgroupPIDs(cfg),
	}, nil
}

// cgroupPIDs looks for the tightest limit among the cgroups of process 1 and of
// this one, and those above, as far as they have them in common: those of
// Telegraf's own service say nothing of others.
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
	// Where the cgroup file system of a container begins with its own cgroup,
	// the path that it has outside does not exist.
	for dir := common; ; dir = path.Dir(dir) {
		use, err := readPIDUse(filepath.Join(first.mount, dir))
		if err == nil && (!tightest.known || use.Free() < tightest.value.Free()) {
			tightest = Some(use)
		}
		if dir == "/" {
			return tightest
		}
	}
}

// cgroupDir is a cgroup below where its hierarchy is mounted.
type cgroupDir struct{ mount, path string }

// pidsCgroup returns the cgroup of the controller pids that a process is in.
func pidsCgroup(cfg Config, pid string) (cgroupDir, error) {
	b, err := os.ReadFile(filepath.Join(cfg.ProcRoot, pid, "cgroup"))
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

// readPIDUse reads a limit, which is "max" where there is none.
func readPIDUse(dir string) (PIDUse, error) {
	use := PIDUse{Source: "cgroup"}
	for name, number := range map[string]*uint64{"pids.current": &use.InUse, "pids.max": &use.Limit} {
		b, err := os.ReadFile(filepath.Join(dir, name))
		if err != nil {
			return PIDUse{}, err
		}
		if *number, err = procfs.DecodeNumber(b); err != nil {
			return PIDUse{}, err
		}
	}
	return use, nil
}
