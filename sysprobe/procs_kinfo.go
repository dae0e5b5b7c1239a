package sysprobe

import (
	"context"
	"errors"
	"io/fs"
	"math"
	"path"
	"strings"
	"syscall"
	"time"

	"telegraf-sysprobe/sysprobe/internal/decode/kinfo"
	"telegraf-sysprobe/sysprobe/internal/sys/sysctl"
)

// StartUnknown is the start of a process of which the kernel does not say it. It is
// later than any other.
const StartUnknown = math.MaxUint64

// kinfoProcsClient reads the process table of sysctl(3), as FreeBSD, OpenBSD, NetBSD
// and macOS have it: all processes in one answer.
//
// The start of a process is not the same number in every answer. FreeBSD and OpenBSD
// keep how long after boot it was, and return it as a time of the clock as that is
// set now: subtracted from the boot time of the same moment it is constant, but for
// a microsecond of rounding. NetBSD and macOS keep the time of the clock, which
// needs no subtraction. A row whose start is within a tick of that of the row
// before with the same PID has the identity of that one.
type kinfoProcsClient struct {
	unsupportedProcs

	goos  string
	now   func() time.Time
	usage taskUsage // nil if the table has what processes use

	turn  *turn // guards what follows
	table *sysctl.Processes
	sweep sweep // of the snapshot under way
	jails jails
}

var _ procsBackend = (*kinfoProcsClient)(nil)

// taskUsage returns what a process of macOS uses, which its table lacks: with EPERM
// if this user must not see it, and ESRCH if the process is gone or a zombie.
type taskUsage func(pid int32) (kinfo.Usage, error)

// procKernel is how a kinfoProcsClient asks a kernel.
type procKernel struct {
	sysctl sysctl.Call
	usage  taskUsage
	jail   jailName
	// goos and goarch are the system, as Go spells it.
	goos, goarch string
}

func newKinfoProcsClient(cfg Config, k procKernel) (*kinfoProcsClient, error) {
	const op = "open process table"
	table, err := sysctl.NewProcesses(k.sysctl, k.goos, k.goarch)
	if err != nil {
		return nil, opError(op, "", err)
	}
	return &kinfoProcsClient{
		goos: k.goos, now: cfg.Now, usage: k.usage, turn: newTurn(), table: table,
		jails: jails{name: k.jail, known: map[int32]*Origin{}, asked: map[int32]bool{}},
	}, nil
}

// close waits for the snapshot that is under way, which it ends early.
func (c *kinfoProcsClient) close() error {
	return opError("close process table", "", c.turn.end(func() error { return nil }))
}

// interrupted returns why a snapshot has to end early, or nil.
func (c *kinfoProcsClient) interrupted(ctx context.Context) error {
	if c.turn.closed.Load() {
		return fs.ErrClosed
	}
	return ctx.Err()
}

func (c *kinfoProcsClient) load(ctx context.Context) error {
	if err := c.turn.take(ctx); err != nil {
		return opError("load process table", "", err)
	}
	c.turn.free()
	return nil
}

func (c *kinfoProcsClient) backend() BackendStatus { return BackendStatus{Used: BackendSysctl} }

func (c *kinfoProcsClient) snapshot(ctx context.Context, dst *ProcSnapshot, want Fields) error {
	const op = "snapshot processes"
	if err := c.turn.take(ctx); err != nil {
		*dst = ProcSnapshot{Procs: dst.Procs[:0], spare: dst.spare}
		return opError(op, "", err)
	}
	defer c.turn.free()
	sw := &c.sweep
	*sw = dst.begin(c.now(), want)
	c.jails.begin()
	defer func() { *sw = sweep{} }() // the rows are the snapshot's
	rows, boot, err := c.read(c.table.All)
	if err != nil && (!errors.Is(err, ErrMalformed) || len(rows) == 0) {
		return opError(op, "", err)
	}
	if err != nil {
		sw.malformed++ // the first of them
	}
	for i := range rows {
		if err := c.interrupted(ctx); err != nil {
			return opError(op, "", err)
		}
		c.add(sw, &rows[i], boot)
	}
	if want&WantOrigin != 0 {
		c.jails.forget()
	}
	if err := c.extendNames(ctx, sw); err != nil {
		return opError(op, "", err)
	}
	dst.BootTime, dst.epoch, dst.Backend = boot, epochOf(c.goos, boot), BackendSysctl
	dst.commit(sw)
	return nil
}

