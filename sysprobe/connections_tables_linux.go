package sysprobe

import (
	"bytes"
	"context"
	"encoding/binary"
	"io/fs"
	"net/netip"
	"os"
	"slices"

	"telegraf-sysprobe/sysprobe/internal/decode/procfs"
	"telegraf-sysprobe/sysprobe/internal/decode/sockdiag"
	"telegraf-sysprobe/sysprobe/internal/sys/netns"
	"telegraf-sysprobe/sysprobe/internal/sys/nlconn"
	"telegraf-sysprobe/sysprobe/internal/sys/procdir"
)

// socketTable is a table that the kernel keeps in each network namespace: a file of
// proc(5), and what sock_diag(7) calls it.
type socketTable struct {
	file     procdir.File
	kind     ConnKinds
	protocol uint8
	base     Connection // what all rows have
}

var socketTableList = []socketTable{
	{"net/tcp", KindTCP4, sockdiag.ProtoTCP, Connection{Family: FamilyInet, Type: SocketStream}},
	{"net/tcp6", KindTCP6, sockdiag.ProtoTCP, Connection{Family: FamilyInet6, Type: SocketStream}},
	{"net/udp", KindUDP4, sockdiag.ProtoUDP, Connection{Family: FamilyInet, Type: SocketDatagram}},
	{"net/udp6", KindUDP6, sockdiag.ProtoUDP, Connection{Family: FamilyInet6, Type: SocketDatagram}},
	{"net/unix", KindUnix, 0, Connection{Family: FamilyUnix}},
}

// socketTables are the rows of the tables of a network namespace that a filter
// means.
type socketTables struct {
	filter    ConnectionFilter
	rows      []Connection
	inodes    []uint64 // of the sockets of the rows; 0 if no process has one any more
	malformed int
}

// readOf reads the tables of the network namespace of a process, which dial opens a
// socket in. Where the kernel does not answer sock_diag(7), it reads the files of the
// process.
func (s *socketTables) readOf(ctx context.Context, t target, dial func() (nlconn.Socket, error)) error {
	diag := nlconn.NewDiag(dial)
	defer diag.Close() //nolint:errcheck // it was read only
	wanted, missing := 0, 0
	for i := range socketTableList {
		table := &socketTableList[i]
		if s.filter.kinds()&table.kind == 0 {
			continue
		}
		wanted++
		if err := s.ask(ctx, diag, table); err == nil {
			continue
		}
		b, err := t.readRecords(ctx, table.file) // with the error of ctx too
		switch {
		case isGone(err): // a kernel without IPv6, or the process has ended
			missing++
		case err != nil:
			return err
		default:
			s.addFile(b, table)
		}
	}
	if missing > 0 && missing == wanted {
		return fs.ErrNotExist
	}
	return nil
}

// dialDiag opens a socket for sock_diag(7) in the network namespace of the process. It
// returns an error for a copy of proc(5), and for a namespace that this user must not
// enter.
func (t target) dialDiag() (nlconn.Socket, error) {
	if !t.IsKernel() {
		return nil, ErrNotSupported
	}
	file, err := t.OpenFile(t.buf, "ns/net")
	if err != nil {
		return nil, err
	}
	defer file.Close()
	if netns.IsOwn(file) {
		return nlconn.DialDiag(nil)
	}
	return nlconn.DialDiag(file)
}

// dialOwn is dialDiag for the process that reads. It does not look at the namespace
// of its main thread, which another goroutine can move for a moment.
func (t target) dialOwn() (nlconn.Socket, error) {
	if !t.IsKernel() {
		return nil, ErrNotSupported
	}
	return nlconn.DialDiag(nil)
}

// readIn reads the tables of a network namespace by sock_diag(7) alone.
func (s *socketTables) readIn(ctx context.Context, netNS *os.File) error {
	diag := nlconn.NewDiag(func() (nlconn.Socket, error) { return nlconn.DialDiag(netNS) })
	defer diag.Close() //nolint:errcheck // it was read only
	for i := range socketTableList {
		table := &socketTableList[i]
		if s.filter.kinds()&table.kind == 0 {
			continue
		}
		if err := s.ask(ctx, diag, table); err != nil {
			return err
		}
	}
	return nil
}

