package procfs

import (
	"errors"
	"reflect"
	"testing"

	"telegraf-sysprobe/sysprobe/internal/decode"
)

func TestDecodeHostTimes(t *testing.T) {
	got, err := DecodeHostTimes([]byte("cpu  1 2 3 4 5 6 7 8 9 10\ncpu0 1 0 0 0 0 0 0 0 0 0\ncpu12 0 0 3 4\nintr 5 6\ncpufreq 1\n"))
	want := HostTimes{
		All:  CPUTimes{1, 2, 3, 4, 5, 6, 7, 8, 9, 10},
		Each: []NumberedTimes{{0, CPUTimes{1}}, {12, CPUTimes{0, 0, 3, 4}}},
	}
	if err != nil || !reflect.DeepEqual(got, want) {
		t.Errorf("got %+v, %v, want %+v", got, err, want)
	}
	for _, text := range []string{"", "intr 1\n", "cpu 1 2 3\n", "cpux 1 2 3 4\n", "cpu-1 1 2 3 4\n", "cpu0 1 2 3 4\n", "cpu 1 2 3 x\n"} {
		if got, err := DecodeHostTimes([]byte(text)); !errors.Is(err, decode.ErrMalformed) || !reflect.DeepEqual(got, HostTimes{}) {
			t.Errorf("%q: %+v, %v, want ErrMalformed", text, got, err)
		}
	}
}

func TestDecodeLoadAverage(t *testing.T) {
	if got, err := DecodeLoadAverage([]byte("0.20 18.03 400.00 1/80 11206\n")); err != nil || got != [3]float64{0.2, 18.03, 400} {
		t.Errorf("got %v, %v", got, err)
	}
	for _, text := range []string{"", "1 2", "1 2 x", "-1 2 3", "NaN 1 1", "1 Inf 1"} {
		if got, err := DecodeLoadAverage([]byte(text)); !errors.Is(err, decode.ErrMalformed) || got != [3]float64{} {
			t.Errorf("%q: %v, %v, want ErrMalformed", text, got, err)
		}
	}
}

func FuzzDecodeLoadAverage(f *testing.F) {
	fuzz(f, DecodeLoadAverage, "0.20 0.18 0.12 1/80 11206\n", "1e9")
}

func FuzzDecodeHostTimes(f *testing.F) {
	fuzz(f, func(b []byte) (CPUTimes, error) {
		times, err := DecodeHostTimes(b)
		if err != nil && times.Each != nil {
			f.Errorf("%d processors beside an error", len(times.Each))
		}
		return times.All, err
	}, "cpu  1 2 3 4 5 6 7 8 9 10\ncpu0 1 0 0 0\n", "cpu")
}
