package taskrec

import (
	"cmp"
	"encoding/binary"
	"slices"

	"telegraf-sysprobe/sysprobe/internal/decode"
)

// SocketSize is the size of a record in bpf/sockets.bpf.c.
const SocketSize = 32

// Socket is a descriptor of a socket.
type Socket struct {
	PID, FD int32
	// Start is that of the process, in nanoseconds since boot.
	Start uint64
	// Inode is the number of the socket; that of another file is 0.
	Inode uint64

	// thread has the table of descriptors; 0 for the first one of the process.
	thread uint32
}

// SocketTable collects the records of one pass over open files. The zero value is
// ready.
type SocketTable struct {
	// Sockets are the records since the last Reset; after Finish those of sockets alone,
	// by the PID, each descriptor of a process there once.
	Sockets []Socket

	disordered bool
	ended      bool
}

// Reset empties the table and keeps its memory.
func (t *SocketTable) Reset() { *t = SocketTable{Sockets: t.Sockets[:0]} }

// Add is Table.Add.
func (t *SocketTable) Add(b []byte, order binary.ByteOrder) (int, error) {
	return addRecords(b, order, socketFormat, SocketSize, &t.ended, t.add)
}

const socketFormat = "socket records"

// addRecords is Add of a table whose records have one size, but for the last one.
func addRecords(b []byte, order binary.ByteOrder, format string, size int, ended *bool, add func(*decode.Cursor)) (int, error) {
	c := decode.NewCursor(b, order, format)
	for c.Len() >= 4 {
		start := c.Offset()
		has := int(order.Uint32(b[start:]))
		if has != size && has != EndSize {
			c.Fail("no record has this size")
			return start, c.Err()
		}
		if *ended {
			c.Fail("a record after the last one")
			return start, c.Err()
		}
		if c.Len() < has {
			return start, nil
		}
		if has == EndSize {
			c.Skip(has)
			*ended = true
			continue
		}
		add(c)
	}
	return c.Offset(), c.Err()
}

// add decodes a record of a socket, which is all there.
func (t *SocketTable) add(c *decode.Cursor) {
	var short [4]uint32
	var long [2]uint64
	c.Uint32s(short[:])
	c.Uint64s(long[:])
	s := Socket{PID: int32(short[1]), thread: short[2], FD: int32(short[3]), Start: long[0], Inode: long[1]}
	if n := len(t.Sockets); s.thread != 0 || s.Inode == 0 || n > 0 && !t.Sockets[n-1].precedes(&s) {
		t.disordered = true
	}
	t.Sockets = append(t.Sockets, s)
}

// precedes reports that s comes before o in a pass that meets each process once.
func (s *Socket) precedes(o *Socket) bool {
	return s.PID < o.PID || s.PID == o.PID && s.FD < o.FD
}

// Ended reports that the last record is there.
func (t *SocketTable) Ended() bool { return t.ended }

// Finish brings the sockets in order, and keeps of those of a process what one
// thread has, once. It returns an error that wraps decode.ErrMalformed where the
// last record is missing.
func (t *SocketTable) Finish() error {
	if !t.ended {
		return &decode.Error{Format: socketFormat, Reason: "the pass has no end"}
	}
	if t.disordered {
		t.sort()
	}
	return nil
}

// sort is for processes that have more than one run of records, or other files among
// them. That of which the first thread is dead has a run for each thread that lives, of
// which proc(5) would show the first one's. That of which a thread which is not the first
// one executed a program has one more, which is right.
func (t *SocketTable) sort() {
	last := -1 // begin of the run
	runs := map[int32]int{}
	of := make([]int, len(t.Sockets)) // the run of each
	for i := range t.Sockets {
		s := &t.Sockets[i]
		if i == 0 || t.Sockets[i-1].thread != s.thread || !t.Sockets[i-1].continues(s) {
			last = i
		}
		of[i] = last
		if before, met := runs[s.PID]; !met || s.thread == 0 && before != last {
			runs[s.PID] = last
		}
	}
	kept := t.Sockets[:0]
	for i, s := range t.Sockets {
		if runs[s.PID] == of[i] && s.Inode != 0 {
			kept = append(kept, s)
		}
	}
	slices.SortStableFunc(kept, func(a, b Socket) int { return cmp.Compare(a.PID, b.PID) })
	t.Sockets = kept
}

// continues reports that o can come behind s in a run.
func (s *Socket) continues(o *Socket) bool { return s.PID == o.PID && s.FD < o.FD }
