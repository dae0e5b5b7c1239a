package sysprobe

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"

	"github.com/google/go-cmp/cmp"
	"golang.org/x/sys/unix"

	"telegraf-sysprobe/sysprobe/sysprobetest"
)

// helpSockets SOCKETS CHILDREN: a process with that many listening sockets of
// its network namespace, and children who have an equal share of them each. It
// prints the PIDs of the children.
func helpSockets(args []string) error {
	count, err1 := strconv.Atoi(args[0])
	children, err2 := strconv.Atoi(args[1])
	if err := errors.Join(err1, err2); err != nil {
		return err
	}
	sockets := make([]*os.File, count)
	for i := range sockets {
		fd, err := unix.Socket(unix.AF_INET, unix.SOCK_STREAM|unix.SOCK_CLOEXEC, 0)
		if err != nil {
			return err
		}
		if err := unix.Listen(fd, 1); err != nil { // on a port that is free
			return err
		}
		sockets[i] = os.NewFile(uintptr(fd), "socket")
	}
	pids := make([]int, children)
	for i := range pids {
		child := &exec.Cmd{Path: "/bin/sleep", Args: []string{"sleep", "600"}}
		child.ExtraFiles = sockets[i*count/children : (i+1)*count/children]
		child.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
		if err := child.Start(); err != nil {
			return err
		}
		pids[i] = child.Process.Pid
	}
	return errors.Join(ready(), say(pids), untilEOF(ignore))
}

// idsOf are the IDs of processes of a socketTree.
func idsOf(pids ...int) []ProcID {
	ids := make([]ProcID, len(pids))
	for i, pid := range pids {
		ids[i] = ProcID{PID: int32(pid), Start: socketTreeStart}
	}
	return ids
}

// compareConnections compares what is not for other packages to see, too.
var compareConnections = cmp.Options{
	cmp.AllowUnexported(Opt[int32]{}, Opt[ProcID]{}), cmp.Comparer(func(a, b netip.AddrPort) bool { return a == b }),
}

// TestConnectionsOf asks for processes of three network namespaces, one of which
// has a socket of another one, and compares with what each says by itself.
func TestConnectionsOf(t *testing.T) {
	l, err := net.Listen("tcp4", "127.0.0.1:0")
	check(t, err)
	defer l.Close() //nolint:errcheck // a test's own
	foreign, err := l.(*net.TCPListener).File()
	check(t, err)
	defer foreign.Close()
	first := startHelper(t, inNamespaces(syscall.CLONE_NEWNET), "sockets", "7", "2")
	var children []int
	first.answer(t, &children)
	second := startHelper(t, func(cmd *exec.Cmd) {
		inNamespaces(syscall.CLONE_NEWNET)(cmd)
		cmd.ExtraFiles = []*os.File{foreign}
	}, "sockets", "2", "0")
	without := &exec.Cmd{Path: "/bin/sleep", Args: []string{"sleep", "600"}}
	start(t, without)
	ended := &exec.Cmd{Path: "/bin/sleep", Args: []string{"sleep", "600"}}
	start(t, ended)
	check(t, ended.Process.Kill())
	ended.Wait() //nolint:errcheck // it was killed

	procs := openTable(t, "")
	ids := idsOf(os.Getpid(), children[0], int(second.pid()), int(first.pid()), without.Process.Pid, children[1], os.Getpid())
	for i := range ids {
		ids[i] = openProcess(t, procs, int(ids[i].PID)).ID()
	}
	ids = append(append(ids, idsOf(ended.Process.Pid, -1)...), ids[1])
	other := ids[1]
	other.Start++
	ids = append(ids, other)
	got := procs.ConnectionsOf(t.Context(), ids)

	// Of this process, which has sockets that come and go, just the one.
	for _, i := range []int{0, 6} {
		if c, ok := socketAt(got[i].Sockets, l.Addr().String()); !ok || pidOf(c) != int32(os.Getpid()) || got[i].Err != nil {
			t.Errorf("%d: %+v, want a socket at %s", i, got[i], l.Addr())
		}
	}
	counts := make([]string, len(got))
	for i, answer := range got {
		counts[i] = fmt.Sprint(len(answer.Sockets), " ", outcome(true, answer.Err))
		if answer.Malformed != 0 {
			t.Errorf("%d: %d malformed rows", i, answer.Malformed)
		}
		if i == 0 || i == 6 || answer.Err != nil {
			counts[i] = outcome(true, answer.Err)
			continue
		}
		want, err := openProcess(t, procs, int(ids[i].PID)).Connections(t.Context())
		check(t, err)
		if diff := cmp.Diff(want, answer.Connections, compareConnections); diff != "" {
			t.Errorf("%d: as by itself (-want +got):\n%s", i, diff)
		}
	}
	invalid := "open process -1: invalid argument"
	want := []string{"value", "3 value", "2 value", "7 value", "0 value", "4 value", "value", "gone", invalid, "3 value", "gone"}
	if diff := cmp.Diff(want, counts); diff != "" {
		t.Errorf("sockets and outcomes (-want +got):\n%s", diff)
	}
	if len(procs.ConnectionsOf(t.Context(), nil)) != 0 {
		t.Error("there are connections without a process")
	}
}

