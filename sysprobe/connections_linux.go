package sysprobe

import (
	"context"

	"telegraf-sysprobe/sysprobe/internal/abandon"
	"telegraf-sysprobe/sysprobe/internal/sys/procdir"
)

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
	holders *socketHolders
	// tables are those that were read, by network namespace.
	tables map[string]netSockets
}

func newSocketReader(ctx context.Context) *socketReader {
	return &socketReader{ctx: ctx, holders: holdersOf(nil), tables: make(map[string]netSockets)}
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
	for _, h := range held {
		r.holders.add(h.inode, socketHolder{at, c.id, h.fd})
	}
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
	holders := holdersOf(tables.inodes)
	if err := c.findHolders(ctx, buf, holders); err != nil {
		return Connections{}, err
	}
	return Connections{Sockets: tables.held(holders), Malformed: tables.malformed}, nil
}

// readTables reads the sockets of the own network namespace, which is that of the
// main thread, or of the configured one.
func (c *procsClient) readTables(ctx context.Context, buf *procdir.Buffer, filter ConnectionFilter) (socketTables, error) {
	tables := socketTables{filter: filter}
	if c.netNS != nil {
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

// netSockets are the sockets in the tables of a network namespace.
type netSockets struct {
	// of has the sockets of a process by its index in the list of the call.
	of        map[int32][]Connection
	malformed int
}

// readHeld reads the sockets of the network namespace of the process that have a
// holder.
func (t target) readHeld(ctx context.Context, holders *socketHolders) (netSockets, error) {
	var tables socketTables
	if err := tables.readOf(ctx, t, t.dialDiag); err != nil {
		return netSockets{}, err
	}
	found := netSockets{of: make(map[int32][]Connection)}
	found.add(&tables, holders)
	return found, nil
}

// add adds each socket of the tables for each of its holders.
func (s *netSockets) add(tables *socketTables, holders *socketHolders) {
	s.malformed += tables.malformed
	for i := range tables.rows {
		for h := range holders.of(tables.inodes[i]) {
			s.of[h.at] = append(s.of[h.at], h.has(tables.rows[i]))
		}
	}
}
