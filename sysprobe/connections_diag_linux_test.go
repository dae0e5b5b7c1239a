package sysprobe

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"net"
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

	"telegraf-sysprobe/sysprobe/internal/sys/nlconn"
	"telegraf-sysprobe/sysprobe/sysprobetest"
)

// listenAll opens a socket of each kind, a connected pair, one that waits after its
// end, and two UNIX sockets, and returns the address of the listener on TCP.
func listenAll(t *testing.T) net.Addr {
	t.Helper()
	keep := func(c interface{ Close() error }, err error) {
		check(t, err)
		t.Cleanup(func() { c.Close() }) //nolint:errcheck // a test's own
	}
	keep(net.Listen("tcp6", "[::1]:0"))
	keep(net.ListenPacket("udp4", "127.0.0.1:0"))
	keep(net.ListenPacket("udp6", "[::1]:0"))
	keep(net.Listen("unix", filepath.Join(t.TempDir(), "a b")))
	keep(net.Listen("unix", fmt.Sprintf("@sysprobe %d\x00x", os.Getpid())))
	listener, err := net.Listen("tcp4", "127.0.0.1:0")
	keep(listener, err)
	for _, stays := range []bool{true, false} {
		client, err := net.Dial("tcp4", listener.Addr().String())
		check(t, err)
		server, err := listener.Accept()
		check(t, err)
		if stays {
			keep(client, nil)
			keep(server, nil)
			continue
		}
		check(t, client.Close()) // it waits, since it closes first
		_, err = server.Read(make([]byte, 1))
		if err == nil {
			t.Fatal("the client has not closed")
		}
		check(t, server.Close())
	}
	return listener.Addr()
}

// TestConnectionsByDiagAndFiles compares what sock_diag(7) and the files say of the
// sockets of this process.
func TestConnectionsByDiagAndFiles(t *testing.T) {
	at := listenAll(t).(*net.TCPAddr)
	procs := openTable(t, "")
	c := openProcess(t, procs, os.Getpid()).client
	held, err := resolveAlive(t.Context(), c, heldSockets)
	check(t, err)
	own := map[uint64]bool{}
	for _, s := range held {
		own[s.inode] = true
	}
	diag, files, err := readBoth(procs)
	check(t, err)
	rows := func(tables socketTables) (texts []string) {
		for i, row := range tables.rows {
			if port := uint16(at.Port); own[tables.inodes[i]] || row.Local.Port() == port || row.Remote.Port() == port {
				row.Unproven = false
				texts = append(texts, fmt.Sprintf("%+v %d", row, tables.inodes[i]))
			}
		}
		slices.Sort(texts)
		return texts
	}
	got := rows(diag)
	if diff := cmp.Diff(rows(files), got); diff != "" {
		t.Errorf("sockets (-files +sock_diag):\n%s", diff)
	}
	if states := strings.Join(got, "\n"); !strings.Contains(states, "Status:TIME_WAIT") || !strings.Contains(states, "Path:@sysprobe") {
		t.Errorf("too few sockets to compare:\n%s", states)
	}
}

// readBoth reads the tables of this process by sock_diag(7) and from the files.
func readBoth(procs *Procs) (diag, files socketTables, err error) {
	c := procs.client
	buf := c.takeBuffer()
	self, err := c.root.OpenSelf(buf)
	if err != nil {
		return diag, files, err
	}
	defer self.Close() //nolint:errcheck // it is open
	ctx, target := context.Background(), target{Dir: self, buf: buf}
	err = diag.readOf(ctx, target, target.dialOwn)
	return diag, files, errors.Join(err, files.readOf(ctx, target, func() (nlconn.Socket, error) { return nil, fs.ErrPermission }))
}

// TestConnectionsOfForgedRows binds a socket whose path looks like rows of
// /proc/net/unix, among them one of a socket of this process.
func TestConnectionsOfForgedRows(t *testing.T) {
	t.Chdir(t.TempDir())
	fd, err := unix.Socket(unix.AF_UNIX, unix.SOCK_DGRAM|unix.SOCK_CLOEXEC, 0)
	check(t, err)
	defer unix.Close(fd) //nolint:errcheck // a test's own
	var st unix.Stat_t
	check(t, unix.Fstat(fd, &st))
	path := fmt.Sprintf("x\n0: 2 0 10000 1 1 %d @forged", st.Ino)
	check(t, unix.Bind(fd, &unix.SockaddrUnix{Name: path}))
	procs := openTable(t, "")
	all, err := procs.Connections(t.Context(), ConnectionFilter{Kinds: KindUnix})
	check(t, err)
	if got, ok := socketAt(all.Sockets, "@forged"); ok {
		t.Errorf("a forged row: %+v", got)
	}
	got, ok := socketAt(all.Sockets, path)
	if !ok || got.FD.Or(-1) != int32(fd) || pidOf(got) != int32(os.Getpid()) || got.Unproven {
		t.Errorf("%+v, want the socket with its whole path", got)
	}
	own, err := openProcess(t, procs, os.Getpid()).Connections(t.Context())
	check(t, err)
	if _, ok := socketAt(own.Sockets, path); !ok {
		t.Error("the process does not have the socket")
	}
	_, files, err := readBoth(procs)
	check(t, err)
	for i := range files.rows {
		if row := &files.rows[i]; row.Unproven != (row.Family == FamilyUnix) {
			t.Fatalf("out of a file: %+v, want UNIX sockets, and no other, unproven", row)
		}
	}
	at := slices.IndexFunc(files.rows, func(c Connection) bool { return c.Path == "@forged" })
	if at < 0 || files.inodes[at] != st.Ino {
		t.Error("the file has no forged row: the test shows nothing")
	}
}

