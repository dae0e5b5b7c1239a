package sysprobe

import (
	"errors"
	"fmt"
	"io/fs"
	"slices"
	"syscall"
	"testing"

	"telegraf-sysprobe/sysprobe/internal/sys/sysctl"
	"telegraf-sysprobe/sysprobe/sysprobetest"
)

// openKinfoFiles opens a process of FreeBSD with files, memory and limits.
func openKinfoFiles(t *testing.T, pid int32) *kinfoProcess {
	t.Helper()
	p := openKinfoProcess(t, pid)
	answer := func(name int, parts ...[]byte) {
		p.kernel.Answer(fmt.Sprintf("1.14.%d.%d", name, pid), slices.Concat(parts...))
	}
	answer(42, sysprobetest.KinfoFile{Type: 1, FD: -1, Flags: 1, Kind: 2, Path: "/home/alice"}.Record(order()))
	answer(33,
		sysprobetest.KinfoFile{Type: 1, FD: -6, Flags: 3, Kind: 4, Path: "/dev/pts/3"}.Record(order()),
		sysprobetest.KinfoFile{Type: 1, FD: -1, Flags: 1, Kind: 2, Path: "/home/alice"}.Record(order()),
		sysprobetest.KinfoFile{Type: 1, Flags: 3, Kind: 4, Path: "/dev/pts/3"}.Record(order()),
		sysprobetest.KinfoFile{Type: 1, FD: 3, Flags: 0x24006, Kind: 1, Offset: 77, Path: "/var/log/x"}.Record(order()),
		sysprobetest.KinfoFile{Type: 1, FD: 4, Flags: 3, Kind: 1}.Record(order()),
		sysprobetest.KinfoFile{Type: 2, FD: 5, Flags: 3, Kind: 1}.Record(order()),
		sysprobetest.KinfoFile{Type: 1, FD: 6, Flags: 0x23, Kind: 1, Offset: 5, Path: "/tmp/y"}.Record(order()))
	answer(32,
		sysprobetest.KinfoRegion{
			Type: 2, Start: 0x200000, End: 0x203000, Offset: 0x1000, Protection: 5, Resident: 2, Flags: 1, Path: "/usr/local/sbin/nginx",
		}.Record(order()),
		sysprobetest.KinfoRegion{Type: 1, Start: 0x800000, End: 0x801000, Protection: 3, Resident: 1}.Record(order()),
		sysprobetest.KinfoRegion{Type: 99, Start: 0x900000, End: 0x901000}.Record(order()))
	for i := range 15 {
		p.kernel.Answer(fmt.Sprintf("1.14.37.%d.%d", pid, i), order().AppendUint64(order().AppendUint64(nil, uint64(100+i)), 1<<63-1))
	}
	return p
}

// TestKinfoFiles asks for what FreeBSD alone says of a process, #593 of psutil
// among it.
func TestKinfoFiles(t *testing.T) {
	p, ctx := openKinfoFiles(t, 4321), t.Context()
	if cwd, err := p.cwdBy(ctx, (*sysctl.Processes).Cwd); cwd != (ProcPath{Path: "/home/alice"}) || err != nil {
		t.Errorf("working directory %v, %v", cwd, err)
	}
	if terminal, err := p.terminalBy(ctx, (*sysctl.Processes).Files); terminal != "/dev/pts/3" || err != nil {
		t.Errorf("terminal %q, %v", terminal, err)
	}
	files, err := p.openFilesBy(ctx, (*sysctl.Processes).Files)
	want := []OpenFile{
		{FD: 3, Path: "/var/log/x", Position: 77, Mode: "a", Flags: 0x1 | 0x8 | 0x40000},
		{FD: 6, Path: "/tmp/y", Position: 5, Mode: "r+", Flags: 0x2 | 0x4},
	}
	if !slices.Equal(files, want) || err != nil {
		t.Errorf("%+v, %v, want %+v", files, err, want)
	}
	regions, err := p.memoryMapsBy(ctx, (*sysctl.Processes).Regions)
	size, pages := Some[uint64](0x3000), Some[uint64](0x2000)
	if len(regions) != 3 || err != nil {
		t.Fatalf("%+v, %v", regions, err)
	}
	first := MemoryRegion{Start: 0x200000, End: 0x203000, Offset: 0x1000, Permissions: "r-xp", ProcPath: ProcPath{Path: "/usr/local/sbin/nginx"}}
	first.Memory.Size, first.Memory.RSS = size, pages
	if regions[0] != first || regions[1].Path != "[anon]" || regions[1].Permissions != "rw--" || regions[2].Path != "[type 99]" {
		t.Errorf("%+v", regions)
	}
	limits, err := p.limitsBy(ctx, (*sysctl.Processes).Limit)
	for resource, number := range kinfoLimits {
		if limits[resource] != (Limit{Soft: Some(uint64(100 + number))}) || err != nil {
			t.Errorf("%v: %+v, %v", resource, limits[resource], err)
		}
	}
	if limits[ResourceLocks] != (Limit{}) {
		t.Errorf("a limit that FreeBSD lacks: %+v", limits[ResourceLocks])
	}
}

