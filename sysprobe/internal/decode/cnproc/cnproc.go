// Package cnproc reads and writes the messages of the proc connector, through
// which the kernel reports each fork, exec and exit of a process as it happens.
//
// The formats are those of linux/connector.h and linux/cn_proc.h; they are the
// same on all architectures but for the byte order.
package cnproc

import (
	"encoding/binary"

	"telegraf-sysprobe/sysprobe/internal/decode"
	"telegraf-sysprobe/sysprobe/internal/decode/nlmsg"
)

// Group is the multicast group of the events (CN_IDX_PROC).
const Group = 1

// Kinds of events (enum what of struct proc_event). They are bits, so that a
// Request can have several.
const (
	Ack      uint32 = 0 // the answer to a Request
	Fork     uint32 = 1 << 0
	Exec     uint32 = 1 << 1
	Coredump uint32 = 1 << 30
	Exit     uint32 = 1 << 31
)

// headerLen is the size of struct cn_msg.
const headerLen = 20

// Event is struct proc_event. Kinds that have no name here come with their
// time only.
type Event struct {
	Kind uint32
	Time uint64 // when it happened, in ns of the machine's CLOCK_MONOTONIC

	// Seq is, of an Ack, one more than that of the Request; Errno is why the
	// kernel refused it, or 0.
	Seq, Errno uint32

	// TID and PID are the thread it happened to and the process that has it; of
	// a Fork, the new ones. The kernel calls them pid and tgid.
	TID, PID int32
	// ParentPID is the process that forked or would have to reap; 0 where the
	// kernel does not say (before Linux 4.18, but for a Fork).
	ParentPID int32

	// Status is the wait status that an Exit of this thread alone would give.
	Status uint32
}

// Decode decodes the body of a netlink message. It returns an error that
// wraps decode.ErrMalformed.
func Decode(m nlmsg.Message, order binary.ByteOrder) (Event, error) {
	c := decode.NewCursor(m.Data, order, "proc connector event")
	if idx, val := c.Uint32(), c.Uint32(); idx != Group || val != Group {
		c.Fail("not of the proc connector") // CN_IDX_PROC and CN_VAL_PROC
	}
	c.Skip(4) // the sequence number counts the events of a CPU
	seq := c.Uint32()
	length := c.Uint16()
	c.Skip(2) // flags
	c.Enter(int(length))
	e := Event{Kind: c.Uint32()}
	c.Skip(4) // CPU
	e.Time = c.Uint64()
	switch e.Kind {
	case Ack:
		e.Seq, e.Errno = seq, c.Uint32()
	case Fork:
		c.Skip(4)
		e.ParentPID = int32(c.Uint32())
		e.TID, e.PID = int32(c.Uint32()), int32(c.Uint32())
	case Exec:
		e.TID, e.PID = int32(c.Uint32()), int32(c.Uint32())
	case Coredump:
		e.TID, e.PID = int32(c.Uint32()), int32(c.Uint32())
		e.ParentPID = parent(c)
	case Exit:
		e.TID, e.PID = int32(c.Uint32()), int32(c.Uint32())
		e.Status = c.Uint32()
		c.Skip(4) // the signal that the parent gets, usually SIGCHLD
		e.ParentPID = parent(c)
	}
	if err := c.Err(); err != nil {
		return Event{}, err
	}
	return e, nil
}

// parent reads what Linux 4.18 appended.
func parent(c *decode.Cursor) int32 {
	if c.Len() < 8 {
		return 0
	}
	c.Skip(4)
	return int32(c.Uint32())
}

// Operations of a Request (enum proc_cn_mcast_op).
const (
	Listen uint32 = 1
	Ignore uint32 = 2
)

// Request subscribes a socket, or ends that.
type Request struct {
	Op uint32
	// Events are the kinds to send; 0 means all, and the form of a request that
	// every kernel knows. Kernels before 6.6 take no notice of the other.
	Events uint32
	// Seq comes back in the Ack, plus one.
	Seq uint32
}

// Append appends a request, with its netlink header.
func (r Request) Append(b []byte, order binary.AppendByteOrder) []byte {
	length := uint16(4)
	if r.Events != 0 {
		length = 8
	}
	body := make([]byte, 0, headerLen+8)
	body = order.AppendUint32(body, Group) // CN_IDX_PROC
	body = order.AppendUint32(body, Group) // CN_VAL_PROC
	body = order.AppendUint32(body, 0)
	body = order.AppendUint32(body, r.Seq)
	body = order.AppendUint16(body, length)
	body = order.AppendUint16(body, 0)
	body = order.AppendUint32(body, r.Op)
	if r.Events != 0 {
		body = order.AppendUint32(body, r.Events)
	}
	return nlmsg.Append(b, order, nlmsg.Message{Header: nlmsg.Header{Type: nlmsg.TypeDone}, Data: body})
}
