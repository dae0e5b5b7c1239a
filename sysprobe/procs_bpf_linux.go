package sysprobe

import (
	"bytes"
	"fmt"
	"io/fs"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"telegraf-sysprobe/sysprobe/internal/decode/procfs"
	"telegraf-sysprobe/sysprobe/internal/decode/taskrec"
	"telegraf-sysprobe/sysprobe/internal/taskiter"
)

// taskTable is the BPF backend.
type taskTable struct {
	required bool
	iterator *taskiter.Iterator // nil where it cannot be had
	records  taskrec.Table
	met      int     // how many had their turn of those that a sweep expects
	repeated bool    // a record came behind one with its PID or a larger one
	offset   int64   // of the time since boot, in this time namespace
	used     Backend // by the last sweep, or to be by the first
	err      error   // why it was not BPF, where that was preferred
}

// backend implements Procs.Backend.
func (c *procsClient) backend() (Backend, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.tasks.used, c.tasks.err
}

func (t *taskTable) close() error {
	if t.iterator == nil {
		return nil
	}
	err := t.iterator.Close()
	t.iterator = nil
	return err
}

// openTasks makes the first sweep by BPF. Where that fails, or tells another
// story than proc(5), it says why, and the backend stays closed.
func (c *procsClient) openTasks() error {
	const op = "open process table through BPF"
	t := &c.tasks
	if filepath.Clean(c.root) != "/proc" {
		t.err = opError(op, c.root, fmt.Errorf("only /proc is of the running kernel: %w", ErrNotSupported))
		return t.err
	}
	iterator, err := taskiter.Open()
	if err != nil {
		t.err = opError(op, "", err)
		return t.err
	}
	t.iterator = iterator
	if err := c.checkTasks(); err != nil {
		iterator.Close() //nolint:errcheck // another error is on its way
		t.iterator = nil
		t.err = opError(op, "", err)
		return t.err
	}
	t.used = BackendBPF
	return nil
}

// checkTasks looks for this process in both tables. Where proc(5) was mounted in
// another PID namespace, identities would not be those that it has.
func (c *procsClient) checkTasks() error {
	c.tasks.offset = c.bootOffset()
	own := int32(os.Getpid())
	var seen ProcID
	err := c.tasks.iterator.Read(&c.tasks.records, taskiter.Wants{}, func(processes []taskrec.Process) {
		if at := slices.IndexFunc(processes, func(r taskrec.Process) bool { return r.PID == own }); at >= 0 {
			seen = c.tasks.id(&processes[at])
		}
	})
	if err != nil {
		return err
	}
	var p Proc
	if err := c.fill(&p, own, nil, &sweep{}); err != nil {
		return err
	}
	if seen != p.ID {
		return fmt.Errorf("proc(5) is of another PID or time namespace: %w", ErrNotSupported)
	}
	return nil
}

// bootOffset returns what this time namespace adds to the time since boot; 0
// where the kernel has none (before Linux 5.6).
func (c *procsClient) bootOffset() int64 {
	b, err := c.dir.of(int32(os.Getpid()), "timens_offsets").read()
	if err != nil {
		return 0
	}
	offset, err := procfs.DecodeBootOffset(b)
	if err != nil {
		return 0 // checkTasks finds out
	}
	return offset
}

// sweepTasks fills sw by BPF. It returns false where that is not the backend
// or failed, and another one can take its place.
func (c *procsClient) sweepTasks(sw *sweep) (bool, error) {
	t := &c.tasks
	if t.iterator == nil {
		t.used = BackendProcFS
		return false, nil
	}
	begun := *sw
	c.expect(sw)
	wants := taskiter.Wants{
		Status: sw.want&WantStatus != 0, Memory: sw.want&WantMemory != 0,
		IO: sw.want&WantIO != 0, Files: sw.want&WantFDs != 0,
	}
	err := t.iterator.Read(&t.records, wants, func(processes []taskrec.Process) { c.fillTasks(processes, sw) })
	if err == nil {
		t.used, t.err = BackendBPF, nil
		c.finishTasks(sw)
		if c.closing.Load() {
			return false, opError("sweep processes through BPF", "", fs.ErrClosed)
		}
		return true, nil
	}
	*sw = begun
	t.used, t.err = BackendProcFS, opError("sweep processes through BPF", "", err)
	if t.required || isExhausted(err) {
		return false, t.err
	}
	return false, nil
}

// expect lists, for a first sweep, what is to be there. For others those are the
// processes of the sweep before.
func (c *procsClient) expect(sw *sweep) {
	c.tasks.met, c.tasks.repeated = 0, false
	c.pids = c.pids[:0]
	if len(sw.old) > 0 {
		return
	}
	var err error
	if c.pids, err = c.dir.pids(c.pids); err != nil {
		sw.missed(err)
	}
}

// expected returns the next of the processes that are to be there, the largest
// number where none is left.
func (c *procsClient) expected(sw *sweep) int32 {
	switch met := c.tasks.met; {
	case met < len(sw.old):
		return sw.old[met].ID.PID
	case len(sw.old) == 0 && met < len(c.pids):
		return c.pids[met]
	}
	return math.MaxInt32
}

