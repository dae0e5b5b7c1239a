package sysprobe

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"net"
	"os"
	"os/exec"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"testing"

	"github.com/google/go-cmp/cmp"
	"golang.org/x/sys/unix"

	"telegraf-sysprobe/sysprobe/sysprobetest"
)

// listenFile opens a listener, and returns its port.
func listenFile() (*os.File, uint16, error) {
	l, err := net.Listen("tcp4", "0.0.0.0:0")
	if err != nil {
		return nil, 0, err
	}
	defer l.Close() //nolint:errcheck // the file stays
	file, err := l.(*net.TCPListener).File()
	return file, uint16(l.Addr().(*net.TCPAddr).Port), err
}

// heldPorts are the sockets with these local ports as texts, in order.
func heldPorts(ctx context.Context, procs *Procs, ports ...uint16) (rows []string, err error) {
	found, err := procs.Connections(ctx, ConnectionFilter{Kinds: KindTCP})
	for i := range found.Sockets {
		if c := &found.Sockets[i]; slices.Contains(ports, c.Local.Port()) {
			rows = append(rows, fmt.Sprintf("%+v", *c))
		}
	}
	slices.Sort(rows)
	return rows, err
}

// helpOwnTable: a process of which one thread has a table of descriptors of its own,
// with a socket, and the others have none. It prints the port.
func helpOwnTable([]string) error {
	own := make(chan uint16)
	go func() {
		runtime.LockOSThread()
		err := unix.Unshare(unix.CLONE_FILES)
		fd, err2 := unix.Socket(unix.AF_INET, unix.SOCK_STREAM|unix.SOCK_CLOEXEC, 0)
		if errors.Join(err, err2, unix.Listen(fd, 1)) != nil {
			os.Exit(1)
		}
		name, err := unix.Getsockname(fd)
		if err != nil {
			os.Exit(1)
		}
		own <- uint16(name.(*unix.SockaddrInet4).Port)
		select {}
	}()
	port := <-own
	return errors.Join(ready(), say([]uint16{port}), untilEOF(ignore))
}

// TestHoldersByBPFAndFiles compares what both backends say of sockets of all sorts
// of processes.
func TestHoldersByBPFAndFiles(t *testing.T) {
	byBPF, byFiles := openBackend(t, BackendBPF), openBackend(t, BackendProcFS)
	var files []*os.File
	var ports []uint16
	for range 4 {
		file, port, err := listenFile()
		check(t, err)
		defer file.Close()
		files, ports = append(files, file), append(ports, port)
	}
	with := func(cmd *exec.Cmd, files ...*os.File) *exec.Cmd {
		cmd.ExtraFiles = files
		return cmd
	}
	shares := with(&exec.Cmd{Path: "/bin/sleep", Args: []string{"sleep", "600"}}, files[0], files[1])
	start(t, shares)
	zombie := with(&exec.Cmd{Path: "/bin/sleep", Args: []string{"sleep", "600"}}, files[3])
	start(t, zombie)
	check(t, zombie.Process.Kill())
	check(t, waitDead(zombie.Process.Pid))
	deadLeader := startHelper(t, func(cmd *exec.Cmd) { with(cmd, files[1], files[2]) }, "dead-leader")
	contained := startHelper(t, func(cmd *exec.Cmd) { inNamespaces(unix.CLONE_NEWPID)(with(cmd, files[2])) }, "listener")
	var others []uint16
	startHelper(t, nil, "own-table").answer(t, &others)

	want, err := heldPorts(t.Context(), byFiles, append(ports, others...)...)
	check(t, err)
	got, err := heldPorts(t.Context(), byBPF, append(ports, others...)...)
	check(t, err)
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("sockets (-procfs +bpf):\n%s", diff)
	}
	holders := map[uint16][]int32{}
	found, err := byBPF.Connections(t.Context(), ConnectionFilter{Kinds: KindTCP})
	check(t, err)
	for i := range found.Sockets {
		c := &found.Sockets[i]
		holders[c.Local.Port()] = append(holders[c.Local.Port()], pidOf(*c))
	}
	own := int32(os.Getpid())
	for port, want := range map[uint16][]int32{
		ports[0]:  {own, int32(shares.Process.Pid)},
		ports[1]:  {own, int32(shares.Process.Pid), deadLeader.pid()},
		ports[2]:  {own, deadLeader.pid(), contained.pid()},
		ports[3]:  {own},
		others[0]: {0}, // no process has it in what proc(5) shows as its descriptors
	} {
		slices.Sort(want)
		slices.Sort(holders[port])
		if diff := cmp.Diff(want, holders[port]); diff != "" {
			t.Errorf("processes that have port %d (-want +got):\n%s", port, diff)
		}
	}
}

