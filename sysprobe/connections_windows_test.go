package sysprobe

import (
	"errors"
	"net"
	"net/netip"
	"os"
	"slices"
	"syscall"
	"testing"
)

// datagramSocket opens a UDP socket and returns its address. Package net cannot
// under Wine 8, which does not know a control code that it sets.
func datagramSocket(t *testing.T) netip.AddrPort {
	t.Helper()
	socket, err := syscall.Socket(syscall.AF_INET, syscall.SOCK_DGRAM, 0)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { syscall.Closesocket(socket) }) //nolint:errcheck // it was read only
	local := &syscall.SockaddrInet4{Addr: [4]byte{127, 0, 0, 1}}
	if err := syscall.Bind(socket, local); err != nil {
		t.Fatal(err)
	}
	bound, err := syscall.Getsockname(socket)
	if err != nil {
		t.Fatal(err)
	}
	return netip.AddrPortFrom(netip.AddrFrom4(local.Addr), uint16(bound.(*syscall.SockaddrInet4).Port))
}

// TestConnectionsOfWindows opens sockets and looks for them.
func TestConnectionsOfWindows(t *testing.T) {
	listener, err := net.Listen("tcp4", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer listener.Close()
	client, err := net.Dial("tcp4", listener.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	defer client.Close()
	datagrams := datagramSocket(t)

	at := func(a net.Addr) netip.AddrPort { return netip.MustParseAddrPort(a.String()) }
	own := snapshotOf(t, openTable(t), 0).Find(int32(os.Getpid())).ID
	owner := Some(own)
	connected := Connection{
		Process: owner, Family: FamilyInet, Type: SocketStream, Local: at(client.LocalAddr()), Remote: at(client.RemoteAddr()), Status: ConnEstablished,
	}
	procs := openTable(t)
	all, err := procs.Connections(t.Context(), ConnectionFilter{})
	if err != nil {
		t.Fatal(err)
	}
	for _, want := range []Connection{
		connected,
		{Family: FamilyInet, Type: SocketStream, Local: at(listener.Addr()), Status: ConnListen},
		{Family: FamilyInet, Type: SocketDatagram, Local: datagrams},
	} {
		owned := want
		owned.Process = owner
		// Wine 8 knows the owners of connected sockets alone.
		if !slices.Contains(all.Sockets, want) && !slices.Contains(all.Sockets, owned) {
			t.Errorf("no %+v in %+v", want, all.Sockets)
		}
	}
	p, err := procs.OpenProcess(t.Context(), own)
	if err != nil {
		t.Fatal(err)
	}
	defer p.Close()
	if connections, err := p.Connections(t.Context()); err != nil || !slices.Contains(connections.Sockets, connected) {
		t.Errorf("%+v, %v, want %+v", connections, err, connected)
	}
	answers := procs.ConnectionsOf(t.Context(), []ProcID{own, {PID: own.PID, Start: 1}})
	if answers[0].Err != nil || !slices.Contains(answers[0].Sockets, connected) || !errors.Is(answers[1].Err, ErrNoSuchProcess) {
		t.Errorf("%+v", answers)
	}
}
