package sysprobe

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"testing"

	"telegraf-sysprobe/sysprobe/sysprobetest"
)

func TestReadMemory(t *testing.T) {
	const base = "MemTotal: 16000000 kB\nMemFree: 1000000 kB\nCached: 2000000 kB\nSReclaimable: 500000 kB\nSwapTotal: 100 kB\nSwapFree: 40 kB\n"
	const kB = 1024
	for _, tt := range []struct {
		name, line string
		available  uint64
		percent    float64
	}{
		{"G16 available", "MemAvailable: 8000000 kB\n", 8192000000, 50},
		{"G17 available is 0", "MemAvailable: 0 kB\n", 3072000000, 81.25},
		{"G17 available is missing", "", 3072000000, 81.25},
		{"G18 more available than there is", "MemAvailable: 16000001 kB\n", 1000000 * kB, 93.75},
	} {
		t.Run(tt.name, func(t *testing.T) {
			tree := sysprobetest.NewProcTree(t)
			tree.Write("meminfo", base+tt.line)
			m, err := ReadMemory(&Config{ProcRoot: tree.Root})
			check(t, err)
			if m.Available != tt.available || m.Used() != m.Total-tt.available || m.UsedPercent() != tt.percent {
				t.Errorf("available %d, used %d, %v %%, want %d, %v %%", m.Available, m.Used(), m.UsedPercent(), tt.available, tt.percent)
			}
			if m.Cached != Some[uint64](2500000*kB) {
				t.Errorf("G16: cached %v, want what can be reclaimed too", m.Cached)
			}
			if m.SwapTotal != Some[uint64](100*kB) || m.SwapFree != Some[uint64](40*kB) || m.SwappedIn.Known() || m.SwappedOut.Known() {
				t.Errorf("G19: swap %+v without vmstat, want totals and no counters", m)
			}
			tree.Write("vmstat", "pswpin 5\npswpout 6\n")
			m, err = ReadMemory(&Config{ProcRoot: tree.Root})
			page := uint64(os.Getpagesize())
			if err != nil || m.SwappedIn != Some(5*page) || m.SwappedOut != Some(6*page) {
				t.Errorf("swapped %v in, %v out, %v", m.SwappedIn, m.SwappedOut, err)
			}
		})
	}
	tree := sysprobetest.NewProcTree(t)
	tree.Write("meminfo", "nonsense")
	if _, err := ReadMemory(&Config{ProcRoot: tree.Root}); !errors.Is(err, ErrMalformed) {
		t.Errorf("error %v, want ErrMalformed", err)
	}
	tree.Remove("meminfo")
	if _, err := ReadMemory(&Config{ProcRoot: tree.Root}); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("error %v, want ErrNotExist", err)
	}
	if m, err := ReadMemory(nil); err != nil || m.Available == 0 || m.Used() == 0 {
		t.Errorf("this machine has %+v, %v", m, err)
	}
}

func TestReadCPUs(t *testing.T) {
	tree := sysprobetest.NewProcTree(t)
	config := &Config{ProcRoot: tree.Root, SysRoot: filepath.Join(tree.Root, "sys")}
	tree.Write("cpuinfo", "processor : 0\nprocessor : 1\n")
	if got, err := ReadCPUs(config); err != nil || got != (HostCPUs{Logical: Some(2)}) {
		t.Errorf("G23: %+v, %v, want no cores and no sockets", got, err)
	}
	tree.Write("cpuinfo", "processor : 0\nphysical id : 0\ncpu cores : 4\nprocessor : 1\nphysical id : 0\nprocessor : 2\nphysical id : 0\n")
	if got, err := ReadCPUs(config); err != nil || got != (HostCPUs{Some(3), Some(4), Some(1)}) {
		t.Errorf("G25: %+v, %v without sysfs", got, err)
	}
	for _, file := range []string{"thread_siblings_list", "core_cpus_list"} {
		for cpu, list := range []string{"0-1\n", "0-1\n", "2\n"} {
			tree.Write(fmt.Sprintf("sys/devices/system/cpu/cpu%d/topology/%s", cpu, file), list)
		}
		if got, err := ReadCPUs(config); err != nil || got != (HostCPUs{Some(3), Some(2), Some(1)}) {
			t.Errorf("G25: %+v, %v with %s, want 2 cores", got, err, file)
		}
		tree.Remove("sys")
	}
	tree.Write("sys/devices/system/cpu/online", "0-3,8\n")
	tree.Write("cpuinfo", "vendor_id       : IBM/S390\nprocessor 0: version = FF,  identification = 1,  machine = 3931\n")
	if got, err := ReadCPUs(config); err != nil || got.Logical != Some(5) {
		t.Errorf("G24: %+v, %v of s390x, want 5 processors", got, err)
	}
	checkCPUCount(t, tree, config)
	tree.Remove("cpuinfo")
	if _, err := ReadCPUs(config); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("error %v, want ErrNotExist", err)
	}
	if got, err := ReadCPUs(nil); err != nil || got.Logical.Or(runtime.NumCPU()) < runtime.NumCPU() {
		t.Errorf("this machine has %+v, %v", got, err)
	}
}

// checkCPUCount counts the processors of a machine that has 5 online, which changes.
func checkCPUCount(t *testing.T, tree *sysprobetest.ProcTree, config *Config) {
	t.Helper()
	count, err := OpenCPUCount(config)
	check(t, err)
	wants := func(want int) {
		t.Helper()
		if got, err := count.Read(); got != want || err != nil {
			t.Errorf("%d processors, %v, want %d", got, err, want)
		}
	}
	wants(5)
	tree.Write("sys/devices/system/cpu/online", "0-1\n")
	wants(2)
	tree.Write("sys/devices/system/cpu/online", "nonsense\n")
	tree.Write("cpuinfo", "processor : 0\nprocessor : 1\nprocessor : 2\n")
	wants(3)
	check(t, count.Close())
	if _, err := count.Read(); !errors.Is(err, fs.ErrClosed) {
		t.Errorf("error %v after Close, want fs.ErrClosed", err)
	}

	without, err := OpenCPUCount(&Config{ProcRoot: tree.Root, SysRoot: "/nonexistent"})
	check(t, err)
	defer without.Close() //nolint:errcheck // of the test
	if got, err := without.Read(); got != 3 || err != nil {
		t.Errorf("%d processors without sysfs, %v, want 3", got, err)
	}
	tree.Write("cpuinfo", "nonsense")
	if got, err := without.Read(); !errors.Is(err, ErrNotSupported) {
		t.Errorf("%d processors of nowhere, %v, want ErrNotSupported", got, err)
	}
}

func BenchmarkCPUCount(b *testing.B) {
	count, err := OpenCPUCount(nil)
	if err != nil {
		b.Fatal(err)
	}
	defer count.Close() //nolint:errcheck // of the benchmark
	b.ReportAllocs()
	for b.Loop() {
		if _, err := count.Read(); err != nil {
			b.Fatal(err)
		}
	}
}
