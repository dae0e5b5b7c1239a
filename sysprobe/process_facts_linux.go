package sysprobe

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"syscall"

	"telegraf-sysprobe/sysprobe/internal/abandon"
	"telegraf-sysprobe/sysprobe/internal/decode/procfs"
	"telegraf-sysprobe/sysprobe/internal/sys/pidfd"
	"telegraf-sysprobe/sysprobe/internal/sys/procdir"
)

func (c *processClient) state(ctx context.Context) (State, error) {
	return ask(ctx, c, "read state of process", func(_ context.Context, t target) (State, bool, error) {
		st, err := t.stat()
		if err != nil {
			return StateUnknown, false, err
		}
		if state := stateOfLetter(st.State); state != StateZombie || st.Threads < 2 {
			return state, true, nil
		}
		if _, thread, ok := t.liveThread(); ok {
			return stateOfLetter(thread.State), true, nil
		}
		return StateZombie, true, nil
	})
}

func (c *processClient) isRunning(ctx context.Context) bool {
	running, err := abandon.Call(ctx, func() (bool, error) {
		buf := c.table.takeBuffer()
		defer c.table.buffers.Put(buf)
		st, err := c.dir.Stat(buf)
		return err == nil && stateOfLetter(st.State) != StateDead, err
	}, nil)
	return running && err == nil
}

func (c *processClient) cmdline(ctx context.Context) ([]string, error) {
	return ask(ctx, c, "read command line of process", readCmdline)
}

func readCmdline(ctx context.Context, t target) ([]string, bool, error) {
	b, err := t.readRecords(ctx, "cmdline")
	return procfs.SplitCmdline(b), len(b) > 0, err
}

func (c *processClient) environ(ctx context.Context) ([]string, error) {
	return ask(ctx, c, "read environment of process", func(ctx context.Context, t target) ([]string, bool, error) {
		b, err := t.readRecords(ctx, "environ")
		return procfs.SplitEnviron(b), len(b) > 0, err
	})
}

func (c *processClient) exe(ctx context.Context) (ProcPath, error) {
	return ask(ctx, c, "read executable of process", readExe)
}

func readExe(_ context.Context, t target) (ProcPath, bool, error) {
	path, err := t.link("exe")
	return path, true, err
}

func (c *processClient) cwd(ctx context.Context) (ProcPath, error) {
	return ask(ctx, c, "read working directory of process", readCwd)
}

func readCwd(_ context.Context, t target) (ProcPath, bool, error) {
	path, err := t.link("cwd")
	return path, true, err
}

// link reads a link of the kernel to a file.
func (t target) link(name procdir.File) (ProcPath, error) {
	b, err := t.Readlink(t.buf, name)
	if err != nil {
		return ProcPath{}, err
	}
	path, deleted := procfs.TrimLink(b)
	if deleted {
		literal := path + procfs.DeletedSuffix
		if file, err := t.Lookup(t.buf, name); err == nil && t.isAt(file, literal) {
			return ProcPath{Path: literal}, nil
		}
	}
	return ProcPath{Path: path, Deleted: deleted}, nil
}

// isAt reports that the file is found at path.
func (t target) isAt(file procdir.FileID, path string) bool {
	at, err := t.LookupPath(t.buf, path)
	return err == nil && at == file
}

func (c *processClient) limits(ctx context.Context) (Limits, error) {
	return ask(ctx, c, "read limits of process", readLimits)
}

func readLimits(_ context.Context, t target) (limits Limits, found bool, err error) {
	b, err := t.read("limits")
	if err != nil || len(b) == 0 {
		return limits, false, err
	}
	raw, err := procfs.DecodeLimits(b)
	for i, l := range raw {
		limits[i] = Limit{Soft: l.Soft, Hard: l.Hard}
	}
	return limits, true, err
}

func (c *processClient) footprint(ctx context.Context) (Footprint, error) {
	return askAlive(ctx, c, "read footprint of process", func(ctx context.Context, t target) (f Footprint, found bool, err error) {
		b, err := t.readRecords(ctx, "smaps_rollup")
		if errors.Is(err, syscall.ENOENT) { // Linux before 4.14
			b, err = t.readRecords(ctx, "smaps")
		}
		if err != nil {
			return f, false, err
		}
		mappings, err := procfs.DecodeMappings(b)
		for i := range mappings {
			m := &mappings[i].Memory
			f.PSS += m.PSS.Or(0)
			f.USS += m.PrivateClean.Or(0) + m.PrivateDirty.Or(0) + m.PrivateHuge.Or(0)
			f.Swap += m.Swap.Or(0)
		}
		return f, len(mappings) > 0, err
	})
}

