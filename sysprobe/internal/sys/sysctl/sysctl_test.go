package sysctl

import (
	"bytes"
	"encoding/binary"
	"errors"
	"syscall"
	"testing"

	"telegraf-sysprobe/sysprobe/internal/decode"
)

// kernel answers as sysctl(3) does.
type kernel struct {
	answer []byte
	grows  int // bytes that the answer grows by after each call
	err    error
	calls  int
}

func (k *kernel) call(_ []int32, old []byte) (int, error) {
	k.calls++
	defer func() { k.answer = append(k.answer, make([]byte, k.grows)...) }()
	switch {
	case k.err != nil:
		return 0, k.err
	case len(old) == 0:
		return len(k.answer), nil
	case len(old) < len(k.answer):
		return copy(old, k.answer), syscall.ENOMEM
	default:
		return copy(old, k.answer), nil
	}
}

// TestRead reads answers that grow less and more than the buffer has room for.
func TestRead(t *testing.T) {
	for _, size := range []int{0, 1, 1000, 100_000} {
		for _, grows := range []int{0, 100, 5000} {
			k := &kernel{answer: bytes.Repeat([]byte{1}, size), grows: grows}
			r := NewReader(k.call)
			for range 3 {
				b, err := r.Read(4, 17)
				if want := len(k.answer) - grows; err != nil || len(b) != want {
					t.Errorf("%d bytes that grow by %d: %d bytes, %v; want %d", size, grows, len(b), err, want)
				}
			}
		}
	}
}

// TestReadKeepsItsBuffer fails if a second answer that fits costs more than one
// call.
func TestReadKeepsItsBuffer(t *testing.T) {
	k := &kernel{answer: make([]byte, 5000)}
	r := NewReader(k.call)
	for i, want := range []int{2, 3, 4} {
		if _, err := r.Read(1); err != nil || k.calls != want {
			t.Errorf("read %d: %d calls, %v; want %d", i, k.calls, err, want)
		}
	}
}

func TestReadFails(t *testing.T) {
	grow := func(_ []int32, old []byte) (int, error) {
		if len(old) == 0 {
			return 100, nil
		}
		return len(old), syscall.ENOMEM
	}
	for name, tc := range map[string]struct {
		call Call
		want error
	}{
		"an errno":             {(&kernel{err: syscall.EINVAL}).call, syscall.EINVAL},
		"a process is gone":    {(&kernel{err: syscall.ESRCH}).call, syscall.ESRCH},
		"always too small":     {grow, decode.ErrInterrupted},
		"an absurd size":       {func([]int32, []byte) (int, error) { return maxAnswer + 1, nil }, decode.ErrMalformed},
		"a negative size":      {func([]int32, []byte) (int, error) { return -1, nil }, decode.ErrMalformed},
		"more than the buffer": {func(_ []int32, old []byte) (int, error) { return len(old) + 1, nil }, decode.ErrMalformed},
	} {
		t.Run(name, func(t *testing.T) {
			if b, err := NewReader(tc.call).Read(1, 2); b != nil || !errors.Is(err, tc.want) {
				t.Errorf("got %d bytes, %v; want %v", len(b), err, tc.want)
			}
		})
	}
}

func TestNumber(t *testing.T) {
	var four [4]byte
	var eight [8]byte
	binary.NativeEndian.PutUint32(four[:], 0xfffffffe)
	binary.NativeEndian.PutUint64(eight[:], 1<<40)
	for _, tc := range []struct {
		answer []byte
		want   int64
		err    error
	}{
		{four[:], 1<<32 - 2, nil},
		{eight[:], 1 << 40, nil},
		{eight[:3], 0, decode.ErrMalformed},
		{nil, 0, decode.ErrMalformed},
		{make([]byte, 20), 0, syscall.ENOMEM},
	} {
		if got, err := Number((&kernel{answer: tc.answer}).call, 6, 3); got != tc.want || !errors.Is(err, tc.err) {
			t.Errorf("%x: %d, %v; want %d, %v", tc.answer, got, err, tc.want, tc.err)
		}
	}
}
