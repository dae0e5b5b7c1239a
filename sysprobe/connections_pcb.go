package sysprobe

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"io/fs"
	"net/netip"

	"telegraf-sysprobe/sysprobe/internal/decode/pcblist"
)

// pcbTable is a table of sockets of FreeBSD.
type pcbTable struct {
	name  string // of sysctl(3)
	table pcblist.Table
	kinds ConnKinds
}

var pcbTables = []pcbTable{
	{"net.inet.tcp.pcblist", pcblist.TCP, KindTCP},
	{"net.inet.udp.pcblist", pcblist.UDP, KindUDP},
	{"net.local.stream.pcblist", pcblist.Unix, KindUnix},
	{"net.local.seqpacket.pcblist", pcblist.Unix, KindUnix},
	{"net.local.dgram.pcblist", pcblist.Unix, KindUnix},
}

// pcbReader reads the tables of sockets of FreeBSD. The kernel leaves out those of
// users that this one must not see (security.bsd.see_other_uids).
type pcbReader struct {
	ctx context.Context
	// read returns the answer for a name of sysctl(3).
	read   func(name string) ([]byte, error)
	goarch string
}

// pcbSocket is a socket of a table, with the handle that a file has.
type pcbSocket struct {
	Connection

	handle uint64
}

// sockets returns the sockets that a filter means, and how many rows are malformed.
func (r *pcbReader) sockets(filter ConnectionFilter) (found []pcbSocket, malformed int, err error) {
	wanted, missing := 0, 0
	for i := range pcbTables {
		table := &pcbTables[i]
		if filter.kinds()&table.kinds == 0 {
			continue
		}
		if err := r.ctx.Err(); err != nil {
			return nil, 0, err
		}
		wanted++
		b, err := r.read(table.name)
		switch {
		case errors.Is(err, fs.ErrNotExist):
			missing++
			continue
		case err != nil:
			return nil, 0, fmt.Errorf("%s: %w", table.name, err)
		}
		rows, short, err := pcblist.AppendSockets(nil, b, binary.NativeEndian, table.table, r.goarch)
		if malformed += short; err != nil {
			malformed++ // and what follows it is lost
		}
		for i := range rows {
			if c := connectionOfPCB(&rows[i], table.table); filter.Matches(&c) {
				found = append(found, pcbSocket{c, rows[i].Handle})
			}
		}
	}
	if wanted > 0 && missing == wanted {
		return nil, 0, fmt.Errorf("no table of sockets: %w", ErrNotSupported)
	}
	return found, malformed, nil
}

// holders are the descriptors of sockets by the handle of the socket.
type pcbHolders map[uint64][]pcblist.File

// holders returns the descriptors of all processes that this user may see, or of
// those with these PIDs.
func (r *pcbReader) holders(of func(pid int32) bool) (pcbHolders, error) {
	const name = "kern.file"
	b, err := r.read(name)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", name, err)
	}
	files, err := pcblist.AppendSocketFiles(nil, b, binary.NativeEndian)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", name, err)
	}
	holders := pcbHolders{}
	for _, f := range files {
		if f.Handle != 0 && of(f.PID) {
			holders[f.Handle] = append(holders[f.Handle], f)
		}
	}
	return holders, r.ctx.Err()
}

// connectionOfPCB maps a row. A socket without a port has no address, as on Linux.
func connectionOfPCB(raw *pcblist.Socket, table pcblist.Table) Connection {
	if table == pcblist.Unix {
		return Connection{Family: FamilyUnix, Type: SocketType(min(raw.Type, 0xff)), Path: string(raw.Path)}
	}
	c := Connection{Family: FamilyInet, Type: SocketStream, Local: withPort(raw.Local), Remote: withPort(raw.Remote)}
	if raw.Local.Addr().Is6() {
		c.Family = FamilyInet6
	}
	if table == pcblist.UDP {
		c.Type = SocketDatagram
		return c
	}
	c.Status = connStatusOfBSD(raw.State)
	return c
}

// withPort returns a, or the zero value if it has no port.
func withPort(a netip.AddrPort) netip.AddrPort {
	if a.Port() == 0 {
		return netip.AddrPort{}
	}
	return a
}

