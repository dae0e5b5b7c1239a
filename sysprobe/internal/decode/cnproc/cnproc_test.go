package cnproc

import (
	"encoding/binary"
	"errors"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"

	"telegraf-sysprobe/sysprobe/internal/decode"
	"telegraf-sysprobe/sysprobe/internal/decode/nlmsg"
	"telegraf-sysprobe/sysprobe/sysprobetest"
)

// decodeAll decodes the messages of a buffer.
func decodeAll(b []byte, order binary.ByteOrder) ([]Event, error) {
	var all []Event
	for len(b) > 0 {
		m, rest, err := nlmsg.Next(b, order)
		if err != nil {
			return all, err
		}
		e, err := Decode(m, order)
		if err != nil {
			return all, err
		}
		all, b = append(all, e), rest
	}
	return all, nil
}

func TestDecode(t *testing.T) {
	want := map[string][]Event{
		"lifecycle": {
			{Kind: Ack, Time: 4708475982824, Seq: 1},
			{Kind: Fork, Time: 4708480250006, TID: 27521, PID: 27521, ParentPID: 27480},
			{Kind: Exec, Time: 4708482561496, TID: 27521, PID: 27521},
			{Kind: Exit, Time: 4708483413841, TID: 27521, PID: 27521, ParentPID: 27480, Status: 7 << 8},
		},
		"coredump": {
			{Kind: Coredump, Time: 4708587125110, TID: 27522, PID: 27522, ParentPID: 27480},
			{Kind: Exit, Time: 4708587843456, TID: 27522, PID: 27522, ParentPID: 27480, Status: 0x80 | 11},
		},
		"threads": {
			{Kind: Exit, Time: 4708845316004, TID: 27523, PID: 27523, ParentPID: 27480},
			{Kind: Exit, Time: 4708948488629, TID: 27524, PID: 27523, Status: 7 << 8},
		},
	}
	for name, b := range sysprobetest.HexDir(t, "wire", "cnproc") {
		t.Run(name, func(t *testing.T) {
			got, err := decodeAll(b, binary.LittleEndian)
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(want[name], got); diff != "" {
				t.Errorf("events (-want +got):\n%s", diff)
			}
		})
	}
}

// words appends 32-bit words.
func words(order binary.AppendByteOrder, values ...uint32) []byte {
	var b []byte
	for _, v := range values {
		b = order.AppendUint32(b, v)
	}
	return b
}

func TestDecodeByHand(t *testing.T) {
	for _, tt := range []struct {
		name string
		body []uint32
		want Event
	}{
		{"exit before Linux 4.18", []uint32{Exit, 3, 1, 2, 51, 50, 9, 17}, Event{Kind: Exit, Time: 1<<32 | 2, TID: 51, PID: 50, Status: 9}},
		{"refused", []uint32{Ack, 0, 0, 5, 1}, Event{Kind: Ack, Time: 5, Seq: 78, Errno: 1}},
		{"kind of a newer kernel", []uint32{1 << 20, 0, 0, 5, 1}, Event{Kind: 1 << 20, Time: 5}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			length := uint32(4*len(tt.body)) << 16 // and no flags
			values := append([]uint32{1, 1, 900, 78, length}, tt.body...)
			got, err := Decode(nlmsg.Message{Data: words(binary.BigEndian, values...)}, binary.BigEndian)
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(tt.want, got); diff != "" {
				t.Errorf("event (-want +got):\n%s", diff)
			}
		})
	}
}

func TestDecodeMalformed(t *testing.T) {
	whole := sysprobetest.Hex(t, "wire", "cnproc", "threads.hex")[:76]
	m, _, err := nlmsg.Next(whole, binary.LittleEndian)
	if err != nil {
		t.Fatal(err)
	}
	cases := map[string][]byte{}
	for n := range 52 { // what lies behind is the parent, which may be missing
		cases[string(rune('0'+n/10))+string(rune('0'+n%10))+" bytes"] = m.Data[:n]
	}
	long := slices.Clone(m.Data)
	long[16]++
	cases["longer than the message"] = long
	short := slices.Clone(m.Data)
	short[16] = 20
	cases["length ends within the event"] = short
	for name, at := range map[string]int{"another idx": 0, "another val": 4} {
		other := slices.Clone(m.Data)
		other[at]++
		cases[name] = other
	}
	for name, b := range cases {
		if e, err := Decode(nlmsg.Message{Data: b}, binary.LittleEndian); !errors.Is(err, decode.ErrMalformed) || e != (Event{}) {
			t.Errorf("%s: event %+v, error %v, want ErrMalformed alone", name, e, err)
		}
	}
}

func TestAppendRequest(t *testing.T) {
	for _, tt := range []struct {
		name    string
		request Request
		order   binary.AppendByteOrder
		want    []byte
	}{
		{
			"all events",
			Request{Op: Listen, Seq: 0x01020304},
			binary.LittleEndian,
			[]byte{
				40, 0, 0, 0, 3, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0,
				1, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0, 4, 3, 2, 1, 4, 0, 0, 0,
				1, 0, 0, 0,
			},
		},
		{
			"exits only",
			Request{Op: Listen, Events: Exit, Seq: 1},
			binary.BigEndian,
			[]byte{
				0, 0, 0, 44, 0, 3, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0,
				0, 0, 0, 1, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0, 1, 0, 8, 0, 0,
				0, 0, 0, 1, 0x80, 0, 0, 0,
			},
		},
	} {
		t.Run(tt.name, func(t *testing.T) {
			if diff := cmp.Diff(append([]byte("x"), tt.want...), tt.request.Append([]byte("x"), tt.order)); diff != "" {
				t.Errorf("request (-want +got):\n%s", diff)
			}
		})
	}
}

func FuzzDecode(f *testing.F) {
	for _, b := range sysprobetest.HexDir(f, "wire", "cnproc") {
		f.Add(b)
	}
	f.Add(Request{Op: Listen, Events: Exit}.Append(nil, binary.BigEndian))
	f.Fuzz(func(t *testing.T, b []byte) {
		for _, order := range []binary.ByteOrder{binary.LittleEndian, binary.BigEndian} {
			if _, err := decodeAll(b, order); err != nil && !errors.Is(err, decode.ErrMalformed) {
				t.Errorf("error %v", err)
			}
			e, err := Decode(nlmsg.Message{Data: b}, order)
			var at *decode.Error
			if err != nil && (e != (Event{}) || !errors.As(err, &at) || at.Offset < 0 || at.Offset > len(b)) {
				t.Errorf("event %+v, error %v of %d bytes", e, err, len(b))
			}
		}
	})
}

func BenchmarkDecode(b *testing.B) {
	message := sysprobetest.Hex(b, "wire", "cnproc", "threads.hex")[:76]
	b.ReportAllocs()
	for b.Loop() {
		m, _, err := nlmsg.Next(message, binary.LittleEndian)
		if err != nil {
			b.Fatal(err)
		}
		if _, err := Decode(m, binary.LittleEndian); err != nil {
			b.Fatal(err)
		}
	}
}
