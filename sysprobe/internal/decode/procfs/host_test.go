package procfs

import (
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"telegraf-sysprobe/sysprobe/internal/decode"
)

func TestDecodeMeminfo(t *testing.T) {
	got, err := DecodeMeminfo([]byte("MemTotal:       16 kB\nMemFree: 1 kB\nMemAvailable:8 kB\nCached: 2 kB\nSReclaimable: 3 kB\n" +
		"ShadowCallStack:10373888 kB\nHugePages_Total:       0\nSwapTotal: 9 kB\nSwapFree: 0 kB\n"))
	want := Meminfo{
		Total: known(16 << 10), Free: known(1 << 10), Available: known(8 << 10), Cached: known(2 << 10), Reclaimable: known(3 << 10),
		SwapTotal: known(9 << 10), SwapFree: known(0),
	}
	if diff := cmp.Diff(want, got, numbers); diff != "" || err != nil {
		t.Errorf("G15: %v, meminfo (-want +got):\n%s", err, diff)
	}
	for _, text := range []string{"", "MemTotal: 1 kB\n", "MemTotal: 1 kB\nMemFree: 1\n"} {
		if got, err := DecodeMeminfo([]byte(text)); !errors.Is(err, decode.ErrMalformed) || got != (Meminfo{}) {
			t.Errorf("%q: %v, %v, want ErrMalformed", text, got, err)
		}
	}
}

func TestDecodeSwapping(t *testing.T) {
	got, err := DecodeSwapping([]byte("nr_free_pages 1\npswpin 5\npswpout 6\npswpinx 7\n"))
	if want := (Swapping{In: known(5), Out: known(6)}); err != nil || got != want {
		t.Errorf("got %+v, %v, want %+v", got, err, want)
	}
	if got, err := DecodeSwapping([]byte("pswpin x\n")); !errors.Is(err, decode.ErrMalformed) || got != (Swapping{}) {
		t.Errorf("got %+v, %v, want ErrMalformed", got, err)
	}
}

func TestDecodeCPUInfo(t *testing.T) {
	var twoSockets strings.Builder
	for i := range 16 {
		fmt.Fprintf(&twoSockets, "processor\t: %d\nphysical id\t: %d\ncore id\t\t: %d\ncpu cores\t: 4\n\n", i, i%2, i/2%4)
	}
	for _, tt := range []struct {
		name, text string
		want       CPUInfo
	}{
		{"G21 two sockets of four cores of two threads", twoSockets.String(), CPUInfo{Logical: 16, Cores: 8, Sockets: 2}},
		{"G23 ARM", "processor\t: 0\nBogoMIPS\t: 38.40\n\nprocessor\t: 1\nBogoMIPS\t: 38.40\n\nHardware\t: x\n", CPUInfo{Logical: 2}},
		{"G23 an old ARM", "Processor\t: ARMv7 Processor rev 4 (v7l)\nprocessor\t: 0\n\nprocessor\t: 1\n", CPUInfo{Logical: 2}},
		{"G24 s390x", "physical id     : 1\ncore id         : 0\n\nphysical id     : 2\ncore id         : 0\n", CPUInfo{Sockets: 2}},
		{"G25 hybrid", strings.Repeat("processor : 0\nphysical id : 0\ncpu cores : 4\n", 3), CPUInfo{Logical: 3, Cores: 4, Sockets: 1}},
		{"a number of cores that is none", "processor : 0\nphysical id : 0\ncpu cores : 65534\n", CPUInfo{Logical: 1, Sockets: 1}},
		{"nothing", "", CPUInfo{}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			if got := DecodeCPUInfo([]byte(tt.text)); got != tt.want {
				t.Errorf("got %+v, want %+v", got, tt.want)
			}
		})
	}
}

func FuzzDecodeMeminfo(f *testing.F) {
	fuzz(f, DecodeMeminfo, "MemTotal: 16000000 kB\nMemFree: 1 kB\n", "MemTotal:18446744073709551615 kB")
}

func FuzzDecodeSwapping(f *testing.F) { fuzz(f, DecodeSwapping, "pswpin 5\npswpout 6\n", "pswpin") }

func FuzzDecodeCPUInfo(f *testing.F) {
	f.Add([]byte("processor : 0\nphysical id : 0\ncpu cores : 4\n"))
	f.Fuzz(func(t *testing.T, b []byte) {
		lines := strings.Count(string(b), "\n") + 1
		if info := DecodeCPUInfo(b); info.Logical > lines || info.Sockets > lines || info.Cores < 0 {
			t.Errorf("%+v of %d lines", info, lines)
		}
	})
}

func TestCountCPUs(t *testing.T) {
	for list, want := range map[string]int{
		"0\n": 1, "0-3\n": 4, "0-3,8-11,16\n": 9, "": 0, "\n": 0, "x": 0, "3-1": 0, "0-": 0, "-1": 0, "0,": 0, "70000": 0,
	} {
		if got := CountCPUs([]byte(list)); got != want {
			t.Errorf("%q has %d processors, want %d", list, got, want)
		}
	}
}

// FuzzCountCPUs counts no more processors than the numbers of a list can mean.
func FuzzCountCPUs(f *testing.F) {
	f.Add([]byte("0-3,8\n"))
	f.Fuzz(func(t *testing.T, b []byte) {
		if n := CountCPUs(b); n < 0 || n > (1<<16)*(len(b)+1) {
			t.Fatalf("%q has %d processors", b, n)
		}
	})
}
