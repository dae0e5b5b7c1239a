package sysprobe

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"golang.org/x/sys/unix"

	"telegraf-sysprobe/sysprobe/internal/decode/cgroup"
	"telegraf-sysprobe/sysprobe/sysprobetest"
)

// unifiedHierarchy returns a directory that is the root of the unified
// hierarchy. Where it is not mounted, it mounts it where no other process sees it.
func unifiedHierarchy(t *testing.T) string {
	t.Helper()
	sysprobetest.NeedCapabilities(t, unix.CAP_SYS_ADMIN)
	for _, dir := range []string{"/sys/fs/cgroup", "/sys/fs/cgroup/unified"} {
		var st unix.Statfs_t
		if err := unix.Statfs(dir, &st); err == nil && st.Type == unix.CGROUP2_SUPER_MAGIC {
			return dir
		}
	}
	dir := t.TempDir()
	if err := unix.Mount("cgroup2", dir, "cgroup2", 0, ""); err != nil {
		t.Fatal(err)
	}
	fd, err := unix.Open(dir, unix.O_RDONLY|unix.O_DIRECTORY|unix.O_CLOEXEC, 0)
	if err := unix.Unmount(dir, unix.MNT_DETACH); err != nil {
		t.Fatal(err)
	}
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { unix.Close(fd) }) //nolint:errcheck // nothing was written
	return "/proc/self/fd/" + strconv.Itoa(fd)
}

// testCgroup is a cgroup made for a test.
type testCgroup struct {
	dir, path string
	id        uint64
	root      string
}

func makeCgroup(t *testing.T, name string) *testCgroup {
	t.Helper()
	root := unifiedHierarchy(t)
	b, err := os.ReadFile("/proc/self/cgroup")
	if err != nil {
		t.Fatal(err)
	}
	if i := strings.Index(string(b), ":name=systemd:/"); i >= 0 && b[i+len(":name=systemd:/")] != '\n' {
		t.Skip("needs a machine without a cgroup hierarchy of systemd: that says where processes belong")
	}
	g := &testCgroup{root: root, path: fmt.Sprintf("/sysprobe-%d-%s", os.Getpid(), name)}
	g.dir = root + g.path
	if err := os.Mkdir(g.dir, 0o755); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		sysprobetest.Eventually(t, func() string { // the dead leave it when they are reaped
			if err := os.Remove(g.dir); err != nil && !os.IsNotExist(err) {
				return err.Error()
			}
			return ""
		})
	})
	var st unix.Stat_t
	if err := unix.Stat(g.dir, &st); err != nil {
		t.Fatal(err)
	}
	g.id = st.Ino
	return g
}

// start starts a helper in the cgroup.
func (g *testCgroup) start(t *testing.T, name string, args ...string) *helper {
	t.Helper()
	fd, err := unix.Open(g.dir, unix.O_RDONLY|unix.O_DIRECTORY|unix.O_CLOEXEC, 0)
	if err != nil {
		t.Fatal(err)
	}
	defer unix.Close(fd) //nolint:errcheck // nothing was written
	return startHelper(t, func(cmd *exec.Cmd) {
		cmd.SysProcAttr = &syscall.SysProcAttr{UseCgroupFD: true, CgroupFD: fd}
	}, name, args...)
}

// move puts a process into the cgroup whose directory that is.
func move(t *testing.T, pid int32, dir string) {
	t.Helper()
	if err := os.WriteFile(filepath.Join(dir, "cgroup.procs"), []byte(strconv.Itoa(int(pid))), 0); err != nil {
		t.Fatal(err)
	}
}

// TestOrigin puts processes into a cgroup.
func TestOrigin(t *testing.T) {
	for _, backend := range []Backend{BackendBPF, BackendProcFS} {
		t.Run(backend.String(), func(t *testing.T) {
			const id = "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"
			g := makeCgroup(t, "cri-containerd-"+id+".scope")
			procs := openBackend(t, backend)
			one, two := g.start(t, "named", `"one"`), g.start(t, "named", `"two"`)
			dead := g.start(t, "zombies", "1", "exit 0")
			var zombies []int32
			dead.answer(t, &zombies)

			var s ProcSnapshot
			takeSnapshot(t, procs, &s, WantOrigin)
			origin := s.Find(one.pid()).Origin
			if origin == nil || *origin != ParseOrigin(g.path) || origin.Unit == "" {
				t.Fatalf("origin %+v, want that of %s", origin, g.path)
			}
			same := func(pids ...int32) {
				t.Helper()
				for _, pid := range pids {
					if got := s.Find(pid).Origin; got != origin {
						t.Errorf("another of the cgroup has %p %+v, want %p", got, got, origin)
					}
				}
			}
			same(two.pid(), dead.pid(), zombies[0])
			if own := s.Find(int32(os.Getpid())).Origin; own == nil || own == origin {
				t.Errorf("this process has %+v", own)
			}
			if p, err := procs.Lookup(context.Background(), one.pid(), WantOrigin); err != nil || p.Origin != origin {
				t.Errorf("Lookup gives %+v, error %v", p.Origin, err)
			}

			move(t, two.pid(), g.root)
			move(t, dead.pid(), g.root)
			move(t, one.pid(), g.root)
			if err := os.Remove(g.dir); err != nil {
				t.Fatal(err)
			}
			takeSnapshot(t, procs, &s, WantOrigin)
			same(zombies[0]) // whose cgroup is marked as deleted
			for _, h := range []*helper{one, two, dead} {
				if got := s.Find(h.pid()).Origin; got == nil || *got == *origin {
					t.Errorf("a process that was moved has %+v", got)
				}
			}
			takeSnapshot(t, procs, &s, 0)
			if got := s.Find(one.pid()).Origin; got != nil {
				t.Errorf("a process has %+v without WantOrigin", got)
			}
		})
	}
}

