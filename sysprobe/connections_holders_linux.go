package sysprobe

import (
	"context"
	"errors"
	"io/fs"
	"iter"
	"syscall"

	"telegraf-sysprobe/sysprobe/internal/decode/procfs"
	"telegraf-sysprobe/sysprobe/internal/decode/taskrec"
	"telegraf-sysprobe/sysprobe/internal/sys/procdir"
)

// socketHolder is a descriptor of a process; at is the index of the process in the
// list of the call.
type socketHolder struct {
	at int32
	id ProcID
	fd int32
}

// has returns c as a socket of the process.
func (h *socketHolder) has(c Connection) Connection {
	c.Process, c.FD = Some(h.id), Some(h.fd)
	return c
}

// socketHolders are the descriptors by the inode number of their socket.
type socketHolders struct {
	places map[uint64]int32 // in chains
	chains []holderChain
	only   bool // those of the sockets alone that there were from the beginning
	list   []chainedHolder
}

// holderChain leads through the holders of a socket, by their places in the list,
// which begin at 1.
type holderChain struct{ first, last int32 }

type chainedHolder struct {
	socketHolder

	next int32 // 0 behind the last one
}

// holdersOf returns holders of the sockets with these inode numbers, or of any where
// there are none. There are no holders yet.
func holdersOf(inodes []uint64) *socketHolders {
	h := &socketHolders{
		places: make(map[uint64]int32, len(inodes)), chains: make([]holderChain, 0, len(inodes)),
		list: make([]chainedHolder, 0, len(inodes)), only: len(inodes) > 0,
	}
	for _, inode := range inodes {
		if inode != 0 {
			h.chain(inode)
		}
	}
	return h
}

// chain returns the chain of a socket, which it makes where there is none.
func (h *socketHolders) chain(inode uint64) *holderChain {
	place, known := h.places[inode]
	if !known {
		place = int32(len(h.chains))
		h.places[inode] = place
		h.chains = append(h.chains, holderChain{})
	}
	return &h.chains[place]
}

// wants reports that a holder of that socket is of interest.
func (h *socketHolders) wants(inode uint64) bool {
	_, ok := h.places[inode]
	return ok || !h.only
}

// add adds a holder of a socket that is of interest.
func (h *socketHolders) add(inode uint64, holder socketHolder) {
	h.list = append(h.list, chainedHolder{socketHolder: holder})
	place := int32(len(h.list))
	chain := h.chain(inode)
	if chain.last == 0 {
		chain.first = place
	} else {
		h.list[chain.last-1].next = place
	}
	chain.last = place
}

// of yields the holders of a socket, in the order of add.
func (h *socketHolders) of(inode uint64) iter.Seq[*socketHolder] {
	return func(yield func(*socketHolder) bool) {
		place, known := h.places[inode]
		if !known {
			return
		}
		for at := h.chains[place].first; at != 0; at = h.list[at-1].next {
			if !yield(&h.list[at-1].socketHolder) {
				return
			}
		}
	}
}

// findHolders looks into all processes for descriptors of sockets that are of
// interest: by BPF where that is worth it, and else in the files of proc(5).
func (c *procsClient) findHolders(ctx context.Context, buf *procdir.Buffer, holders *socketHolders) error {
	err := c.sockets.read(ctx, func(table *taskrec.SocketTable) {
		for i := range table.Sockets {
			if held := &table.Sockets[i]; holders.wants(held.Inode) {
				holders.add(held.Inode, socketHolder{id: c.sockets.id(held.PID, held.Start), fd: held.FD})
			}
		}
	})
	if !errors.Is(err, errFallback) {
		return err
	}
	return c.findHoldersInFiles(ctx, buf, holders)
}

