package vmstat

import (
	"encoding/binary"
	"errors"
	"slices"
	"testing"

	"telegraf-sysprobe/sysprobe/internal/decode"
	"telegraf-sysprobe/sysprobe/sysprobetest"
)

// appendOrder reads and writes numbers.
type appendOrder interface {
	binary.ByteOrder
	binary.AppendByteOrder
}

func orders() []appendOrder { return []appendOrder{binary.LittleEndian, binary.BigEndian} }

// numbers writes numbers of 4 or 8 bytes.
func numbers(order appendOrder, size int, list ...uint64) (b []byte) {
	for _, n := range list {
		if size == 8 {
			b = order.AppendUint64(b, n)
		} else {
			b = order.AppendUint32(b, uint32(n))
		}
	}
	return b
}

// TestTicks decodes the answers of each system: the order of the states is that of its
// header, where CPUSTATES is 5 on FreeBSD and NetBSD and 6 on OpenBSD.
func TestTicks(t *testing.T) {
	for _, order := range orders() {
		for name, tc := range map[string]struct {
			b            []byte
			size, states int
			want         []Ticks
		}{
			"FreeBSD, two processors of 32 bits": {numbers(order, 4, 1, 2, 3, 4, 5, 10, 20, 30, 40, 50), 4, 5, []Ticks{{1, 2, 3, 4, 5}, {10, 20, 30, 40, 50}}},
			"NetBSD":                             {numbers(order, 8, 1<<40, 2, 3, 4, 5), 8, 5, []Ticks{{1 << 40, 2, 3, 4, 5}}},
			"OpenBSD":                            {numbers(order, 8, 1, 2, 3, 9, 4, 5), 8, 6, []Ticks{{1, 2, 12, 4, 5}}},
		} {
			got, err := DecodeTicks(nil, tc.b, order, tc.size, tc.states)
			if err != nil || !slices.Equal(got, tc.want) {
				t.Errorf("%v, %s: %v, %v, want %v", order, name, got, err, tc.want)
			}
			if got, err := DecodeTicks(nil, tc.b[1:], order, tc.size, tc.states); !errors.Is(err, decode.ErrMalformed) {
				t.Errorf("%v, %s, cut: %v, %v", order, name, got, err)
			}
		}
	}
}

// TestClockOfNetBSD decodes what a kernel answered, whose clock of statistics ticks once a
// second.
func TestClockOfNetBSD(t *testing.T) {
	b := sysprobetest.Hex(t, "wire", "vmstat", "netbsd79934-clockrate.hex")
	if got, err := DecodeClock(b, binary.LittleEndian); got != 1 || err != nil {
		t.Errorf("%d, %v, want 1", got, err)
	}
}

// TestClock decodes both sizes of struct clockinfo, and one without a clock of
// statistics.
func TestClock(t *testing.T) {
	for _, order := range orders() {
		for _, tc := range []struct {
			b    []byte
			want uint64
		}{
			{numbers(order, 4, 1000, 1000, 0, 127, 8126), 127},
			{numbers(order, 4, 100, 10000, 128, 1024), 128},
			{numbers(order, 4, 100, 10000, 0, 0, 0), 100},
			{numbers(order, 4, 0, 0, 0, 0, 0), 0},
			{numbers(order, 4, 100, 10000, 0, 1<<31, 0), 0},
			{numbers(order, 4, 100, 10000), 0},
			{nil, 0},
		} {
			if got, err := DecodeClock(tc.b, order); got != tc.want || (err == nil) != (tc.want > 0) || err != nil && !errors.Is(err, decode.ErrMalformed) {
				t.Errorf("%v %x: %d, %v, want %d", order, tc.b, got, err, tc.want)
			}
		}
	}
}

// TestSwap decodes the versions of struct xswdev, and struct xsw_usage of macOS.
func TestSwap(t *testing.T) {
	for _, order := range orders() {
		old := numbers(order, 4, 1, 0x88, 3, 1000, 7)
		small := slices.Concat(numbers(order, 4, 2), numbers(order, 8, 0x88), numbers(order, 4, 3, 1000, 7))
		wide := slices.Concat(numbers(order, 4, 2, 0), numbers(order, 8, 0x88), numbers(order, 4, 3, 1000, 7, 0))
		for _, b := range [][]byte{old, small, wide} {
			if pages, used, err := DecodeSwap(b, order); pages != 1000 || used != 7 || err != nil {
				t.Errorf("%v %x: %d of %d, %v", order, b, used, pages, err)
			}
		}
		for _, b := range [][]byte{nil, old[:19], wide[:28], numbers(order, 4, 3, 0, 0, 0, 0), numbers(order, 4, 1, 0, 0, 0, 0, 0)} {
			if pages, used, err := DecodeSwap(b, order); !errors.Is(err, decode.ErrMalformed) || pages != 0 || used != 0 {
				t.Errorf("%v %x: %d of %d, %v, want ErrMalformed", order, b, used, pages, err)
			}
		}
		usage := slices.Concat(numbers(order, 8, 2<<30, 1<<30, 1<<30), numbers(order, 4, 16384, 1))
		if total, used, err := DecodeSwapUsage(usage, order); total != 2<<30 || used != 1<<30 || err != nil {
			t.Errorf("%v: %d of %d, %v", order, used, total, err)
		}
		if _, _, err := DecodeSwapUsage(usage[:23], order); !errors.Is(err, decode.ErrMalformed) {
			t.Errorf("%v, cut: %v", order, err)
		}
	}
}

// FuzzTimes decodes any bytes.
func FuzzTimes(f *testing.F) {
	f.Add(numbers(binary.LittleEndian, 8, 1, 2, 3, 4, 5), false)
	f.Add(numbers(binary.BigEndian, 4, 100, 10000, 128, 1024), true)
	f.Add(numbers(binary.LittleEndian, 4, 1, 0, 0, 5, 4), false)
	f.Fuzz(func(t *testing.T, b []byte, big bool) {
		var order binary.ByteOrder = binary.LittleEndian
		if big {
			order = binary.BigEndian
		}
		_, clockErr := DecodeClock(b, order)
		_, _, swapErr := DecodeSwap(b, order)
		_, _, usageErr := DecodeSwapUsage(b, order)
		errs := []error{clockErr, swapErr, usageErr}
		for states := range 8 {
			for _, size := range []int{4, 8} {
				ticks, err := DecodeTicks(nil, b, order, size, states)
				if errs = append(errs, err); err == nil && len(ticks) != len(b)/size/states {
					t.Fatal(len(ticks), len(b))
				}
			}
		}
		for _, err := range errs {
			if err != nil && !errors.Is(err, decode.ErrMalformed) {
				t.Fatal(err)
			}
		}
	})
}
