package sysprobe

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"io/fs"
	"net/netip"
	"slices"
	"strings"
	"syscall"
	"testing"

	"github.com/google/go-cmp/cmp"

	"telegraf-sysprobe/sysprobe/sysprobetest"
)

// pcbAnswers are tables of sockets by the name of sysctl(3).
type pcbAnswers map[string][]byte

// order is that of this machine, which asks its own kernel only.
func order() sysprobetest.ByteOrder {
	if binary.NativeEndian.Uint16([]byte{1, 0}) == 1 {
		return binary.LittleEndian
	}
	return binary.BigEndian
}

// reader asks for these answers; a name without one is not there.
func (a pcbAnswers) reader(ctx context.Context) *pcbReader {
	return &pcbReader{ctx: ctx, goarch: "amd64", read: func(name string) ([]byte, error) {
		if b, ok := a[name]; ok {
			return b, nil
		}
		return nil, syscall.ENOENT
	}}
}

// newPCBAnswers are the tables of a machine of two processes with sockets.
func newPCBAnswers() pcbAnswers {
	head, small := sysprobetest.Generation(order(), 64), sysprobetest.Generation(order(), 32)
	tcp := func(handle uint64, state uint32, local, remote string) []byte {
		flag := uint8(1)
		if strings.HasPrefix(local, "[") {
			flag = 2
		}
		p := sysprobetest.PCB{Handle: handle, Type: 1, VFlag: flag, State: state}
		p.Local, p.Remote = netip.MustParseAddrPort(local), netip.MustParseAddrPort(remote)
		return p.XTCPCB(order())
	}
	udp := sysprobetest.PCB{Handle: 30, Type: 2, VFlag: 1, State: 4}
	udp.Local, udp.Remote = netip.MustParseAddrPort("192.0.2.5:514"), netip.MustParseAddrPort("0.0.0.0:0")
	stream := sysprobetest.PCB{Handle: 40, Type: 1, Path: "/var/run/log"}
	packets := sysprobetest.PCB{Handle: 41, Type: 5}
	return pcbAnswers{
		"net.inet.tcp.pcblist": slices.Concat(head,
			tcp(20, 1, "[::]:80", "[::]:0"), tcp(21, 4, "192.0.2.5:80", "198.51.100.1:50123"), tcp(0, 10, "192.0.2.5:80", "198.51.100.1:50124"),
			tcp(22, 99, "192.0.2.5:81", "198.51.100.1:50125"), head),
		"net.inet.udp.pcblist":        slices.Concat(head, udp.XINPCB(order()), head),
		"net.local.stream.pcblist":    slices.Concat(small, stream.XUNPCB(order()), small),
		"net.local.seqpacket.pcblist": slices.Concat(small, packets.XUNPCB(order()), small),
		"net.local.dgram.pcblist":     slices.Concat(small, small),
		"kern.file": slices.Concat(
			sysprobetest.XFile(order(), 4321, 5, 2, 20), sysprobetest.XFile(order(), 99998, 7, 2, 20), sysprobetest.XFile(order(), 4321, 6, 2, 21),
			sysprobetest.XFile(order(), 4321, 9, 1, 30), sysprobetest.XFile(order(), 99998, 8, 2, 30), sysprobetest.XFile(order(), 777, 3, 2, 41)),
	}
}

// describeConnections writes a line for each socket.
func describeConnections(found Connections) []string {
	var lines []string
	for _, c := range found.Sockets {
		line := fmt.Sprintf("%v %v %v", c.Family, c.Type, c.Status)
		if c.Family == FamilyUnix {
			line += " " + c.Path
		} else {
			line += fmt.Sprintf(" %v %v", c.Local, c.Remote)
		}
		if id, known := c.Process.Get(); known {
			line += fmt.Sprintf(" of %d.%d", id.PID, c.FD.Or(-1))
		}
		lines = append(lines, line)
	}
	return lines
}

