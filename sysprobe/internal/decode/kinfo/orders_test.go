package kinfo

import (
	"encoding/binary"
	"reflect"
	"testing"

	"github.com/google/go-cmp/cmp"

	"telegraf-sysprobe/sysprobe/internal/decode"
	"telegraf-sysprobe/sysprobe/sysprobetest"
)

// fieldsOf returns the fields of a layout, by name.
func fieldsOf(l *Layout) map[string]decode.Field {
	fields := map[string]decode.Field{}
	v := reflect.ValueOf(l).Elem()
	for i := range v.NumField() {
		name := v.Type().Field(i).Name
		switch f := v.Field(i); f.Type() {
		case reflect.TypeFor[decode.Field]():
			fields[name] = decode.Field{At: int(f.Field(0).Int()), Size: int(f.Field(1).Int())}
		case reflect.TypeFor[span]():
			for j, part := range []string{".sec", ".usec"} {
				fields[name+part] = decode.Field{At: int(f.Field(j).Field(0).Int()), Size: int(f.Field(j).Field(1).Int())}
			}
		}
	}
	return fields
}

// isText says that a field is no number.
func isText(name string) bool {
	switch name {
	case "Name", "LongName", "Login", "WaitChannel", "ThreadName", "ThreadNameRest":
		return true
	}
	return false
}

// put writes the number or text of from, which is little-endian, to a record of
// another layout and order.
func put(to []byte, at decode.Field, order binary.ByteOrder, from decode.Record, f decode.Field, text bool) {
	b := to[at.At : at.At+at.Size]
	if text {
		copy(b, from.Text(f))
		return
	}
	n := from.Int(f)
	switch at.Size {
	case 1:
		b[0] = byte(n)
	case 2:
		order.PutUint16(b, uint16(n))
	case 4:
		order.PutUint32(b, uint32(n))
	case 8:
		order.PutUint64(b, uint64(n))
	}
}

// translate writes the records of a table of one layout in another layout of the
// same system and another order.
func translate(b []byte, from, to *Layout, order binary.ByteOrder) []byte {
	var all []byte
	source, target := fieldsOf(from), fieldsOf(to)
	for ; len(b) >= from.Size; b = b[from.Size:] {
		r := decode.NewRecord(b[:from.Size], binary.LittleEndian)
		record := make([]byte, to.Size)
		for name, f := range source {
			if at := target[name]; at.Size > 0 && name != "StructSize" {
				put(record, at, order, r, f, isText(name))
			}
		}
		if at := to.StructSize; at.Size > 0 {
			order.PutUint32(record[at.At:], uint32(to.Size))
		}
		all = append(all, record...)
	}
	return all
}

// TestEveryLayoutAndOrder writes the recordings, which are of little-endian
// 64-bit machines, as those of the other architectures and orders would be. What
// they say stays the same.
func TestEveryLayoutAndOrder(t *testing.T) {
	for _, tt := range []struct {
		file  string
		archs []string
	}{
		{"freebsd13-proc", []string{"amd64", "arm64", "386", "arm"}},
		{"openbsd65-threads", []string{"amd64", "arm64", "386", "arm"}},
		{"netbsd79934-all", []string{"amd64", "arm64", "386", "arm"}},
		{"xnu11417-all", []string{"amd64", "arm64"}},
	} {
		r := recordings()[tt.file]
		b := sysprobetest.Hex(t, "wire", "kinfo", tt.file+".hex")
		d := decoderOf(t, r)
		want, err := d.Append(nil, b)
		if err != nil {
			t.Fatal(err)
		}
		for _, arch := range tt.archs {
			for _, order := range []binary.ByteOrder{binary.LittleEndian, binary.BigEndian} {
				t.Run(tt.file+"/"+arch+"/"+order.String(), func(t *testing.T) {
					l, ok := LayoutOf(r.goos, arch)
					if !ok {
						t.Fatal("no layout")
					}
					other := Decoder{Layout: l, Order: order, PageSize: page}
					got, err := other.Append(nil, translate(b, &d.Layout, &l, order))
					if err != nil {
						t.Fatal(err)
					}
					if diff := cmp.Diff(want, got, numbers); diff != "" {
						t.Errorf("processes (-amd64 +got):\n%s", diff)
					}
				})
			}
		}
	}
}

// TestFieldsDoNotOverlap finds offsets that were written down wrong: no two
// fields of a record share a byte, and all lie within it.
func TestFieldsDoNotOverlap(t *testing.T) {
	for name, l := range layouts {
		owner := map[int]string{}
		for field, f := range fieldsOf(&l) {
			for at := f.At; at < f.At+f.Size; at++ {
				if other := owner[at]; other != "" {
					t.Errorf("%s: %s and %s share byte %d", name, field, other, at)
				}
				owner[at] = field
			}
			if f.At+f.Size > l.Size {
				t.Errorf("%s: %s ends at %d of %d", name, field, f.At+f.Size, l.Size)
			}
			if !isText(field) && f.Size > 1 && f.At%min(f.Size, 4) != 0 {
				t.Errorf("%s: %s of %d bytes at %d", name, field, f.Size, f.At)
			}
		}
	}
}
