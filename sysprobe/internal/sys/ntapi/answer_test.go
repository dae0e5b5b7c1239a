package ntapi

import (
	"errors"
	"testing"

	"telegraf-sysprobe/sysprobe/internal/decode"
)

// TestAnswerGrows is about a table that grows between any two calls.
func TestAnswerGrows(t *testing.T) {
	for _, tt := range []struct {
		name    string
		grows   int // calls before which the table grows
		says    func(size int) int
		wantErr error
	}{
		{"not at all", 0, func(size int) int { return size }, nil},
		{"ten times in a row", 10, func(size int) int { return size }, nil},
		{"ten times, without a hint", 10, func(int) int { return 0 }, nil},
		{"always", 1 << 30, func(size int) int { return size }, decode.ErrInterrupted},
		{"says less than it needs", 3, func(int) int { return 16 }, nil},
		{"absurd", 1, func(int) int { return 1 << 29 }, decode.ErrMalformed},
		{"negative", 1, func(int) int { return -1 }, decode.ErrMalformed},
	} {
		t.Run(tt.name, func(t *testing.T) {
			var a Answer
			calls, size := 0, 1<<15+1
			answer, err := a.Ask(func(buf []byte) (int, error) {
				if calls++; calls <= tt.grows {
					size = max(size, len(buf)+1)
				}
				if size > len(buf) {
					return tt.says(size), ErrTooSmall
				}
				return size, nil
			})
			if !errors.Is(err, tt.wantErr) || err == nil && len(answer) != size {
				t.Errorf("%d bytes of %d after %d calls, %v, want %v", len(answer), size, calls, err, tt.wantErr)
			}
			if err == nil && tt.grows == 0 && calls > 2 {
				t.Errorf("%d calls, want 2", calls)
			}
		})
	}
}

func TestAnswerKeepsItsBuffer(t *testing.T) {
	var a Answer
	full := func(buf []byte) (int, error) {
		if len(buf) < 1<<17 {
			return 1 << 17, ErrTooSmall
		}
		return 1 << 17, nil
	}
	if _, err := a.Ask(full); err != nil {
		t.Fatal(err)
	}
	if n := testing.AllocsPerRun(10, func() { a.Ask(full) }); n > 0 { //nolint:errcheck // it did not fail before
		t.Errorf("%v allocations, want 0", n)
	}
}

func TestAnswerFails(t *testing.T) {
	var a Answer
	failure := errors.New("failure")
	if _, err := a.Ask(func([]byte) (int, error) { return 0, failure }); !errors.Is(err, failure) {
		t.Errorf("%v, want the error of the call", err)
	}
	if _, err := a.Ask(func(buf []byte) (int, error) { return len(buf) + 1, nil }); !errors.Is(err, decode.ErrMalformed) {
		t.Errorf("%v of an answer larger than the buffer, want malformed", err)
	}
}
