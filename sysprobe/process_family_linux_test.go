package sysprobe

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"testing"

	"github.com/google/go-cmp/cmp"
	"golang.org/x/sys/unix"

	"telegraf-sysprobe/sysprobe/internal/sys/procdir"
	"telegraf-sysprobe/sysprobe/sysprobetest"
)

func TestParents(t *testing.T) {
	tree := sysprobetest.NewProcTree(t)
	procs := openTable(t, tree.Root)
	add := func(pid, ppid int, start uint64) {
		tree.Add(sysprobetest.Process{PID: pid, PPID: ppid, Comm: "x", Start: start})
	}
	add(1, 0, 1)
	add(10, 1, 50)
	add(20, 10, 60)
	add(30, 99, 60)
	add(40, 20, 55)
	for _, tt := range []struct {
		name string
		pid  int
		want Opt[ProcID]
	}{
		{"there", 20, Some(ProcID{PID: 10, Start: 50})},
		{"F14 no parent", 1, Opt[ProcID]{}},
		{"F14 gone", 30, Opt[ProcID]{}},
		{"F14 younger", 40, Opt[ProcID]{}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			if got, err := openProcess(t, procs, tt.pid).Parent(t.Context()); err != nil || got != tt.want {
				t.Errorf("parent %v, %v, want %v", got, err, tt.want)
			}
		})
	}
	// The stat of the parent is read when the test has done what is to happen
	// between: reading a FIFO waits for who writes it.
	between := func(p *Process, parent int, f func()) (Opt[ProcID], error) {
		path := filepath.Join(tree.Root, strconv.Itoa(parent), "stat")
		stat, err := os.ReadFile(path)
		check(t, err)
		check(t, os.Remove(path))
		check(t, unix.Mkfifo(path, 0o644))
		written := make(chan error)
		go func() {
			fifo, err := os.OpenFile(path, os.O_WRONLY, 0)
			if err == nil {
				f()
				_, err = fifo.Write(stat)
				err = errors.Join(err, fifo.Close())
			}
			written <- err
		}()
		got, err := p.Parent(t.Context())
		check(t, <-written)
		check(t, os.Remove(path))
		check(t, os.WriteFile(path, stat, 0o644))
		return got, err
	}
	t.Run("F13 the process ends meanwhile", func(t *testing.T) {
		got, err := between(openProcess(t, procs, 20), 10, func() { tree.Remove("20/stat") })
		if !errors.Is(err, ErrNoSuchProcess) || got.Known() {
			t.Errorf("parent %v, %v, want ErrNoSuchProcess", got, err)
		}
	})
	t.Run("E15 it gets another parent meanwhile", func(t *testing.T) {
		add(20, 10, 60)
		got, err := between(openProcess(t, procs, 20), 10, func() { add(20, 1, 60) })
		if err != nil || got != Some(ProcID{PID: 1, Start: 1}) {
			t.Errorf("parent %v, %v, want 1", got, err)
		}
	})
	t.Run("of this process", func(t *testing.T) {
		got, err := openProcess(t, openTable(t, ""), os.Getpid()).Parent(t.Context())
		if err != nil || got.Or(ProcID{}).PID != int32(os.Getppid()) {
			t.Errorf("parent %v, %v, want %d", got, err, os.Getppid())
		}
	})
}

func TestChildren(t *testing.T) {
	tree := sysprobetest.NewProcTree(t)
	procs := openTable(t, tree.Root)
	for _, p := range [][3]int{{4, 1, 10}, {5, 6, 10}, {6, 5, 10}, {7, 5, 9}, {8, 5, 11}, {9, 8, 12}, {500, 1, 10}, {300, 500, 11}, {100, 300, 12}} {
		tree.Add(sysprobetest.Process{PID: p[0], PPID: p[1], Comm: "x", Start: uint64(p[2])})
	}
	id := func(pid int32, start uint64) ProcID { return ProcID{PID: pid, Start: start} }
	for _, tt := range []struct {
		name      string
		pid       int
		recursive bool
		want      []ProcID
	}{
		{"none", 4, true, nil},
		{"F16 one is older", 5, false, []ProcID{id(6, 10), id(8, 11)}},
		{"F15 a loop", 5, true, []ProcID{id(6, 10), id(8, 11), id(9, 12)}},
		{"the PIDs have wrapped", 500, true, []ProcID{id(300, 11), id(100, 12)}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			list := (*Process).Children
			if tt.recursive {
				list = (*Process).Descendants
			}
			got, err := list(openProcess(t, procs, tt.pid), t.Context())
			if diff := cmp.Diff(tt.want, got); diff != "" || err != nil {
				t.Errorf("%v, children (-want +got):\n%s", err, diff)
			}
		})
	}
	t.Run("F16 another process has the PID", func(t *testing.T) {
		p := openProcess(t, procs, 8)
		tree.Add(sysprobetest.Process{PID: 8, PPID: 5, Comm: "x", Start: 99})
		if got, err := p.Children(t.Context()); !errors.Is(err, ErrInterrupted) || got != nil {
			t.Errorf("children %v, error %v, want ErrInterrupted", got, err)
		}
	})
	t.Run("F18 a zombie", func(t *testing.T) {
		h := startHelper(t, nil, "zombies", "1", "exit 7")
		var pids []int32
		h.answer(t, &pids)
		got, err := openProcess(t, openTable(t, ""), int(h.pid())).Descendants(t.Context())
		if err != nil || len(got) != 1 || got[0].PID != pids[0] {
			t.Errorf("children %v, %v, want %d", got, err, pids[0])
		}
	})
}

