package sysprobe

import (
	"bytes"
	"context"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"time"

	"telegraf-sysprobe/sysprobe/internal/decode/procfs"
	"telegraf-sysprobe/sysprobe/internal/decode/taskrec"
	"telegraf-sysprobe/sysprobe/internal/sys/procdir"
	"telegraf-sysprobe/sysprobe/internal/sys/taskiter"
)

// The road from the kernel to a row, downhill: bpfSource.fill reads records with
// the iterator and hands them to a taskSweep, in parts; taskSweep.add merges them
// with what is expected; taskSweep.fillRow makes the row of a record from
// procs_tasks.go, which knows records alone, and from procReader, which reads
// what no record has.

// bpfSource reads the process table by BPF. The zero value loads nothing before
// the first use.
type bpfSource struct {
	client   *procsClient
	tried    bool               // the iterator was loaded, or cannot be
	iterator *taskiter.Iterator // nil where it cannot be had
	err      error              // why
	records  taskrec.Table
	kept     taskiter.Kept // with Config.OnlyDead
	sweep    taskSweep
	offset   time.Duration // of the time since boot, in this time namespace
}

func (s *bpfSource) close() error {
	if s.iterator == nil {
		return nil
	}
	err := s.iterator.Close()
	s.iterator = nil
	return err
}

// load makes the iterator ready, once. It returns an error that is errFallback
// where it cannot be had, or where it numbers processes in another way than
// proc(5). A ctx that ends first, and a lack of descriptors, are no reason not to
// try again.
func (s *bpfSource) load(ctx context.Context) error {
	if s.tried {
		return s.err
	}
	err := s.open(ctx)
	if err != nil && ctx.Err() != nil {
		return opError("open process table through BPF", "", ctx.Err())
	}
	if lacksFiles(err) {
		return err
	}
	s.tried = true
	if err != nil {
		s.err = fallbackError{err}
	}
	return s.err
}

func (s *bpfSource) open(ctx context.Context) error {
	const op = "open process table through BPF"
	if root := s.client.path; filepath.Clean(root) != "/proc" {
		return opError(op, root, fmt.Errorf("only /proc is of the running kernel: %w", ErrNotSupported))
	}
	open := taskiter.Open
	if s.client.dead {
		open = taskiter.OpenDead
	}
	iterator, err := open(ctx)
	if err != nil {
		return opError(op, "", err)
	}
	s.iterator = iterator
	if err := s.check(ctx); err != nil {
		s.close() //nolint:errcheck // another error is on its way
		return opError(op, "", err)
	}
	return nil
}

// check looks for this process in both tables. Where proc(5) was mounted in
// another PID namespace, identities would not be those of the iterator.
func (s *bpfSource) check(ctx context.Context) error {
	var err error
	if s.offset, err = s.client.bootOffset(s.client.buf); err != nil {
		return err
	}
	own := int32(os.Getpid())
	var seen ProcID
	s.kept.Add(own)
	err = s.iterator.Read(ctx, &s.records, taskiter.Wants{Kept: &s.kept}, func(records []taskrec.Process) error {
		if at := slices.IndexFunc(records, func(r taskrec.Process) bool { return r.PID == own }); at >= 0 {
			seen = s.id(records[at].PID, records[at].Start)
		}
		return nil
	})
	if err != nil {
		return err
	}
	var p Proc
	if err := s.client.fill(&p, own, nil, &sweep{}); err != nil {
		return err
	}
	if seen != p.ID {
		return fmt.Errorf("proc(5) is of another PID or time namespace: %w", ErrNotSupported)
	}
	return nil
}

// bootOffset returns what this time namespace adds to the time since boot; 0
// where the kernel has none (before Linux 5.6). It returns an error that is
// isExhausted, or nil.
func (c *procsClient) bootOffset(buf *procdir.Buffer) (time.Duration, error) {
	b, err := c.root.Dir(int32(os.Getpid())).Read(buf, "timens_offsets")
	if isExhausted(err) {
		return 0, err
	}
	offset, err := procfs.DecodeBootOffset(b)
	if err != nil {
		return 0, nil //nolint:nilerr // check finds out
	}
	return time.Duration(offset), nil
}

// start returns when a process started that the kernel says did at ns.
func (s *bpfSource) start(ns uint64) time.Duration { return time.Duration(ns) + s.offset }

// id returns the identity of a process that started at ns.
func (s *bpfSource) id(pid int32, ns uint64) ProcID {
	return identity(pid, s.start(ns))
}

// identity is that of a process by when it started, since boot.
func identity(pid int32, start time.Duration) ProcID {
	return ProcID{PID: pid, Start: uint64(start / ticks(1))}
}