// TestOriginByID has IDs stand for cgroups, as on a machine with nothing but the
// unified hierarchy.
func TestOriginByID(t *testing.T) {
	g := makeCgroup(t, "docker.service")
	procs := openBackend(t, BackendBPF)
	h := g.start(t, "named", `"one"`)
	c := procs.client
	var s ProcSnapshot
	sweep := func() *Origin {
		t.Helper()
		sw := s.begin(time.Now(), WantOrigin)
		c.origins.cache.begin(cgroup.File{UnifiedOnly: true}, time.Now())
		if err := c.bpf.fill(t.Context(), &sw); err != nil {
			t.Fatal(err)
		}
		s.commit(&sw)
		return s.Find(h.pid()).Origin
	}
	// As if a process that was moved away had been read.
	c.origins.cache.begin(cgroup.File{UnifiedOnly: true}, time.Now())
	wrong := c.origins.cache.learn(g.id, []byte("/wrong"))
	if got := procs.OriginOf(g.id); got != wrong {
		t.Fatalf("origin %+v, want what was learnt", got)
	}
	want := ParseOrigin(g.path)
	for i := range 3 {
		if got := sweep(); got == nil || *got != want {
			t.Errorf("sweep %d: origin %+v, want %+v", i, got, want)
		}
	}
	if _, read := c.origins.cache.find(g.id); read {
		t.Error("what two sweeps read is to be read again")
	}
	if got := procs.OriginOf(g.id); got != s.Find(h.pid()).Origin {
		t.Errorf("OriginOf gives %p, the snapshot %p", got, s.Find(h.pid()).Origin)
	}
	move(t, h.pid(), g.root)
	if got := sweep(); got == nil || *got == want {
		t.Errorf("origin %+v of a process that was moved", got)
	}
	if err := os.Remove(g.dir); err != nil {
		t.Fatal(err)
	}
	if got := procs.OriginOf(g.id); got == nil || *got != want {
		t.Errorf("origin %+v of a cgroup that was removed, want %+v", got, want)
	}
}

func TestOriginOfUnknownID(t *testing.T) {
	g := makeCgroup(t, "ssh.service")
	if g.root != "/sys/fs/cgroup" && g.root != "/sys/fs/cgroup/unified" {
		t.Skip("needs the unified cgroup hierarchy: it is not mounted where it is looked for")
	}
	for _, backend := range []Backend{BackendBPF, BackendProcFS} {
		procs := openBackend(t, backend)
		if got := procs.OriginOf(g.id); got == nil || *got != ParseOrigin(g.path) || procs.OriginOf(g.id) != got {
			t.Errorf("%s: origin %+v, want that of %s", backend, got, g.path)
		}
		if got := procs.OriginOf(1 << 60); got != nil {
			t.Errorf("%s: origin %+v of no cgroup", backend, got)
		}
	}
}