func (c *processClient) threads(ctx context.Context) ([]Thread, error) {
	return ask(ctx, c, "read threads of process", func(ctx context.Context, t target) ([]Thread, bool, error) {
		var threads []Thread
		for st, err := range t.Threads(t.buf) {
			if err = errors.Join(err, ctx.Err()); err != nil {
				return nil, false, err
			}
			threads = append(threads, Thread{
				TID: st.PID, Name: string(st.Comm), State: stateOfLetter(st.State),
				UserTime: ticks(st.UserTime), SystemTime: ticks(st.SystemTime),
			})
		}
		return threads, len(threads) > 0, nil
	})
}

func (c *processClient) affinity(ctx context.Context) ([]int, error) {
	return ask(ctx, c, "read affinity of process", func(_ context.Context, t target) (cpus []int, found bool, err error) {
		err = c.byPID(t, func(pid int32) (err error) { cpus, err = pidfd.Affinity(pid); return err })
		return cpus, true, err
	})
}

func (c *processClient) ioPriority(ctx context.Context) (IOPriority, error) {
	return ask(ctx, c, "read I/O priority of process", func(_ context.Context, t target) (p IOPriority, found bool, err error) {
		err = c.byPID(t, func(pid int32) (err error) {
			p, err = readIOPriority(pid)
			return err
		})
		return p, true, err
	})
}

func readIOPriority(pid int32) (IOPriority, error) {
	class, level, err := pidfd.IOPriority(pid)
	return IOPriority{Class: IOPrioClass(class), Level: level}, err
}

// byPID calls f, which makes a system call that takes a PID. A process that is
// there afterwards had its PID all the time.
func (c *processClient) byPID(t target, f func(pid int32) error) error {
	if !c.table.own {
		return ErrNotSupported
	}
	if err := f(c.id.PID); err != nil {
		return err
	}
	return c.isThere(t.buf)
}

// isThere returns an error that is isGone where the process was reaped. No signal is a
// question that the kernel answers without making a file; it does so for processes
// that this user may signal, and since Linux 5.1.
func (c *processClient) isThere(buf *procdir.Buffer) error {
	err := c.dir.WithFD(func(fd int) error { return pidfd.Signal(fd, 0) })
	if err == nil || isGone(err) {
		return err
	}
	_, err = c.dir.Stat(buf)
	return err
}

func (c *processClient) openFiles(ctx context.Context) ([]OpenFile, error) {
	return askAlive(ctx, c, "read open files of process", func(ctx context.Context, t target) ([]OpenFile, bool, error) {
		dir, err := t.OpenFDs(t.buf)
		if err != nil {
			return nil, false, err
		}
		defer dir.Close()
		fds, err := dir.List(t.buf)
		if err != nil {
			return nil, false, err
		}
		infos, err := t.OpenFDInfos(t.buf)
		if err != nil {
			return nil, false, err
		}
		defer infos.Close()
		var files []OpenFile
		for at, fd := range fds {
			file, ok, err := t.openFile(dir, infos, fd)
			if err = errors.Join(err, ctx.Err()); err != nil {
				return nil, false, err
			}
			if ok && files == nil {
				files = make([]OpenFile, 0, len(fds)-at)
			}
			if ok {
				files = append(files, file)
			}
		}
		return files, len(fds) > 0, nil
	})
}

// openFile looks at an open descriptor. It reports false for one that is no
// regular file under a path, was closed meanwhile, or has a path that is too long
// for the kernel to return.
func (t target) openFile(dir procdir.FDDir, infos procdir.FDInfoDir, fd int32) (OpenFile, bool, error) {
	path, err := t.openPath(dir, fd)
	if err != nil || path == "" {
		return OpenFile{}, false, err
	}
	if regular, err := dir.IsRegular(t.buf, fd); err != nil || !regular {
		return OpenFile{}, false, unlessGone(err)
	}
	info, err := infos.Info(t.buf, fd)
	if err != nil {
		return OpenFile{}, false, unlessGone(err)
	}
	return OpenFile{FD: fd, Path: path, Position: info.Position, Mode: openMode(info.Flags), Flags: info.Flags}, true, nil
}

// unlessGone returns err unless it says that something is not there any more.
func unlessGone(err error) error {
	if isGone(err) {
		return nil
	}
	return err
}

// openPath is the path of an open descriptor; empty where that has none, or none any
// more.
func (t target) openPath(dir procdir.FDDir, fd int32) (string, error) {
	b, err := dir.Readlink(t.buf, fd)
	switch {
	case errors.Is(err, syscall.ENAMETOOLONG):
		return "", nil
	case err != nil:
		return "", unlessGone(err)
	case len(b) == 0 || b[0] != '/':
		return "", nil
	}
	path, deleted := procfs.TrimLink(b)
	if !deleted {
		return path, nil
	}
	link, err := t.link(procdir.File("fd/" + strconv.Itoa(int(fd)))) // it may be the name
	if err != nil || link.Deleted {
		return "", unlessGone(err)
	}
	return link.Path, nil
}

