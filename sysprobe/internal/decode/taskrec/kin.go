package taskrec

import (
	"encoding/binary"

	"telegraf-sysprobe/sysprobe/internal/decode"
)

// KinSize is the size of a record in bpf/kin.bpf.c.
const KinSize = 24

// Kin is a process and its parent.
type Kin struct {
	// PPID is 0 where the parent is in no PID namespace that this one sees.
	PID, PPID int32
	// Start is in nanoseconds since boot.
	Start uint64
}

// KinTable collects the records of one pass over processes and their parents. The
// zero value is ready.
type KinTable struct {
	// Kin are the records since the last Reset; after Finish by PID, each there once.
	Kin []Kin

	ended bool
}

const kinFormat = "kin records"

// Reset empties the table and keeps its memory.
func (t *KinTable) Reset() { *t = KinTable{Kin: t.Kin[:0]} }

// Add is Table.Add.
func (t *KinTable) Add(b []byte, order binary.ByteOrder) (int, error) {
	return addRecords(b, order, kinFormat, KinSize, &t.ended, t.add)
}

// add decodes a record, which is all there.
func (t *KinTable) add(c *decode.Cursor) {
	var short [4]uint32
	c.Uint32s(short[:])
	t.Kin = append(t.Kin, Kin{PID: int32(short[1]), PPID: int32(short[2]), Start: c.Uint64()})
}

// Ended reports that the last record is there.
func (t *KinTable) Ended() bool { return t.ended }

// Finish is Table.Finish: it brings the processes in order.
func (t *KinTable) Finish() error {
	if !t.ended {
		return &decode.Error{Format: kinFormat, Reason: "the pass has no end"}
	}
	t.Kin = InOrder(t.Kin, func(k *Kin) int32 { return k.PID })
	return nil
}