// TestKinfoTerminalByDevice finds a terminal by its number, of the processes that have
// one.
func TestKinfoTerminalByDevice(t *testing.T) {
	p, ctx := openKinfoProcess(t, 4321), t.Context()
	row := slices.Clone(p.kernel.Answers["1.14.1.4321"])
	for device, want := range map[uint64]string{0x8003: "/dev/pts/3", 0x8004: "", ^uint64(0): ""} {
		order().PutUint64(row[560:], device) // ki_tdev
		p.kernel.Answer("1.14.1.4321", row)
		asked := 0
		got, err := p.terminalByDevice(ctx, func(number uint32) (string, error) {
			asked++
			if number == 0x8003 {
				return "/dev/pts/3", nil
			}
			return "", fs.ErrNotExist
		})
		if noName := device == 0x8004; got != want || errors.Is(err, fs.ErrNotExist) != noName || err != nil && !noName {
			t.Errorf("device %#x: %q, %v", device, got, err)
		}
		if none := device == ^uint64(0); none != (asked == 0) {
			t.Errorf("device %#x: asked for %d", device, asked)
		}
	}
	p.vanish()
	if _, err := p.terminalByDevice(ctx, nil); !errors.Is(err, ErrNoSuchProcess) {
		t.Errorf("of a process that is gone: %v", err)
	}
	if _, err := openKinfoProcess(t, 4400).terminalByDevice(ctx, nil); !errors.Is(err, ErrZombieProcess) {
		t.Errorf("of a zombie: %v", err)
	}
}

// TestKinfoLimitsOfNetBSD reads limits that NetBSD has one by one.
func TestKinfoLimitsOfNetBSD(t *testing.T) {
	p, ctx := openKinfoProcess(t, 4321), t.Context()
	for i := range 12 {
		p.kernel.Answer(fmt.Sprintf("10.4321.2.%d.1", i+1), order().AppendUint64(nil, uint64(100+i)))
		p.kernel.Answer(fmt.Sprintf("10.4321.2.%d.2", i+1), order().AppendUint64(nil, 1<<63-1))
	}
	limits, err := p.limitsBy(ctx, (*sysctl.Processes).LimitOfNetBSD)
	for resource, number := range kinfoLimits {
		if limits[resource] != (Limit{Soft: Some(uint64(100 + number))}) || err != nil {
			t.Errorf("%v: %+v, %v", resource, limits[resource], err)
		}
	}
	p.kernel.Errors["10.4321.2.9.2"] = syscall.EPERM
	if limits, err := p.limitsBy(ctx, (*sysctl.Processes).LimitOfNetBSD); !errors.Is(err, ErrAccessDenied) {
		t.Errorf("denied: %+v, %v", limits, err)
	}
}

// TestKinfoFilesFail asks for what this user must not see, and for what is malformed,
// of a zombie and of one that has gone.
func TestKinfoFilesFail(t *testing.T) {
	ask := func(p *kinfoProcess) map[string]error {
		ctx, errs := t.Context(), map[string]error{}
		_, errs["cwd"] = p.cwdBy(ctx, (*sysctl.Processes).Cwd)
		_, errs["terminal"] = p.terminalBy(ctx, (*sysctl.Processes).Files)
		_, errs["files"] = p.openFilesBy(ctx, (*sysctl.Processes).Files)
		_, errs["regions"] = p.memoryMapsBy(ctx, (*sysctl.Processes).Regions)
		_, errs["limits"] = p.limitsBy(ctx, (*sysctl.Processes).Limit)
		return errs
	}
	all := func(p *kinfoProcess, err error) {
		for _, n := range []int{32, 33, 42} {
			p.kernel.Errors[fmt.Sprintf("1.14.%d.4321", n)] = err
		}
		for i := range 15 {
			p.kernel.Errors[fmt.Sprintf("1.14.37.4321.%d", i)] = err
		}
	}
	p := openKinfoFiles(t, 4321)
	all(p, syscall.EPERM)
	for name, err := range ask(p) {
		if !errors.Is(err, ErrAccessDenied) {
			t.Errorf("%s, denied: %v", name, err)
		}
	}
	all(p, nil)
	for _, name := range []string{"1.14.32.4321", "1.14.33.4321", "1.14.42.4321", "1.14.37.4321.8"} {
		p.kernel.Answer(name, []byte{9, 0, 0, 0, 9, 9, 9, 9})
	}
	for name, err := range ask(p) {
		if !errors.Is(err, ErrMalformed) {
			t.Errorf("%s, malformed: %v", name, err)
		}
	}
	p.vanish()
	for name, err := range ask(p) {
		if !errors.Is(err, ErrNoSuchProcess) {
			t.Errorf("%s, gone: %v", name, err)
		}
	}
	for name, err := range ask(openKinfoFiles(t, 4400)) {
		if name == "files" && err != nil || name != "files" && !errors.Is(err, ErrZombieProcess) {
			t.Errorf("%s of a zombie: %v", name, err)
		}
	}
}
