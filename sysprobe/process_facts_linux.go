package sysprobe

import (
	"errors"
	"slices"
	"strconv"
	"unsafe"

	"golang.org/x/sys/unix"

	"telegraf-sysprobe/sysprobe/internal/decode/procfs"
)

func (c *processClient) state() (State, error) {
	return ask(c, "read state of process", func() (State, error) {
		st, err := c.stat()
		if err != nil {
			return StateUnknown, err
		}
		state := stateOfLetter(st.State)
		if state != StateZombie || st.Threads < 2 || !c.toLiveThread(ErrZombieProcess) {
			return state, nil
		}
		st, err = c.statOf(c.thread)
		return stateOfLetter(st.State), err
	})
}

func (c *processClient) isRunning() bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	st, err := c.stat()
	return err == nil && stateOfLetter(st.State) != StateDead
}

func (c *processClient) cmdline() ([]string, error) {
	return ask(c, "read command line of process", func() ([]string, error) {
		b, err := c.file("cmdline").readWhole()
		if err == nil && len(b) == 0 {
			err = errNothing
		}
		return procfs.SplitCmdline(b), err
	})
}

func (c *processClient) environ() ([]EnvVar, error) {
	return ask(c, "read environment of process", func() ([]EnvVar, error) {
		b, err := c.file("environ").readWhole()
		if err != nil {
			return nil, err
		}
		if len(b) == 0 {
			return nil, errNothing
		}
		variables := procfs.SplitEnviron(b)
		environ := make([]EnvVar, len(variables))
		for i, v := range variables {
			environ[i] = EnvVar(v)
		}
		return environ, nil
	})
}

func (c *processClient) exe() (ProcPath, error) {
	return ask(c, "read executable of process", func() (ProcPath, error) { return c.link("exe") })
}

func (c *processClient) cwd() (ProcPath, error) {
	return ask(c, "read working directory of process", func() (ProcPath, error) { return c.link("cwd") })
}

// link reads a link of the kernel to a file.
func (c *processClient) link(name string) (ProcPath, error) {
	target, err := c.file(name).readlink()
	if err != nil {
		return ProcPath{}, err
	}
	path, deleted := procfs.TrimLink(target)
	if deleted {
		var st unix.Stat_t
		literal := path + procfs.DeletedSuffix
		if err := unix.Fstatat(c.dir.fd, c.thread+name, &st, 0); err == nil && c.isAt(&st, literal) {
			return ProcPath{Path: literal}, nil
		}
	}
	return ProcPath{Path: path, Deleted: deleted}, nil
}

// isAt reports that the file of st is to be found at path.
func (c *processClient) isAt(st *unix.Stat_t, path string) bool {
	var at unix.Stat_t
	return c.lstat(path, &at) == nil && at.Dev == st.Dev && at.Ino == st.Ino
}

func (c *processClient) limits() (Limits, error) {
	return ask(c, "read limits of process", func() (Limits, error) {
		b, err := c.file("limits").read()
		if err != nil {
			return Limits{}, err
		}
		if len(b) == 0 {
			return Limits{}, errNothing
		}
		raw, err := procfs.DecodeLimits(b)
		var limits Limits
		for i, l := range raw {
			limits[i] = Limit{Soft: optNumber(l.Soft), Hard: optNumber(l.Hard)}
		}
		return limits, err
	})
}

func (c *processClient) footprint() (Footprint, error) {
	return askAlso(c, "read footprint of process", func() (Footprint, error) {
		b, err := c.file("smaps_rollup").readWhole()
		if errors.Is(err, unix.ENOENT) { // Linux before 4.14
			b, err = c.file("smaps").readWhole()
		}
		if err != nil {
			return Footprint{}, err
		}
		mappings, err := procfs.DecodeMappings(b)
		if err == nil && len(mappings) == 0 {
			err = errNothing
		}
		var f Footprint
		for i := range mappings {
			m := &mappings[i].Memory
			f.PSS += m.PSS.Value
			f.USS += m.PrivateClean.Value + m.PrivateDirty.Value + m.PrivateHuge.Value
			f.Swap += m.Swap.Value
		}
		return f, err
	})
}

