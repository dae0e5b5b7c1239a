package sysprobe

import (
	"encoding/binary"
	"errors"
	"strconv"

	"golang.org/x/sys/unix"

	"telegraf-sysprobe/sysprobe/internal/decode/procfs"
)

// socketHolder is a descriptor of a process.
type socketHolder struct{ pid, fd int32 }

// socketHolders are the descriptors by the inode number of their socket.
type socketHolders map[uint64][]socketHolder

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
	return askAlso(c, "read connections of process", func() (Connections, error) {
		holders := make(socketHolders)
		if err := c.holdSockets(holders); err != nil || len(holders) == 0 {
			return Connections{}, err
		}
		return c.readSockets(holders, false)
	})
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
		if err := p.holdSockets(holders); isExhausted(err) {
			p.dir.close()
			return Connections{}, opError(op, c.root, err)
		}
		p.dir.close()
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
	all, err := self.readSockets(holders, true)
	return all, opError(op, c.root, err)
}

// holdSockets adds the sockets that the process has open to holders.
func (c *processClient) holdSockets(holders socketHolders) error {
	fds, err := c.fds()
	if err != nil {
		return err
	}
	for _, fd := range fds {
		target, err := c.file("fd/" + strconv.Itoa(int(fd))).readlink()
		switch {
		case errors.Is(err, unix.ENAMETOOLONG), isGone(err):
			continue
		case err != nil:
			return err
		}
		if inode, ok := procfs.SocketInode(target); ok {
			holders[inode] = append(holders[inode], socketHolder{c.id.PID, fd})
		}
	}
	return nil
}

// readSockets reads the tables of the network namespace of the process. With
// all it also takes what has no holder.
func (c *processClient) readSockets(holders socketHolders, all bool) (Connections, error) {
	var found Connections
	missing := 0
	for _, table := range socketTables {
		b, err := c.file(table.file).readWhole()
		if isGone(err) { // a kernel without IPv6, or the process has ended
			missing++
			continue
		}
		if err != nil {
			return Connections{}, err
		}
		if table.family == FamilyUnix {
			found.addUnix(b, holders, all)
		} else {
			found.addInternet(b, Connection{Family: table.family, Type: table.kind}, holders, all)
		}
	}
	if missing == len(socketTables) {
		return Connections{}, unix.ENOENT
	}
	return found, nil
}

// addInternet adds the rows of a table of TCP or UDP; those are as base says.
func (c *Connections) addInternet(b []byte, base Connection, holders socketHolders, all bool) {
	rows, malformed := procfs.DecodeSockets(b, binary.NativeEndian)
	c.Malformed += malformed
	for _, row := range rows {
		conn := base
		conn.Local, conn.Remote = row.Local, row.Remote
		if base.Type == SocketStream {
			conn.Status = ConnStatus(row.State)
		}
		c.add(conn, holders[row.Inode], all)
	}
}

// addUnix adds the rows of the table of UNIX sockets.
func (c *Connections) addUnix(b []byte, holders socketHolders, all bool) {
	rows, malformed := procfs.DecodeUnixSockets(b)
	c.Malformed += malformed
	for _, row := range rows {
		c.add(Connection{Family: FamilyUnix, Type: SocketType(row.Type), Path: row.Path}, holders[row.Inode], all)
	}
}

// add adds a socket for each of its holders, and with all also without any.
func (c *Connections) add(conn Connection, holders []socketHolder, all bool) {
	if len(holders) == 0 && all {
		c.Sockets = append(c.Sockets, conn)
	}
	for _, h := range holders {
		conn.PID, conn.FD = Some(h.pid), Some(h.fd)
		c.Sockets = append(c.Sockets, conn)
	}
}
