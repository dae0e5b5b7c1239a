package sysprobe

import (
	"encoding/binary"
	"errors"
	"io/fs"
	"maps"
	"slices"
	"strconv"
	"syscall"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"telegraf-sysprobe/sysprobe/sysprobetest"
)

// words is an answer of that size with numbers of four bytes at places.
func words(size int, numbers map[int]uint32) []byte {
	b := make([]byte, size)
	for at, n := range numbers {
		binary.NativeEndian.PutUint32(b[at:], n)
	}
	return b
}

// wideWords is words with numbers of eight bytes.
func wideWords(size int, numbers map[int]uint64) []byte {
	b := make([]byte, size)
	for at, n := range numbers {
		binary.NativeEndian.PutUint64(b[at:], n)
	}
	return b
}

// rawSysctl has answers by name, with the numbers behind it after dots.
type rawSysctl map[string][]byte

func (r rawSysctl) read(name string, behind ...int) ([]byte, error) {
	for _, n := range behind {
		name += "." + strconv.Itoa(n)
	}
	if b, known := r[name]; known {
		return b, nil
	}
	return nil, syscall.ENOENT
}

// tableAnswers are the answers of machines of 1,000 pages, whose structures have the
// layouts of each system's headers.
func tableAnswers(goos string) (*sysprobetest.Sysctl, rawSysctl, map[string]int64) {
	load := wideWords(24, map[int]uint64{16: 2048})
	copy(load, words(12, map[int]uint32{0: 1024, 4: 2048, 8: 512}))
	kernel := &sysprobetest.Sysctl{Answers: map[string][]byte{
		"2.2":  load,
		"2.4":  words(344, map[int]uint32{0: 4096, 12: 1000, 16: 300, 20: 200, 24: 100, 104: 50, 108: 7}),
		"2.5":  wideWords(616, map[int]uint64{0: 4096, 24: 1000, 32: 300, 40: 200, 48: 100, 136: 50, 144: 7}),
		"6.24": wideWords(8, map[int]uint64{0: 1000 << 12}),
	}}
	raw := rawSysctl{
		"vm.swap_info.0": words(32, map[int]uint32{0: 2, 20: 30, 24: 4}),
		"vm.swap_info.1": words(32, map[int]uint32{0: 2, 20: 20, 24: 3}),
		"vm.swapusage":   wideWords(32, map[int]uint64{0: 50 << 12, 8: 43 << 12, 16: 7 << 12}),
	}
	named := map[string]int64{
		"hw.pagesize": 4096, "vm.stats.vm.v_page_count": 1000, "vm.stats.vm.v_free_count": 300, "vm.stats.vm.v_active_count": 200,
		"vm.stats.vm.v_inactive_count": 100, "vm.swap_total": 50 << 12,
		"vm.page_free_count": 300, "vm.page_pageable_external_count": 90, "vm.page_purgeable_count": 10,
	}
	if goos != "darwin" { // its 2.5 is another structure
		delete(kernel.Answers, "6.24")
	}
	return kernel, raw, named
}

// lookup returns what has the numbers of names.
func lookup(numbers map[string]int64) func(string) (int64, error) {
	return func(name string) (int64, error) {
		if n, known := numbers[name]; known {
			return n, nil
		}
		return 0, fs.ErrNotExist
	}
}

// TestHostTables reads the load and the memory of machines.
func TestHostTables(t *testing.T) {
	for _, goos := range []string{"freebsd", "netbsd", "openbsd", "darwin"} {
		kernel, raw, named := tableAnswers(goos)
		h := hostSysctl{call: kernel.Call, named: lookup(named), raw: raw.read, goos: goos, goarch: "amd64"}
		if l, err := h.load(); err != nil || l != (LoadAverage{0.5, 1, 0.25}) {
			t.Errorf("%s: %+v, %v", goos, l, err)
		}
		want := HostMemory{
			Total: 1000 << 12, Free: 300 << 12, Available: 400 << 12, SwapTotal: Some[uint64](50 << 12), SwapFree: Some[uint64](43 << 12),
		}
		if goos != "darwin" {
			want.Active, want.Inactive = Some[uint64](200<<12), Some[uint64](100<<12)
		}
		if m, err := h.memory(); err != nil || m != want {
			t.Errorf("%s: %+v, %v, want %+v", goos, m, err, want)
		}
		short := hostSysctl{
			call:  (&sysprobetest.Sysctl{Answers: map[string][]byte{"2.2": {1}, "2.4": {1}, "2.5": {1}, "6.24": {1}}}).Call,
			named: func(string) (int64, error) { return 0, ErrMalformed }, raw: raw.read, goos: goos, goarch: "amd64",
		}
		_, errLoad := short.load()
		_, errMemory := short.memory()
		for _, err := range []error{errLoad, errMemory} {
			if !errors.Is(err, ErrMalformed) {
				t.Errorf("%s: %v, want ErrMalformed", goos, err)
			}
		}
	}
}

