package sysprobe

import (
	"errors"
	"io/fs"
	"testing"
	"time"
)

func TestProcessPercentSince(t *testing.T) {
	taken := time.Now()
	reading := func(after, user, system time.Duration) ProcessCPUTimes {
		return ProcessCPUTimes{ID: ProcID{PID: 7, Start: 70}, Taken: taken.Add(after), User: user, System: system}
	}
	before := reading(0, 10*time.Second, time.Second)
	for _, tt := range []struct {
		name string
		now  ProcessCPUTimes
		want Opt[float64]
	}{
		{"half of a processor", reading(4*time.Second, 11*time.Second, 2*time.Second), Some(50.0)},
		{"four processors", reading(time.Second, 14*time.Second, time.Second), Some(400.0)},
		{"at rest", reading(time.Second, 10*time.Second, time.Second), Some(0.0)},
		{"a part of the sum runs backwards", reading(time.Second, 9*time.Second, 3*time.Second), Some(100.0)},
		{"a sum that runs backwards", reading(time.Second, 9*time.Second, time.Second), Opt[float64]{}},
		{"no time between them", before, Opt[float64]{}},
		{"in the other order", reading(-time.Second, 11*time.Second, time.Second), Opt[float64]{}},
	} {
		if got, err := tt.now.PercentSince(before); got != tt.want || err != nil {
			t.Errorf("%s: %v, %v, want %v", tt.name, got, err, tt.want)
		}
	}
	for _, other := range []ProcID{{PID: 7, Start: 71}, {PID: 8, Start: 70}} {
		now := reading(time.Second, 14*time.Second, 0)
		now.ID = other
		var op *OpError
		if got, err := now.PercentSince(before); got.Known() || !errors.Is(err, fs.ErrInvalid) || !errors.As(err, &op) {
			t.Errorf("readings of %v and %v: %v, %v, want an OpError that wraps fs.ErrInvalid", before.ID, other, got, err)
		}
	}
}