// TestHoldersInNetNSByBPFAndFiles compares all sockets of a namespace where nothing
// else happens.
func TestHoldersInNetNSByBPFAndFiles(t *testing.T) {
	needBPF(t)
	h := startHelper(t, inNamespaces(syscall.CLONE_NEWNET), "sockets", "7", "2")
	var children []int
	h.answer(t, &children)
	rows := map[Backend][]Connection{}
	for _, backend := range []Backend{BackendBPF, BackendProcFS} {
		procs, err := OpenProcs(&Config{Backend: backend, NetNS: fmt.Sprintf("/proc/%d/ns/net", h.pid())})
		check(t, err)
		closeAfter(t, procs)
		found, err := procs.Connections(t.Context(), ConnectionFilter{})
		check(t, err)
		rows[backend] = found.Sockets
	}
	if diff := cmp.Diff(rows[BackendProcFS], rows[BackendBPF], compareConnections); diff != "" || len(rows[BackendBPF]) != 2*7 {
		t.Errorf("%d sockets, want 7 of two processes each (-procfs +bpf):\n%s", len(rows[BackendBPF]), diff)
	}
}

// TestHoldersThatDie compares while processes that have a socket begin, execute
// programs and end.
func TestHoldersThatDie(t *testing.T) {
	byBPF, byFiles := openBackend(t, BackendBPF), openBackend(t, BackendProcFS)
	file, port, err := listenFile()
	check(t, err)
	defer file.Close()
	stays := &exec.Cmd{Path: "/bin/sleep", Args: []string{"sleep", "600"}, ExtraFiles: []*os.File{file}}
	start(t, stays)
	storm := &exec.Cmd{Path: "/bin/sh", Args: []string{"sh", "-c", "while :; do /bin/true & /bin/true; done"}, ExtraFiles: []*os.File{file}}
	start(t, storm)
	stable := map[int32]int{int32(os.Getpid()): 1, int32(stays.Process.Pid): 1, int32(storm.Process.Pid): 1}
	met := map[string]int{}
	for range 50 {
		for name, procs := range map[string]*Procs{"bpf": byBPF, "procfs": byFiles} {
			found, err := procs.Connections(t.Context(), ConnectionFilter{LocalPort: port})
			check(t, err)
			got, each := map[int32]int{}, map[string]bool{}
			for i := range found.Sockets {
				c := &found.Sockets[i]
				if key := fmt.Sprint(c.Process, c.FD); each[key] || !c.Process.Known() {
					t.Errorf("%s: %+v, want each descriptor once, with a process", name, c)
				} else {
					each[key] = true
				}
				if pid := pidOf(*c); stable[pid] > 0 {
					got[pid]++
				} else {
					met[name]++
				}
			}
			if diff := cmp.Diff(stable, got); diff != "" {
				t.Fatalf("%s: descriptors of those that stay (-want +got):\n%s", name, diff)
			}
		}
	}
	if met["bpf"] == 0 {
		t.Error("no process met that begins and ends: the test shows nothing")
	}
}

// holdersAnswer is what helpHolders prints.
type holdersAnswer struct {
	ByFiles, ByBPF []string
	Unsupported    bool
	Child          int
}

