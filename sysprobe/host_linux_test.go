package sysprobe

import (
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"testing"

	"telegraf-sysprobe/sysprobe/sysprobetest"
)

// pidFiles are the files of a cgroup: its path and its limit, of which so many
// are taken.
type pidFiles struct{ dir, limit, current string }

func TestCgroupPIDs(t *testing.T) {
	const v1, v2 = "fs/cgroup/pids", "fs/cgroup"
	for _, tt := range []struct {
		name, first, self string // /proc/1/cgroup and /proc/self/cgroup; none where empty
		files             []pidFiles
		want              Opt[PIDUse]
	}{
		{
			"a container with a namespace", "0::/\n", "0::/\n",
			[]pidFiles{{v2, "100", "40"}},
			Some(PIDUse{40, 100, "cgroup"}),
		},
		{
			"a container without one, which sees its own mount only", "3:pids:/docker/c1\n", "3:pids:/docker/c1\n",
			[]pidFiles{{v1, "100", "41"}},
			Some(PIDUse{41, 100, "cgroup"}),
		},
		{
			"the limit of a service is not that of others", "0::/init.scope\n", "0::/system.slice/telegraf.service\n",
			[]pidFiles{{v2 + "/system.slice/telegraf.service", "50", "9"}, {v2 + "/system.slice", "90", "9"}},
			Opt[PIDUse]{},
		},
		{
			"a name that begins with the other", "0::/a\n", "0::/ab\n",
			[]pidFiles{{v2 + "/a", "50", "9"}},
			Opt[PIDUse]{},
		},
		{
			"a process in a cgroup below", "0::/box\n", "0::/box/telegraf\n",
			[]pidFiles{{v2 + "/box", "50", "9"}, {v2 + "/box/telegraf", "10", "9"}},
			Some(PIDUse{9, 50, "cgroup"}),
		},
		{
			"the tightest of those above", "0::/a/b/c\n", "0::/a/b/c\n",
			[]pidFiles{{v2 + "/a/b/c", "max", "9"}, {v2 + "/a/b", "100", "10"}, {v2 + "/a", "60", "50"}},
			Some(PIDUse{50, 60, "cgroup"}),
		},
		{
			"more than the limit", "0::/a\n", "0::/a\n",
			[]pidFiles{{v2 + "/a", "10", "12"}},
			Some(PIDUse{12, 10, "cgroup"}),
		},
		{
			"from inside a container, of the host", "0::/host\n", "",
			[]pidFiles{{v2 + "/host", "70", "9"}},
			Some(PIDUse{9, 70, "cgroup"}),
		},
		{"nonsense", "0::/a\n", "0::/a\n", []pidFiles{{v2 + "/a", "many", "9"}}, Opt[PIDUse]{}},
		{"a malformed cgroup", "0:", "0::/a\n", []pidFiles{{v2 + "/a", "10", "9"}}, Opt[PIDUse]{}},
		{"no limits", "8:pids:/\n0::/\n", "8:pids:/\n0::/\n", nil, Opt[PIDUse]{}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			tree := sysprobetest.NewProcTree(t)
			tree.Remove("self") // which is 1
			tree.Write("1/cgroup", tt.first)
			if tt.self != "" {
				tree.Write("self/cgroup", tt.self)
			}
			sys := t.TempDir()
			for _, f := range tt.files {
				dir := filepath.Join(sys, f.dir)
				err := errors.Join(os.MkdirAll(dir, 0o700),
					os.WriteFile(filepath.Join(dir, "pids.max"), []byte(f.limit+"\n"), 0o600),
					os.WriteFile(filepath.Join(dir, "pids.current"), []byte(f.current+"\n"), 0o600))
				if err != nil {
					t.Fatal(err)
				}
			}
			host, err := ReadHost(&Config{ProcRoot: tree.Root, SysRoot: sys})
			if err != nil || host.CgroupPIDs != tt.want {
				t.Errorf("%+v, %v, want %+v", host.CgroupPIDs, err, tt.want)
			}
		})
	}
}

