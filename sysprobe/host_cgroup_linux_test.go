package sysprobe

import (
	"errors"
	"os"
	"path/filepath"
	"strconv"
	"testing"

	"telegraf-sysprobe/sysprobe/sysprobetest"
)

// TestCgroupPIDsOfProcess reads the limits of the cgroups of processes, in a tree.
func TestCgroupPIDsOfProcess(t *testing.T) {
	tree, sys := sysprobetest.NewProcTree(t), t.TempDir()
	for pid, cgroup := range map[int]string{100: "/box/docker/c1", 101: "/box", 102: "/", 103: "/elsewhere"} {
		tree.Add(sysprobetest.Process{PID: pid, Start: 5})
		tree.Write(filepath.Join(strconv.Itoa(pid), "cgroup"), "0::"+cgroup+"\n")
	}
	for dir, files := range map[string][2]string{"box": {"100", "70"}, "box/docker/c1": {"20", "19"}} {
		dir = filepath.Join(sys, "fs/cgroup", dir)
		check(t, errors.Join(os.MkdirAll(dir, 0o700),
			os.WriteFile(filepath.Join(dir, "pids.max"), []byte(files[0]+"\n"), 0o600),
			os.WriteFile(filepath.Join(dir, "pids.current"), []byte(files[1]+"\n"), 0o600)))
	}
	c := &Config{ProcRoot: tree.Root, SysRoot: sys}
	for pid, want := range map[int32]Opt[PIDUse]{
		100: Some(PIDUse{19, 20, "cgroup"}), 101: Some(PIDUse{70, 100, "cgroup"}), 102: {}, 103: {},
	} {
		if got, err := ReadCgroupPIDs(c, pid); err != nil || got != want {
			t.Errorf("process %d: %+v, %v, want %+v", pid, got, err, want)
		}
	}
	if got, err := ReadCgroupPIDs(c, 104); !errors.Is(err, ErrNoSuchProcess) {
		t.Errorf("a process that is gone: %+v, %v, want ErrNoSuchProcess", got, err)
	}
	tree.Write("103/cgroup", "0:")
	if got, err := ReadCgroupPIDs(c, 103); !errors.Is(err, ErrMalformed) {
		t.Errorf("a malformed file: %+v, %v, want ErrMalformed", got, err)
	}
}