// psutilConnection is a row of psutil's net_connections().
type psutilConnection struct {
	FD, Family, Type int
	Local, Remote    string
	Status           string
	PID              int32
}

// psutilConnections prints the sockets of a process for each of several words.
const psutilConnections = `import json, psutil, sys
at = lambda a: a if isinstance(a, str) else ("[%s]:%d" if ":" in a.ip else "%s:%d") % (a.ip, a.port) if a else ""
print(json.dumps({kind: [dict(fd=c.fd, family=int(c.family), type=int(c.type), local=at(c.laddr), remote=at(c.raddr), status=c.status, pid=c.pid)
    for c in psutil.net_connections(kind) if c.pid == int(sys.argv[1])] for kind in sys.argv[2:]}))`

// TestConnectionsOracle compares the sockets of this process, by every word for
// kinds, with psutil's.
func TestConnectionsOracle(t *testing.T) {
	python := sysprobetest.NeedPython(t, "psutil")
	listenAll(t)
	args := append([]string{"-c", psutilConnections, strconv.Itoa(os.Getpid())}, strings.Split(kindList(), ", ")...)
	out, err := exec.Command(python, args...).Output()
	check(t, err)
	var want map[string][]psutilConnection
	check(t, json.Unmarshal(out, &want))
	for word, want := range want {
		var filter ConnectionFilter
		check(t, filter.Kinds.UnmarshalText([]byte(word)))
		sockets, err := NetConnections(t.Context(), filter)
		check(t, err)
		got := []psutilConnection{}
		for i := range sockets {
			if c := &sockets[i]; pidOf(*c) == int32(os.Getpid()) {
				row := connectionAsPsutil(c)
				if !strings.ContainsAny(c.Path, " @") {
					row.Local += c.Path
				}
				got = append(got, row)
			}
		}
		want = slices.DeleteFunc(want, func(c psutilConnection) bool { return c.Local == "" && c.Family != 1 }) // no port yet
		for i := range want {
			if want[i].Family == 1 && strings.Contains(want[i].Local, " ") || strings.HasPrefix(want[i].Local, "@") {
				want[i].Local = "" // psutil loses a path with a blank, and later releases keep it
			}
		}
		byFD := func(a, b psutilConnection) int { return a.FD - b.FD }
		slices.SortFunc(got, byFD)
		slices.SortFunc(want, byFD)
		if diff := cmp.Diff(want, got); diff != "" || len(got) == 0 {
			t.Errorf("%s: %d sockets (-psutil +got):\n%s", word, len(got), diff)
		}
	}
}

// connectionAsPsutil is the row of psutil for c, without the path of one of UNIX.
func connectionAsPsutil(c *Connection) psutilConnection {
	id, _ := c.Process.Get()
	row := psutilConnection{FD: int(c.FD.Or(-1)), Family: int(c.Family), Type: int(c.Type), PID: id.PID, Status: c.Status.String()}
	if c.Local.IsValid() {
		row.Local = c.Local.String()
	}
	if c.Remote.IsValid() {
		row.Remote = c.Remote.String()
	}
	return row
}

func TestConnectionsFiltered(t *testing.T) {
	at := listenAll(t).(*net.TCPAddr)
	procs := openTable(t, "")
	count := func(filter ConnectionFilter) (states []string) {
		found, err := procs.Connections(t.Context(), filter)
		check(t, err)
		for _, c := range found.Sockets {
			if c.FD.Known() != (c.Status != ConnTimeWait) {
				t.Errorf("%+v, want an owner of all but what waits after its end", c)
			}
			states = append(states, c.Status.String())
		}
		slices.Sort(states)
		return states
	}
	port := uint16(at.Port)
	for _, tt := range []struct {
		filter ConnectionFilter
		want   []string
	}{
		{ConnectionFilter{LocalPort: port}, []string{"ESTABLISHED", "LISTEN"}},
		{ConnectionFilter{RemotePort: port}, []string{"ESTABLISHED", "TIME_WAIT"}},
		{ConnectionFilter{LocalPort: port, Status: []ConnStatus{ConnListen}}, []string{"LISTEN"}},
		{ConnectionFilter{RemotePort: port, Status: []ConnStatus{ConnTimeWait, ConnListen}}, []string{"TIME_WAIT"}},
		{ConnectionFilter{LocalPort: port, Kinds: KindUDP}, nil},
		{ConnectionFilter{LocalPort: port, Kinds: KindInet6}, nil},
	} {
		if diff := cmp.Diff(tt.want, count(tt.filter)); diff != "" {
			t.Errorf("%+v (-want +got):\n%s", tt.filter, diff)
		}
	}
	for said, filter := range map[string]ConnectionFilter{
		"kinds of connections 0x40 are not among ":                {Kinds: 0x40},
		"status of connections 77 is not among [NONE ESTABLISHED": {Status: []ConnStatus{ConnListen, 77}},
		"status of connections 13 is not among [":                 {Status: []ConnStatus{13}},
		"status of connections 200 is not among [":                {Status: []ConnStatus{200}},
	} {
		var op *OpError
		if _, err := procs.Connections(t.Context(), filter); !errors.Is(err, fs.ErrInvalid) || !errors.As(err, &op) || !strings.Contains(err.Error(), said) {
			t.Errorf("error %v, want fs.ErrInvalid with %q", err, said)
		}
	}
}

