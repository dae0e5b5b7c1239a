package sysprobe

import (
	"encoding/json"
	"fmt"
	"os/exec"
	"strconv"
	"testing"

	"golang.org/x/sys/unix"

	"telegraf-sysprobe/sysprobe/sysprobetest"
)

// What helpPeak had and gave back.
const (
	peakResident = 32 << 20
	peakVirtual  = 1 << 30
)

// helpPeak: a process that had much memory and has given it back.
func helpPeak([]string) error {
	address, err := unix.Mmap(-1, 0, peakVirtual, unix.PROT_READ|unix.PROT_WRITE, unix.MAP_ANON|unix.MAP_PRIVATE|unix.MAP_NORESERVE)
	if err != nil {
		return err
	}
	for i := 0; i < peakResident; i += 4096 {
		address[i] = 1
	}
	if err := unix.Munmap(address); err != nil {
		return err
	}
	if err := ready(); err != nil {
		return err
	}
	return untilEOF(ignore)
}

// TestProcessMemoryOracle compares the memory of a process at rest with psutil, and
// with what it had.
func TestProcessMemoryOracle(t *testing.T) {
	python := sysprobetest.NeedPython(t, "psutil")
	sysprobetest.NeedRoot(t) // psutil's memory_full_info
	h := startHelper(t, nil, "peak")
	p := openProcess(t, openTableOf(t, BackendProcFS), int(h.pid()))
	const script = `import json, psutil, sys
m = psutil.Process(int(sys.argv[1])).memory_full_info()
print(json.dumps([m.rss, m.vms, m.shared, m.text, m.data, m.swap]))`
	sysprobetest.Eventually(t, func() string {
		before, err := p.Memory(t.Context())
		check(t, err)
		out, err := exec.Command(python, "-c", script, strconv.Itoa(int(h.pid()))).Output()
		check(t, err)
		after, err := p.Memory(t.Context())
		check(t, err)
		if before != after {
			return "the process is not at rest"
		}
		var theirs [6]uint64
		check(t, json.Unmarshal(out, &theirs))
		ours := [6]uint64{after.RSS, after.VMS, after.Shared, after.Text, after.Data, after.Swap.Or(1)}
		if ours != theirs {
			return fmt.Sprintf("memory %d, psutil %d", ours, theirs)
		}
		return ""
	})
	m, err := p.Memory(t.Context())
	check(t, err)
	if parts := m.Anon.Or(0) + m.File.Or(0) + m.Shmem.Or(0); parts != m.RSS {
		t.Errorf("parts of %d bytes, resident are %d", parts, m.RSS)
	}
	if peak := m.PeakRSS.Or(0); peak < peakResident || peak < m.RSS || m.RSS >= peakResident {
		t.Errorf("resident are %d bytes, at most %d, want %d at most", m.RSS, peak, peakResident)
	}
	if peak := m.PeakVMS.Or(0); peak < m.VMS+peakVirtual/2 {
		t.Errorf("virtual are %d bytes, at most %d, want %d more", m.VMS, peak, peakVirtual)
	}
	if m.HugeTLB != Some[uint64](0) {
		t.Errorf("%v bytes of huge pages, want 0", m.HugeTLB)
	}
}

// TestProcessMemoryInFixture reads files with a number of its own for each fact, and
// files of a kernel that lacks some.
func TestProcessMemoryInFixture(t *testing.T) {
	tree := sysprobetest.NewProcTree(t)
	tree.Add(sysprobetest.Process{PID: 10, Comm: "x"})
	const ids = "Tgid: 10\nUid: 0 0 0 0\nGid: 0 0 0 0\n"
	p := openProcess(t, openTable(t, tree.Root), 10)
	page := p.client.table.pageSize
	tree.Write("10/statm", "100 50 20 10 0 30 0\n")
	tree.Write("10/status", ids+"VmPeak: 1 kB\nVmHWM: 2 kB\nRssAnon: 3 kB\nRssFile: 4 kB\nRssShmem: 5 kB\nVmSwap: 6 kB\nHugetlbPages: 7 kB\n")
	kilobytes := func(n uint64) Opt[uint64] { return Some(n << 10) }
	pages := ProcMemory{VMS: 100 * page, RSS: 50 * page, Shared: 20 * page, Text: 10 * page, Data: 30 * page}
	want := ProcessMemory{
		ProcMemory: pages, Swap: kilobytes(6), PeakRSS: kilobytes(2), PeakVMS: kilobytes(1), HugeTLB: kilobytes(7),
	}
	want.Anon, want.File, want.Shmem = kilobytes(3), kilobytes(4), kilobytes(5)
	if got, err := p.Memory(t.Context()); err != nil || got != want {
		t.Errorf("memory %+v, %v, want %+v", got, err, want)
	}
	tree.Write("10/status", ids)
	if got, err := p.Memory(t.Context()); err != nil || got != (ProcessMemory{ProcMemory: pages}) {
		t.Errorf("memory %+v, %v without the lines", got, err)
	}
}
