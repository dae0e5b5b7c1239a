package taskrec

import (
	"cmp"
	"encoding/binary"
	"slices"

	"telegraf-sysprobe/sysprobe/internal/decode"
)

const format = "task records"

// Table collects the records of one pass. The zero value is ready.
type Table struct {
	// Processes are those of the records since the last Reset or Take, in
	// their order; after Finish by PID, each there once.
	Processes []Process

	threads []Thread
	ended   bool
	tasks   uint32
}

// Reset empties the table and keeps its memory.
func (t *Table) Reset() {
	t.Processes, t.threads, t.ended, t.tasks = t.Processes[:0], t.threads[:0], false, 0
}

// Take returns the processes and removes them from the table, which uses their
// memory for the next ones. Their threads cannot be added any more.
func (t *Table) Take() []Process {
	taken := t.Processes
	t.Processes = taken[:0]
	return taken
}

// Add decodes the whole records at the start of b, which came from a machine
// of that byte order, and returns their length: a read can end within one. The
// error wraps decode.ErrMalformed.
func (t *Table) Add(b []byte, order binary.ByteOrder) (int, error) {
	c := decode.NewCursor(b, order, format)
	for c.Len() >= 4 {
		start := c.Offset()
		size := int(order.Uint32(b[start:]))
		if size != ProcessSize && size != ThreadSize && size != EndSize {
			c.Fail("no record has this size")
			return start, c.Err()
		}
		if t.ended {
			c.Fail("a record after the last one")
			return start, c.Err()
		}
		if c.Len() < size {
			return start, nil
		}
		c.Skip(4)
		t.add(c, size)
	}
	return c.Offset(), c.Err()
}

// add decodes the record of that size, which is all there.
func (t *Table) add(c *decode.Cursor, size int) {
	switch size {
	case ProcessSize:
		t.Processes = slices.Grow(t.Processes, 1)[:len(t.Processes)+1]
		t.Processes[len(t.Processes)-1].decode(c)
	case ThreadSize:
		t.threads = append(t.threads, Thread{})
		t.threads[len(t.threads)-1].decode(c)
	default:
		t.tasks = c.Uint32()
		t.ended = true
	}
}

// Ended reports that the last record is there.
func (t *Table) Ended() bool { return t.ended }

// Tasks is how many threads the pass met, those without a record included; 0 before
// the last record.
func (t *Table) Tasks() uint32 { return t.tasks }

// Finish brings the processes in order and adds their threads to them. It
// returns an error that wraps decode.ErrMalformed where the last record is
// missing: the table is not complete then.
func (t *Table) Finish() error {
	if !t.ended {
		return &decode.Error{Format: format, Reason: "the pass has no end"}
	}
	t.sort()
	for i := range t.threads {
		t.addThread(&t.threads[i])
	}
	return nil
}

// sort brings the processes in order. They are, unless a thread that is not
// the first one executed a program: it becomes the first, and the process can
// be there twice, of which the later record is right.
func (t *Table) sort() {
	t.Processes = InOrder(t.Processes, func(p *Process) int32 { return p.PID })
}

// addThread adds a thread to its process. One whose process is not there is
// passed over: the process exited, or started after the iterator had passed it.
func (t *Table) addThread(thread *Thread) {
	at, found := slices.BinarySearchFunc(t.Processes, thread.PID, func(p Process, pid int32) int { return cmp.Compare(p.PID, pid) })
	if !found {
		return
	}
	p := &t.Processes[at]
	p.Sums.add(&thread.Sums)
	if !p.Live && !thread.State.Exited() {
		p.Live, p.LiveState = true, thread.State
	}
}

func (s *Sums) add(o *Sums) {
	theirs := o.all()
	for i, p := range s.all() {
		*p += *theirs[i]
	}
}

// InOrder sorts rows by PID, where they are not, and keeps of rows with the same
// one the last.
func InOrder[Row any](rows []Row, pid func(*Row) int32) []Row {
	ordered := true
	for i := 1; i < len(rows) && ordered; i++ {
		ordered = pid(&rows[i-1]) < pid(&rows[i])
	}
	if ordered {
		return rows
	}
	slices.SortStableFunc(rows, func(a, b Row) int { return cmp.Compare(pid(&a), pid(&b)) })
	kept := rows[:0]
	for i := range rows {
		if n := len(kept); n > 0 && pid(&kept[n-1]) == pid(&rows[i]) {
			kept = kept[:n-1]
		}
		kept = append(kept, rows[i])
	}
	return kept
}