// TestConnectionsFilteredOutLookAtNoProcess asks for a port that no socket has.
func TestConnectionsFilteredOutLookAtNoProcess(t *testing.T) {
	tree := socketTree(t, map[int]string{1: "net:[1]", 10: "net:[1]", 11: "net:[1]"}) // the process that reads is 1
	watch := watchOpens(t, tree.Root, "fd")
	procs := openTable(t, tree.Root)
	found, err := procs.Connections(t.Context(), ConnectionFilter{LocalPort: 11})
	check(t, err)
	if len(found.Sockets) != 1 || found.Sockets[0].Process != Some(ProcID{PID: 11, Start: socketTreeStart}) || found.Sockets[0].FD != Some[int32](4) {
		t.Errorf("%+v, want one of process 11", found.Sockets)
	}
	if opened := watch.opened(t); len(opened) != 3 {
		t.Errorf("looked into %v, want all 3 processes", opened)
	}
	found, err = procs.Connections(t.Context(), ConnectionFilter{LocalPort: 9})
	check(t, err)
	_, err = os.ReadDir(filepath.Join(tree.Root, "1/fd")) // this test alone
	check(t, err)
	if opened := watch.opened(t); len(opened) != 1 || len(found.Sockets) != 0 {
		t.Errorf("looked into %v for %+v, want none", opened, found.Sockets)
	}
}

// TestConnectionsOfNetNS asks a table for the sockets of another namespace.
func TestConnectionsOfNetNS(t *testing.T) {
	sysprobetest.NeedNamespaces(t)
	h := startHelper(t, inNamespaces(syscall.CLONE_NEWNET), "listener")
	var address string
	h.answer(t, &address)
	path := fmt.Sprintf("/proc/%d/ns/net", h.pid())
	procs, err := OpenProcs(&Config{NetNS: path})
	check(t, err)
	closeAfter(t, procs)
	found, err := procs.Connections(t.Context(), ConnectionFilter{})
	check(t, err)
	if c, ok := socketAt(found.Sockets, address); !ok || pidOf(c) != h.pid() || len(found.Sockets) != 1 {
		t.Errorf("%+v, want the one listener at %s", found.Sockets, address)
	}
	if _, err := OpenProcs(&Config{NetNS: "no-such-namespace"}); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("error %v of no namespace, want fs.ErrNotExist", err)
	}
}

// TestConnectionsKeepNetNS has another namespace take the name of the one that a table
// was opened in: the table answers for the first one, as long as it is open.
func TestConnectionsKeepNetNS(t *testing.T) {
	sysprobetest.NeedTool(t, "ip")
	sysprobetest.NeedNamespaces(t)
	name := fmt.Sprintf("sysprobe-kept-%d", os.Getpid())
	ip := func(args ...string) {
		t.Helper()
		if out, err := exec.Command("ip", append([]string{"netns"}, args...)...).CombinedOutput(); err != nil {
			t.Fatalf("ip netns %v: %v\n%s", args, err, out)
		}
	}
	var addresses [2]string
	var procs *Procs
	for i := range addresses {
		h := startHelper(t, inNamespaces(syscall.CLONE_NEWNET), "listener")
		h.answer(t, &addresses[i])
		ip("attach", name, fmt.Sprint(h.pid()))
		if i == 0 {
			var err error
			procs, err = OpenProcs(&Config{NetNS: name, Backend: BackendProcFS})
			check(t, err)
			ip("del", name)
		}
	}
	t.Cleanup(func() { ip("del", name) })
	found, err := procs.Connections(t.Context(), ConnectionFilter{})
	if _, ok := socketAt(found.Sockets, addresses[0]); err != nil || !ok || len(found.Sockets) != 1 {
		t.Errorf("%+v, %v, want the listener at %s of the namespace that was opened", found.Sockets, err, addresses[0])
	}
	check(t, procs.Close())
	if _, err := procs.Connections(t.Context(), ConnectionFilter{LocalPort: 1}); !errors.Is(err, fs.ErrClosed) {
		t.Errorf("closed: %v, want fs.ErrClosed", err)
	}
}
