package sysprobe

import (
	"encoding/binary"
	"errors"
	"strconv"

	"golang.org/x/sys/unix"

	"telegraf-sysprobe/sysprobe/internal/decode/procfs"
)

// socketHolder is a descriptor of a process; at is the place of that in the
// list of those asked for.
type socketHolder struct{ at, pid, fd int32 }

// socketHolders are the descriptors by the inode number of their socket.
type socketHolders map[uint64][]socketHolder

// add adds the descriptors of the process that has that place.
func (h socketHolders) add(at, pid int32, held []heldSocket) {
	for _, s := range held {
		h[s.inode] = append(h[s.inode], socketHolder{at, pid, s.fd})
	}
}

// heldSocket is a descriptor that is a socket.
type heldSocket struct {
	inode uint64
	fd    int32
}

// socketTables are the files below /proc/PID/net.
var socketTables = []struct {
	file   string
	family Family
	kind   SocketType
}{
	{"net/tcp", FamilyInet, SocketStream},
	{"net/tcp6", FamilyInet6, SocketStream},
	{"net/udp", FamilyInet, SocketDatagram},
	{"net/udp6", FamilyInet6, SocketDatagram},
	{"net/unix", FamilyUnix, 0},
}

func (c *processClient) connections() (Connections, error) {
	r := newSocketReader()
	if held, err := r.list(c, 0); err != nil || !held {
		return Connections{}, err
	}
	return r.read(c, 0)
}

func (c *procsClient) connectionsOf(ids []ProcID) []ProcConnections {
	r := newSocketReader()
	answers := make([]ProcConnections, len(ids))
	holders := make([]Opt[ProcID], len(ids)) // those that have sockets
	for at, id := range ids {
		answers[at].Err = c.withProcess(id, func(p *processClient) error {
			held, err := r.list(p, int32(at))
			holders[at] = Opt[ProcID]{p.id, held}
			return err
		})
	}
	for at := range holders {
		id, held := holders[at].Get()
		if !held {
			continue
		}
		// It is opened anew: to keep all open takes more files than there may be.
		answers[at].Err = c.withProcess(id, func(p *processClient) (err error) {
			answers[at].Connections, err = r.read(p, int32(at))
			return err
		})
	}
	return answers
}

// withProcess calls f with a process that is open for as long.
func (c *procsClient) withProcess(id ProcID, f func(*processClient) error) error {
	p, err := c.openProcess(id)
	if err != nil {
		return err
	}
	defer p.dir.close()
	return f(p)
}

// socketReader reads the sockets of a list of processes: first the descriptors
// of all, by list, then the tables, by read. So only that socket is missed which
// was opened after the first or closed before the second; the other way round it
// would be every socket that is younger than the tables.
type socketReader struct {
	holders socketHolders
	// tables are those that were read, by network namespace.
	tables map[string]netSockets
}

func newSocketReader() *socketReader {
	return &socketReader{holders: make(socketHolders), tables: make(map[string]netSockets)}
}

const opConnections = "read connections of process"

// list notes the sockets that the process has open, and reports whether there
// are any.
func (r *socketReader) list(c *processClient, at int32) (bool, error) {
	held, err := askAlso(c, opConnections, c.heldSockets)
	if err != nil {
		return false, err
	}
	r.holders.add(at, c.id.PID, held)
	return len(held) > 0, nil
}

// read returns the sockets of the process, out of the tables of its network
// namespace. Those it reads unless another process in there was asked before.
// Malformed rows are counted where they are read.
func (r *socketReader) read(c *processClient, at int32) (Connections, error) {
	return askAlso(c, opConnections, func() (Connections, error) {
		namespace := c.netNS()
		if found, ok := r.tables[namespace]; ok {
			return Connections{Sockets: found.of[at]}, nil
		}
		found, err := c.readSockets(r.holders, false)
		if err != nil {
			return Connections{}, err
		}
		// Others can take the tables for those of the namespace, and for whole,
		// if the process is still in it.
		if namespace != "" && c.netNS() == namespace {
			r.tables[namespace] = found
		}
		return Connections{Sockets: found.of[at], Malformed: found.malformed}, nil
	})
}

// netNS names the network namespace of the process. It is empty where that
// cannot be read, as of the dead, who are in none (exit_task_namespaces in the
// kernel).
func (c *processClient) netNS() string {
	name, err := c.file("ns/net").readlink()
	if err != nil {
		return ""
	}
	return string(name)
}

