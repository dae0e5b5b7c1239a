package taskrec

import (
	"encoding/binary"
	"errors"
	"testing"

	"github.com/google/go-cmp/cmp"

	"telegraf-sysprobe/sysprobe/internal/decode"
)

// socket appends a record; a thread of 0 is the first one.
func (r *record) socket(pid, thread, fd uint32, inode uint64) {
	r.u32(SocketSize, pid, thread, fd)
	r.u64(uint64(pid)*1000, inode)
}

func TestSockets(t *testing.T) {
	type socket struct {
		PID, FD int32
		Inode   uint64
	}
	for name, tt := range map[string]struct {
		write func(*record)
		want  []socket
	}{
		"nothing": {func(*record) {}, nil},
		"in order": {func(r *record) {
			r.socket(5, 0, 3, 50)
			r.socket(5, 0, 7, 51)
			r.socket(9, 0, 0, 51)
		}, []socket{{5, 3, 50}, {5, 7, 51}, {9, 0, 51}}},
		"first thread dead: that of the first one which lives": {func(r *record) {
			r.socket(5, 0, 3, 50)
			r.socket(9, 10, 0, 0)
			r.socket(9, 10, 3, 51)
			r.socket(7, 11, 4, 52) // a thread whose PID is larger, since they went around
			r.socket(9, 12, 3, 51)
			r.socket(9, 12, 4, 53)
		}, []socket{{5, 3, 50}, {7, 4, 52}, {9, 3, 51}}},
		"that one has no socket": {func(r *record) {
			r.socket(9, 10, 0, 0)
			r.socket(9, 11, 3, 51)
		}, nil},
		"two threads that share, one after the other": {func(r *record) {
			r.socket(9, 10, 3, 51)
			r.socket(9, 11, 4, 52)
		}, []socket{{9, 3, 51}}},
		"another thread executed a program: the later one": {func(r *record) {
			r.socket(5, 0, 3, 50)
			r.socket(5, 0, 4, 51)
			r.socket(6, 0, 4, 51)
			r.socket(5, 0, 3, 50)
		}, []socket{{5, 3, 50}, {6, 4, 51}}},
		"at once": {func(r *record) {
			r.socket(5, 0, 3, 50)
			r.socket(5, 0, 4, 51)
			r.socket(5, 0, 3, 52)
		}, []socket{{5, 3, 52}}},
	} {
		t.Run(name, func(t *testing.T) {
			for _, order := range []binary.AppendByteOrder{binary.LittleEndian, binary.BigEndian} {
				var table SocketTable
				for range 2 { // with the memory of the first time
					table.Reset()
					r := record{order: order}
					tt.write(&r)
					r.end()
					for at := 0; at < len(r.b); { // reads end anywhere
						n, err := table.Add(r.b[at:min(at+40, len(r.b))], order.(binary.ByteOrder))
						if n == 0 || err != nil {
							t.Fatalf("%d bytes, %v", n, err)
						}
						at += n
					}
					if err := table.Finish(); err != nil {
						t.Fatal(err)
					}
				}
				var got []socket
				for _, s := range table.Sockets {
					if got = append(got, socket{s.PID, s.FD, s.Inode}); s.Start != uint64(s.PID)*1000 {
						t.Errorf("%+v, want its start", s)
					}
				}
				if diff := cmp.Diff(tt.want, got); diff != "" {
					t.Errorf("%v (-want +got):\n%s", order, diff)
				}
			}
		})
	}
}

func TestMalformedSockets(t *testing.T) {
	for name, write := range map[string]func(*record){
		"no end":          func(r *record) { r.socket(5, 0, 3, 50) },
		"another size":    func(r *record) { r.u32(ThreadSize, 1, 1, 1, 1, 1, 1, 1) },
		"behind the end":  func(r *record) { r.end(); r.socket(5, 0, 3, 50) },
		"half a record":   func(r *record) { r.u32(SocketSize, 5, 0) },
		"nothing":         func(*record) {},
		"half of the end": func(r *record) { r.u32(EndSize) },
	} {
		r := record{order: binary.LittleEndian}
		write(&r)
		var table SocketTable
		_, err := table.Add(r.b, binary.LittleEndian)
		if err == nil {
			err = table.Finish()
		}
		if !errors.Is(err, decode.ErrMalformed) {
			t.Errorf("%s: %v, want ErrMalformed", name, err)
		}
	}
}

func FuzzSocketTable(f *testing.F) {
	r := record{order: binary.LittleEndian}
	r.socket(5, 0, 3, 50)
	r.socket(9, 10, 0, 0)
	r.socket(9, 10, 4, 50)
	r.socket(5, 0, 3, 51)
	r.end()
	f.Add(r.b, false)
	f.Add(r.b[:50], true)
	f.Fuzz(func(t *testing.T, b []byte, big bool) {
		var order binary.ByteOrder = binary.LittleEndian
		if big {
			order = binary.BigEndian
		}
		var table SocketTable
		n, err := table.Add(b, order)
		if n < 0 || n > len(b) || err != nil && !errors.Is(err, decode.ErrMalformed) {
			t.Fatalf("%d of %d bytes, %v", n, len(b), err)
		}
		if table.Finish() != nil {
			return
		}
		for i := range table.Sockets {
			if s := &table.Sockets[i]; s.Inode == 0 || i > 0 && !table.Sockets[i-1].precedes(s) {
				t.Errorf("%+v in %+v", s, table.Sockets)
			}
		}
	})
}