func (c *processClient) threads() ([]Thread, error) {
	return ask(c, "read threads of process", func() ([]Thread, error) {
		tids, err := c.tids()
		if err != nil {
			return nil, err
		}
		threads := make([]Thread, 0, len(tids))
		for _, tid := range tids {
			b, err := c.dir.thread(tid, "stat").readAtOnce()
			if isGone(err) {
				continue
			}
			if err != nil {
				return nil, err
			}
			st, err := procfs.DecodeStat(b)
			if err != nil {
				return nil, err
			}
			threads = append(threads, Thread{
				TID: tid, Name: string(st.Comm), State: stateOfLetter(st.State),
				UserTime: ticks(st.UserTime), SystemTime: ticks(st.SystemTime),
			})
		}
		if len(threads) == 0 {
			return nil, errNothing
		}
		slices.SortFunc(threads, func(a, b Thread) int { return int(a.TID) - int(b.TID) })
		return threads, nil
	})
}

func (c *processClient) affinity() ([]int, error) {
	return ask(c, "read affinity of process", func() ([]int, error) {
		set := make(unix.CPUSetDynamic, 16)
		err := c.byPID(func(pid int) error {
			for {
				err := unix.SchedGetaffinityDynamic(pid, set)
				if !errors.Is(err, unix.EINVAL) || len(set) >= 1<<12 {
					return err
				}
				set = make(unix.CPUSetDynamic, 4*len(set))
			}
		})
		if err != nil {
			return nil, err
		}
		cpus := make([]int, 0, set.Count())
		for cpu := 0; len(cpus) < cap(cpus); cpu++ {
			if set.IsSet(cpu) {
				cpus = append(cpus, cpu)
			}
		}
		return cpus, nil
	})
}

// ioprio_get(2), which x/sys/unix does not wrap (linux/ioprio.h).
const (
	ioprioWhoProcess = 1
	ioprioClassShift = 13
	ioprioLevels     = 8
)

func (c *processClient) ioPriority() (IOPriority, error) {
	return ask(c, "read I/O priority of process", func() (IOPriority, error) {
		var priority uintptr
		err := c.byPID(func(pid int) error {
			var errno unix.Errno
			priority, _, errno = unix.RawSyscall(unix.SYS_IOPRIO_GET, ioprioWhoProcess, uintptr(pid), 0)
			if errno != 0 {
				return errno
			}
			return nil
		})
		if err != nil {
			return IOPriority{}, err
		}
		return IOPriority{Class: IOPrioClass(priority >> ioprioClassShift), Level: uint8(priority % ioprioLevels)}, nil
	})
}

// byPID calls f, which makes a system call that takes a PID. Where the process
// is there afterwards, it had its PID all the time.
func (c *processClient) byPID(f func(pid int) error) error {
	if !c.table.own {
		return ErrNotSupported
	}
	if err := f(int(c.id.PID)); err != nil {
		return err
	}
	_, err := c.stat()
	return err
}

// maxDetailFile bounds what is read of one file that can be as long as the
// memory of a process allows.
const maxDetailFile = 64 << 20

// readWhole returns the content of the named file. Unlike read it goes on until there is nothing left: files that the kernel
// makes record by record come in parts that do not fill the buffer.
func (d *procDir) readWhole() ([]byte, error) {
	fd, err := d.open(unix.O_RDONLY)
	if err != nil {
		return nil, err
	}
	defer unix.Close(fd) //nolint:errcheck // nothing was written
	n := 0
	for {
		if n == len(d.content) {
			d.content = append(d.content, make([]byte, n)...)
		}
		got, err := unix.Read(fd, d.content[n:])
		if err != nil {
			return nil, err
		}
		n += got
		if got == 0 || n >= maxDetailFile {
			return d.content[:n], nil
		}
	}
}

// readlink returns the target of the named link, valid until the next read.
func (d *procDir) readlink() ([]byte, error) {
	if d.fd < 0 {
		return nil, unix.EBADF
	}
	n, _, errno := unix.Syscall6(unix.SYS_READLINKAT, uintptr(d.fd), uintptr(unsafe.Pointer(&d.path[0])),
		uintptr(unsafe.Pointer(&d.content[0])), uintptr(len(d.content)), 0, 0)
	if errno != 0 {
		return nil, errno
	}
	return d.content[:n], nil
}

// thread names a file of a thread, in the directory of its process, for the
// next call.
func (d *procDir) thread(tid int32, file string) *procDir {
	d.path = append(d.path[:0], "task/"...)
	d.path = strconv.AppendInt(d.path, int64(tid), 10)
	return d.below(file)
}
