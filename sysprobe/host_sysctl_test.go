package sysprobe

import (
	"encoding/binary"
	"errors"
	"io/fs"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"testing"

	"telegraf-sysprobe/sysprobe/sysprobetest"
)

// TestHostSysctl reads machines whose names of sysctl(3) have these numbers.
func TestHostSysctl(t *testing.T) {
	four := func(n uint32) []byte { return binary.NativeEndian.AppendUint32(nil, n) }
	eight := func(n uint64) []byte { return binary.NativeEndian.AppendUint64(nil, n) }
	named := func(name string) (int64, error) {
		switch name {
		case "hw.physicalcpu", "kern.smp.cores":
			return 4, nil
		default:
			return 0, fs.ErrNotExist
		}
	}
	for _, tc := range []struct {
		goos, memory, cpus string
		cores              Opt[int]
	}{
		{"freebsd", "6.5", "6.3", Some(4)},
		{"openbsd", "6.19", "6.25", Opt[int]{}},
		{"netbsd", "6.13", "6.16", Opt[int]{}},
		{"darwin", "6.24", "6.3", Some(4)},
	} {
		kernel := &sysprobetest.Sysctl{Answers: map[string][]byte{tc.memory: eight(1 << 33), tc.cpus: four(8), "1.6": four(2532)}}
		h := hostSysctl{kernel.Call, named, tc.goos, "amd64"}
		if host, err := h.read(); err != nil || host.MemTotal != Some[uint64](1<<33) || host.PIDLimit() != Some[uint64](2532) {
			t.Errorf("%s: %+v, %v", tc.goos, host, err)
		}
		if cpus, err := h.cpus(); err != nil || cpus != (HostCPUs{Logical: Some(8), Cores: tc.cores}) {
			t.Errorf("%s: %+v, %v", tc.goos, cpus, err)
		}
		denied := hostSysctl{(&sysprobetest.Sysctl{Errors: map[string]error{tc.memory: syscall.EPERM, tc.cpus: syscall.EPERM}}).Call, named, tc.goos, "amd64"}
		_, errHost := denied.read()
		_, errCPUs := denied.cpus()
		for _, err := range []error{errHost, errCPUs} {
			if !errors.Is(err, ErrAccessDenied) {
				t.Errorf("%s: %v, want ErrAccessDenied", tc.goos, err)
			}
		}
	}
}

// TestHostTables reads the load and the memory of machines with these answers, which
// have the layouts of each system's headers.
func TestHostTables(t *testing.T) {
	words := func(size int, numbers map[int]uint32) []byte {
		b := make([]byte, size)
		for at, n := range numbers {
			binary.NativeEndian.PutUint32(b[at:], n)
		}
		return b
	}
	wide := func(size int, numbers map[int]uint64) []byte {
		b := make([]byte, size)
		for at, n := range numbers {
			binary.NativeEndian.PutUint64(b[at:], n)
		}
		return b
	}
	pages := map[string]int64{
		"hw.pagesize": 4096, "vm.stats.vm.v_page_count": 1000, "vm.stats.vm.v_free_count": 300, "vm.stats.vm.v_active_count": 200,
		"vm.stats.vm.v_inactive_count": 100, "vm.swap_total": 50 << 12,
	}
	named := func(name string) (int64, error) {
		if n, known := pages[name]; known {
			return n, nil
		}
		return 0, fs.ErrNotExist
	}
	load := wide(24, map[int]uint64{16: 2048})
	copy(load, words(12, map[int]uint32{0: 1024, 4: 2048, 8: 512}))
	for goos, swapFree := range map[string]Opt[uint64]{"freebsd": {}, "netbsd": Some[uint64](43 << 12), "openbsd": Some[uint64](43 << 12)} {
		kernel := &sysprobetest.Sysctl{Answers: map[string][]byte{
			"2.2": load,
			"2.4": words(344, map[int]uint32{0: 4096, 12: 1000, 16: 300, 20: 200, 24: 100, 104: 50, 108: 7}),
			"2.5": wide(616, map[int]uint64{0: 4096, 24: 1000, 32: 300, 40: 200, 48: 100, 136: 50, 144: 7}),
		}}
		h := hostSysctl{kernel.Call, named, goos, "amd64"}
		if l, err := h.load(); err != nil || l != (LoadAverage{0.5, 1, 0.25}) {
			t.Errorf("%s: %+v, %v", goos, l, err)
		}
		want := HostMemory{
			Total: 1000 << 12, Free: 300 << 12, Available: 400 << 12, Active: Some[uint64](200 << 12), Inactive: Some[uint64](100 << 12),
			SwapTotal: Some[uint64](50 << 12), SwapFree: swapFree,
		}
		if m, err := h.memory(); err != nil || m != want {
			t.Errorf("%s: %+v, %v, want %+v", goos, m, err, want)
		}
		short := hostSysctl{
			(&sysprobetest.Sysctl{Answers: map[string][]byte{"2.2": {1}, "2.4": {1}, "2.5": {1}}}).Call,
			func(string) (int64, error) { return 0, ErrMalformed }, goos, "amd64",
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

// TestHostPIDExists looks for a process, and for one that has gone.
func TestHostPIDExists(t *testing.T) {
	p := openKinfoProcess(t, 4321)
	h := hostSysctl{call: p.kernel.Call, goos: "freebsd", goarch: "amd64"}
	if exists, err := h.pidExists(4321); !exists || err != nil {
		t.Errorf("%t, %v", exists, err)
	}
	p.kernel.Errors["1.14.1.4321"] = syscall.ESRCH
	if exists, err := h.pidExists(4321); exists || err != nil {
		t.Errorf("one that has gone: %t, %v", exists, err)
	}
}

// TestHostPIDs lists the processes of recorded tables, and looks for them.
func TestHostPIDs(t *testing.T) {
	for _, r := range kinfoRecordings {
		kernel := r.replay(t)
		h := hostSysctl{call: kernel.Call, goos: r.goos, goarch: "amd64"}
		if boot, err := h.bootTime(); err != nil || boot.Unix() != 900 {
			t.Errorf("%s: boot time %v, %v", r.goos, boot, err)
		}
		var want []int32
		for _, row := range r.want {
			pid, _, _ := strings.Cut(row, " ")
			n, err := strconv.Atoi(pid)
			if err != nil {
				t.Fatal(err)
			}
			want = append(want, int32(n))
		}
		if pids, err := h.pids(); err != nil || !slices.Equal(pids, want) {
			t.Errorf("%s: %v, %v, want %v", r.goos, pids, err, want)
		}
		if exists, err := h.pidExists(0x7ffffff); exists || !errors.Is(err, syscall.EINVAL) {
			t.Errorf("%s: a name without an answer: %t, %v, want EINVAL", r.goos, exists, err)
		}
		kernel.Errors = map[string]error{r.bootName: syscall.EPERM}
		if boot, err := h.bootTime(); !errors.Is(err, ErrAccessDenied) || !boot.IsZero() {
			t.Errorf("%s: boot time %v, %v, want ErrAccessDenied", r.goos, boot, err)
		}
	}
}