// connStatusOfBSD maps TCPS_* of netinet/tcp_fsm.h.
func connStatusOfBSD(raw uint32) ConnStatus {
	states := [...]ConnStatus{
		ConnClose, ConnListen, ConnSynSent, ConnSynRecv, ConnEstablished, ConnCloseWait, ConnFinWait1, ConnClosing,
		ConnLastAck, ConnFinWait2, ConnTimeWait,
	}
	if raw < uint32(len(states)) {
		return states[raw]
	}
	return ConnNone
}

// connectionsBy reads the sockets, and then which processes have them.
func (c *kinfoProcsClient) connectionsBy(r *pcbReader, filter ConnectionFilter) (Connections, error) {
	const op = "read connections"
	if err := filter.check(); err != nil {
		return Connections{}, opError(op, "", err)
	}
	sockets, malformed, err := r.sockets(filter)
	if err != nil || len(sockets) == 0 {
		return Connections{Malformed: malformed}, opError(op, "", err)
	}
	holders, err := r.holders(func(int32) bool { return true })
	if err != nil {
		return Connections{}, opError(op, "", err)
	}
	rows, err := c.identities(r.ctx)
	if err != nil {
		return Connections{}, opError(op, "", err)
	}
	found := Connections{Malformed: malformed}
	for i := range sockets {
		s := &sockets[i]
		if len(holders[s.handle]) == 0 {
			found.Sockets = append(found.Sockets, s.Connection)
			continue
		}
		for _, f := range holders[s.handle] {
			id := ProcID{PID: f.PID, Start: StartUnknown} // of one that has ended since
			if p := findPID(rows, f.PID); p != nil {
				id = p.ID
			}
			found.Sockets = append(found.Sockets, s.heldBy(id, f.FD))
		}
	}
	return found, nil
}

// identities are the processes of now.
func (c *kinfoProcsClient) identities(ctx context.Context) ([]Proc, error) {
	var s ProcSnapshot
	if err := c.snapshot(ctx, &s, 0); err != nil {
		return nil, errors.Unwrap(err)
	}
	return s.Procs, nil
}

// heldBy is the socket as a process has it.
func (s *pcbSocket) heldBy(id ProcID, fd int32) Connection {
	c := s.Connection
	c.Process, c.FD = Some(id), Some(fd)
	return c
}

// connectionsOfBy lists the descriptors of the processes, and then reads the tables
// once.
func (c *kinfoProcsClient) connectionsOfBy(r *pcbReader, ids []ProcID) []ProcConnections {
	answers := make([]ProcConnections, len(ids))
	rows, malformed, err := c.fillConnections(r, ids, answers)
	for i, id := range ids {
		answer := err
		if p := findPID(rows, id.PID); err == nil && (p == nil || !isSame(p.ID, id)) {
			answers[i].Sockets, answer = nil, ErrNoSuchProcess
		}
		answers[i].Err = pidError(opConnections, id.PID, answer)
	}
	if err == nil && len(answers) > 0 {
		answers[0].Malformed = malformed
	}
	return answers
}

// fillConnections adds the sockets of each process to its answer, and returns the
// processes that there are afterwards.
func (c *kinfoProcsClient) fillConnections(r *pcbReader, ids []ProcID, answers []ProcConnections) (rows []Proc, malformed int, err error) {
	places := map[int32][]int{}
	for i, id := range ids {
		places[id.PID] = append(places[id.PID], i)
	}
	holders, err := r.holders(func(pid int32) bool { return places[pid] != nil })
	if err != nil {
		return nil, 0, err
	}
	var sockets []pcbSocket
	if len(holders) > 0 {
		if sockets, malformed, err = r.sockets(ConnectionFilter{}); err != nil {
			return nil, 0, err
		}
	}
	for i := range sockets {
		for _, f := range holders[sockets[i].handle] {
			for _, at := range places[f.PID] {
				answers[at].Sockets = append(answers[at].Sockets, sockets[i].heldBy(ids[at], f.FD))
			}
		}
	}
	rows, err = c.identities(r.ctx)
	return rows, malformed, err
}

// connectionsBy reads the sockets of the process. A zombie has none.
func (c *kinfoProcessClient) connectionsBy(r *pcbReader) (Connections, error) {
	if _, err := c.look(r.ctx); err != nil { // also if it is closed
		return Connections{}, pidError(opConnections, c.id.PID, err)
	}
	answer := c.table.connectionsOfBy(r, []ProcID{c.id})[0]
	return answer.Connections, answer.Err
}
