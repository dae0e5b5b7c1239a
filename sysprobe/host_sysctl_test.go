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
		h := hostSysctl{call: kernel.Call, named: named, goos: tc.goos, goarch: "amd64"}
		if host, err := h.read(); err != nil || host.MemTotal != Some[uint64](1<<33) || host.PIDLimit() != Some[uint64](2532) {
			t.Errorf("%s: %+v, %v", tc.goos, host, err)
		}
		if cpus, err := h.cpus(); err != nil || cpus != (HostCPUs{Logical: Some(8), Cores: tc.cores}) {
			t.Errorf("%s: %+v, %v", tc.goos, cpus, err)
		}
		refusing := &sysprobetest.Sysctl{Errors: map[string]error{tc.memory: syscall.EPERM, tc.cpus: syscall.EPERM}}
		denied := hostSysctl{call: refusing.Call, named: named, goos: tc.goos, goarch: "amd64"}
		_, errHost := denied.read()
		_, errCPUs := denied.cpus()
		for _, err := range []error{errHost, errCPUs} {
			if !errors.Is(err, ErrAccessDenied) {
				t.Errorf("%s: %v, want ErrAccessDenied", tc.goos, err)
			}
		}
	}
}

// TestHostMemoryOf32Bits is a FreeBSD of 32 bits with 3 GiB: hw.physmem is a long.
func TestHostMemoryOf32Bits(t *testing.T) {
	kernel := &sysprobetest.Sysctl{Answers: map[string][]byte{"6.5": binary.NativeEndian.AppendUint32(nil, 3<<30)}}
	h := hostSysctl{call: kernel.Call, goos: "freebsd", goarch: "386"}
	if host, err := h.read(); err != nil || host.MemTotal != Some[uint64](3<<30) {
		t.Errorf("%+v, %v, want 3 GiB", host, err)
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