func (c *procsClient) connections() (Connections, error) {
	const op = "read connections"
	c.mu.Lock()
	pids, err := c.dir.pids(nil)
	c.mu.Unlock()
	if err != nil {
		return Connections{}, opError(op, c.root, err)
	}
	holders := make(socketHolders)
	for _, pid := range pids {
		p, err := c.openProcess(ProcID{PID: pid})
		if isExhausted(err) {
			return Connections{}, err
		}
		if err != nil {
			continue // it has ended
		}
		held, err := p.heldSockets()
		p.dir.close()
		if isExhausted(err) {
			return Connections{}, opError(op, c.root, err)
		}
		holders.add(0, pid, held)
	}
	// The network namespace of the reader is that of its main thread.
	c.mu.Lock()
	fd, err := c.dir.top("self").open(unix.O_RDONLY | unix.O_DIRECTORY)
	c.mu.Unlock()
	if err != nil {
		return Connections{}, opError(op, c.root, err)
	}
	self := &processClient{table: c, dir: &procDir{fd: fd, kernel: c.dir.kernel, content: make([]byte, 32<<10)}}
	defer self.dir.close()
	found, err := self.readSockets(holders, true)
	if err != nil {
		return Connections{}, opError(op, c.root, err)
	}
	return Connections{Sockets: found.of[0], Malformed: found.malformed}, nil
}

// heldSockets returns the sockets that the process has open, with an error those
// up to it.
func (c *processClient) heldSockets() ([]heldSocket, error) {
	fds, err := c.fds()
	if err != nil {
		return nil, err
	}
	var held []heldSocket
	for _, fd := range fds {
		target, err := c.file("fd/" + strconv.Itoa(int(fd))).readlink()
		switch {
		case errors.Is(err, unix.ENAMETOOLONG), isGone(err):
			continue
		case err != nil:
			return held, err
		}
		if inode, ok := procfs.SocketInode(target); ok {
			held = append(held, heldSocket{inode, fd})
		}
	}
	return held, nil
}

// netSockets are the sockets in the tables of a network namespace.
type netSockets struct {
	// of are those of the process that has that place in the list.
	of        map[int32][]Connection
	malformed int
}

// readSockets reads the tables of the network namespace of the process. With
// all it also takes what has no holder, as if the first process had it.
func (c *processClient) readSockets(holders socketHolders, all bool) (netSockets, error) {
	found := netSockets{of: make(map[int32][]Connection)}
	missing := 0
	for _, table := range socketTables {
		b, err := c.file(table.file).readWhole()
		if isGone(err) { // a kernel without IPv6, or the process has ended
			missing++
			continue
		}
		if err != nil {
			return netSockets{}, err
		}
		if table.family == FamilyUnix {
			found.addUnix(b, holders, all)
		} else {
			found.addInternet(b, Connection{Family: table.family, Type: table.kind}, holders, all)
		}
	}
	if missing == len(socketTables) {
		return netSockets{}, unix.ENOENT
	}
	return found, nil
}

// addInternet adds the rows of a table of TCP or UDP; those are as base says.
func (s *netSockets) addInternet(b []byte, base Connection, holders socketHolders, all bool) {
	rows, malformed := procfs.DecodeSockets(b, binary.NativeEndian)
	s.malformed += malformed
	for _, row := range rows {
		conn := base
		conn.Local, conn.Remote = row.Local, row.Remote
		if base.Type == SocketStream {
			conn.Status = ConnStatus(row.State)
		}
		s.add(conn, holders[row.Inode], all)
	}
}

// addUnix adds the rows of the table of UNIX sockets.
func (s *netSockets) addUnix(b []byte, holders socketHolders, all bool) {
	rows, malformed := procfs.DecodeUnixSockets(b)
	s.malformed += malformed
	for _, row := range rows {
		s.add(Connection{Family: FamilyUnix, Type: SocketType(row.Type), Path: row.Path}, holders[row.Inode], all)
	}
}

// add adds a socket for each of its holders, and with all also without any.
func (s *netSockets) add(conn Connection, holders []socketHolder, all bool) {
	if len(holders) == 0 && all {
		s.of[0] = append(s.of[0], conn)
	}
	for _, h := range holders {
		conn.PID, conn.FD = Some(h.pid), Some(h.fd)
		s.of[h.at] = append(s.of[h.at], conn)
	}
}