// findHoldersInFiles finds what it can of a process that has ended or is another
// user's.
func (c *procsClient) findHoldersInFiles(ctx context.Context, buf *procdir.Buffer, holders *socketHolders) error {
	pids, err := c.root.PIDs(buf, nil)
	if err != nil {
		return err
	}
	var held []heldSocket
	for _, pid := range pids {
		held, err = c.addHolders(ctx, buf, pid, holders, held[:0])
		if ctx.Err() != nil || isExhausted(err) || errors.Is(err, fs.ErrClosed) {
			return errors.Join(ctx.Err(), err)
		}
	}
	return nil
}

// addHolders adds the descriptors of a process. It returns the memory of held, in
// which it works.
func (c *procsClient) addHolders(ctx context.Context, buf *procdir.Buffer, pid int32, holders *socketHolders, held []heldSocket) ([]heldSocket, error) {
	t := target{Dir: c.root.Dir(pid), buf: buf}
	dir, err := t.OpenFDs(buf)
	if err != nil {
		return held, err
	}
	defer dir.Close()
	held, found, err := appendSockets(ctx, dir, buf, held)
	if !found && err == nil {
		return c.addHoldersOfThread(ctx, t, dir, holders, held)
	}
	return held, errors.Join(err, addHeld(dir, buf, pid, holders, held))
}

// addHoldersOfThread is addHolders for a process whose first thread has no
// descriptors: it may be dead while another one lives.
func (c *procsClient) addHoldersOfThread(ctx context.Context, t target, dir procdir.FDDir, holders *socketHolders, held []heldSocket) ([]heldSocket, error) {
	st, err := dir.Stat(t.buf)
	if err != nil || !isDead(&st) || st.Threads < 2 {
		return held, err
	}
	thread, _, ok := t.liveThread()
	if !ok {
		return held, nil
	}
	alive, err := thread.OpenFDs(t.buf)
	if err != nil {
		return held, err
	}
	defer alive.Close()
	held, _, err = appendSockets(ctx, alive, t.buf, held)
	return held, errors.Join(err, addHeld(dir, t.buf, st.PID, holders, held))
}

// addHeld adds the sockets of a process, whose identity it reads if one of them is of
// interest.
func addHeld(dir procdir.FDDir, buf *procdir.Buffer, pid int32, holders *socketHolders, held []heldSocket) error {
	var id ProcID
	for _, s := range held {
		if !holders.wants(s.inode) {
			continue
		}
		if id.PID == 0 {
			st, err := dir.Stat(buf)
			if err != nil { // it has ended since
				return err
			}
			id = ProcID{PID: pid, Start: st.Start}
		}
		holders.add(s.inode, socketHolder{id: id, fd: s.fd})
	}
	return nil
}

// heldSocket is a descriptor that is a socket.
type heldSocket struct {
	inode uint64
	fd    int32
}

// heldSockets returns the sockets that the process has open. Found is false without
// any descriptor.
func heldSockets(ctx context.Context, t target) (held []heldSocket, found bool, err error) {
	dir, err := t.OpenFDs(t.buf)
	if err != nil {
		return nil, false, err
	}
	defer dir.Close()
	return appendSockets(ctx, dir, t.buf, nil)
}

// appendSockets appends the sockets among the descriptors, with an error those up to
// it. Found is false without any descriptor.
func appendSockets(ctx context.Context, dir procdir.FDDir, buf *procdir.Buffer, dst []heldSocket) (held []heldSocket, found bool, err error) {
	fds, err := dir.List(buf)
	if err != nil {
		return dst, false, err
	}
	for _, fd := range fds {
		link, err := dir.Readlink(buf, fd)
		switch {
		case ctx.Err() != nil:
			return dst, false, ctx.Err()
		case errors.Is(err, syscall.ENAMETOOLONG), isGone(err):
			continue
		case err != nil:
			return dst, false, err
		}
		if inode, ok := procfs.SocketInode(link); ok {
			dst = append(dst, heldSocket{inode, fd})
		}
	}
	return dst, len(fds) > 0, nil
}
