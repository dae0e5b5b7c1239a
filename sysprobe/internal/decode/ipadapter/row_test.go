package ipadapter

import (
	"encoding/binary"
	"errors"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"telegraf-sysprobe/sysprobe/internal/decode"
)

// tableOf returns a table with rows, whose numbers are those of fields, by name.
func tableOf(rows ...map[string]uint64) []byte {
	b := make([]byte, TableHeader, TableHeader+len(rows)*rowSize)
	binary.LittleEndian.PutUint32(b, uint32(len(rows)))
	for _, fields := range rows {
		row := make([]byte, rowSize)
		for name, n := range fields {
			f := rowFields[name]
			var number [8]byte
			binary.LittleEndian.PutUint64(number[:], n)
			copy(row[f.At:f.At+f.Size], number[:])
		}
		b = append(b, row...)
	}
	return b
}

func TestDecodeTable(t *testing.T) {
	b := tableOf(map[string]uint64{
		"luid": 0x0006008000000000, "index": 5, "hw_len": 6, "mtu": 1500, "type": 6, "access": 2, "flags": 5, "oper_status": 1,
		"admin_status": 1, "media_state": 1, "transmit": 1e10, "receive": 25e8,
		"in_octets": 1, "in_ucast": 2, "in_nucast": 3, "in_discards": 4, "in_errors": 5, "in_unknown": 6, "in_ucast_octets": 7,
		"in_mcast_octets": 8, "in_bcast_octets": 9,
		"out_octets": 11, "out_ucast": 12, "out_nucast": 13, "out_discards": 14, "out_errors": 15, "out_ucast_octets": 16,
		"out_mcast_octets": 17, "out_bcast_octets": 18, "out_qlen": 19,
	}, map[string]uint64{"index": 6, "flags": 2, "hw_len": 1 << 31})
	row := b[TableHeader:]
	copy(row[12:], []byte{0x72, 0xe9, 0x36, 0x4d, 0x25, 0xe3, 0xce, 0x11, 0xbf, 0xc1, 0x08, 0x00, 0x2b, 0xe1, 0x03, 0x18})
	copy(row[28:], utf16z("Ethernet 2"))
	long := strings.Repeat("ü", 256)
	copy(row[28+nameBytes:], utf16z(long))
	copy(row[1060:], []byte{0xaa, 0xbb, 0xcc, 0xdd, 0xee, 0xff, 0x11})
	copy(row[1092:], []byte{2, 3, 4, 5, 6, 7})
	// An alias without an end, which fills its place.
	for i := range nameBytes {
		b[TableHeader+rowSize+28+i] = 'a'
	}

	var got []Row
	if err := DecodeTable(b, func(r *Row) { got = append(got, *r) }); err != nil || len(got) != 2 {
		t.Fatalf("%d rows, %v", len(got), err)
	}
	first := got[0]
	if name, description := decode.UTF16(first.Alias), decode.UTF16(first.Description); name != "Ethernet 2" || description != long {
		t.Errorf("name %q, description %q", name, description)
	}
	if guid := FormatGUID(first.GUID); guid != "{4D36E972-E325-11CE-BFC1-08002BE10318}" {
		t.Errorf("GUID %s", guid)
	}
	first.Alias, first.Description, first.GUID = nil, nil, nil
	want := Row{
		LUID: 0x0006008000000000, Index: 5, HardwareAddr: []byte{0xaa, 0xbb, 0xcc, 0xdd, 0xee, 0xff}, PermanentAddr: []byte{2, 3, 4, 5, 6, 7},
		MTU: 1500, Type: 6, Access: AccessBroadcast, OperStatus: 1, AdminStatus: AdminUp, MediaState: MediaConnected, Hardware: true,
		TransmitSpeed: 1e10, ReceiveSpeed: 25e8,
		In:  Traffic{Bytes: 1, UnicastPackets: 2, OtherPackets: 3, Discards: 4, Errors: 5, UnicastBytes: 7, MulticastBytes: 8, BroadcastBytes: 9},
		Out: Traffic{Bytes: 11, UnicastPackets: 12, OtherPackets: 13, Discards: 14, Errors: 15, UnicastBytes: 16, MulticastBytes: 17, BroadcastBytes: 18},

		InUnknownProtocols: 6, QueueLength: 19,
	}
	if diff := cmp.Diff(want, first); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	if second := got[1]; !second.Filter || second.Hardware || len(second.HardwareAddr) != 32 || len(second.Alias) != nameBytes {
		t.Errorf("%+v, want a filter with 32 bytes of address and a whole alias", second)
	}
}

func TestDecodeBadTables(t *testing.T) {
	whole := tableOf(map[string]uint64{"index": 1}, map[string]uint64{"index": 2})
	for n, want := range map[int]int{0: 0, 3: 0, TableHeader: 0, TableHeader + rowSize - 1: 0, len(whole) - 1: 1} {
		rows := 0
		err := DecodeTable(whole[:n], func(*Row) { rows++ })
		if !errors.Is(err, decode.ErrMalformed) || rows != want {
			t.Errorf("%d bytes: %d rows, %v, want %d and malformed", n, rows, err, want)
		}
	}
	if err := DecodeTable(tableOf(), func(*Row) { t.Error("a row of an empty table") }); err != nil {
		t.Error(err)
	}
	if size, err := TableSize(whole[:TableHeader]); size != len(whole) || err != nil {
		t.Errorf("size %d, %v, want %d", size, err, len(whole))
	}
	for _, rows := range []uint32{maxRows + 1, 1 << 31, 1<<32 - 1} {
		b := binary.LittleEndian.AppendUint32(nil, rows)
		if size, err := TableSize(append(b, make([]byte, TableHeader)...)); size != 0 || !errors.Is(err, decode.ErrMalformed) {
			t.Errorf("%d rows: %d bytes, %v, want ErrMalformed", rows, size, err)
		}
	}
}

func TestFormatGUIDOfOtherLength(t *testing.T) {
	if got := FormatGUID(make([]byte, 15)); got != "" {
		t.Errorf("%q", got)
	}
}

func FuzzDecodeTable(f *testing.F) {
	f.Add(tableOf(map[string]uint64{"index": 1, "hw_len": 6}))
	f.Add([]byte{255, 255, 255, 255, 0, 0, 0, 0})
	f.Fuzz(func(t *testing.T, b []byte) {
		rows := 0
		err := DecodeTable(b, func(r *Row) {
			rows++
			if FormatGUID(r.GUID) == "" || len(r.HardwareAddr) > 32 {
				t.Errorf("%+v", r)
			}
		})
		size, sizeErr := TableSize(b)
		if rows > len(b)/rowSize || err == nil && (sizeErr != nil || size > len(b)) {
			t.Errorf("%d rows of %d bytes, %v; a size of %d, %v", rows, len(b), err, size, sizeErr)
		}
	})
}

// BenchmarkDecodeTable is of a thousand interfaces.
func BenchmarkDecodeTable(b *testing.B) {
	rows := make([]map[string]uint64, 1000)
	for i := range rows {
		rows[i] = map[string]uint64{"index": uint64(i), "hw_len": 6}
	}
	table := tableOf(rows...)
	b.Run("windows", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			if err := DecodeTable(table, func(*Row) {}); err != nil {
				b.Fatal(err)
			}
		}
	})
}
