package sysprobe

import (
	"context"
	"encoding/binary"
	"errors"
	"net"
	"net/netip"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"syscall"
	"testing"

	"github.com/google/go-cmp/cmp"

	"telegraf-sysprobe/sysprobe/sysprobetest"
)

// helpListener: a process that listens on a port of 127.0.0.1 in its network
// namespace, which it brings up. It prints the address.
func helpListener([]string) error {
	listener, err := net.Listen("tcp4", "0.0.0.0:0")
	if err != nil {
		return err
	}
	return errors.Join(ready(), say(listener.Addr().String()), untilEOF(ignore))
}

// helpConnections: prints the connections that this user sees, and would see twice.
func helpConnections([]string) error {
	procs, err := OpenProcs(nil)
	if err != nil {
		return err
	}
	if _, err := procs.Connections(context.Background(), ConnectionFilter{}); err != nil {
		return err
	}
	all, err := procs.Connections(context.Background(), ConnectionFilter{})
	if err != nil {
		return err
	}
	return errors.Join(ready(), say(all.Sockets))
}

// socketAt returns the first socket with that local address or path.
func socketAt(sockets []Connection, at string) (Connection, bool) {
	i := slices.IndexFunc(sockets, func(c Connection) bool { return c.Local.String() == at || c.Path == at })
	if i < 0 {
		return Connection{}, false
	}
	return sockets[i], true
}

// pidOf is the PID of the process that has a socket, 0 without one.
func pidOf(c Connection) int32 { return c.Process.Or(ProcID{}).PID }

func TestConnections(t *testing.T) {
	path := filepath.Join(t.TempDir(), "a b")
	var closers []interface{ Close() error }
	defer func() {
		for _, c := range closers {
			c.Close() //nolint:errcheck // a test's own
		}
	}()
	listen := func(network, address string) string {
		l, err := net.Listen(network, address)
		check(t, err)
		closers = append(closers, l)
		return l.Addr().String()
	}
	tcp, unixPath, abstract := listen("tcp4", "127.0.0.1:0"), listen("unix", path), listen("unix", "@sysprobe test "+strconv.Itoa(os.Getpid()))
	client, err := net.Dial("tcp4", tcp)
	check(t, err)
	udp, err := net.ListenPacket("udp4", "127.0.0.1:0")
	check(t, err)
	closers = append(closers, client, udp)
	want := map[string]Connection{
		tcp: {Family: FamilyInet, Type: SocketStream, Local: netip.MustParseAddrPort(tcp), Status: ConnListen},
		client.LocalAddr().String(): {
			Family: FamilyInet, Type: SocketStream, Status: ConnEstablished,
			Local: netip.MustParseAddrPort(client.LocalAddr().String()), Remote: netip.MustParseAddrPort(tcp),
		},
		udp.LocalAddr().String(): {Family: FamilyInet, Type: SocketDatagram, Local: netip.MustParseAddrPort(udp.LocalAddr().String())},
		unixPath:                 {Family: FamilyUnix, Type: SocketStream, Path: path},
		abstract:                 {Family: FamilyUnix, Type: SocketStream, Path: abstract},
	}
	procs := openTable(t, "")
	own, err := openProcess(t, procs, os.Getpid()).Connections(t.Context())
	check(t, err)
	all, err := procs.Connections(t.Context(), ConnectionFilter{})
	check(t, err)
	for at, want := range want {
		for whose, sockets := range map[string][]Connection{"own": own.Sockets, "all": all.Sockets} {
			got, ok := socketAt(sockets, at)
			if !ok || pidOf(got) != int32(os.Getpid()) || got.FD.Or(-1) < 0 {
				t.Errorf("%s: %s is %+v, want process %d", whose, at, got, os.Getpid())
			}
			got.Process, got.FD = Opt[ProcID]{}, Opt[int32]{}
			if got != want {
				t.Errorf("%s: %s is %+v, want %+v", whose, at, got, want)
			}
		}
	}
	if own.Malformed != 0 || all.Malformed != 0 {
		t.Errorf("%d and %d malformed", own.Malformed, all.Malformed)
	}
	t.Run("H15 of another user", func(t *testing.T) {
		h := startHelper(t, asNobody, "connections")
		var sockets []Connection
		h.answer(t, &sockets)
		got, ok := socketAt(sockets, tcp)
		if !ok || got.Process.Known() || got.FD.Known() || got.Status != ConnListen {
			t.Errorf("listener %+v, want one without a process", got)
		}
	})
	t.Run("H14 in another network namespace", func(t *testing.T) {
		h := startHelper(t, inNamespaces(syscall.CLONE_NEWNET), "listener")
		var address string
		h.answer(t, &address)
		got, err := openProcess(t, procs, int(h.pid())).Connections(t.Context())
		check(t, err)
		if c, ok := socketAt(got.Sockets, address); !ok || c.Status != ConnListen || len(got.Sockets) != 1 {
			t.Errorf("sockets %+v, want one at %s", got.Sockets, address)
		}
	})
	t.Run("a socket that two processes have", func(t *testing.T) {
		l, err := net.Listen("tcp4", "127.0.0.1:0")
		check(t, err)
		defer l.Close() //nolint:errcheck // a test's own
		file, err := l.(*net.TCPListener).File()
		check(t, err)
		defer file.Close()
		cmd := &exec.Cmd{Path: "/bin/sleep", Args: []string{"sleep", "600"}, Stdin: file}
		start(t, cmd)
		all, err := procs.Connections(t.Context(), ConnectionFilter{})
		check(t, err)
		holders := map[int32]bool{}
		for _, c := range all.Sockets {
			if c.Local.String() == l.Addr().String() {
				holders[pidOf(c)] = true
			}
		}
		if want := map[int32]bool{int32(os.Getpid()): true, int32(cmd.Process.Pid): true}; !cmp.Equal(holders, want) {
			t.Errorf("it is of %v, want %v", holders, want)
		}
	})
}

