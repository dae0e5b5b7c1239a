package taskrec

import (
	"encoding/binary"

	"telegraf-sysprobe/sysprobe/internal/decode"
)

// Sizes of the keys and values that the program has of processes that exited.
const (
	IdentitySize = 16
	FinalSize    = 160
	KindSize     = 40
	TotalSize    = 120
)

// Kind is what processes have in common that are summed up.
type Kind struct {
	Cgroup     uint64
	UID, Flags uint32

	comm [16]byte
}

// Comm is the name: what precedes the first NUL.
func (k *Kind) Comm() []byte { return decode.BeforeNUL(k.comm[:]) }

// Final is what one process did in all.
type Final struct {
	PID   int32
	Start uint64 // in nanoseconds since boot
	Kind
	Sums
	// ShownUserTime and ShownSystemTime are as in Process.
	ShownUserTime, ShownSystemTime uint64
}

// DecodeFinal decodes an entry of the map "seen" of a machine of that byte
// order. The error wraps decode.ErrMalformed.
func DecodeFinal(key, value []byte, order binary.ByteOrder) (Final, error) {
	var f Final
	k := decode.NewCursor(key, order, "identity of a process")
	f.Start, f.PID = k.Uint64(), int32(k.Uint32())
	v := decode.NewCursor(value, order, "final sums of a process")
	f.decode(v)
	f.ShownUserTime, f.ShownSystemTime, f.Cgroup = v.Uint64(), v.Uint64(), v.Uint64()
	f.UID, f.Flags = v.Uint32(), v.Uint32()
	copy(f.comm[:], v.Bytes(len(f.comm)))
	for _, c := range []*decode.Cursor{k, v} {
		if err := c.Err(); err != nil {
			return Final{}, err
		}
	}
	return f, nil
}

// Total is what the processes of a kind did together.
type Total struct {
	Kind
	Generation uint32
	Count      uint64
	Sums       Sums
}

// DecodeTotal decodes an entry of the map "unseen" of a machine of that byte
// order. The error wraps decode.ErrMalformed.
func DecodeTotal(key, value []byte, order binary.ByteOrder) (Total, error) {
	var t Total
	k := decode.NewCursor(key, order, "kind of processes")
	t.Cgroup, t.UID, t.Flags, t.Generation = k.Uint64(), k.Uint32(), k.Uint32(), k.Uint32()
	k.Skip(4)
	copy(t.comm[:], k.Bytes(len(t.comm)))
	v := decode.NewCursor(value, order, "sums of processes")
	t.Count = v.Uint64()
	t.Sums.decode(v)
	for _, c := range []*decode.Cursor{k, v} {
		if err := c.Err(); err != nil {
			return Total{}, err
		}
	}
	return t, nil
}

// Since returns what was added to t since old, all numbers of which only grow.
func (t *Total) Since(old *Total) Total {
	added := *t
	added.Count -= min(old.Count, t.Count)
	added.Sums.sub(&old.Sums)
	return added
}

func (s *Sums) sub(o *Sums) {
	theirs := o.all()
	for i, p := range s.all() {
		*p -= min(*theirs[i], *p)
	}
}

// all returns the sums in the order of the program.
func (s *Sums) all() [14]*uint64 {
	return [...]*uint64{
		&s.UserTime, &s.SystemTime, &s.RunTime, &s.MinorFaults, &s.MajorFaults,
		&s.VoluntarySwitches, &s.InvoluntarySwitches, &s.ReadChars, &s.WriteChars,
		&s.ReadCalls, &s.WriteCalls, &s.ReadBytes, &s.WriteBytes, &s.CancelledWriteBytes,
	}
}

func (s *Sums) decode(c *decode.Cursor) {
	var n [14]uint64
	c.Uint64s(n[:])
	*s = Sums{n[0], n[1], n[2], n[3], n[4], n[5], n[6], n[7], n[8], n[9], n[10], n[11], n[12], n[13]}
}