// TestConnectionsOfTheDead looks for processes that end after their descriptors
// were listed, while their namespace is known by another one.
func TestConnectionsOfTheDead(t *testing.T) {
	h := startHelper(t, inNamespaces(syscall.CLONE_NEWNET), "sockets", "1", "1")
	l, err := net.Listen("tcp4", "127.0.0.1:0")
	check(t, err)
	defer l.Close() //nolint:errcheck // a test's own
	file, err := l.(*net.TCPListener).File()
	check(t, err)
	defer file.Close()
	holder := func() *exec.Cmd {
		cmd := &exec.Cmd{Path: "/bin/sleep", Args: []string{"sleep", "600"}, Stdin: file}
		start(t, cmd)
		return cmd
	}
	reaped, zombie := holder(), holder()
	procs := openTable(t, "")
	r := newSocketReader(t.Context())
	var clients []*processClient
	for at, pid := range []int{os.Getpid(), reaped.Process.Pid, zombie.Process.Pid, int(h.pid())} {
		clients = append(clients, openProcess(t, procs, pid).client)
		held, err := r.list(clients[at], int32(at))
		if err != nil || !held {
			t.Fatalf("%d: %t, error %v, want sockets", at, held, err)
		}
	}
	check(t, reaped.Process.Kill())
	reaped.Wait() //nolint:errcheck // it was killed
	check(t, zombie.Process.Kill())
	check(t, waitDead(zombie.Process.Pid))
	for at, want := range []string{"value", "gone", "nothing", "value"} {
		c, err := r.read(clients[at], int32(at))
		if got := outcome(c.Sockets, err); got != want {
			t.Errorf("%d: %s, want %s", at, got, want)
		}
	}
	if len(r.tables) != 2 {
		t.Errorf("the tables of %d namespaces are kept, want 2", len(r.tables))
	}
}

// socketTreeStart is when the processes of a socketTree started.
const socketTreeStart = 5

// socketTree is a tree with processes who have the sockets 100 and their PID,
// which are in their tables, with a malformed row.
func socketTree(t *testing.T, namespaces map[int]string) *sysprobetest.ProcTree {
	t.Helper()
	tree := sysprobetest.NewProcTree(t)
	for pid, namespace := range namespaces {
		dir := strconv.Itoa(pid)
		tree.Add(sysprobetest.Process{PID: pid, Comm: "x", Start: socketTreeStart})
		tree.Link(dir+"/fd/3", "socket:[100]")
		tree.Link(dir+"/fd/4", "socket:["+dir+"]")
		tree.Write(dir+"/net/tcp", socketRows(namespaces))
		if namespace != "" {
			tree.Link(dir+"/ns/net", namespace)
		}
	}
	return tree
}