// bootAttempts is how often a table is read whose times count from a boot time that
// is another one afterwards.
const bootAttempts = 4

// read reads rows, and the boot time while they were read, from which their starts
// count on some systems.
func (c *kinfoProcsClient) read(all func() ([]kinfo.Proc, error)) (rows []kinfo.Proc, boot time.Time, err error) {
	before, err := c.table.BootTime()
	if err != nil {
		return nil, time.Time{}, err
	}
	for range bootAttempts {
		rows, err = all()
		boot, bootErr := c.table.BootTime()
		if bootErr != nil {
			return nil, time.Time{}, bootErr
		}
		if boot.Equal(before) || keepsClock(c.goos) {
			return rows, boot, err
		}
		before = boot
	}
	return nil, time.Time{}, ErrInterrupted
}

// add appends the row of a process.
func (c *kinfoProcsClient) add(sw *sweep, raw *kinfo.Proc, boot time.Time) {
	old := sw.before(raw.PID)
	p := sw.add()
	p.ID = ProcID{PID: raw.PID, Start: c.start(raw, boot)}
	if old != nil && (old.ID.Start == p.ID.Start+1 || old.ID.Start+1 == p.ID.Start ||
		p.ID.Start == StartUnknown && old.PPID == raw.PPID) {
		p.ID = old.ID
	}
	p.setKinfo(raw, old)
	if sw.want&WantStatus != 0 {
		p.Status = Some(kinfoStatus(raw))
	}
	if reads, known := raw.ReadBlocks.Get(); known && sw.want&WantIO != 0 {
		p.IO = Some(ProcIO{ReadCalls: Some(reads), WriteCalls: raw.WriteBlocks})
	}
	if sw.want&WantOrigin != 0 {
		p.Origin = c.jails.origin(raw.JID.Or(0))
	}
	if c.usage != nil && !raw.IsZombie() {
		c.addUsage(sw, p)
	}
}

// shortestCut is the length of the shortest name that might be cut: NetBSD 7 and
// OpenBSD 6 keep 16 bytes with the NUL.
const shortestCut = 15

// extendNames extends names that the kernel cut, as psutil does: from the command
// line, if the name of the program begins with them. It comes after all rows, whose
// bytes are in the buffer that it uses.
func (c *kinfoProcsClient) extendNames(ctx context.Context, sw *sweep) error {
	for i := range sw.rows {
		p := &sw.rows[i]
		if sw.want&WantName == 0 || len(p.Comm) < shortestCut || p.KernelThread || p.State == StateZombie {
			continue
		}
		if old := findProc(sw.old, p.ID); old != nil && old.named && old.Comm == p.Comm {
			p.Name, p.named = old.Name, true
			continue
		}
		if err := c.interrupted(ctx); err != nil {
			return err
		}
		args, err := c.table.Args(p.ID.PID)
		if err != nil || len(args) == 0 {
			continue
		}
		p.named = true
		if name := path.Base(args[0]); strings.HasPrefix(name, p.Comm) {
			p.Name = name
		}
	}
	return nil
}

// start is the start of a process in ticks.
func (c *kinfoProcsClient) start(raw *kinfo.Proc, boot time.Time) uint64 {
	start, known := raw.Start.Get()
	if !known {
		return StartUnknown
	}
	return uint64(max(start.Sub(epochOf(c.goos, boot)), 0) / ticks(1))
}

// addUsage adds what a process of macOS uses, and what it does: its table has
// running processes only.
func (c *kinfoProcsClient) addUsage(sw *sweep, p *Proc) {
	u, err := c.usage(p.ID.PID)
	if err != nil {
		p.UsageHidden = true
		if p.State == StateRunning {
			p.State = StateUnknown
		}
		sw.missed(err)
		return
	}
	p.Threads, p.RSS, p.VMS = u.Threads, u.Resident, u.Virtual
	p.UserTime, p.SystemTime = u.User, u.System
	p.MinorFaults, p.MajorFaults = u.Faults-min(u.PageIns, u.Faults), u.PageIns
	if p.State == StateRunning && u.Running == 0 {
		p.State = StateSleeping
	}
}

