package utmp_test

import (
	"encoding/binary"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"

	"telegraf-sysprobe/sysprobe/internal/decode/utmp"
)

// order reads and writes numbers.
type order interface {
	binary.ByteOrder
	binary.AppendByteOrder
}

// record is a struct utmp, member by member.
func record(order order, layout utmp.Layout, typ uint16, s utmp.Session) []byte {
	text := func(s string, size int) []byte { return append([]byte(s), make([]byte, size-len(s))...) }
	b := order.AppendUint16(nil, typ)
	b = append(b, 0xff, 0xff) // padding
	b = order.AppendUint32(b, uint32(s.PID))
	b = slices.Concat(b, text(s.Line, 32), text("ts/0", 4), text(s.User, 32), text(s.Host, 256))
	b = append(b, 1, 0, 2, 0) // how it ended
	if layout == utmp.Wide {
		b = order.AppendUint64(b, 9) // session
		b = order.AppendUint64(b, uint64(s.Seconds))
		b = order.AppendUint64(b, uint64(s.Micros))
		return append(b, make([]byte, 16+20+4)...) // address, unused, padding
	}
	b = order.AppendUint32(b, 9)
	b = order.AppendUint32(b, uint32(s.Seconds))
	b = order.AppendUint32(b, uint32(s.Micros))
	return append(b, make([]byte, 16+20)...)
}

func TestDecode(t *testing.T) {
	sessions := []utmp.Session{
		{PID: 4321, User: "alice", Line: "pts/0", Host: "2001:db8::1", Seconds: 1700000000, Micros: 123456},
		{PID: 1, User: "user-of-thirty-two-bytes-exactly", Line: "tty1", Seconds: 4000000000}, // after 2038
		{User: "\xff b", Line: ":0", Host: ":0"},
	}
	for _, order := range []order{binary.LittleEndian, binary.BigEndian} {
		for _, layout := range []utmp.Layout{utmp.Narrow, utmp.Wide} {
			var b []byte
			for _, typ := range []uint16{1, 2, 8} { // the run level, the boot, a session that has ended
				b = append(b, record(order, layout, typ, sessions[0])...)
			}
			for _, s := range sessions {
				b = append(b, record(order, layout, 7, s)...)
			}
			for _, likely := range []utmp.Layout{utmp.Narrow, utmp.Wide} { // the size tells
				if diff := cmp.Diff(sessions, utmp.Decode(b, order, likely)); diff != "" {
					t.Errorf("%v, layout %d: sessions (-want +got):\n%s", order, layout, diff)
				}
			}
			if got := utmp.Decode(b[:len(b)-1], order, layout); len(got) != 2 {
				t.Errorf("%v: %d sessions with half a record at the end, want 2", order, len(got))
			}
		}
	}
	if got := utmp.Decode(nil, binary.LittleEndian, utmp.Narrow); got != nil {
		t.Errorf("%v of nothing", got)
	}
}

// FuzzDecode decodes anything: there are no more sessions than records have room.
func FuzzDecode(f *testing.F) {
	s := utmp.Session{PID: 1, User: "a", Line: "tty1", Host: "h", Seconds: 1}
	f.Add(record(binary.LittleEndian, utmp.Narrow, 7, s))
	f.Add(record(binary.LittleEndian, utmp.Wide, 7, s))
	f.Fuzz(func(t *testing.T, b []byte) {
		sessions := utmp.Decode(b, binary.LittleEndian, utmp.Narrow)
		if len(sessions) > len(b)/384 {
			t.Fatalf("%d sessions in %d bytes", len(sessions), len(b))
		}
		for _, s := range sessions {
			if len(s.User) > 32 || len(s.Line) > 32 || len(s.Host) > 256 {
				t.Fatalf("%+v is longer than its fields", s)
			}
		}
	})
}
