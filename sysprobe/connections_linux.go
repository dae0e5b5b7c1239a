package sysprobe

import (
	"cmp"
	"context"
	"errors"
	"io/fs"
	"slices"
	"strconv"
	"syscall"

	"telegraf-sysprobe/sysprobe/internal/abandon"
	"telegraf-sysprobe/sysprobe/internal/decode/procfs"
	"telegraf-sysprobe/sysprobe/internal/sys/procdir"
)

// socketHolder is a descriptor of a process; at is the index of the process in the
// list of the call.
type socketHolder struct {
	at int32
	id ProcID
	fd int32
}

// socketHolders are the descriptors by the inode number of their socket.
type socketHolders map[uint64][]socketHolder

// add adds the descriptors of the process with that index.
func (h socketHolders) add(at int32, id ProcID, held []heldSocket) {
	for _, s := range held {
		h[s.inode] = append(h[s.inode], socketHolder{at, id, s.fd})
	}
}

// heldSocket is a descriptor that is a socket.
type heldSocket struct {
	inode uint64
	fd    int32
}

func (c *processClient) connections(ctx context.Context) (Connections, error) {
	found, err := abandon.Call(ctx, func() (Connections, error) {
		r := newSocketReader(ctx)
		if held, err := r.list(c, 0); err != nil || !held {
			return Connections{}, err
		}
		return r.read(c, 0)
	}, nil)
	return found, c.opError(opConnections, err)
}

func (c *procsClient) connectionsOf(ctx context.Context, ids []ProcID) []ProcConnections {
	answers, err := abandon.Call(ctx, func() ([]ProcConnections, error) {
		return newSocketReader(ctx).readOf(c, ids), ctx.Err()
	}, nil)
	if err != nil { // what the call still writes is left to it
		answers = make([]ProcConnections, len(ids))
		for at, id := range ids {
			answers[at].Err = pidError(opConnections, id.PID, err)
		}
	}
	return answers
}

// withProcess calls f with a process that is open for as long.
func (c *procsClient) withProcess(id ProcID, f func(*processClient) error) error {
	p, err := c.openProcess(context.Background(), id)
	if err != nil {
		return err
	}
	defer p.dir.Close() //nolint:errcheck // it is open
	return f(p)
}

// socketReader reads the sockets of a list of processes: first the descriptors
// of all, by list, then the tables, by read. So it misses only a socket that is
// opened after the first or closed before the second; in the other order it would
// miss every socket that is younger than the tables.
type socketReader struct {
	ctx     context.Context
	holders socketHolders
	// tables are those that were read, by network namespace.
	tables map[string]netSockets
}

func newSocketReader(ctx context.Context) *socketReader {
	return &socketReader{ctx: ctx, holders: make(socketHolders), tables: make(map[string]netSockets)}
}

// readOf returns the sockets of each process.
func (r *socketReader) readOf(c *procsClient, ids []ProcID) []ProcConnections {
	answers := make([]ProcConnections, len(ids))
	hasSockets := make([]bool, len(ids))
	for at, id := range ids {
		if r.ctx.Err() != nil {
			return answers
		}
		answers[at].Err = c.withProcess(id, func(p *processClient) (err error) {
			hasSockets[at], err = r.list(p, int32(at))
			return p.opError(opConnections, err)
		})
	}
	for at, id := range ids {
		if !hasSockets[at] || r.ctx.Err() != nil {
			continue
		}
		// It is opened anew: to keep all open takes more files than there may be.
		answers[at].Err = c.withProcess(id, func(p *processClient) (err error) {
			answers[at].Connections, err = r.read(p, int32(at))
			return p.opError(opConnections, err)
		})
	}
	return answers
}

// list adds the sockets that the process has open to the holders, and reports
// whether there are any.
func (r *socketReader) list(c *processClient, at int32) (bool, error) {
	held, err := resolveAlive(r.ctx, c, heldSockets)
	if err != nil {
		return false, err
	}
	r.holders.add(at, c.id, held)
	return len(held) > 0, nil
}

// read returns the sockets of the process, out of the tables of its network
// namespace. It reads these unless it has read them for another process in there.
// Malformed rows are counted where they are read.
func (r *socketReader) read(c *processClient, at int32) (Connections, error) {
	return resolveAlive(r.ctx, c, func(ctx context.Context, t target) (Connections, bool, error) {
		namespace := t.netNS()
		if found, ok := r.tables[namespace]; ok {
			return Connections{Sockets: found.of[at]}, true, nil
		}
		found, err := t.readHeld(ctx, r.holders)
		if err != nil {
			return Connections{}, false, err
		}
		// Others can take the tables for those of the namespace, and for whole,
		// if the process is still in it.
		if namespace != "" && t.netNS() == namespace {
			r.tables[namespace] = found
		}
		return Connections{Sockets: found.of[at], Malformed: found.malformed}, true, nil
	})
}

// netNS names the network namespace of the process. It is empty where that
// cannot be read, as of a dead process, which is in none (exit_task_namespaces in
// the kernel).
func (t target) netNS() string {
	name, err := t.Readlink(t.buf, "ns/net")
	if err != nil {
		return ""
	}
	return string(name)
}