// socketRows is a table with the sockets of a socketTree, whose ports are the
// PIDs, and a malformed row.
func socketRows(namespaces map[int]string) string {
	var b strings.Builder
	b.WriteString("titles\ngarbage\n")
	row := func(n int) {
		fmt.Fprintf(&b, "0: 00000000:%04X 00000000:0000 0A 0:0 0:0 0 0 0 %d\n", n, n)
	}
	row(100)
	for pid := range namespaces {
		row(pid)
	}
	return b.String()
}

// ports are the local ports of sockets, in order.
func ports(sockets []Connection) []int {
	ports := []int{}
	for _, s := range sockets {
		ports = append(ports, int(s.Local.Port()))
	}
	return ports
}

// TestConnectionsOfReadTablesOnce counts how often files are opened.
func TestConnectionsOfReadTablesOnce(t *testing.T) {
	namespaces := map[int]string{10: "net:[1]", 11: "net:[2]", 12: "net:[1]", 13: "", 14: "net:[1]", 15: "", 16: "net:[2]", 17: "net:[3]"}
	tree := socketTree(t, namespaces)
	tree.Remove("17/fd") // it has no sockets
	tree.Link("17/fd/0", "/dev/null")
	watch := watchOpens(t, tree.Root, "fd", "net")
	answers := openTable(t, tree.Root).ConnectionsOf(t.Context(), idsOf(12, 13, 17, 11, 10, 14, 15, 16))
	var listed, read []string
	for _, opened := range watch.opened(t) {
		switch dir, file := filepath.Split(opened); file {
		case "fd":
			listed = append(listed, filepath.Clean(dir))
			if len(read) > 0 {
				t.Errorf("the descriptors of %s are listed after tables were read", dir)
			}
		case "tcp":
			read = append(read, filepath.Clean(dir))
		}
	}
	if diff := cmp.Diff([]string{"12", "13", "17", "11", "10", "14", "15", "16"}, listed); diff != "" {
		t.Errorf("descriptors listed (-want +got):\n%s", diff)
	}
	if diff := cmp.Diff([]string{"12/net", "13/net", "11/net", "15/net"}, read); diff != "" {
		t.Errorf("tables read (-want +got):\n%s", diff)
	}
	malformed := 0
	for i, pid := range []int{12, 13, 17, 11, 10, 14, 15, 16} {
		check(t, answers[i].Err)
		malformed += answers[i].Malformed
		want := []int{100, pid}
		if pid == 17 {
			want = []int{}
		}
		if diff := cmp.Diff(want, ports(answers[i].Sockets)); diff != "" {
			t.Errorf("ports of %d (-want +got):\n%s", pid, diff)
		}
	}
	if malformed != 4 {
		t.Errorf("%d malformed rows, want one for each table", malformed)
	}
}

// opens says which files were opened.
type opens struct {
	fd   int
	dirs map[int32]string // by watch
}

// watchOpens watches those directories of each process of a tree.
func watchOpens(t *testing.T, root string, dirs ...string) *opens {
	t.Helper()
	fd, err := unix.InotifyInit1(unix.IN_CLOEXEC | unix.IN_NONBLOCK)
	check(t, err)
	t.Cleanup(func() { check(t, unix.Close(fd)) })
	w := &opens{fd: fd, dirs: make(map[int32]string)}
	for _, dir := range dirs {
		paths, err := filepath.Glob(filepath.Join(root, "[0-9]*", dir))
		check(t, err)
		for _, path := range paths {
			watch, err := unix.InotifyAddWatch(fd, path, unix.IN_OPEN)
			check(t, err)
			w.dirs[int32(watch)], err = filepath.Rel(root, path)
			check(t, err)
		}
	}
	return w
}