// newTerminal opens a pseudoterminal, and returns the end that is a terminal, with its
// path.
func newTerminal(t *testing.T) (slave *os.File, path string) {
	t.Helper()
	master, err := os.OpenFile("/dev/ptmx", os.O_RDWR, 0)
	if err != nil {
		t.Skipf("needs pseudoterminals: %v", err)
	}
	t.Cleanup(func() { master.Close() })
	n, err := unix.IoctlGetInt(int(master.Fd()), unix.TIOCGPTN)
	check(t, err)
	check(t, unix.IoctlSetPointerInt(int(master.Fd()), unix.TIOCSPTLCK, 0))
	path = fmt.Sprintf("/dev/pts/%d", n)
	slave, err = os.OpenFile(path, os.O_RDWR|unix.O_NOCTTY, 0)
	check(t, err)
	t.Cleanup(func() { slave.Close() })
	return slave, path
}

// TestTerminals is F27: there is nothing to be refreshed.
func TestTerminals(t *testing.T) {
	procs := openTable(t, "")
	h := startHelper(t, func(cmd *exec.Cmd) { cmd.SysProcAttr = &syscall.SysProcAttr{Setsid: true} }, "named", `"x"`)
	if got, err := openProcess(t, procs, int(h.pid())).Terminal(t.Context()); err != nil || got != "" {
		t.Errorf("terminal %q, %v of a process without", got, err)
	}
	slave, path := newTerminal(t)
	cmd := &exec.Cmd{
		Path: "/bin/sleep", Args: []string{"sleep", "600"}, Stdin: slave,
		SysProcAttr: &syscall.SysProcAttr{Setsid: true, Setctty: true},
	}
	start(t, cmd)
	if got, err := openProcess(t, procs, cmd.Process.Pid).Terminal(t.Context()); err != nil || got != path {
		t.Errorf("F27: terminal %q, %v, want %q", got, err, path)
	}

	tree := sysprobetest.NewProcTree(t)
	tree.Write("sys/dev/char/4:65/uevent", "MAJOR=4\nMINOR=65\nDEVNAME=ttyS1\n")
	fixture, err := OpenProcs(&Config{ProcRoot: tree.Root, SysRoot: filepath.Join(tree.Root, "sys")})
	check(t, err)
	defer fixture.Close() //nolint:errcheck // a tree of files
	for device, want := range map[uint32]string{4<<8 | 65: "/dev/ttyS1", 136<<8 | 1: "/dev/pts/1", 1<<20 | 136<<8 | 44: "/dev/pts/300", 0: ""} {
		tree.Write("10/stat", fmt.Sprintf("10 (x) S 1 1 1 %d -1 0 0 0 0 0 0 0 0 0 20 0 1 0 5 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 17 0 0 0 0\n", device))
		if got, err := openProcess(t, fixture, 10).Terminal(t.Context()); err != nil || got != want {
			t.Errorf("terminal %q, %v of device %#x, want %q", got, err, device, want)
		}
	}
	tree.Remove("sys")
	tree.Write("10/stat", "10 (x) S 1 1 1 1025 -1 0 0 0 0 0 0 0 0 0 20 0 1 0 5 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 17 0 0 0 0\n")
	if _, err := openProcess(t, fixture, 10).Terminal(t.Context()); !errors.Is(err, ErrNotSupported) {
		t.Errorf("error %v without sysfs, want ErrNotSupported", err)
	}
}

// TestSignalsToZombies is E10.
func TestSignalsToZombies(t *testing.T) {
	h := startHelper(t, nil, "zombies", "1", "exit 7")
	var pids []int
	h.answer(t, &pids)
	p := openProcess(t, openTable(t, ""), pids[0])
	for _, sig := range []syscall.Signal{0, syscall.SIGTERM, syscall.SIGKILL, syscall.SIGSTOP, syscall.SIGCONT} {
		err := p.Signal(sig)
		if state, stateErr := p.State(t.Context()); err != nil || stateErr != nil || state != StateZombie {
			t.Errorf("signal %d: %v; state %v, %v", int(sig), err, state, stateErr)
		}
	}
	if err := p.Signal(syscall.Signal(200)); !errors.Is(err, fs.ErrInvalid) && !errors.Is(err, ErrZombieProcess) {
		t.Errorf("signal 200: %v", err)
	}
}