func TestTightestPIDs(t *testing.T) {
	cgroup := Some(PIDUse{InUse: 5, Limit: 20, Source: "cgroup"})
	for _, tt := range []struct {
		name string
		host Host
		want Opt[PIDUse]
	}{
		{"IDs", Host{PIDMax: Some[uint64](15), ThreadsMax: Some[uint64](90)}, Some(PIDUse{10, 15, "pid_max"})},
		{"threads", Host{PIDMax: Some[uint64](32), ThreadsMax: Some[uint64](30)}, Some(PIDUse{10, 30, "threads_max"})},
		{"the cgroup", Host{PIDMax: Some[uint64](32), CgroupPIDs: cgroup}, cgroup},
		{"not the cgroup, whose limit is lower but has more left", Host{PIDMax: Some[uint64](22), CgroupPIDs: cgroup}, Some(PIDUse{10, 22, "pid_max"})},
		{"beyond a limit", Host{PIDMax: Some[uint64](9), CgroupPIDs: cgroup}, Some(PIDUse{10, 9, "pid_max"})},
		{"unknown", Host{}, Opt[PIDUse]{}},
		{"not known above", Host{LimitedAbove: true, PIDMax: Some[uint64](15), ThreadsMax: Some[uint64](12)}, Opt[PIDUse]{}},
		{"the cgroup, for all that is known", Host{LimitedAbove: true, PIDMax: Some[uint64](15), CgroupPIDs: cgroup}, cgroup},
	} {
		if got := tt.host.TightestPIDs(10); got != tt.want {
			t.Errorf("%s: %+v, want %+v", tt.name, got, tt.want)
		}
	}
}

// helpHost prints what ReadHost says of its namespaces.
func helpHost([]string) error {
	if err := mountProc("/proc", ""); err != nil {
		return err
	}
	host, err := ReadHost(nil)
	return errors.Join(err, ready(), say(host))
}

// TestContainerPIDs limits a real cgroup.
func TestContainerPIDs(t *testing.T) {
	sysprobetest.NeedTool(t, "unshare")
	sysprobetest.NeedNamespaces(t)
	root := "/sys/fs/cgroup/pids"
	if _, err := os.Stat(root); err != nil { // all controllers are in one hierarchy
		root = filepath.Dir(root)
		if err := os.WriteFile(filepath.Join(root, "cgroup.subtree_control"), []byte("+pids"), 0); err != nil {
			t.Skipf("needs the pids controller of cgroups: %v", err)
		}
	}
	dir := filepath.Join(root, "sysprobe-"+strconv.Itoa(os.Getpid()))
	if err := os.Mkdir(dir, 0o755); err != nil {
		t.Skipf("needs the pids controller of cgroups: %v", err)
	}
	t.Cleanup(func() {
		sysprobetest.Eventually(t, func() string {
			if err := os.Remove(dir); err != nil { // busy until its last process is gone
				return err.Error()
			}
			return ""
		})
	})
	if err := os.WriteFile(filepath.Join(dir, "pids.max"), []byte("200"), 0); err != nil {
		t.Fatal(err)
	}
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	inside := func(cmd *exec.Cmd) {
		const script = "echo $$ > $0/cgroup.procs && exec unshare --pid --mount --propagation unchanged --fork --kill-child $1"
		cmd.Path, cmd.Args = "/bin/sh", []string{"sh", "-c", script, dir, self}
	}
	var host Host
	startHelper(t, inside, "host").answer(t, &host)
	use, known := host.CgroupPIDs.Get()
	if !known || use.Limit != 200 || use.InUse < 2 || use.InUse > 100 {
		t.Errorf("%+v, want a limit of 200 of a cgroup", host.CgroupPIDs)
	}
	if host.LimitedAbove != kernelAtLeast(t, 6, 14) || host.PIDLimit().Known() == host.LimitedAbove {
		t.Errorf("limited above: %v, limit %v", host.LimitedAbove, host.PIDLimit())
	}
	if got, _ := host.TightestPIDs(100).Get(); got != use {
		t.Errorf("tightest is %+v, want that of the cgroup", got)
	}
}
