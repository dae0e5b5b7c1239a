package decode_test

import (
	"bytes"
	"encoding/binary"
	"testing"

	"telegraf-sysprobe/sysprobe/internal/decode"
)

func TestRecord(t *testing.T) {
	b := []byte{0xff, 0xfe, 3, 4, 'a', 'b', 0, 'c', 0xff, 10, 11, 12}
	for _, tt := range []struct {
		name    string
		order   binary.ByteOrder
		field   decode.Field
		has     bool
		number  uint64
		integer int64
		text    string
	}{
		{"one byte", binary.LittleEndian, decode.U8(0), true, 0xff, -1, "\xff"},
		{"two bytes", binary.LittleEndian, decode.U16(0), true, 0xfeff, -0x101, "\xff\xfe"},
		{"two bytes, big", binary.BigEndian, decode.U16(0), true, 0xfffe, -2, "\xff\xfe"},
		{"four bytes", binary.LittleEndian, decode.U32(0), true, 0x0403feff, 0x0403feff, "\xff\xfe\x03\x04"},
		{"four bytes, big", binary.BigEndian, decode.U32(0), true, 0xfffe0304, -0x1fcfc, "\xff\xfe\x03\x04"},
		{"eight bytes, big", binary.BigEndian, decode.U64(1), true, 0xfe0304616200_63ff, -0x1fcfb9e9dff9c01, "\xfe\x03\x04ab"},
		{"eight bytes", binary.LittleEndian, decode.U64(4), true, 0x0c0b0aff63006261, 0x0c0b0aff63006261, "ab"},
		{"a text", binary.LittleEndian, decode.Text(4, 4), true, 0x63006261, 0x63006261, "ab"},
		{"a text without end", binary.LittleEndian, decode.Text(9, 3), true, 0, 0, "\x0a\x0b\x0c"},
		{"none", binary.LittleEndian, decode.Field{}, false, 0, 0, ""},
		{"partly beyond the end", binary.LittleEndian, decode.U64(5), false, 0, 0, ""},
		{"at the end", binary.LittleEndian, decode.U8(12), false, 0, 0, ""},
		{"far beyond the end", binary.LittleEndian, decode.U8(1 << 30), false, 0, 0, ""},
		{"before the record", binary.LittleEndian, decode.U32(-1), false, 0, 0, ""},
	} {
		t.Run(tt.name, func(t *testing.T) {
			r := decode.NewRecord(b, tt.order)
			if got := r.Has(tt.field); got != tt.has {
				t.Errorf("Has = %v, want %v", got, tt.has)
			}
			if got := r.Uint(tt.field); got != tt.number {
				t.Errorf("Uint = %#x, want %#x", got, tt.number)
			}
			if got := r.Int(tt.field); got != tt.integer {
				t.Errorf("Int = %#x, want %#x", got, tt.integer)
			}
			if got := r.Text(tt.field); string(got) != tt.text {
				t.Errorf("Text = %q, want %q", got, tt.text)
			}
		})
	}
}

// FuzzRecord reads any field of any record: what is read lies within.
func FuzzRecord(f *testing.F) {
	f.Add([]byte("some bytes\x00and more"), 3, 8, true)
	f.Add([]byte{}, -1, 1<<30, false)
	f.Fuzz(func(t *testing.T, b []byte, at, size int, big bool) {
		var order binary.ByteOrder = binary.LittleEndian
		if big {
			order = binary.BigEndian
		}
		field := decode.Field{At: at, Size: size}
		r := decode.NewRecord(b, order)
		got := r.Bytes(field)
		if r.Has(field) != (got != nil) || got != nil && !bytes.Equal(got, b[at:at+size]) {
			t.Fatalf("Has %v, Bytes %v", r.Has(field), got)
		}
		if len(r.Text(field)) > len(got) || !r.Has(field) && (r.Uint(field) != 0 || r.Int(field) != 0) {
			t.Fatalf("Text %q, Uint %d, Int %d of %v", r.Text(field), r.Uint(field), r.Int(field), got)
		}
	})
}
