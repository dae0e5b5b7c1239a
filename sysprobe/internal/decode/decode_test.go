package decode_test

import (
	"bytes"
	"encoding/binary"
	"errors"
	"testing"

	"github.com/google/go-cmp/cmp"

	"telegraf-sysprobe/sysprobe/internal/decode"
)

func TestCursorReadsInOrder(t *testing.T) {
	b := []byte{1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17}
	type values struct {
		U8  uint8
		U16 uint16
		U32 uint32
		U64 uint64
	}
	for _, tt := range []struct {
		order binary.ByteOrder
		want  values
	}{
		{binary.LittleEndian, values{1, 0x0302, 0x07060504, 0x0f0e0d0c0b0a0908}},
		{binary.BigEndian, values{1, 0x0203, 0x04050607, 0x08090a0b0c0d0e0f}},
	} {
		t.Run(tt.order.String(), func(t *testing.T) {
			c := decode.NewCursor(b, tt.order, "numbers")
			got := values{c.Uint8(), c.Uint16(), c.Uint32(), c.Uint64()}
			if diff := cmp.Diff(tt.want, got); diff != "" {
				t.Errorf("values (-want +got):\n%s", diff)
			}
			if c.Err() != nil || c.Len() != 2 || c.Offset() != 15 {
				t.Errorf("err %v, %d left at %d; want nil, 2 at 15", c.Err(), c.Len(), c.Offset())
			}
		})
	}
}

func TestCursorReadsRuns(t *testing.T) {
	b := []byte{1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18, 19, 20, 21, 22, 23, 24, 25}
	type values struct {
		U32 [2]uint32
		U64 [2]uint64
	}
	for _, tt := range []struct {
		order binary.ByteOrder
		want  values
	}{
		{binary.LittleEndian, values{[2]uint32{0x04030201, 0x08070605}, [2]uint64{0x100f0e0d0c0b0a09, 0x1817161514131211}}},
		{binary.BigEndian, values{[2]uint32{0x01020304, 0x05060708}, [2]uint64{0x090a0b0c0d0e0f10, 0x1112131415161718}}},
	} {
		t.Run(tt.order.String(), func(t *testing.T) {
			var got values
			c := decode.NewCursor(b, tt.order, "numbers")
			c.Uint32s(got.U32[:])
			c.Uint64s(got.U64[:])
			if diff := cmp.Diff(tt.want, got); diff != "" || c.Err() != nil || c.Len() != 1 {
				t.Errorf("err %v, %d left, values (-want +got):\n%s", c.Err(), c.Len(), diff)
			}
			c.Uint32s(got.U32[:])
			c.Uint64s(got.U64[:])
			if diff := cmp.Diff(values{}, got); diff != "" || !errors.Is(c.Err(), decode.ErrMalformed) {
				t.Errorf("beyond the end: err %v, values (-want +got):\n%s", c.Err(), diff)
			}
		})
	}
}

func TestCursorErrorSticks(t *testing.T) {
	c := decode.NewCursor([]byte{1, 2, 3}, binary.LittleEndian, "three bytes")
	c.Skip(1)
	if got := c.Uint32(); got != 0 {
		t.Errorf("Uint32 beyond the end = %d, want 0", got)
	}
	first := c.Err()
	if got := c.Uint8(); got != 0 || c.Len() != 0 {
		t.Errorf("after an error: Uint8 = %d with %d bytes left, want 0 and 0", got, c.Len())
	}
	c.Fail("later")
	want := &decode.Error{Format: "three bytes", Offset: 1, Reason: "want 4 more bytes, have 2"}
	var got *decode.Error
	if !errors.As(c.Err(), &got) || !errors.Is(c.Err(), first) {
		t.Fatalf("err = %v, want the first error, %v", c.Err(), first)
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("error (-want +got):\n%s", diff)
	}
	if !errors.Is(got, decode.ErrMalformed) {
		t.Errorf("%v is not ErrMalformed", got)
	}
	if want := "malformed three bytes at byte 1: want 4 more bytes, have 2"; got.Error() != want {
		t.Errorf("Error() = %q, want %q", got.Error(), want)
	}
}

func TestCursorBytesDoNotReachFurther(t *testing.T) {
	b := []byte{1, 2, 3}
	c := decode.NewCursor(b, binary.LittleEndian, "bytes")
	first := append(c.Bytes(1), 9)
	if b[1] != 2 || len(first) != 2 {
		t.Errorf("appending to Bytes wrote into the buffer: %v", b)
	}
	if c.Bytes(-1) != nil || c.Err() == nil {
		t.Error("Bytes(-1) is no error")
	}
}

func TestCursorEnter(t *testing.T) {
	c := decode.NewCursor([]byte{1, 2, 3, 4, 5}, binary.LittleEndian, "nested")
	c.Skip(1)
	outer := c.Enter(3)
	if c.Len() != 3 || c.Uint8() != 2 {
		t.Errorf("inside: not the three bytes from 2 on")
	}
	inner := c.Enter(1)
	c.Leave(inner)
	if got := c.Uint8(); got != 4 {
		t.Errorf("after the inner Leave: %d, want 4", got)
	}
	c.Leave(outer)
	if got := c.Uint8(); got != 5 || c.Err() != nil {
		t.Errorf("after Leave: %d with error %v, want 5 without", got, c.Err())
	}
	outer = c.Enter(1)
	c.Leave(outer)
	if c.Err() == nil {
		t.Error("entering more than there is is no error")
	}
}

// FuzzCursor reads as the input says. Whatever is read lies within the bytes,
// and an error leaves nothing to read.
func FuzzCursor(f *testing.F) {
	f.Add([]byte{0, 1, 2, 3, 4, 5, 6}, []byte("some bytes to read from"))
	f.Add([]byte{4, 4, 5, 5, 5, 0}, []byte{})
	f.Fuzz(func(t *testing.T, program, b []byte) {
		c := decode.NewCursor(b, binary.BigEndian, "fuzz")
		var outer []int
		for _, op := range program {
			before := c.Offset()
			switch op % 7 {
			case 0:
				c.Uint8()
			case 1:
				c.Uint16()
			case 2:
				c.Uint32()
			case 3:
				c.Uint64()
			case 4:
				outer = append(outer, c.Enter(int(op/7)))
			case 5:
				if n := len(outer); n > 0 {
					c.Leave(outer[n-1])
					outer = outer[:n-1]
				}
			case 6:
				if got := c.Bytes(int(op / 7)); got != nil && len(got) != int(op/7) {
					t.Fatalf("Bytes(%d) has %d", op/7, len(got))
				}
			}
			if c.Offset() < before || c.Offset() > len(b) {
				t.Fatalf("offset went from %d to %d of %d", before, c.Offset(), len(b))
			}
			if c.Err() != nil && c.Len() != 0 {
				t.Fatalf("%d bytes to read after %v", c.Len(), c.Err())
			}
		}
	})
}

func FuzzBeforeNUL(f *testing.F) {
	for _, s := range []string{"", "\x00", "init", "init\x00er/0\x00", "\x00after"} {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		got := decode.BeforeNUL(b)
		if bytes.IndexByte(got, 0) >= 0 || !bytes.HasPrefix(b, got) || len(got) < len(b) && b[len(got)] != 0 {
			t.Errorf("%q of %q", got, b)
		}
	})
}