func TestSignals(t *testing.T) {
	cmd := &exec.Cmd{Path: "/bin/sleep", Args: []string{"sleep", "600"}}
	start(t, cmd)
	p := openProcess(t, openTable(t, ""), cmd.Process.Pid)
	check(t, p.Signal(syscall.SIGSTOP))
	awaitState(t, p, StateStopped)
	check(t, p.Signal(syscall.SIGCONT))
	awaitState(t, p, StateSleeping)
	for _, number := range []int{-1, 999} {
		err, said := p.Signal(syscall.Signal(number)), fmt.Sprintf("signal %d is not in the range 0 to ", number)
		if !errors.Is(err, fs.ErrInvalid) || !strings.Contains(err.Error(), said) {
			t.Errorf("error %v, want fs.ErrInvalid with %q", err, said)
		}
	}
	check(t, p.Signal(syscall.SIGTERM))
	if status, err := p.Wait(t.Context()); err != nil || status != Some(ExitStatus(syscall.SIGTERM)) {
		t.Errorf("status %v, %v, want SIGTERM", status, err)
	}
	check(t, p.Signal(syscall.Signal(0))) // to the zombie
	cmd.Wait()                            //nolint:errcheck // it was killed
	if err := p.Signal(syscall.Signal(0)); !errors.Is(err, ErrNoSuchProcess) {
		t.Errorf("signal to a process that is gone: %v, want ErrNoSuchProcess", err)
	}
}

// TestReusedPID is F01 for a handle: it stays with the process it was opened
// for.
func TestReusedPID(t *testing.T) {
	h := startHelper(t, inNamespaces(syscall.CLONE_NEWPID|syscall.CLONE_NEWNS), "reuse")
	var got []string
	h.answer(t, &got)
	if want := []string{"gone", "nothing", "gone", "gone", "gone", "value"}; !slices.Equal(got, want) {
		t.Errorf("F01: signal, running, command line and affinity of the first, the second by another start, the second: %v, want %v", got, want)
	}
}

// TestChildrenByBPFAndFiles compares what both backends say of families with zombies,
// other namespaces and a dead first thread.
func TestChildrenByBPFAndFiles(t *testing.T) {
	byBPF, byFiles := openBackend(t, BackendBPF), openBackend(t, BackendProcFS)
	shell := &exec.Cmd{Path: "/bin/sh", Args: []string{"sh", "-c", "sleep 600 & sleep 600 & echo x; wait"}}
	out, err := shell.StdoutPipe()
	check(t, err)
	start(t, shell)
	_, err = out.Read(make([]byte, 2)) // both are there
	check(t, err)
	sleeps, err := openProcess(t, byFiles, shell.Process.Pid).Children(t.Context())
	check(t, err)
	for _, id := range sleeps {
		p := openProcess(t, byFiles, int(id.PID))
		t.Cleanup(func() { check(t, p.Kill()) }) // they outlive the shell
	}
	zombie := exec.Command("true")
	start(t, zombie)
	check(t, waitDead(zombie.Process.Pid))
	startHelper(t, nil, "dead-leader")
	startHelper(t, inNamespaces(unix.CLONE_NEWPID), "listener")
	for _, pid := range []int{os.Getpid(), shell.Process.Pid, os.Getppid(), zombie.Process.Pid} {
		for name, ask := range map[string]func(*Process) ([]ProcID, error){
			"children":    func(p *Process) ([]ProcID, error) { return p.Children(t.Context()) },
			"descendants": func(p *Process) ([]ProcID, error) { return p.Descendants(t.Context()) },
		} {
			want, err := ask(openProcess(t, byFiles, pid))
			check(t, err)
			got, err := ask(openProcess(t, byBPF, pid))
			check(t, err)
			if diff := cmp.Diff(want, got); diff != "" {
				t.Errorf("%s of %d (-procfs +bpf):\n%s", name, pid, diff)
			}
			if least := map[int]int{os.Getpid(): 4, shell.Process.Pid: 2}[pid]; len(got) < least {
				t.Errorf("%s of %d: %v, want %d or more", name, pid, got, least)
			}
		}
	}
}

// TestUnmetParents adds the parents that a table lacks, unless they are gone.
func TestUnmetParents(t *testing.T) {
	tree := sysprobetest.NewProcTree(t)
	tree.Add(sysprobetest.Process{PID: 1, Comm: "x", Start: 1})
	tree.Add(sysprobetest.Process{PID: 10, PPID: 1, Comm: "x", Start: 5})
	procs := openTable(t, tree.Root)
	table := []kinship{
		{id: ProcID{PID: 20, Start: 6}, ppid: 10},
		{id: ProcID{PID: 21, Start: 7}, ppid: 10},
		{id: ProcID{PID: 30, Start: 8}, ppid: 99}, // which is gone
		{id: ProcID{PID: 31, Start: 8}},
	}
	got, err := procs.client.addUnmetParents(t.Context(), new(procdir.Buffer), slices.Clone(table))
	check(t, err)
	want := append(table, kinship{id: ProcID{PID: 10, Start: 5}, ppid: 1}, kinship{id: ProcID{PID: 1, Start: 1}})
	if !slices.Equal(got, want) {
		t.Errorf("%+v, want %+v", got, want)
	}
}
