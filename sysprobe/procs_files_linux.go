package sysprobe

import (
	"bytes"
	"context"
	"os"
	"path"
	"strings"
	"syscall"
	"unicode"
	"unicode/utf8"

	"telegraf-sysprobe/sysprobe/internal/decode/procfs"
	"telegraf-sysprobe/sysprobe/internal/sys/caps"
	"telegraf-sysprobe/sysprobe/internal/sys/procdir"
)

// procReader reads processes from proc(5), one after the other.
type procReader struct {
	root     *procdir.Root
	only     *procdir.Dir // the open directory of the only process that is read; nil for any
	buf      *procdir.Buffer
	pageSize uint64
	// self is what this user can see.
	self    credentials
	origins *originReader
	live    []threadSwitch // memory of threadSwitches
	status  procfs.Status  // of the process that was read last; zero where that was not wanted
	cmdline []byte         // of the only process, where its name was made from it
}

// dir returns the directory of a process.
func (r *procReader) dir(pid int32) procdir.Dir {
	if r.only != nil {
		return *r.only
	}
	return r.root.Dir(pid)
}

// sweepFiles reads proc(5).
func (c *procsClient) sweepFiles(ctx context.Context, sw *sweep) error {
	var err error
	if c.pids, err = c.root.PIDs(c.buf, c.pids[:0]); err != nil {
		return opError("list processes", c.path, err)
	}
	return c.readAll(ctx, sw)
}

// fill reads one process into p. Old is the row of the snapshot before with this
// PID, which can be that of another process, or nil. It returns an error where
// the process has no row; p is in any state then.
func (r *procReader) fill(p *Proc, pid int32, old *Proc, sw *sweep) error {
	st, err := r.fillStat(p, pid, sw)
	if err == nil {
		r.fillRest(p, old, &st, sw)
	}
	return err
}

// fillStat sets the numbers of stat, which it returns. Its name is void once the buffer
// is used again.
func (r *procReader) fillStat(p *Proc, pid int32, sw *sweep) (procfs.Stat, error) {
	st, err := r.dir(pid).Stat(r.buf)
	if err == nil {
		p.setStat(&st, pid, r.pageSize)
		sw.malformed += st.OutOfRange
	}
	return st, err
}

// fillRest sets what takes memory or other files than stat. Code 0 of a process that
// exited can be what the kernel shows this user instead.
func (r *procReader) fillRest(p, old *Proc, st *procfs.Stat, sw *sweep) {
	if old != nil && old.Comm == string(st.Comm) {
		p.Comm = old.Comm
	} else {
		p.Comm = string(st.Comm)
	}
	if p.State == StateZombie && p.Threads > 1 {
		r.deadLeader(p, sw)
	}
	p.Name = r.name(p, old, sw)
	r.fillOptional(p, old, sw)
	if p.LeaderDead {
		r.fillFromThread(p, sw)
	}
	if code, known := st.ExitCode.Get(); known && p.State == StateZombie && (code != 0 || r.self.maySeeExit(p.Status)) {
		p.Exit = Some(ExitStatus(code))
	}
}

// fillOptional reads the facts of p that need a file each. Old is as in fill.
func (r *procReader) fillOptional(p, old *Proc, sw *sweep) {
	dir := r.dir(p.ID.PID)
	var st procfs.Status
	if sw.want&WantStatus != 0 {
		p.Status = optional(r, sw, dir, procdir.Status, func(b []byte) (_ ProcStatus, err error) {
			st, err = procfs.DecodeStatus(b)
			return statusOf(&st), err
		})
		if status := p.Status.Ref(); status != nil {
			status.Tracer = r.tracer(&st, sw)
		}
	}
	if sw.want&WantMemory != 0 {
		p.Memory = r.statm(dir, sw)
		if memory := p.Memory.Ref(); memory != nil {
			memory.addParts(&st)
		}
	}
	r.status = st
	p.setExactRSS(&st)
	p.Switches = r.switches(p, old, &st, sw)
	if sw.want&WantIO != 0 {
		p.IO = optional(r, sw, dir, "io", decodeIO)
	}
	if sw.want&WantFDs != 0 {
		p.FDs = r.fds(p, dir, sw)
	}
	if sw.want&WantFDLimit != 0 {
		p.FDLimit = r.fdLimit(dir, sw)
	}
	if sw.want&WantOrigin != 0 {
		p.Origin = r.origin(p, old, sw)
	}
}

// statm reads the memory of a process, but for the parts that statm does not
// have.
func (r *procReader) statm(dir procdir.Dir, sw *sweep) Opt[ProcMemory] {
	return optional(r, sw, dir, procdir.Statm, func(b []byte) (ProcMemory, error) {
		return decodeMemory(b, r.pageSize)
	})
}

// tracer returns the process whose thread traces the process with that status;
// absent where it exited meanwhile.
func (r *procReader) tracer(st *procfs.Status, sw *sweep) Opt[int32] {
	tid, known := st.Tracer.Get()
	if !known || tid == 0 {
		return st.Tracer
	}
	b, err := r.root.Dir(tid).Read(r.buf, procdir.Status)
	if err != nil {
		sw.watch(err)
		return Opt[int32]{}
	}
	of, err := procfs.DecodeStatus(b)
	return someIf(of.Tgid, err == nil)
}

