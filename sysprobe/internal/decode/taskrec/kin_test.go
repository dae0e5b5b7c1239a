package taskrec

import (
	"encoding/binary"
	"errors"
	"testing"

	"github.com/google/go-cmp/cmp"

	"telegraf-sysprobe/sysprobe/internal/decode"
)

// kin appends a record.
func (r *record) kin(pid, ppid uint32) {
	r.u32(KinSize, pid, ppid, 0)
	r.u64(uint64(pid) * 1000)
}

func TestKin(t *testing.T) {
	for _, order := range []binary.AppendByteOrder{binary.LittleEndian, binary.BigEndian} {
		r := record{order: order}
		r.kin(1, 0)
		r.kin(9, 1)
		r.kin(5, 9)
		r.kin(9, 5) // met again: the later one is right
		r.end()
		var table KinTable
		for range 2 { // with the memory of the first time
			table.Reset()
			for at := 0; at < len(r.b); { // reads end anywhere
				n, err := table.Add(r.b[at:min(at+30, len(r.b))], order.(binary.ByteOrder))
				if n == 0 || err != nil {
					t.Fatalf("%d bytes, %v", n, err)
				}
				at += n
			}
			if err := table.Finish(); err != nil {
				t.Fatal(err)
			}
		}
		if diff := cmp.Diff([]Kin{{1, 0, 1000}, {5, 9, 5000}, {9, 5, 9000}}, table.Kin); diff != "" {
			t.Errorf("%v (-want +got):\n%s", order, diff)
		}
	}
	for name, write := range map[string]func(*record){
		"no end":         func(r *record) { r.kin(5, 3) },
		"another size":   func(r *record) { r.u32(SocketSize, 1, 1, 1, 1, 1, 1, 1) },
		"behind the end": func(r *record) { r.end(); r.kin(5, 3) },
	} {
		r := record{order: binary.LittleEndian}
		write(&r)
		var table KinTable
		_, err := table.Add(r.b, binary.LittleEndian)
		if err == nil {
			err = table.Finish()
		}
		if !errors.Is(err, decode.ErrMalformed) {
			t.Errorf("%s: %v, want ErrMalformed", name, err)
		}
	}
}

func FuzzKinTable(f *testing.F) {
	r := record{order: binary.LittleEndian}
	r.kin(5, 3)
	r.kin(3, 1)
	r.end()
	f.Add(r.b, false)
	f.Add(r.b[:30], true)
	f.Fuzz(func(t *testing.T, b []byte, big bool) {
		var order binary.ByteOrder = binary.LittleEndian
		if big {
			order = binary.BigEndian
		}
		var table KinTable
		n, err := table.Add(b, order)
		if n < 0 || n > len(b) || err != nil && !errors.Is(err, decode.ErrMalformed) {
			t.Fatalf("%d of %d bytes, %v", n, len(b), err)
		}
		if table.Finish() != nil {
			return
		}
		for i := range table.Kin {
			if i > 0 && table.Kin[i-1].PID >= table.Kin[i].PID {
				t.Errorf("%d follows %d", table.Kin[i].PID, table.Kin[i-1].PID)
			}
		}
	})
}