// fill implements source.
func (s *bpfSource) fill(ctx context.Context, sw *sweep) error {
	if err := s.load(ctx); err != nil {
		return err
	}
	const op = "read processes through BPF"
	if s.iterator == nil {
		return opError(op, "", os.ErrClosed)
	}
	t := &s.sweep
	t.begin(s, sw)
	defer t.end()
	wants := taskiter.Wants{
		Status: sw.want&WantStatus != 0, Memory: sw.want&WantMemory != 0,
		IO: sw.want&WantIO != 0, Files: sw.want&WantFDs != 0, Limits: sw.want&WantFDLimit != 0,
	}
	if sw.onlyDead {
		sw.keep(&s.kept)
		wants.Kept = &s.kept
	}
	err := s.iterator.Read(ctx, &s.records, wants, func(records []taskrec.Process) error {
		if err := s.client.interrupted(ctx); err != nil {
			return err
		}
		t.add(records)
		return sw.exhausted
	})
	if err == nil {
		t.finish(ctx)
		err = sw.exhausted
	}
	switch interrupted := s.client.interrupted(ctx); {
	case interrupted != nil:
		return opError(op, "", interrupted)
	case err != nil && !isExhausted(err):
		return fallbackError{opError(op, "", err)}
	default:
		return opError(op, "", err)
	}
}

// taskSweep makes the rows of one snapshot of the records of the iterator. It
// merges them, in the order of their PIDs, with the processes that are expected:
// the iterator leaves out a process of which a thread that is not the first one
// executes a program during the pass, and some kernels never show the first
// process. What is expected and has no record is read from proc(5).
type taskSweep struct {
	source *bpfSource
	sweep  *sweep
	// expected are the processes of the snapshot before; listed, for a first
	// snapshot, those that proc(5) lists, or process 1 where others might be passed
	// over. Both lose what was met.
	expected []Proc
	listed   []int32
	// disordered says that a record came behind one with its PID or a larger one.
	disordered bool
}

// begin prepares t for the records of one pass.
func (t *taskSweep) begin(s *bpfSource, sw *sweep) {
	*t = taskSweep{source: s, sweep: sw, expected: sw.old}
	c := s.client
	if sw.onlyDead && findPID(sw.old, firstPID) == nil {
		c.pids = append(c.pids[:0], firstPID)
		t.listed = c.pids
	}
	if sw.onlyDead || len(sw.old) > 0 {
		return
	}
	var err error
	if c.pids, err = c.root.PIDs(c.buf, c.pids[:0]); err != nil {
		sw.missed(err)
	}
	t.listed = c.pids
}

// end lets go of the rows, which are those of the snapshot.
func (t *taskSweep) end() { *t = taskSweep{} }

// next returns the smallest PID that is expected and was not met; the largest
// number where there is none.
func (t *taskSweep) next() int32 {
	switch {
	case len(t.listed) > 0:
		return t.listed[0]
	case len(t.expected) > 0:
		return t.expected[0].ID.PID
	}
	return math.MaxInt32
}

// pass goes on to the next process that is expected.
func (t *taskSweep) pass() {
	if len(t.listed) > 0 {
		t.listed = t.listed[1:]
	} else {
		t.expected = t.expected[1:]
	}
}

// add makes rows of records.
func (t *taskSweep) add(records []taskrec.Process) {
	for i := range records {
		r := &records[i]
		t.addMissing(r.PID)
		if t.next() == r.PID {
			t.pass()
		}
		if r.Alone && t.source.client.addRow(r.PID, t.sweep) != nil {
			continue // proc(5) has the sums of all threads
		}
		rows := t.sweep.rows
		t.disordered = t.disordered || len(rows) > 0 && rows[len(rows)-1].ID.PID >= r.PID
		t.fillRow(t.sweep.add(), r, t.sweep.before(r.PID))
	}
}

// addMissing makes rows of the processes below that PID that are expected and
// have no record.
func (t *taskSweep) addMissing(below int32) {
	for pid := t.next(); pid < below && t.sweep.exhausted == nil; pid = t.next() {
		t.pass()
		t.addUnmet(pid)
	}
}

// finish makes the last rows, and puts all in order.
func (t *taskSweep) finish(ctx context.Context) {
	for pid := t.next(); pid < math.MaxInt32 && t.sweep.exhausted == nil && t.source.client.interrupted(ctx) == nil; pid = t.next() {
		t.pass()
		t.addUnmet(pid)
	}
	t.sweep.threads += uint64(t.source.records.Tasks())
	if t.disordered {
		t.sweep.rows = taskrec.InOrder(t.sweep.rows, func(p *Proc) int32 { return p.ID.PID })
	}
}