// optional reads and decodes a file of a process. The process had a stat, so an
// error costs this fact only: a missing file is no proof of its end. The kernel
// shows an empty file where a process is about to exit (proc_pid_limits in
// fs/proc/base.c).
func optional[T any](r *procReader, sw *sweep, dir procdir.Dir, file procdir.File, decode func([]byte) (T, error)) Opt[T] {
	b, err := dir.Read(r.buf, file)
	if err == nil && len(b) == 0 && dir.IsKernel() {
		err = syscall.ESRCH // as the kernel says elsewhere of a process that has given back what the file is about
	}
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

// name returns the name of p, extended where the kernel may have cut it and
// sw wants that. A process in the middle of an exec has no command line, and its
// name is read again in the next snapshot.
func (r *procReader) name(p, old *Proc, sw *sweep) string {
	if sw.want&WantName == 0 || len(p.Comm) < commLen || p.KernelThread {
		return p.Comm
	}
	if old != nil && old.named && p.isSameProgram(old) {
		p.named = true
		return old.Name
	}
	if p.State == StateZombie {
		return p.Comm // it has no command line any more
	}
	cmdline, err := r.dir(p.ID.PID).Read(r.buf, "cmdline")
	if err != nil {
		sw.missed(err)
		return p.Comm
	}
	p.named = len(cmdline) > 0
	if r.only != nil {
		r.cmdline = bytes.Clone(cmdline)
	}
	name := procfs.LongName(p.Comm, cmdline)
	if at := strings.IndexFunc(name[len(p.Comm):], endsName); at >= 0 && !r.isExecutable(p.ID.PID, name) {
		return strings.TrimSuffix(name[:len(p.Comm)+at], ":") // the first argument is a whole command line
	}
	return name
}

// endsName reports that a name of a program has such a character only where its
// executable has it too. What the kernel cut in the middle of a character goes on with
// a part of one.
func endsName(r rune) bool {
	return !unicode.IsLetter(r) && !unicode.IsDigit(r) && r != utf8.RuneError && !strings.ContainsRune("._-+@:~#%", r)
}

// isExecutable reports that a process executes a file of that name, or that the
// tree, which is a copy then, does not have the link to it.
func (r *procReader) isExecutable(pid int32, name string) bool {
	b, err := r.dir(pid).Readlink(r.buf, "exe")
	if err != nil {
		return isGone(err)
	}
	target, _ := procfs.TrimLink(b)
	return path.Base(target) == name
}

// deadLeader finds out whether all threads of the zombie p are dead. Where one
// lives, p gets the state of that thread, or an unknown one where this user must
// not see threads.
func (r *procReader) deadLeader(p *Proc, sw *sweep) {
	thread, err := r.liveThread(p.ID.PID)
	switch {
	case isGone(err), err == nil && thread.PID == 0:
		return // reaped, or the last thread died since stat was read
	case err != nil:
		sw.missed(err)
	}
	p.LeaderDead, p.State = true, stateOfLetter(thread.State)
}

// liveThread returns the stat of a thread of the process that is not dead, with
// its ID for the PID; zero where there is none.
func (r *procReader) liveThread(pid int32) (procfs.Stat, error) {
	for st, err := range r.dir(pid).Threads(r.buf) {
		if err != nil {
			return procfs.Stat{}, err
		}
		if state := stateOfLetter(st.State); state != StateZombie && state != StateDead {
			return st, nil
		}
	}
	return procfs.Stat{}, nil
}

// fds counts the open files of p, whose directory that is. Since Linux 6.2 their number is the size of
// the directory, which every user can see; before, the size is 0, and only the
// owner can list the directory.
func (r *procReader) fds(p *Proc, dir procdir.Dir, sw *sweep) Opt[uint32] {
	if dir.IsKernel() {
		n, err := dir.Size(r.buf, "fd")
		if err == nil && (n > 0 || p.KernelThread || p.State == StateZombie) {
			return Some(uint32(n))
		}
	}
	total, err := dir.Count(r.buf, "fd")
	if err != nil {
		sw.missed(err)
		return Opt[uint32]{}
	}
	return Some(uint32(total))
}

// fdLimit reads how many descriptors a process can have.
func (r *procReader) fdLimit(dir procdir.Dir, sw *sweep) Opt[uint64] {
	limits := optional(r, sw, dir, "limits", procfs.DecodeLimits)
	return limits.Or(procfs.Limits{})[ResourceFiles].Soft
}

// credentials are what the kernel checks before it shows how another process
// exited.
type credentials struct {
	uid, gid  uint32
	effective caps.Set
	ptrace    bool // CAP_SYS_PTRACE
}

func ownCredentials() credentials {
	effective, err := caps.Effective()
	return credentials{
		uid:       uint32(os.Geteuid()),
		gid:       uint32(os.Getegid()),
		effective: effective, ptrace: err == nil && effective.Has(caps.SysPtrace),
	}
}

// maySeeExit reports that an exit code of 0 in stat is the real one: the kernel
// also shows 0 to a user who must not see the code (do_task_stat and
// __ptrace_may_access in the kernel). Without a status it reports false.
func (c credentials) maySeeExit(status Opt[ProcStatus]) bool {
	st, known := status.Get()
	return c.ptrace || known && c.isUserOf(&st)
}

// isUserOf reports that the process with that status has no other user and group.
func (c credentials) isUserOf(st *ProcStatus) bool {
	return st.UID == c.uid && st.EUID == c.uid && st.SUID == c.uid &&
		st.GID == c.gid && st.EGID == c.gid && st.SGID == c.gid
}