// helpHolders: a process that has a socket with a child, and prints who both backends
// say has it, and which descendants the process has.
func helpHolders([]string) error {
	file, port, err := listenFile()
	if err != nil {
		return err
	}
	defer file.Close()
	child := &exec.Cmd{Path: "/bin/sleep", Args: []string{"sleep", "600"}, ExtraFiles: []*os.File{file}}
	child.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
	runtime.LockOSThread()
	if err := child.Start(); err != nil {
		return err
	}
	a := holdersAnswer{Child: child.Process.Pid}
	for backend, rows := range map[Backend]*[]string{BackendProcFS: &a.ByFiles, BackendBPF: &a.ByBPF} {
		procs, err := OpenProcs(&Config{Backend: backend})
		if err != nil {
			return err
		}
		*rows, err = heldPorts(context.Background(), procs, port)
		if err != nil {
			a.Unsupported = errors.Is(err, ErrNotSupported)
			continue
		}
		self, err := procs.OpenPID(context.Background(), int32(os.Getpid()))
		if err != nil {
			return err
		}
		children, err := self.Descendants(context.Background())
		if err != nil {
			return err
		}
		*rows = append(*rows, fmt.Sprint("descendants ", children))
	}
	return errors.Join(ready(), say(a), untilEOF(ignore))
}

// TestHoldersInNamespaces asks in PID and time namespaces, as a container would.
func TestHoldersInNamespaces(t *testing.T) {
	needBPF(t)
	sysprobetest.NeedTool(t, "unshare")
	sysprobetest.NeedNamespaces(t)
	args := []string{"unshare", "--pid", "--fork", "--kill-child", "--propagation", "unchanged"}
	for name, tt := range map[string]struct {
		args   []string
		differ bool
	}{
		"PID":                {[]string{"--mount-proc"}, false},
		"time":               {[]string{"--mount-proc", "--time", "--boottime", "1000"}, !kernelAtLeast(t, 6, 1)},
		"proc(5) of another": {nil, true},
	} {
		t.Run(name, func(t *testing.T) {
			var got holdersAnswer
			startHelper(t, through(t, slices.Concat(args, tt.args)...), "holders").answer(t, &got)
			if tt.differ {
				if !got.Unsupported || got.ByBPF != nil {
					t.Errorf("%+v, want ErrNotSupported by BPF", got)
				}
				return
			}
			child := fmt.Sprintf("{%d ", got.Child)
			if diff := cmp.Diff(got.ByFiles, got.ByBPF); diff != "" || len(got.ByBPF) != 3 || got.Child > 100 || !strings.Contains(got.ByBPF[2], child) {
				t.Errorf("%+v, want 2 descriptors and a child (-procfs +bpf):\n%s", got, diff)
			}
		})
	}
}

// TestConnectionsLoadLate asks a table once, which is not worth loading the program,
// and again.
func TestConnectionsLoadLate(t *testing.T) {
	file, port, err := listenFile()
	check(t, err)
	defer file.Close()
	procs, err := OpenProcs(nil)
	check(t, err)
	var rows [3][]string
	for i := range rows {
		rows[i], err = heldPorts(t.Context(), procs, port)
		check(t, err)
		if loaded := procs.client.sockets.iterator != nil; loaded != (i > 0 && mayUseBPF(t)) {
			t.Errorf("call %d: the program is loaded: %t", i+1, loaded)
		}
	}
	if !slices.Equal(rows[0], rows[1]) || !slices.Equal(rows[0], rows[2]) || len(rows[0]) != 1 {
		t.Errorf("sockets %q, want one descriptor each time", rows)
	}
	check(t, procs.Close())
	if _, err := heldPorts(t.Context(), procs, port); !errors.Is(err, fs.ErrClosed) {
		t.Errorf("a closed table: %v", err)
	}
}

// TestConnectionsOfCopyNeedFiles asks for the holders in a copy of proc(5), which no
// program of the kernel knows of.
func TestConnectionsOfCopyNeedFiles(t *testing.T) {
	tree := socketTree(t, map[int]string{1: "net:[1]", 10: "net:[1]"})
	for backend, want := range map[Backend]string{BackendAuto: "value", BackendProcFS: "value", BackendBPF: "unsupported"} {
		procs, err := OpenProcs(&Config{Backend: backend, ProcRoot: tree.Root})
		check(t, err)
		closeAfter(t, procs)
		for call := range 2 {
			found, err := procs.Connections(t.Context(), ConnectionFilter{LocalPort: 10})
			if got := outcome(true, err); got != want || err == nil && len(found.Sockets) != 1 {
				t.Errorf("%v, call %s: %+v, %v, want %s", backend, strconv.Itoa(call+1), found, err, want)
			}
		}
	}
}