// addUnmet adds the row of a process that only proc(5) has, if it does.
func (t *taskSweep) addUnmet(pid int32) {
	if row := t.source.client.addRow(pid, t.sweep); row != nil {
		t.sweep.threads += row.ids()
	}
}

// addRow adds the row of a process from proc(5). It returns nil where there is none.
func (c *procsClient) addRow(pid int32, sw *sweep) *Proc {
	old := sw.before(pid)
	row := sw.add()
	err := c.fill(row, pid, old, sw)
	switch {
	case isGone(err), err == nil && old != nil && row.ID != old.ID:
		// It exited before this snapshot; its PID may be that of a thread by now.
		sw.rows = sw.rows[:len(sw.rows)-1]
	case err != nil:
		sw.drop(err)
	default:
		return row
	}
	return nil
}

// startsElse reports that a row by BPF has another start.
func startsElse(p *Proc, start time.Duration) bool {
	task := p.Task.Ref()
	return task != nil && task.Start != start
}

// fillRow makes the row p of r. Old is the row of the snapshot before with this
// PID, or nil.
func (t *taskSweep) fillRow(p *Proc, r *taskrec.Process, old *Proc) {
	c, sw := t.source.client, t.sweep
	p.ID = t.source.id(r.PID, r.Start)
	start := t.source.start(r.Start)
	if old != nil && (old.ID != p.ID || startsElse(old, start)) {
		old = nil // its PID was used again, maybe within one tick
	}
	p.setTask(r, start, old, c.pageSize)
	p.Comm = c.taskComm(r, old, sw)
	p.Name = c.name(p, old, sw)
	t.fillOptional(p, r)
	if p.LeaderDead {
		c.fillFromThread(p, sw)
	}
	if sw.want&WantOrigin != 0 {
		p.Origin = c.taskOrigin(p, old, sw)
	}
	if old != nil {
		p.keepCounting(old, r.Torn)
	}
}

// fillOptional sets the facts of p that are wanted and that r can have.
func (t *taskSweep) fillOptional(p *Proc, r *taskrec.Process) {
	c, sw := t.source.client, t.sweep
	if sw.want&WantStatus != 0 {
		p.Status.Fill().setTask(r, c.pageSize)
	}
	if sw.want&WantIO != 0 {
		p.IO.Fill().setTask(&r.Sums)
	}
	if sw.want&WantMemory != 0 {
		c.setTaskMemory(p, r, sw)
	}
	if sw.want&WantFDs != 0 {
		if p.FDs = Some(r.Files); !r.FilesKnown {
			p.FDs = c.fds(p, c.root.Dir(r.PID), sw)
		}
	}
	if sw.want&WantFDLimit != 0 {
		p.FDLimit = c.taskFDLimit(r, sw)
	}
}

// setTaskMemory sets the memory of p, whose record is r. Where the program could
// not add what each processor counts, statm has the sum, which p then shows too.
func (r *procReader) setTaskMemory(p *Proc, record *taskrec.Process, sw *sweep) {
	switch {
	case !record.UserMemory:
		p.Memory.Fill()
	case record.ExactMemory:
		p.Memory.Fill().setTask(record, r.pageSize)
	default:
		p.Memory = r.statm(r.root.Dir(record.PID), sw)
		p.RSS = p.Memory.Or(ProcMemory{RSS: p.RSS}).RSS
	}
}

// taskFDLimit returns how many descriptors the process of a record can have.
func (r *procReader) taskFDLimit(record *taskrec.Process, sw *sweep) Opt[uint64] {
	if syscall.RLIMIT_NOFILE != taskrec.FilesResource {
		return r.fdLimit(r.root.Dir(record.PID), sw)
	}
	return someIf(record.FilesLimit, record.FilesLimit != math.MaxUint64) // RLIM_INFINITY
}

// taskComm returns the name, for which it uses old's memory. Of kernel threads
// the record has 15 bytes, and proc(5) all.
func (r *procReader) taskComm(record *taskrec.Process, old *Proc, sw *sweep) string {
	comm := record.Comm()
	cut := len(comm) == commLen && record.Flags&taskrec.FlagKernelThread != 0
	if old != nil && (old.Comm == string(comm) || cut && strings.HasPrefix(old.Comm, string(comm))) {
		return old.Comm
	}
	if cut {
		long, err := r.root.Dir(record.PID).Read(r.buf, "comm")
		if sw.watch(err); err == nil && bytes.HasPrefix(long, comm) {
			return string(bytes.TrimSuffix(long, []byte("\n")))
		}
	}
	return string(comm)
}