// TestHostSwapUnknown is a FreeBSD and a macOS that do not tell of swap what this
// program knows: the rest is there.
func TestHostSwapUnknown(t *testing.T) {
	for goos, name := range map[string]string{"freebsd": "vm.swap_info.0", "darwin": "vm.swapusage"} {
		kernel, raw, named := tableAnswers(goos)
		raw[name] = words(32, map[int]uint32{0: 9})[:20]
		h := hostSysctl{call: kernel.Call, named: lookup(named), raw: raw.read, goos: goos, goarch: "amd64"}
		if m, err := h.memory(); err != nil || m.SwapFree.Known() || m.Free != 300<<12 {
			t.Errorf("%s: %+v, %v", goos, m, err)
		}
		delete(named, "hw.pagesize")
		if m, err := h.memory(); !errors.Is(err, fs.ErrNotExist) || m != (HostMemory{}) {
			t.Errorf("%s without a size of a page: %+v, %v", goos, m, err)
		}
	}
}

// timesAnswers are the answers of a machine of four processors, of which the third is
// not in use.
func timesAnswers(goos string) (*sysprobetest.Sysctl, rawSysctl) {
	cpu := func(numbers ...uint64) []byte {
		var b []byte
		for _, n := range numbers {
			b = binary.NativeEndian.AppendUint64(b, n)
		}
		return b
	}
	kernel := &sysprobetest.Sysctl{Answers: map[string][]byte{"1.12": words(20, map[int]uint32{0: 1000, 12: 128}), "6.3": words(4, map[int]uint32{0: 4})}}
	name, spins := "1.51.", []uint64(nil)
	if goos == "openbsd" {
		kernel.Answers["1.12"] = words(16, map[int]uint32{0: 100, 8: 128})
		name, spins = "1.71.", []uint64{64} // half a second of the two of System
	}
	each := [][]byte{}
	for _, n := range []uint64{1, 2, 0, 3} {
		system := 256*n - 64*uint64(min(len(spins), int(n)))
		b := cpu(slices.Concat([]uint64{128 * n, 64 * n, system}, spins, []uint64{32 * n, 1280 * n})...)
		if n == 0 {
			b = cpu(make([]uint64, 5+len(spins))...)
		}
		each = append(each, b)
		kernel.Answers[name+strconv.Itoa(len(each)-1)] = b
	}
	if goos == "openbsd" {
		delete(kernel.Answers, name+"2")
		kernel.Errors = map[string]error{name + "2": syscall.ENODEV}
	}
	return kernel, rawSysctl{"kern.cp_times": slices.Concat(each...)}
}

// TestHostCPUTimes reads the times of the processors of each system that has them.
func TestHostCPUTimes(t *testing.T) {
	one := CPUTimes{
		User: time.Second, Nice: time.Second / 2, System: 2 * time.Second, IRQ: time.Second / 4, Idle: 10 * time.Second,
	}
	times := func(n time.Duration) CPUTimes {
		return CPUTimes{User: n * one.User, Nice: n * one.Nice, System: n * one.System, IRQ: n * one.IRQ, Idle: n * one.Idle}
	}
	want := HostCPUTimes{All: times(6), Each: []NumberedCPUTimes{{0, times(1)}, {1, times(2)}, {3, times(3)}}}
	for _, goos := range []string{"freebsd", "netbsd", "openbsd"} {
		kernel, raw := timesAnswers(goos)
		h := hostSysctl{call: kernel.Call, raw: raw.read, goos: goos, goarch: "amd64"}
		got, err := h.cpuTimes()
		if diff := cmp.Diff(want, got); diff != "" || err != nil {
			t.Errorf("%s: %v (-want +got):\n%s", goos, err, diff)
		}
		for name, answers := range map[string]map[string][]byte{"clock": {"1.12": {1}}, "times": {"1.51.1": {1}, "1.71.1": {1}}} {
			broken, raw := timesAnswers(goos)
			maps.Copy(broken.Answers, answers)
			if name == "times" {
				raw["kern.cp_times"] = raw["kern.cp_times"][1:]
			}
			h := hostSysctl{call: broken.Call, raw: raw.read, goos: goos, goarch: "amd64"}
			if got, err := h.cpuTimes(); !errors.Is(err, ErrMalformed) || got.Each != nil {
				t.Errorf("%s, malformed %s: %v, %v", goos, name, got, err)
			}
		}
	}
}