// opened returns what was opened since it was called last, in order (inotify(7)).
func (w *opens) opened(t *testing.T) []string {
	t.Helper()
	b := make([]byte, 64<<10)
	n, err := unix.Read(w.fd, b)
	check(t, err)
	var paths []string
	for b = b[:n]; len(b) > 0; {
		size := unix.SizeofInotifyEvent + int(binary.NativeEndian.Uint32(b[12:]))
		dir := w.dirs[int32(binary.NativeEndian.Uint32(b))]
		name, _, _ := bytes.Cut(b[unix.SizeofInotifyEvent:size], []byte{0})
		paths = append(paths, filepath.Join(dir, string(name)))
		b = b[size:]
	}
	return paths
}

// TestConnectionsOfWhatChangesMeanwhile lets a process leave its namespace, or
// end, while its tables are read for others too.
func TestConnectionsOfWhatChangesMeanwhile(t *testing.T) {
	namespaces := map[int]string{10: "net:[1]", 11: "net:[1]", 12: "net:[1]"}
	for _, tt := range []struct {
		name   string
		change func(*sysprobetest.ProcTree)
		want   []string // ports or errors
		read   []string // tables besides
	}{
		{"nothing", func(*sysprobetest.ProcTree) {}, []string{"[100]", "[100]", "[100]"}, nil},
		{"another namespace", func(tree *sysprobetest.ProcTree) {
			tree.Remove("10/ns")
			tree.Link("10/ns/net", "net:[2]")
		}, []string{"[100]", "[100 11]", "[100 12]"}, []string{"11/net"}},
		{"its end", func(tree *sysprobetest.ProcTree) { tree.Remove("10") }, []string{"[100]", "[100 11]", "[100 12]"}, []string{"11/net"}},
		{"another process has the PID of the next", func(tree *sysprobetest.ProcTree) {
			tree.Add(sysprobetest.Process{PID: 11, Comm: "x", Start: 6})
		}, []string{"[100]", "no such process", "[100]"}, nil},
		{"no table to be read", func(tree *sysprobetest.ProcTree) {
			tree.Remove("10/net")
			tree.Mkdir("10/net/udp")
		}, []string{"is a directory", "[100 11]", "[100 12]"}, []string{"11/net"}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			tree := socketTree(t, namespaces)
			watch := watchOpens(t, tree.Root, "net")
			table := filepath.Join(tree.Root, "10/net/tcp")
			check(t, os.Remove(table))
			check(t, unix.Mkfifo(table, 0o644))
			written := make(chan error)
			go func() {
				pipe, err := os.OpenFile(table, os.O_WRONLY, 0) // waits for the reader
				if err == nil {
					tree.Remove("10/net/tcp") // no other read has to wait
					tt.change(tree)
					_, err = pipe.WriteString("titles\n0: 00000000:0064 00000000:0000 0A 0:0 0:0 0 0 0 100\n")
					err = errors.Join(err, pipe.Close())
				}
				written <- err
			}()
			answers := openTable(t, tree.Root).ConnectionsOf(t.Context(), idsOf(10, 11, 12))
			check(t, <-written)
			got := make([]string, len(answers))
			for i, answer := range answers {
				got[i] = fmt.Sprint(ports(answer.Sockets))
				if answer.Err != nil {
					got[i] = errors.Unwrap(answer.Err).Error()
				}
			}
			if diff := cmp.Diff(tt.want, got); diff != "" {
				t.Errorf("ports (-want +got):\n%s", diff)
			}
			var read []string
			for _, opened := range watch.opened(t) {
				if dir := filepath.Dir(opened); filepath.Base(opened) == "tcp" && dir != "10/net" {
					read = append(read, dir)
				}
			}
			if diff := cmp.Diff(tt.read, read); diff != "" {
				t.Errorf("tables read besides (-want +got):\n%s", diff)
			}
		})
	}
}