// fillTasks makes rows of the records of a part of the processes.
func (c *procsClient) fillTasks(processes []taskrec.Process, sw *sweep) {
	for i := range processes {
		if c.closing.Load() {
			return
		}
		r := &processes[i]
		c.fillMissing(r.PID, sw)
		if c.expected(sw) == r.PID {
			c.tasks.met++
		}
		if n := len(sw.rows); n > 0 && sw.rows[n-1].ID.PID >= r.PID {
			c.tasks.repeated = true
		}
		row := sw.add()
		c.fillTask(row, r, sw.before(r.PID), sw)
	}
}

// finishTasks has to follow the last part.
func (c *procsClient) finishTasks(sw *sweep) {
	c.fillMissing(math.MaxInt32, sw)
	if c.tasks.repeated {
		sw.rows = taskrec.InOrder(sw.rows, func(p *Proc) int32 { return p.ID.PID })
	}
}

// fillMissing looks in proc(5) for what the iterator left out of the processes
// below that PID although it is to be expected: a thread that is not the first
// one and executes a program makes its process skip a pass, and some kernels
// never show the first process.
func (c *procsClient) fillMissing(below int32, sw *sweep) {
	for pid := c.expected(sw); pid < below && !c.closing.Load(); pid = c.expected(sw) {
		c.tasks.met++
		c.fillFromFiles(pid, sw)
	}
}

// fillFromFiles adds the row of a process that is in proc(5) only, if it is.
func (c *procsClient) fillFromFiles(pid int32, sw *sweep) {
	old := sw.before(pid)
	row := sw.add()
	err := c.fill(row, pid, old, sw)
	switch {
	case isGone(err), err == nil && old != nil && row.ID != old.ID:
		// It ended before this sweep; its PID may be that of a thread by now.
		sw.rows = sw.rows[:len(sw.rows)-1]
	case err != nil:
		sw.drop(err)
	}
}

// start returns when a process started that the kernel says did at ns.
func (t *taskTable) start(ns uint64) time.Duration { return time.Duration(int64(ns) + t.offset) }

func (t *taskTable) id(r *taskrec.Process) ProcID {
	return ProcID{PID: r.PID, Start: uint64(t.start(r.Start) / ticks(1))}
}

// fillTask makes the row p of r. Old is as in fill.
func (c *procsClient) fillTask(p *Proc, r *taskrec.Process, old *Proc, sw *sweep) {
	p.ID = c.tasks.id(r)
	if old != nil && (old.ID != p.ID || old.Task.known && old.Task.value.Start != c.tasks.start(r.Start)) {
		old = nil // its PID was used again, maybe within one tick
	}
	p.setTask(r, old, c.pageSize)
	p.Task.value.Start = c.tasks.start(r.Start)
	p.Comm = c.taskComm(r, old)
	p.Name = c.name(p, old, sw)
	if sw.want&WantStatus != 0 {
		p.Status = Some(taskStatus(r, c.pageSize))
	}
	if sw.want&WantIO != 0 {
		p.IO = Some(taskIO(&r.Sums))
	}
	if sw.want&WantMemory != 0 {
		p.Memory = c.taskMemory(r, sw)
	}
	if sw.want&WantFDs != 0 {
		if p.FDs = Some(r.Files); !r.FilesKnown {
			p.FDs = c.fds(p, sw)
		}
	}
	if sw.want&WantOrigin != 0 {
		p.Origin = c.taskOrigin(p, old, sw)
	}
	if old != nil {
		p.keepCounting(old, r.Torn)
	}
}

// taskComm returns the name, for which it uses old's memory. Of kernel threads
// the task has 15 bytes, and proc(5) the others.
func (c *procsClient) taskComm(r *taskrec.Process, old *Proc) string {
	comm := r.Comm()
	cut := len(comm) == commLen && r.Flags&taskrec.FlagKernelThread != 0
	if old != nil && (old.Comm == string(comm) || cut && strings.HasPrefix(old.Comm, string(comm))) {
		return old.Comm
	}
	if cut {
		if long, err := c.dir.of(r.PID, "comm").read(); err == nil && bytes.HasPrefix(long, comm) {
			return string(bytes.TrimSuffix(long, []byte("\n")))
		}
	}
	return string(comm)
}

// taskMemory reads statm where counters of memory are spread over the CPUs and
// the program could not sum up the parts that these hold back.
func (c *procsClient) taskMemory(r *taskrec.Process, sw *sweep) Opt[ProcMemory] {
	switch {
	case !r.UserMemory:
		return Some(ProcMemory{})
	case r.ExactMemory:
		return Some(taskMemory(r, c.pageSize))
	}
	return optional(sw, c.dir.of(r.PID, "statm"), (*procDir).readAtOnce, func(b []byte) (ProcMemory, error) {
		return decodeMemory(b, c.pageSize)
	})
}