// openMode names how a file with these flags can be used, as psutil does.
func openMode(flags uint32) string {
	access := procdir.Access(flags)
	switch {
	case access.Read && access.Append:
		return "a+"
	case access.Append:
		return "a"
	case access.Read && access.Write:
		return "r+"
	case access.Write:
		return "w"
	case access.Read:
		return "r"
	default:
		return ""
	}
}

func (c *processClient) memoryMaps(ctx context.Context) ([]MemoryRegion, error) {
	return ask(ctx, c, "read memory maps of process", func(ctx context.Context, t target) ([]MemoryRegion, bool, error) {
		b, err := t.readRecords(ctx, "smaps")
		if err != nil {
			return nil, false, err
		}
		mappings, err := procfs.DecodeMappings(b)
		regions := make([]MemoryRegion, len(mappings))
		for i := range mappings {
			regions[i] = t.region(&mappings[i])
		}
		return regions, len(regions) > 0, errors.Join(err, ctx.Err())
	})
}

// region is m as the package shows it.
func (t target) region(m *procfs.Mapping) MemoryRegion {
	r := MemoryRegion{Start: m.Start, End: m.End, Permissions: m.Permissions, Offset: m.Offset}
	r.Path, r.Deleted = procfs.TrimLink([]byte(m.Path))
	if r.Deleted {
		if at, err := t.LookupPath(t.buf, m.Path); err == nil && at.Inode == m.Inode {
			r.ProcPath = ProcPath{Path: m.Path} // that is the name of the file
		}
	}
	if r.Path == "" {
		r.Path = "[anon]"
	}
	r.Memory = RegionMemory{
		Size: m.Memory.Size, RSS: m.Memory.RSS, PSS: m.Memory.PSS,
		SharedClean: m.Memory.SharedClean, SharedDirty: m.Memory.SharedDirty,
		PrivateClean: m.Memory.PrivateClean, PrivateDirty: m.Memory.PrivateDirty,
		Referenced: m.Memory.Referenced, Anonymous: m.Memory.Anonymous, Swap: m.Memory.Swap,
	}
	return r
}

// ptyMajor is the device number of pseudoterminals (UNIX98_PTY_SLAVE_MAJOR of
// linux/major.h), whose minor numbers are their names.
const ptyMajor = 136

func (c *processClient) terminal(ctx context.Context) (string, error) {
	return ask(ctx, c, "read terminal of process", func(_ context.Context, t target) (string, bool, error) {
		st, err := t.stat()
		if err != nil {
			return "", false, err
		}
		return c.table.terminal(&st)
	})
}

// terminal returns the path of the terminal of a process with that stat. Found is
// false if the device has no name.
func (c *procsClient) terminal(st *procfs.Stat) (path string, found bool, err error) {
	if st.Terminal == 0 {
		return "", true, nil
	}
	// new_encode_dev in linux/kdev_t.h
	device := uint32(st.Terminal)
	major, minor := device>>8&0xfff, device&0xff|device>>12&0xfff00
	if major == ptyMajor {
		return "/dev/pts/" + strconv.Itoa(int(minor)), true, nil
	}
	b, err := os.ReadFile(filepath.Join(c.sysRoot, "dev/char", fmt.Sprintf("%d:%d", major, minor), "uevent"))
	if err != nil {
		return "", false, err
	}
	name, err := procfs.DecodeDeviceName(b)
	return "/dev/" + name, true, err
}

func (c *processClient) parent(ctx context.Context) (Opt[ProcID], error) {
	return ask(ctx, c, "read parent of process", func(ctx context.Context, t target) (parent Opt[ProcID], found bool, err error) {
		for {
			st, err := t.stat()
			if err = errors.Join(err, ctx.Err()); err != nil || st.PPID == 0 {
				return parent, true, err
			}
			start, ppid := st.Start, st.PPID
			parentStat, parentErr := c.table.root.Dir(ppid).Stat(t.buf)
			// If the process still lives, and has the same parent, that was it.
			again, err := t.stat()
			switch {
			case err != nil:
				return parent, false, err
			case again.PPID != ppid:
				continue
			case isGone(parentErr):
				return parent, true, nil
			case parentErr != nil:
				return parent, false, parentErr
			}
			return someIf(ProcID{PID: ppid, Start: parentStat.Start}, parentStat.Start <= start), true, nil
		}
	})
}