func TestConnectionsInFixture(t *testing.T) {
	const titles = "  sl  local_address rem_address   st\n"
	row := func(local, state, inode string) string {
		return "0: " + local + " 00000000:0000 " + state + " 0:0 0:0 0 1000 0 " + inode + "\n"
	}
	local := func(ip [4]byte) string { // as a word of this machine
		return strconv.FormatUint(1<<32|uint64(binary.NativeEndian.Uint32(ip[:])), 16)[1:]
	}
	at := local([4]byte{10, 0, 0, 5}) + ":0016"
	tree := sysprobetest.NewProcTree(t)
	tree.Add(sysprobetest.Process{PID: 1, Comm: "x"})
	tree.Add(sysprobetest.Process{PID: 10, Comm: "x"})
	for fd, inode := range []string{"5", "6", "7"} {
		tree.Link("10/fd/"+strconv.Itoa(fd), "socket:["+inode+"]")
	}
	tree.Write("net/tcp", "")
	tables := map[string]string{
		"tcp": titles + row(at, "0A", "5") + "garbage\n" + row("0500:0016", "0A", "5") + row(at, "06", "0") + row(at, "C8", "7"),
		"udp": titles + row(at, "07", "6"),
	}
	for name, text := range tables {
		tree.Write("10/net/"+name, text)
		tree.Write("1/net/"+name, text)
	}
	procs := openTable(t, tree.Root)
	got, err := openProcess(t, procs, 10).Connections(t.Context())
	check(t, err)
	address := netip.MustParseAddrPort("10.0.0.5:22")
	holder := Some(ProcID{PID: 10})
	want := []Connection{
		{Process: holder, FD: Some[int32](0), Family: FamilyInet, Type: SocketStream, Local: address, Status: ConnListen},
		{Process: holder, FD: Some[int32](2), Family: FamilyInet, Type: SocketStream, Local: address, Status: 200},
		{Process: holder, FD: Some[int32](1), Family: FamilyInet, Type: SocketDatagram, Local: address},
	}
	compare := cmp.Options{cmp.AllowUnexported(Opt[int32]{}, Opt[ProcID]{}), cmp.Comparer(func(a, b netip.AddrPort) bool { return a == b })}
	if diff := cmp.Diff(want, got.Sockets, compare); diff != "" || got.Malformed != 2 {
		t.Errorf("H05 H07 H08 H09: %d malformed, want 2; sockets (-want +got):\n%s", got.Malformed, diff)
	}
	all, err := procs.Connections(t.Context(), ConnectionFilter{})
	check(t, err)
	timeWait := Connection{Family: FamilyInet, Type: SocketStream, Local: address, Status: ConnTimeWait}
	want = []Connection{want[0], timeWait, want[1], want[2]}
	if diff := cmp.Diff(want, all.Sockets, compare); diff != "" || all.Malformed != 2 {
		t.Errorf("H05: %d malformed, want 2; all sockets (-want +got):\n%s", all.Malformed, diff)
	}
	tree.Remove("10/net")
	if got, err := openProcess(t, procs, 10).Connections(t.Context()); !errors.Is(err, ErrNotSupported) {
		t.Errorf("%v, error %v without any table, want ErrNotSupported", got, err)
	}
}
