package vmstat

import (
	"encoding/binary"
	"errors"
	"testing"

	"telegraf-sysprobe/sysprobe/internal/decode"
)

// TestLoad decodes both sizes of struct loadavg: with a long of 8 bytes behind
// padding, and with one of 4 bytes.
func TestLoad(t *testing.T) {
	const scale = 2048 // FSCALE of sys/param.h
	for _, order := range []binary.AppendByteOrder{binary.LittleEndian, binary.BigEndian} {
		var fixed []byte
		for _, n := range []uint32{scale / 2, 3 * scale, 0} {
			fixed = order.AppendUint32(fixed, n)
		}
		wide := order.AppendUint64(order.AppendUint32(fixed[:12:12], 0xffffffff), scale)
		narrow := order.AppendUint32(fixed[:12:12], scale)
		for _, b := range [][]byte{wide, narrow} {
			if load, err := DecodeLoad(b, order.(binary.ByteOrder)); err != nil || load != [3]float64{0.5, 3, 0} {
				t.Errorf("%x: %v, %v", b, load, err)
			}
		}
		for _, b := range [][]byte{nil, narrow[:15], order.AppendUint32(fixed[:12:12], 0)} {
			if load, err := DecodeLoad(b, order.(binary.ByteOrder)); !errors.Is(err, decode.ErrMalformed) {
				t.Errorf("%x: %v, %v, want ErrMalformed", b, load, err)
			}
		}
	}
}

// record makes an answer with numbers at places.
func record(l Layout, size int, order binary.ByteOrder, numbers map[int]uint64) []byte {
	b := make([]byte, size)
	for at, n := range numbers {
		if l.wide {
			order.PutUint64(b[at:], n)
		} else {
			order.PutUint32(b[at:], uint32(n))
		}
	}
	return b
}

// TestMemory decodes the structures of both systems, whose sizes and places are in
// uvm/uvmexp.h and uvm/uvm_param.h.
func TestMemory(t *testing.T) {
	want := Memory{Total: 1000 << 12, Free: 300 << 12, Active: 200 << 12, Inactive: 100 << 12, SwapTotal: 50 << 12, SwapUsed: 7 << 12}
	for name, tc := range map[string]struct {
		Layout
		size    int
		numbers map[int]uint64
	}{
		"OpenBSD": {OpenBSD(), 344, map[int]uint64{0: 4096, 12: 1000, 16: 300, 20: 200, 24: 100, 104: 50, 108: 7}},
		"NetBSD":  {NetBSD(), 616, map[int]uint64{0: 4096, 24: 1000, 32: 300, 40: 200, 48: 100, 136: 50, 144: 7}},
	} {
		for _, order := range []binary.ByteOrder{binary.LittleEndian, binary.BigEndian} {
			b := record(tc.Layout, tc.size, order, tc.numbers)
			if m, err := tc.Decode(b, order); err != nil || m != want {
				t.Errorf("%s: %+v, %v, want %+v", name, m, err, want)
			}
			if m, err := tc.Decode(b[:tc.swapUsed+7], order); !errors.Is(err, decode.ErrMalformed) {
				t.Errorf("%s, cut: %+v, %v", name, m, err)
			}
			tc.numbers[tc.free] = 1<<64 - 1 // -1
			if m, err := tc.Decode(record(tc.Layout, tc.size, order, tc.numbers), order); err != nil || m.Free != 0 {
				t.Errorf("%s, less than nothing free: %+v, %v", name, m, err)
			}
			tc.numbers[tc.free] = 300
			for _, size := range []uint64{0, 1 << 31} {
				tc.numbers[0] = size
				if m, err := tc.Decode(record(tc.Layout, tc.size, order, tc.numbers), order); !errors.Is(err, decode.ErrMalformed) {
					t.Errorf("%s, pages of %d bytes: %+v, %v", name, size, m, err)
				}
			}
			tc.numbers[0] = 4096
		}
	}
	many := record(NetBSD(), 616, binary.LittleEndian, map[int]uint64{0: 4096, 24: 1 << 62})
	if m, err := NetBSD().Decode(many, binary.LittleEndian); !errors.Is(err, decode.ErrMalformed) {
		t.Errorf("more pages than memory has: %+v, %v", m, err)
	}
}

// FuzzVmstat decodes any bytes.
func FuzzVmstat(f *testing.F) {
	f.Add(make([]byte, 616), false)
	f.Add(record(OpenBSD(), 344, binary.BigEndian, map[int]uint64{0: 4096, 12: 9}), true)
	f.Add([]byte{0, 0, 8, 0, 0, 0, 8, 0, 0, 0, 8, 0, 0, 0, 8, 0}, true)
	f.Fuzz(func(t *testing.T, b []byte, big bool) {
		var order binary.ByteOrder = binary.LittleEndian
		if big {
			order = binary.BigEndian
		}
		for _, l := range []Layout{OpenBSD(), NetBSD()} {
			if m, err := l.Decode(b, order); err != nil && (!errors.Is(err, decode.ErrMalformed) || m != Memory{}) {
				t.Fatal(m, err)
			}
		}
		if load, err := DecodeLoad(b, order); err == nil && load[0] < 0 || err != nil && !errors.Is(err, decode.ErrMalformed) {
			t.Fatal(load, err)
		}
	})
}
