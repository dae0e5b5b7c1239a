package sysprobe

import (
	"bytes"
	"fmt"
	"io/fs"
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
	if err := c.tasks.iterator.Read(&c.tasks.records, taskiter.Wants{}); err != nil {
		return err
	}
	own := int32(os.Getpid())
	var p Proc
	if err := c.fill(&p, own, nil, &sweep{}); err != nil {
		return err
	}
	if r := findTask(c.tasks.records.Processes, own); r == nil || c.tasks.id(r) != p.ID {
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
	err := t.iterator.Read(&t.records, taskiter.Wants{Files: sw.want&WantFDs != 0, Memory: sw.want&WantMemory != 0})
	if err == nil {
		t.used, t.err = BackendBPF, nil
		c.fillTasks(sw)
		if c.closing.Load() {
			return false, opError("sweep processes through BPF", "", fs.ErrClosed)
		}
		return true, nil
	}
	t.used, t.err = BackendProcFS, opError("sweep processes through BPF", "", err)
	if t.required || isExhausted(err) {
		return false, t.err
	}
	return false, nil
}

// fillTasks makes rows of the records. What the iterator left out although it
// is to be expected is looked up in proc(5): a thread that is not the first one
// and executes a program makes its process skip a pass, and some kernels never
// show the first process.
func (c *procsClient) fillTasks(sw *sweep) {
	c.expect(sw)
	expected := c.pids
	for i := range c.tasks.records.Processes {
		if c.closing.Load() {
			return
		}
		r := &c.tasks.records.Processes[i]
		for len(expected) > 0 && expected[0] < r.PID {
			c.fillMissing(expected[0], sw)
			expected = expected[1:]
		}
		if len(expected) > 0 && expected[0] == r.PID {
			expected = expected[1:]
		}
		row := sw.add()
		c.fillTask(row, r, sw.before(r.PID), sw)
	}
	for _, pid := range expected {
		c.fillMissing(pid, sw)
	}
}

// expect sets c.pids to the processes of the sweep before; in a first sweep to
// those of proc(5).
func (c *procsClient) expect(sw *sweep) {
	c.pids = c.pids[:0]
	if len(sw.old) > 0 {
		for i := range sw.old {
			c.pids = append(c.pids, sw.old[i].ID.PID)
		}
		return
	}
	var err error
	if c.pids, err = c.dir.pids(c.pids); err != nil {
		sw.missed(err)
	}
}

// fillMissing adds the row of a process that is in proc(5) only, if it is.
func (c *procsClient) fillMissing(pid int32, sw *sweep) {
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

func findTask(processes []taskrec.Process, pid int32) *taskrec.Process {
	at, found := slices.BinarySearchFunc(processes, pid, func(r taskrec.Process, pid int32) int { return int(r.PID) - int(pid) })
	if !found {
		return nil
	}
	return &processes[at]
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
