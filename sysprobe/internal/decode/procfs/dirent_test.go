package procfs

import (
	"encoding/binary"
	"errors"
	"testing"

	"github.com/google/go-cmp/cmp"

	"telegraf-sysprobe/sysprobe/internal/decode"
)

// appendDirent appends a struct linux_dirent64, padded as the kernel does.
func appendDirent(b []byte, order binary.AppendByteOrder, name string) []byte {
	size := (8 + 8 + 2 + 1 + len(name) + 1 + 7) &^ 7
	start := len(b)
	b = order.AppendUint64(b, 4711)
	b = order.AppendUint64(b, 1<<62)
	b = order.AppendUint16(b, uint16(size))
	b = append(b, 4)
	b = append(b, name...)
	return append(b, make([]byte, size-(len(b)-start))...)
}

func TestAppendPIDs(t *testing.T) {
	names := []string{
		".", "..", "fs", "self", "thread-self", "1", "42", "2147483647", // the last PID an int32 holds
		"12abc", "1 ", " 1", "+1", "-1", "0", "007", "2147483648", "99999999999999999999", "", "7",
	}
	want := []int32{3, 1, 42, 2147483647, 7}
	for _, order := range []binary.AppendByteOrder{binary.LittleEndian, binary.BigEndian} {
		t.Run("F10 numbers only, "+order.String(), func(t *testing.T) {
			var b []byte
			for _, name := range names {
				b = appendDirent(b, order, name)
			}
			got, err := AppendPIDs([]int32{3}, b, order.(binary.ByteOrder))
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(want, got); diff != "" {
				t.Errorf("PIDs (-want +got):\n%s", diff)
			}
			if n, err := CountEntries(b, order.(binary.ByteOrder)); err != nil || n != len(names)-2 {
				t.Errorf("%d entries, %v, want all but . and ..: %d", n, err, len(names)-2)
			}
		})
	}
}

func TestMalformedDirents(t *testing.T) {
	good := appendDirent(nil, binary.LittleEndian, "42")
	size := func(n byte) []byte {
		b := append([]byte(nil), good...)
		b[16] = n
		return b
	}
	for name, b := range map[string][]byte{
		"cut in the fixed part": good[:17],
		"cut in the name":       good[:20],
		"a record of no size":   size(0),
		"a record of 18 bytes":  size(18),
		"a record of 255 bytes": size(255),
	} {
		t.Run(name, func(t *testing.T) {
			if _, err := AppendPIDs(nil, b, binary.LittleEndian); !errors.Is(err, decode.ErrMalformed) {
				t.Errorf("AppendPIDs: error %v, want one that is ErrMalformed", err)
			}
			if _, err := CountEntries(b, binary.LittleEndian); !errors.Is(err, decode.ErrMalformed) {
				t.Errorf("CountEntries: error %v, want one that is ErrMalformed", err)
			}
		})
	}
}
