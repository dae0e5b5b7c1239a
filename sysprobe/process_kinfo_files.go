package sysprobe

import (
	"context"
	"errors"
	"fmt"

	"telegraf-sysprobe/sysprobe/internal/decode/kinfo"
	"telegraf-sysprobe/sysprobe/internal/sys/sysctl"
)

// FreeBSD has more to say of a process than the others: its kernel knows the paths of
// what a process has open or in its memory, and its limits.

// filesReader reads the open files of a process.
type filesReader func(*sysctl.Processes, int32) ([]kinfo.File, error)

func (c *kinfoProcessClient) cwdBy(ctx context.Context, read func(*sysctl.Processes, int32) (string, error)) (ProcPath, error) {
	return askKinfo(ctx, c, "read working directory of process", func() (ProcPath, error) {
		path, err := read(c.table.table, c.id.PID)
		return ProcPath{Path: path}, err
	})
}

// terminalBy finds the terminal among the files.
func (c *kinfoProcessClient) terminalBy(ctx context.Context, read filesReader) (string, error) {
	return askKinfo(ctx, c, "read terminal of process", func() (string, error) {
		files, err := read(c.table.table, c.id.PID)
		for i := range files {
			if files[i].FD == kinfo.FDTerminal {
				return string(files[i].Path), err
			}
		}
		return "", err
	})
}

// terminalByDevice finds the terminal by the number that the table has.
func (c *kinfoProcessClient) terminalByDevice(ctx context.Context, find func(device uint32) (string, error)) (string, error) {
	return askKinfo(ctx, c, "read terminal of process", func() (string, error) {
		row, err := c.table.table.One(c.id.PID)
		device, has := row.TTY.Get()
		if err != nil || !has {
			return "", err
		}
		return find(uint32(device))
	})
}

func (c *kinfoProcessClient) openFilesBy(ctx context.Context, read filesReader) ([]OpenFile, error) {
	open, err := askKinfo(ctx, c, "list open files of process", func() ([]OpenFile, error) {
		files, err := read(c.table.table, c.id.PID)
		var open []OpenFile
		for i := range files {
			if f := &files[i]; f.FD >= 0 && f.Regular && len(f.Path) > 0 {
				open = append(open, OpenFile{
					FD: f.FD, Path: string(f.Path), Position: uint64(max(0, f.Offset)), Mode: modeOfKinfo(f), Flags: openFlagsOfBSD(f.Flags),
				})
			}
		}
		return open, err
	})
	if errors.Is(err, ErrZombieProcess) {
		return nil, nil
	}
	return open, err
}

// modeOfKinfo names how a file can be used, as psutil does.
func modeOfKinfo(f *kinfo.File) string {
	switch {
	case f.Append && f.Read:
		return "a+"
	case f.Append:
		return "a"
	case f.Read && f.Write:
		return "r+"
	case f.Write:
		return "w"
	case f.Read:
		return "r"
	default:
		return ""
	}
}

// openFlagsOfBSD translates KF_FLAG_* of sys/user.h into O_* of fcntl.h of FreeBSD.
func openFlagsOfBSD(raw uint32) uint32 {
	const read, write = 1, 2
	var flags uint32
	switch raw & (read | write) {
	case write:
		flags = 1 // O_WRONLY
	case read | write:
		flags = 2 // O_RDWR
	}
	for bit, flag := range map[uint32]uint32{
		0x4: 0x8, 0x8: 0x40, 0x10: 0x80, 0x20: 0x4, 0x40: 0x10000, // O_APPEND, O_ASYNC, O_FSYNC, O_NONBLOCK, O_DIRECT
		0x100: 0x10, 0x200: 0x20, 0x400: 0x100, // O_SHLOCK, O_EXLOCK, O_NOFOLLOW
		0x800: 0x200, 0x1000: 0x400, 0x2000: 0x800, 0x4000: 0x40000, // O_CREAT, O_TRUNC, O_EXCL, O_EXEC
	} {
		if raw&bit != 0 {
			flags |= flag
		}
	}
	return flags
}

func (c *kinfoProcessClient) memoryMapsBy(
	ctx context.Context, read func(*sysctl.Processes, int32) ([]kinfo.Region, error),
) ([]MemoryRegion, error) {
	return askKinfo(ctx, c, "read memory maps of process", func() ([]MemoryRegion, error) {
		rows, err := read(c.table.table, c.id.PID)
		regions := make([]MemoryRegion, len(rows))
		for i := range rows {
			regions[i] = regionOfKinfo(&rows[i], c.table.table.PageSize())
		}
		return regions, err
	})
}

// regionOfKinfo maps a region. Without a file it has a name in brackets, as procstat(1)
// and psutil have it, and [anon] for plain memory.
func regionOfKinfo(raw *kinfo.Region, pageSize uint64) MemoryRegion {
	letter := func(is bool, letter string) string {
		if is {
			return letter
		}
		return "-"
	}
	names := [...]string{
		"[none]", "[anon]", "[vnode]", "[anon]", "[device]", "[phys]", "[dead]", "[sg]", "[mgtdevice]", "[guard]", // KVME_TYPE_*
	}
	path := string(raw.Path)
	switch {
	case path != "":
	case raw.Type < uint32(len(names)):
		path = names[raw.Type]
	default:
		path = fmt.Sprintf("[type %d]", raw.Type)
	}
	r := MemoryRegion{
		Start: raw.Start, End: raw.End, Offset: raw.Offset, ProcPath: ProcPath{Path: path},
		Permissions: letter(raw.Read, "r") + letter(raw.Write, "w") + letter(raw.Exec, "x") + letter(raw.CopyOnWrite, "p"),
	}
	r.Memory.Size, r.Memory.RSS = someIf(raw.End-raw.Start, raw.End >= raw.Start), Some(raw.Resident*pageSize)
	return r
}

// kinfoLimits are the numbers of limits of FreeBSD and NetBSD (RLIMIT_* of
// sys/resource.h).
var kinfoLimits = map[Resource]int32{
	ResourceCPU: 0, ResourceFileSize: 1, ResourceData: 2, ResourceStack: 3, ResourceCore: 4, ResourceRSS: 5,
	ResourceMemLock: 6, ResourceProcesses: 7, ResourceFiles: 8, ResourceMemory: 10,
}

// kinfoUnlimited is RLIM_INFINITY of sys/resource.h of both.
const kinfoUnlimited = 1<<63 - 1

// limitsBy reads the limits. The resources that the system lacks are unlimited.
func (c *kinfoProcessClient) limitsBy(
	ctx context.Context, read func(_ *sysctl.Processes, pid, resource int32) (soft, hard uint64, err error),
) (Limits, error) {
	return askKinfo(ctx, c, "read limits of process", func() (Limits, error) {
		var all Limits
		for resource, number := range kinfoLimits {
			soft, hard, err := read(c.table.table, c.id.PID, number)
			if err != nil {
				return Limits{}, fmt.Errorf("%v: %w", resource, err)
			}
			all[resource] = Limit{Soft: someIf(soft, soft < kinfoUnlimited), Hard: someIf(hard, hard < kinfoUnlimited)}
		}
		return all, nil
	})
}
