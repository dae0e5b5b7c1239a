//go:build linux

package sysprobe

import (
	"encoding/binary"
	"errors"
	"io/fs"
	"os"
	"strconv"
	"sync"
	"sync/atomic"
	"time"

	"golang.org/x/sys/unix"

	"telegraf-sysprobe/sysprobe/internal/decode/procfs"
)

// procsClient reads the process table.
type procsClient struct {
	root    string
	sysRoot string
	own     bool // its PIDs are those that system calls mean
	now     func() time.Time
	cgroups cgroupTree
	closing atomic.Bool // a sweep is to end at the next process

	mu sync.Mutex // guards what follows
	procReader
	pids    []int32
	tasks   taskTable
	ended   endedTable
	workers procWorkers
}

// procReader reads processes from proc(5), one after the other.
type procReader struct {
	dir      *procDir
	tids     []int32
	pageSize uint64
	// self may see what is kept from others.
	self    credentials
	origins *originCache
}

func newProcsClient(cfg Config) (*procsClient, error) {
	dir, err := openProcDir(cfg.ProcRoot)
	if err != nil {
		return nil, opError("open process table", cfg.ProcRoot, err)
	}
	c := &procsClient{
		root:    cfg.ProcRoot,
		sysRoot: cfg.SysRoot,
		own:     dir.isOwnTable(),
		now:     cfg.Now,
		cgroups: cgroupTree{root: cfg.SysRoot},
		workers: procWorkers{most: cfg.Workers},
		procReader: procReader{
			dir:      dir,
			pageSize: uint64(os.Getpagesize()),
			self:     ownCredentials(),
			origins:  new(originCache),
		},
	}
	c.beginOrigins()
	c.tasks.used = BackendProcFS
	if cfg.Backend == BackendProcFS {
		return c, nil
	}
	c.tasks.required = cfg.Backend == BackendBPF
	if err := c.openTasks(); err != nil && c.tasks.required {
		dir.close()
		return nil, err
	}
	return c, nil
}

// close waits for the sweep that is under way, which it ends early.
func (c *procsClient) close() error {
	c.closing.Store(true)
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.dir.fd < 0 {
		return opError("close process table", c.root, fs.ErrClosed)
	}
	c.dir.close()
	return opError("close process table", "", errors.Join(c.tasks.close(), c.ended.close()))
}

func (c *procsClient) snapshot(dst *ProcSnapshot, want Fields) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	sw := dst.begin(c.now(), want)
	dst.BootTime = c.bootTime(&sw)
	if want&WantOrigin != 0 {
		c.beginOrigins()
	}
	c.beginEnded(&sw)
	err := c.sweep(&sw)
	c.finishEnded(&sw, err != nil)
	if err != nil {
		return err
	}
	dst.Backend = c.tasks.used.String()
	dst.commit(&sw)
	return nil
}

// sweep fills sw through the backend that there is.
func (c *procsClient) sweep(sw *sweep) error {
	if ok, err := c.sweepTasks(sw); ok || err != nil {
		return err
	}
	return c.sweepFiles(sw)
}

// sweepFiles reads proc(5).
func (c *procsClient) sweepFiles(sw *sweep) error {
	var err error
	if c.pids, err = c.dir.pids(c.pids[:0]); err != nil {
		return opError("list processes", c.root, err)
	}
	return c.readAll(sw)
}

// isExhausted reports that err is about this program or the machine and not
// about the process that was to be read, so that the others would fail too.
func isExhausted(err error) bool {
	return errors.Is(err, unix.EMFILE) || errors.Is(err, unix.ENFILE) || errors.Is(err, unix.ENOMEM)
}

// bootTime returns when the machine started. It reads the file each time, as a
// step of the wall clock moves it. It is zero where it cannot be had: a mount
// with subset=pid has no such file.
func (c *procsClient) bootTime(sw *sweep) time.Time {
	b, err := c.dir.top("stat").read()
	if err != nil {
		sw.missed(err)
		return time.Time{}
	}
	seconds, err := procfs.DecodeBootTime(b)
	if err != nil {
		sw.missed(err)
		return time.Time{}
	}
	return time.Unix(int64(seconds), 0)
}