// ask adds the rows of a table by sock_diag(7), or none where that fails.
func (s *socketTables) ask(ctx context.Context, diag *nlconn.Diag, table *socketTable) error {
	rows, malformed := len(s.rows), s.malformed
	reset := func() { s.rows, s.inodes, s.malformed = s.rows[:rows], s.inodes[:rows], malformed }
	var err error
	if table.kind == KindUnix {
		err = diag.Unix(ctx, reset, func(row sockdiag.Unix, err error) {
			conn := table.base
			conn.Type, conn.Path = SocketType(row.Type), unixPath(row.Name)
			s.add(conn, uint64(row.Inode), err)
		})
	} else {
		err = diag.Inet(ctx, uint8(table.base.Family), table.protocol, s.filter.states(table), reset, func(row sockdiag.Inet, err error) {
			s.add(table.connection(row.Local, row.Remote, row.State), uint64(row.Inode), err)
		})
	}
	if err != nil {
		reset()
	}
	return err
}

// states are the states that the filter means, as the kernel takes them. It has
// those of TCP alone: UDP uses two of them for something else.
func (f ConnectionFilter) states(table *socketTable) uint32 {
	if len(f.Status) == 0 || table.protocol != sockdiag.ProtoTCP {
		return sockdiag.AllStates &^ (1 << tcpBoundInactive)
	}
	var states uint32
	for _, status := range f.Status {
		states |= 1 << status
	}
	return states
}

// tcpBoundInactive is the state of sockets that have a port and neither listen nor
// connect: proc(5) does not list them.
const tcpBoundInactive = 13

// addFile adds the rows of the file of a table.
func (s *socketTables) addFile(b []byte, table *socketTable) {
	if table.kind == KindUnix {
		rows, malformed := procfs.DecodeUnixSockets(b)
		s.malformed += malformed
		for _, row := range rows {
			conn := table.base
			conn.Type, conn.Path, conn.Unproven = SocketType(row.Type), row.Path, true
			s.add(conn, row.Inode, nil)
		}
		return
	}
	rows, malformed := procfs.DecodeSockets(b, binary.NativeEndian)
	s.malformed += malformed
	for _, row := range rows {
		s.add(table.connection(row.Local, row.Remote, row.State), row.Inode, nil)
	}
}

// connection is a socket of TCP or UDP.
func (t *socketTable) connection(local, remote netip.AddrPort, state uint8) Connection {
	conn := t.base
	conn.Local, conn.Remote = local, remote
	if t.protocol == sockdiag.ProtoTCP {
		conn.Status = ConnStatus(state)
	}
	return conn
}

// unixPath is the name of a UNIX socket as proc(5) shows it.
func unixPath(name []byte) string {
	return string(bytes.ReplaceAll(name, []byte{0}, []byte{'@'}))
}

// add adds a row that the filter means, or counts it if there is an error.
func (s *socketTables) add(conn Connection, inode uint64, err error) {
	switch {
	case err != nil:
		s.malformed++
	case s.filter.matchesState(&conn):
		if len(s.rows) == cap(s.rows) { // append would allocate five times what there is in the end
			s.rows = slices.Grow(s.rows, len(s.rows)+64)
		}
		s.rows, s.inodes = append(s.rows, conn), append(s.inodes, inode)
	}
}

// held returns the rows, each once for each of its holders, or without one. It uses
// the memory of the rows unless a socket has several.
func (s *socketTables) held(holders *socketHolders) []Connection {
	further := 0
	for i := range s.rows {
		n := 0
		for h := range holders.of(s.inodes[i]) {
			if n == 0 {
				s.rows[i] = h.has(s.rows[i])
			}
			n++
		}
		further += max(n-1, 0)
	}
	if further == 0 {
		return s.rows
	}
	all := make([]Connection, 0, len(s.rows)+further)
	for i := range s.rows {
		all = append(all, s.rows[i])
		first := true
		for h := range holders.of(s.inodes[i]) {
			if !first {
				all = append(all, h.has(s.rows[i]))
			}
			first = false
		}
	}
	return all
}