func (c *procsClient) connections(ctx context.Context, filter ConnectionFilter) (Connections, error) {
	err := filter.check()
	if err != nil {
		return Connections{}, opError("read connections", c.path, err)
	}
	found, err := abandon.Call(ctx, func() (Connections, error) { return c.readConnections(ctx, filter) }, nil)
	return found, opError("read connections", c.path, err)
}

func (c *procsClient) readConnections(ctx context.Context, filter ConnectionFilter) (Connections, error) {
	buf := c.takeBuffer()
	defer c.buffers.Put(buf)
	tables, err := c.readTables(ctx, buf, filter)
	if err != nil || len(tables.rows) == 0 {
		return Connections{Malformed: tables.malformed}, err
	}
	holders, err := c.findHolders(ctx, buf, tables.inodes())
	if err != nil {
		return Connections{}, err
	}
	found := netSockets{of: make(map[int32][]Connection)}
	found.of[0] = make([]Connection, 0, len(tables.rows))
	found.add(tables, holders, true)
	return Connections{Sockets: found.of[0], Malformed: found.malformed}, nil
}

// readTables reads the sockets of the own network namespace, which is that of the
// main thread, or of the configured one.
func (c *procsClient) readTables(ctx context.Context, buf *procdir.Buffer, filter ConnectionFilter) (socketTables, error) {
	tables := socketTables{filter: filter}
	if c.netNS != "" {
		err := tables.readIn(ctx, c.netNS)
		return tables, err
	}
	self, err := c.root.OpenSelf(buf)
	if err != nil {
		return tables, err
	}
	defer self.Close() //nolint:errcheck // it is open
	t := target{Dir: self, buf: buf}
	err = tables.readOf(ctx, t, t.dialOwn)
	return tables, err
}

// findHolders looks into all processes for the descriptors of sockets with these
// inodes. It finds what it can of a process that has ended or is another user's.
func (c *procsClient) findHolders(ctx context.Context, buf *procdir.Buffer, wanted map[uint64]bool) (socketHolders, error) {
	pids, err := c.root.PIDs(buf, nil)
	if err != nil {
		return nil, err
	}
	holders := make(socketHolders, len(wanted))
	for _, pid := range pids {
		id, held, err := c.holderOf(ctx, buf, pid, wanted)
		if ctx.Err() != nil || isExhausted(err) || errors.Is(err, fs.ErrClosed) {
			return nil, errors.Join(ctx.Err(), err)
		}
		holders.add(0, id, held)
	}
	return holders, nil
}

// holderOf returns those of the sockets with these inodes that the process has, and
// its identity if there are any.
func (c *procsClient) holderOf(ctx context.Context, buf *procdir.Buffer, pid int32, wanted map[uint64]bool) (ProcID, []heldSocket, error) {
	dir, err := c.root.OpenDir(buf, pid)
	if err != nil {
		return ProcID{}, nil, err
	}
	defer dir.Close() //nolint:errcheck // it is open
	held, _, err := heldSockets(ctx, target{Dir: dir, buf: buf})
	held = slices.DeleteFunc(held, func(s heldSocket) bool { return !wanted[s.inode] })
	if len(held) == 0 {
		return ProcID{}, nil, err
	}
	st, statErr := dir.Stat(buf)
	if statErr != nil { // it has ended since
		return ProcID{}, nil, cmp.Or(err, statErr)
	}
	return ProcID{PID: pid, Start: st.Start}, held, err
}

// heldSockets returns the sockets that the process has open, with an error those
// up to it. Found is false without any descriptor.
func heldSockets(ctx context.Context, t target) (held []heldSocket, found bool, err error) {
	fds, err := t.FDs(t.buf, nil)
	if err != nil {
		return nil, false, err
	}
	for _, fd := range fds {
		link, err := t.Readlink(t.buf, procdir.File("fd/"+strconv.Itoa(int(fd))))
		switch {
		case ctx.Err() != nil:
			return held, false, ctx.Err()
		case errors.Is(err, syscall.ENAMETOOLONG), isGone(err):
			continue
		case err != nil:
			return held, false, err
		}
		if inode, ok := procfs.SocketInode(link); ok {
			held = append(held, heldSocket{inode, fd})
		}
	}
	return held, len(fds) > 0, nil
}

// netSockets are the sockets in the tables of a network namespace.
type netSockets struct {
	// of has the sockets of a process by its index in the list of the call.
	of        map[int32][]Connection
	malformed int
}

// readHeld reads the sockets of the network namespace of the process that have a
// holder.
func (t target) readHeld(ctx context.Context, holders socketHolders) (netSockets, error) {
	var tables socketTables
	if err := tables.readOf(ctx, t, t.dialDiag); err != nil {
		return netSockets{}, err
	}
	found := netSockets{of: make(map[int32][]Connection)}
	found.add(tables, holders, false)
	return found, nil
}

// add adds each socket of the tables for each of its holders. With all it also adds
// those that have none, as if the first process had them.
func (s *netSockets) add(tables socketTables, holders socketHolders, all bool) {
	s.malformed += tables.malformed
	for i := range tables.rows {
		row := &tables.rows[i]
		held := holders[row.inode]
		if len(held) == 0 && all {
			s.of[0] = append(s.of[0], row.Connection)
		}
		for _, h := range held {
			conn := row.Connection
			conn.Process, conn.FD = Some(h.id), Some(h.fd)
			s.of[h.at] = append(s.of[h.at], conn)
		}
	}
}