// TestI14Connections is acceptance case I14 of FreeBSD: sockets of UDP only, of TCP
// only, none, and all.
func TestI14Connections(t *testing.T) {
	p := openKinfoProcess(t, 4321)
	tcp := []string{
		"inet6 stream LISTEN [::]:80 invalid AddrPort of 4321.5", "inet6 stream LISTEN [::]:80 invalid AddrPort of 99998.7",
		"inet stream ESTABLISHED 192.0.2.5:80 198.51.100.1:50123 of 4321.6", "inet stream TIME_WAIT 192.0.2.5:80 198.51.100.1:50124",
		"inet stream NONE 192.0.2.5:81 198.51.100.1:50125",
	}
	udp := []string{"inet dgram NONE 192.0.2.5:514 invalid AddrPort of 99998.8"}
	unix := []string{"unix stream NONE /var/run/log", "unix seqpacket NONE  of 777.3"}
	for name, tc := range map[string]struct {
		filter ConnectionFilter
		want   []string
	}{
		"TCP":           {ConnectionFilter{Kinds: KindTCP}, tcp},
		"UDP":           {ConnectionFilter{Kinds: KindUDP}, udp},
		"UNIX":          {ConnectionFilter{Kinds: KindUnix}, unix},
		"none":          {ConnectionFilter{LocalPort: 1}, nil},
		"one state":     {ConnectionFilter{Status: []ConnStatus{ConnEstablished}}, tcp[2:3]},
		"all":           {ConnectionFilter{}, slices.Concat(tcp, udp, unix)},
		"one that is 6": {ConnectionFilter{Kinds: KindInet6}, tcp[:2]},
	} {
		found, err := p.table.connectionsBy(newPCBAnswers().reader(t.Context()), tc.filter)
		if diff := cmp.Diff(tc.want, describeConnections(found)); diff != "" || err != nil || found.Malformed != 0 {
			t.Errorf("%s: %d malformed, %v (-want +got):\n%s", name, found.Malformed, err, diff)
		}
	}
}

// TestPCBConnectionsOf asks for the sockets of processes, of one that has ended and of
// one without.
func TestPCBConnectionsOf(t *testing.T) {
	p, answers := openKinfoProcess(t, 4321), newPCBAnswers()
	own, err := p.connectionsBy(answers.reader(t.Context()))
	want := []string{"inet6 stream LISTEN [::]:80 invalid AddrPort of 4321.5", "inet stream ESTABLISHED 192.0.2.5:80 198.51.100.1:50123 of 4321.6"}
	if diff := cmp.Diff(want, describeConnections(own)); diff != "" || err != nil {
		t.Errorf("%v (-want +got):\n%s", err, diff)
	}
	other := openKinfoProcess(t, 5000)
	all := p.table.connectionsOfBy(answers.reader(t.Context()), []ProcID{other.id, {PID: 777, Start: 1}, p.id, {PID: p.id.PID, Start: 9}, p.id})
	for i, want := range []int{0, 0, 2, 0, 2} {
		gone := i == 1 || i == 3
		if len(all[i].Sockets) != want || errors.Is(all[i].Err, ErrNoSuchProcess) != gone || !gone && all[i].Err != nil {
			t.Errorf("process %d: %v, want %d sockets", i, all[i], want)
		}
	}
	p.vanish()
	if found, err := p.connectionsBy(answers.reader(t.Context())); !errors.Is(err, ErrNoSuchProcess) || len(found.Sockets) > 0 {
		t.Errorf("one that has gone: %v, %v", found, err)
	}
}

// TestPCBConnectionsFail reads tables that are not there, that are denied, and that
// are malformed.
func TestPCBConnectionsFail(t *testing.T) {
	p := openKinfoProcess(t, 4321)
	ended, end := context.WithCancel(t.Context())
	end()
	head := sysprobetest.Generation(order(), 64)
	denied := newPCBAnswers().reader(t.Context())
	denied.read = func(string) ([]byte, error) { return nil, syscall.EPERM }
	unowned := newPCBAnswers()
	unowned["kern.file"] = unowned["kern.file"][:100]
	for name, tc := range map[string]struct {
		reader *pcbReader
		filter ConnectionFilter
		want   error
	}{
		"no table":         {pcbAnswers{}.reader(t.Context()), ConnectionFilter{}, ErrNotSupported},
		"no UDP table":     {pcbAnswers{"net.inet.tcp.pcblist": head}.reader(t.Context()), ConnectionFilter{Kinds: KindUDP}, ErrNotSupported},
		"denied":           {denied, ConnectionFilter{}, ErrAccessDenied},
		"no such kind":     {newPCBAnswers().reader(t.Context()), ConnectionFilter{Kinds: 0x80}, fs.ErrInvalid},
		"cancelled":        {newPCBAnswers().reader(ended), ConnectionFilter{}, context.Canceled},
		"files of no size": {unowned.reader(t.Context()), ConnectionFilter{}, ErrMalformed},
	} {
		if found, err := p.table.connectionsBy(tc.reader, tc.filter); !errors.Is(err, tc.want) || len(found.Sockets) > 0 {
			t.Errorf("%s: %v, %v, want %v", name, found, err, tc.want)
		}
		if answer := p.table.connectionsOfBy(tc.reader, []ProcID{p.id})[0]; name == "denied" && !errors.Is(answer.Err, ErrAccessDenied) {
			t.Errorf("%s, of a process: %v", name, answer.Err)
		}
	}
	cut := newPCBAnswers()
	cut["net.inet.tcp.pcblist"] = cut["net.inet.tcp.pcblist"][:64+744+10]
	found, err := p.table.connectionsBy(cut.reader(t.Context()), ConnectionFilter{Kinds: KindTCP})
	if err != nil || found.Malformed != 1 || len(found.Sockets) != 2 {
		t.Errorf("cut: %v, %v", found, err)
	}
}