// TestOriginInFixture reads files of each kind of machine.
func TestOriginInFixture(t *testing.T) {
	tree := sysprobetest.NewProcTree(t)
	process := func(pid int, state byte, file string) {
		tree.Add(sysprobetest.Process{PID: pid, State: state, UserTicks: 1})
		tree.Write(strconv.Itoa(pid)+"/cgroup", file)
	}
	const v1 = "5:memory:%[1]s\n4:cpu,cpuacct:/\n1:name=systemd:%[1]s\n"
	process(100, 'S', "0::/system.slice/ssh.service\n")
	process(101, 'S', "0::/system.slice/ssh.service (deleted)\n")
	process(102, 'S', fmt.Sprintf(v1, "/system.slice/ssh.service"))
	process(103, 'S', fmt.Sprintf(v1, "/system.slice/ssh.service")+"0::/system.slice\n")
	process(104, 'S', fmt.Sprintf(v1, "/system.slice/cron.service"))
	process(105, 'S', "")
	process(106, 'S', "what is this\n")
	tree.Add(sysprobetest.Process{PID: 107})
	process(108, 'Z', fmt.Sprintf(v1, "/"))              // no snapshot saw it alive
	process(109, 'Z', "1:name=systemd:/\n0::/deleted\n") // the unified hierarchy keeps the dead
	process(110, 'Z', "0::/\n")                          // it was in the root
	tree.Add(sysprobetest.Process{PID: 111, State: 'Z', Threads: 2})
	tree.Write("111/cgroup", fmt.Sprintf(v1, "/"))
	tree.AddThread(111, sysprobetest.Process{PID: 111, State: 'Z'})
	tree.AddThread(111, sysprobetest.Process{PID: 112})
	tree.Write("111/task/112/cgroup", fmt.Sprintf(v1, "/system.slice/ssh.service"))
	procs := openTable(t, tree.Root)
	var s ProcSnapshot
	takeSnapshot(t, procs, &s, WantOrigin)
	ssh := s.Find(100).Origin
	if want := (&Origin{Cgroup: "/system.slice/ssh.service", Unit: "ssh.service", Slice: "system.slice"}); !cmp.Equal(want, ssh) {
		t.Errorf("origin %+v, want %+v", ssh, want)
	}
	if p := s.Find(111); !p.LeaderDead {
		t.Errorf("process 111 is %v, want its first thread alone to be dead", p.State)
	}
	for pid, want := range map[int32]string{109: "/deleted", 110: "/"} {
		if got := s.Find(pid).Origin; got == nil || got.Cgroup != want {
			t.Errorf("process %d has %+v, want %s", pid, got, want)
		}
	}
	for _, pid := range []int32{101, 102, 103, 111} {
		if got := s.Find(pid).Origin; got != ssh {
			t.Errorf("process %d has %p %+v, want %p", pid, got, got, ssh)
		}
	}
	cron := s.Find(104).Origin
	if cron == nil || cron.Unit != "cron.service" {
		t.Errorf("origin %+v, want cron.service", cron)
	}
	for _, pid := range []int32{105, 106, 107, 108} {
		if got := s.Find(pid).Origin; got != nil {
			t.Errorf("process %d has %+v, want none", pid, got)
		}
	}
	if s.Malformed != 1 || s.Denied != 0 {
		t.Errorf("%d malformed, %d denied, want 1 and 0", s.Malformed, s.Denied)
	}

	process(104, 'Z', fmt.Sprintf(v1, "/"))
	process(102, 'S', fmt.Sprintf(v1, "/system.slice/cron.service"))
	takeSnapshot(t, procs, &s, WantOrigin)
	if got := s.Find(104).Origin; got != cron {
		t.Errorf("the dead have %+v, want what they had alive", got)
	}
	if got := s.Find(102).Origin; got != cron {
		t.Errorf("a process that was moved has %+v", got)
	}
}

// TestOriginCacheForgets has cgroups come and go, with snapshots that are close
// together and far apart.
func TestOriginCacheForgets(t *testing.T) {
	for _, interval := range []time.Duration{originsAge / 16, time.Hour} {
		const perSnapshot = 256
		c, now := newOriginCache(), time.Unix(1_700_000_000, 0)
		stays := func() *Origin {
			c.learn(1, []byte("/stays"))
			origin, _ := c.find(1)
			return origin
		}
		first := stays()
		for i := range uint64(20 * originsKept) {
			if i%perSnapshot == 0 {
				now = now.Add(interval)
				c.begin(cgroup.File{UnifiedOnly: true}, now)
				if stays() != first {
					t.Fatal("a cgroup that each snapshot meets was forgotten")
				}
				if i > 0 && c.of([]byte("/"+strconv.FormatUint(i-1, 10))) != mustFind(t, c, 1+i) {
					t.Fatal("a cgroup of the last snapshot was forgotten")
				}
			}
			c.learn(2+i, []byte("/"+strconv.FormatUint(i, 10)))
		}
		if n, limit := max(c.byID.Len(), c.byPath.Len()), originsKept+18*perSnapshot; n > limit {
			t.Errorf("%d cgroups kept with a snapshot each %v, want at most %d", n, interval, limit)
		}
	}
}

func mustFind(t *testing.T, c *originCache, id uint64) *Origin {
	t.Helper()
	origin, _ := c.find(id)
	if origin == nil {
		t.Fatalf("cgroup %d is not known", id)
	}
	return origin
}

// TestOriginIsReadAgain checks that snapshots read the cgroup of each process once
// a minute, however often they come.
func TestOriginIsReadAgain(t *testing.T) {
	for _, interval := range []time.Duration{300 * time.Millisecond, time.Second, 7 * time.Second, time.Minute, time.Hour} {
		var s ProcSnapshot
		reads := make(map[int32]int)
		at := time.Unix(1700000000, 5e8)
		s.Taken = at
		sweeps := max(int(5*time.Minute/interval), 1)
		for range sweeps {
			at = at.Add(interval)
			sw := s.begin(at, WantOrigin)
			for pid := range int32(200) {
				if sw.isDue(pid) {
					reads[pid]++
				}
			}
		}
		for pid := range int32(200) {
			if want := min(5, sweeps); reads[pid] < want-1 || reads[pid] > want || reads[pid] == 0 {
				t.Errorf("every %v: process %d was read %d times in %d snapshots", interval, pid, reads[pid], sweeps)
			}
		}
		if sw := s.begin(at.Add(-2*time.Hour), WantOrigin); !sw.isDue(7) {
			t.Error("the clock was set back, and nothing is read")
		}
	}
}