func (c *procsClient) lookup(pid int32, want Fields) (Proc, error) {
	const op = "look up process"
	target := strconv.Itoa(int(pid))
	if pid < 0 {
		return Proc{}, opError(op, target, fs.ErrInvalid)
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	var p Proc
	if err := c.fill(&p, pid, nil, &sweep{want: want}); err != nil {
		if isGone(err) {
			err = ErrNoSuchProcess
		}
		return Proc{}, opError(op, target, err)
	}
	// A thread answers below /proc too, though it is not listed there.
	if b, err := c.dir.of(pid, "status").read(); err == nil {
		if st, err := procfs.DecodeStatus(b); err == nil && st.Tgid != pid {
			return Proc{}, opError(op, target, ErrNoSuchProcess)
		}
	}
	return p, nil
}

// fill reads one process into p. Old is its row of the sweep before, or that
// of another process with its PID, or nil. It returns an error where the
// process has no row; p is in any state then.
func (r *procReader) fill(p *Proc, pid int32, old *Proc, sw *sweep) error {
	b, err := r.dir.of(pid, "stat").readAtOnce()
	if err != nil {
		return err
	}
	st, err := procfs.DecodeStat(b)
	if err != nil {
		return err
	}
	p.setStat(&st, pid, r.pageSize)
	if old != nil && old.Comm == string(st.Comm) {
		p.Comm = old.Comm
	} else {
		p.Comm = string(st.Comm)
	}
	exitCode := st.ExitCode // st.Comm is void from here: the buffer is used again
	if p.State == StateZombie && p.Threads > 1 {
		r.deadLeader(p, sw)
	}
	p.Name = r.name(p, old, sw)
	r.fillOptional(p, old, sw)
	if p.State == StateZombie && (exitCode != 0 || r.self.maySeeExit(p.Status)) {
		p.Exit = Some(ExitStatus(exitCode))
	}
	return nil
}

// fillOptional reads the facts of p that need a file each. Old is as in fill.
func (r *procReader) fillOptional(p, old *Proc, sw *sweep) {
	pid := p.ID.PID
	var st procfs.Status
	if sw.want&WantStatus != 0 {
		p.Status = optional(sw, r.dir.of(pid, "status"), (*procDir).readAtOnce, func(b []byte) (_ ProcStatus, err error) {
			st, err = procfs.DecodeStatus(b)
			return statusOf(&st), err
		})
		p.Status.value.Tracer = r.tracer(&st)
	}
	if sw.want&WantMemory != 0 {
		p.Memory = optional(sw, r.dir.of(pid, "statm"), (*procDir).readAtOnce, func(b []byte) (ProcMemory, error) {
			return decodeMemory(b, r.pageSize)
		})
		p.Memory.value.addParts(&st)
	}
	if sw.want&WantIO != 0 {
		p.IO = optional(sw, r.dir.of(pid, "io"), (*procDir).read, decodeIO)
	}
	if sw.want&WantFDs != 0 {
		p.FDs = r.fds(p, sw)
	}
	if sw.want&WantOrigin != 0 {
		p.Origin = r.origin(p, old, sw)
	}
}

// tracer returns the process whose thread traces the one with that status;
// absent where it ended meanwhile.
func (r *procReader) tracer(st *procfs.Status) Opt[int32] {
	tid := int32(st.Tracer.Value)
	if tid == 0 {
		return Opt[int32]{known: st.Tracer.Known}
	}
	b, err := r.dir.of(tid, "status").read()
	if err != nil {
		return Opt[int32]{}
	}
	of, err := procfs.DecodeStatus(b)
	return Opt[int32]{value: of.Tgid, known: err == nil}
}

// optional reads the file that dir names, by one of its methods. The process
// had a stat, so whatever goes wrong here costs this fact only: a missing file
// is no proof of its end.
func optional[T any](sw *sweep, dir *procDir, read func(*procDir) ([]byte, error), decode func([]byte) (T, error)) Opt[T] {
	b, err := read(dir)
	if err != nil {
		sw.missed(err)
		return Opt[T]{}
	}
	v, err := decode(b)
	if err != nil {
		sw.missed(err)
		return Opt[T]{}
	}
	return Some(v)
}

// commLen is how many bytes of a name the kernel keeps: TASK_COMM_LEN less the
// NUL.
const commLen = 15

// name returns the name of p, extended where the kernel may have cut it and
// sw wants that.
func (r *procReader) name(p, old *Proc, sw *sweep) string {
	if sw.want&WantName == 0 || len(p.Comm) < commLen || p.KernelThread {
		return p.Comm
	}
	if old != nil && sw.oldNamed && old.ID == p.ID && old.Comm == p.Comm {
		return old.Name
	}
	if p.State == StateZombie {
		return p.Comm // it has no command line any more
	}
	cmdline, err := r.dir.of(p.ID.PID, "cmdline").read()
	if err != nil {
		sw.missed(err)
		return p.Comm
	}
	return procfs.LongName(p.Comm, cmdline)
}

// deadLeader looks whether the zombie p is dead altogether. Where it is not,
// it gets the state of a thread that lives, or an unknown one where this user
// may not see them.
func (r *procReader) deadLeader(p *Proc, sw *sweep) {
	state, err := r.liveThread(p.ID.PID)
	switch {
	case isGone(err), err == nil && state == StateZombie:
		return // reaped, or the last thread died since stat was read
	case err != nil:
		sw.missed(err)
	}
	p.LeaderDead, p.State = true, state
}

// liveThread returns the state of a thread of the process that is not dead,
// and StateZombie where there is none.
func (r *procReader) liveThread(pid int32) (State, error) {
	r.tids = r.tids[:0]
	err := r.dir.of(pid, "task").list(func(entries []byte) error {
		var err error
		r.tids, err = procfs.AppendPIDs(r.tids, entries, binary.NativeEndian)
		return err
	})
	if err != nil {
		return StateUnknown, err
	}
	for _, tid := range r.tids {
		b, err := r.dir.ofThread(pid, tid, "stat").readAtOnce()
		if isGone(err) {
			continue
		}
		if err != nil {
			return StateUnknown, err
		}
		st, err := procfs.DecodeStat(b)
		if err != nil {
			return StateUnknown, err
		}
		if state := stateOfLetter(st.State); state != StateZombie && state != StateDead {
			return state, nil
		}
	}
	return StateZombie, nil
}

// fds counts the open files of p. Since Linux 6.2 their number is the size of
// the directory, for everybody to see; before, that is 0, and the entries are
// for the owner to count.
func (r *procReader) fds(p *Proc, sw *sweep) Opt[uint32] {
	dir := r.dir.of(p.ID.PID, "fd")
	if dir.kernel {
		n, err := dir.size()
		if err == nil && (n > 0 || p.KernelThread || p.State == StateZombie) {
			return Some(uint32(n))
		}
	}
	total := 0
	err := dir.list(func(entries []byte) error {
		n, err := procfs.CountEntries(entries, binary.NativeEndian)
		total += n
		return err
	})
	if err != nil {
		sw.missed(err)
		return Opt[uint32]{}
	}
	return Some(uint32(total))
}

// credentials are what the kernel asks for before it shows how another process
// ended.
type credentials struct {
	uid, gid uint32
	ptrace   bool // CAP_SYS_PTRACE
}

func ownCredentials() credentials {
	effective, err := ownCapabilities()
	return credentials{
		uid:    uint32(os.Geteuid()),
		gid:    uint32(os.Getegid()),
		ptrace: err == nil && effective&(1<<unix.CAP_SYS_PTRACE) != 0,
	}
}

// ownCapabilities returns the effective capabilities of this thread below 32.
func ownCapabilities() (uint32, error) {
	header := unix.CapUserHeader{Version: unix.LINUX_CAPABILITY_VERSION_3}
	var data [2]unix.CapUserData // version 3 has two of 32 bits each
	err := unix.Capget(&header, &data[0])
	return data[0].Effective, err
}

// maySeeExit reports that the exit code in stat can be believed even if it is
// 0, which the kernel also shows to those who may not see it (do_task_stat and
// __ptrace_may_access in the kernel). Without a status it says no.
func (c credentials) maySeeExit(status Opt[ProcStatus]) bool {
	st, known := status.Get()
	return c.ptrace || known &&
		st.UID == c.uid && st.EUID == c.uid && st.SUID == c.uid &&
		st.GID == c.gid && st.EGID == c.gid && st.SGID == c.gid
}