func (c *kinfoProcsClient) lookup(ctx context.Context, pid int32, want Fields) (Proc, error) {
	const op = "look up process"
	if pid < 0 {
		return Proc{}, pidError(op, pid, fs.ErrInvalid)
	}
	if err := c.turn.take(ctx); err != nil {
		return Proc{}, pidError(op, pid, err)
	}
	defer c.turn.free()
	p, err := c.one(pid, want)
	return p, pidError(op, pid, err)
}

// one reads one process, in the turn of the caller.
func (c *kinfoProcsClient) one(pid int32, want Fields) (Proc, error) {
	rows, boot, err := c.read(func() ([]kinfo.Proc, error) {
		row, err := c.table.One(pid)
		return []kinfo.Proc{row}, err
	})
	if errors.Is(err, syscall.ESRCH) {
		return Proc{}, ErrNoSuchProcess
	}
	if err != nil {
		return Proc{}, err
	}
	sw := sweep{want: want}
	c.jails.begin()
	c.add(&sw, &rows[0], boot)
	return sw.rows[0], c.extendNames(context.Background(), &sw)
}

// setKinfo sets what a record of the process table has. The strings of old, the row
// before with the same PID, are used again; it may be nil.
func (p *Proc) setKinfo(raw *kinfo.Proc, old *Proc) {
	p.PPID, p.Group, p.Session = raw.PPID, raw.PGID, raw.SID.Or(0)
	if old != nil && string(raw.Name) == old.Comm { // does not allocate
		p.Comm = old.Comm
	} else {
		p.Comm = string(raw.Name)
	}
	p.Name = p.Comm
	p.State = stateOfKinfo(raw.State)
	p.KernelThread = raw.Kernel
	p.Threads = raw.Threads.Or(0)
	if raw.Idle { // its time is that in which no process ran
		p.State = StateIdle
	} else {
		p.UserTime, p.SystemTime = raw.UserTime.Or(0), raw.SystemTime.Or(0)
	}
	p.ChildUserTime = raw.ChildTime // and system time: the kernel adds them up
	p.MinorFaults, p.MajorFaults = raw.MinorFaults.Or(0), raw.MajorFaults.Or(0)
	p.RSS, p.VMS = raw.RSS.Or(0), raw.Virtual.Or(0)
	p.Nice = int8(min(max(raw.Nice, -128), 127))
	p.CPU = raw.CPU
	voluntary, known1 := raw.VoluntarySwitches.Get()
	involuntary, known2 := raw.InvoluntarySwitches.Get()
	p.Switches = someIf(ProcSwitches{Voluntary: voluntary, Involuntary: involuntary}, known1 && known2)
	if status, known := raw.ExitStatus.Get(); known {
		p.Exit = Some(ExitStatus(status))
	}
}

// kinfoStatus is what a record has of users.
func kinfoStatus(raw *kinfo.Proc) ProcStatus {
	return ProcStatus{
		UID: raw.RUID, EUID: raw.UID, SUID: raw.SUID,
		GID: raw.RGID, EGID: raw.GID.Or(raw.RGID), SGID: raw.SGID,
	}
}

// kinfoStates are the states of psutil, by those of package kinfo.
var kinfoStates = []State{
	kinfo.StateIdle: StateIdle, kinfo.StateRunning: StateRunning, kinfo.StateWaking: StateWaking,
	kinfo.StateSleeping: StateSleeping, kinfo.StateStopped: StateStopped, kinfo.StateSuspended: StateSuspended,
	kinfo.StateWaiting: StateWaiting, kinfo.StateLocked: StateLocked, kinfo.StateZombie: StateZombie,
}

// stateOfKinfo translates a state.
func stateOfKinfo(s kinfo.State) State {
	if int(s) < len(kinfoStates) {
		return kinfoStates[s]
	}
	return StateUnknown
}
