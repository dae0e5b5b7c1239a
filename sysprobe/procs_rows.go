package sysprobe

import (
	"errors"
	"slices"
	"time"

	"telegraf-sysprobe/sysprobe/internal/decode/procfs"
)

// sweep is a snapshot of the process table under way. It fills the spare rows of
// a ProcSnapshot while the rows of the snapshot before can still be looked up, so
// that their strings are used again.
type sweep struct {
	want Fields
	rows []Proc
	old  []Proc // by PID; those before next are done with
	next int
	// second is when it began, seconds how long after the snapshot before; very
	// long where there was none, or the clock was set back.
	second, seconds uint32

	onlyDead bool   // as in Config
	threads  uint64 // of processes, those without a row included

	denied, malformed, vanished int
	firstDenied                 int32 // PID of the process whose fact was denied first; 0 if that is not known
	// exhausted is an error that is isExhausted, or nil. What is missing because of
	// it is no fact of a process: the snapshot fails.
	exhausted error
}

// begin empties s and returns a sweep that will fill it.
func (s *ProcSnapshot) begin(taken time.Time, want Fields) sweep {
	sw := sweep{want: want, rows: s.spare[:0], old: s.Procs}
	sw.second, sw.seconds = uint32(taken.Unix()), uint32(taken.Unix()-s.Taken.Unix())
	*s = ProcSnapshot{Procs: s.Procs[:0], spare: s.spare, Taken: taken}
	return sw
}

// restart removes the rows and counts of a source that failed.
func (sw *sweep) restart() {
	sw.rows, sw.next, sw.threads = sw.rows[:0], 0, 0
	sw.denied, sw.malformed, sw.vanished, sw.firstDenied, sw.exhausted = 0, 0, 0, 0, nil
}

// commit makes the rows of sw those of s.
func (s *ProcSnapshot) commit(sw *sweep) {
	s.Procs, s.spare, s.threads = sw.rows, sw.old, sw.threads
	s.Denied, s.Malformed, s.Vanished = sw.denied, sw.malformed, sw.vanished
}

// add appends an empty row, valid until the next one.
func (sw *sweep) add() *Proc {
	sw.rows = slices.Grow(sw.rows, 1)[:len(sw.rows)+1]
	row := &sw.rows[len(sw.rows)-1]
	*row = Proc{}
	return row
}

// drop takes the last row back because of err, and counts it.
func (sw *sweep) drop(err error) {
	if isGone(err) {
		sw.vanished++
	}
	sw.missed(err)
	sw.rows = sw.rows[:len(sw.rows)-1]
}

// join appends the rows of part, which reads those after the last one, and
// counts what it counted.
func (sw *sweep) join(part *sweep) {
	sw.rows = append(sw.rows, part.rows...)
	if sw.denied == 0 {
		sw.firstDenied = part.firstDenied
	}
	sw.threads += part.threads
	sw.denied += part.denied
	sw.malformed += part.malformed
	sw.vanished += part.vanished
	sw.watch(part.exhausted)
}

// watch keeps err if the snapshot has to fail because of it.
func (sw *sweep) watch(err error) {
	if sw.exhausted == nil && isExhausted(err) {
		sw.exhausted = err
	}
}

// missed counts a fact of the last row that is absent because of err. A file that is gone
// counts as nothing: a process can be there without it.
func (sw *sweep) missed(err error) {
	switch {
	case errors.Is(err, ErrAccessDenied):
		if n := len(sw.rows); n > 0 && sw.denied == 0 {
			sw.firstDenied = sw.rows[n-1].ID.PID
		}
		sw.denied++
	case !isGone(err):
		sw.watch(err)
		sw.malformed++
	}
}

// before returns the row that the snapshot before had for pid, or nil. Calls in
// the order of the PIDs find it without a search.
func (sw *sweep) before(pid int32) *Proc {
	if sw.next > 0 && sw.old[sw.next-1].ID.PID >= pid {
		return findPID(sw.old, pid)
	}
	for sw.next < len(sw.old) && sw.old[sw.next].ID.PID < pid {
		sw.next++
	}
	if sw.next < len(sw.old) && sw.old[sw.next].ID.PID == pid {
		return &sw.old[sw.next]
	}
	return nil
}

// commLen is how many bytes of a name the kernel keeps: TASK_COMM_LEN less the
// NUL.
const commLen = 15

// isSameProgram reports that p executes what it did when old was its row. A program
// that is executed under a name with the same beginning shows in the exec ID, and
// where that is not known in the page faults, of which it has some at once.
func (p *Proc) isSameProgram(old *Proc) bool {
	if p.ID != old.ID || p.Comm != old.Comm {
		return false
	}
	now, before := p.Task.Ref(), old.Task.Ref()
	if now != nil && before != nil {
		return now.ExecID == before.ExecID
	}
	return p.MinorFaults == old.MinorFaults && p.MajorFaults == old.MajorFaults
}

// setStat sets what /proc/PID/stat has, but for the names. The PID is that of
// the directory.
func (p *Proc) setStat(st *procfs.Stat, pid int32, pageSize uint64) {
	p.ID = ProcID{PID: pid, Start: st.Start}
	p.PPID, p.Group, p.Session = st.PPID, st.Group, st.Session
	p.State = stateOfLetter(st.State)
	p.KernelThread = st.Flags&procfs.FlagKernelThread != 0
	p.Threads = st.Threads
	p.UserTime, p.SystemTime = ticks(st.UserTime), ticks(st.SystemTime)
	p.ChildUserTime, p.ChildSystemTime = optTicks(st.ChildUserTime), optTicks(st.ChildSystemTime)
	p.UsageHidden = st.UsageOutOfRange > 0
	p.IOWait = ticks(st.IOWait)
	p.MinorFaults, p.MajorFaults = st.MinorFaults, st.MajorFaults
	p.RSS, p.VMS = st.Resident*pageSize, st.VirtualSize
	p.Nice, p.Policy, p.RTPriority = st.Nice, SchedPolicy(st.Policy), st.RTPriority
	p.CPU = st.CPU
}

// optTicks is ticks of a number that might be absent.
func optTicks(n Opt[uint64]) Opt[time.Duration] { return someIf(ticks(n.Or(0)), n.Known()) }

// statusOf returns st as the package shows it.
func statusOf(st *procfs.Status) ProcStatus {
	return ProcStatus{
		UID: st.UID[0], EUID: st.UID[1], SUID: st.UID[2],
		GID: st.GID[0], EGID: st.GID[1], SGID: st.GID[2],
		OwnPID:              st.OwnPID,
		VoluntarySwitches:   st.VoluntarySwitches,
		InvoluntarySwitches: st.InvoluntarySwitches,
		Swap:                st.Swap,
	}
}

// addParts adds the parts of resident memory that st of the same process has.
func (m *ProcMemory) addParts(st *procfs.Status) {
	m.Anon, m.File, m.Shmem = st.Anon, st.File, st.Shmem
}

// setExactRSS replaces the RSS of stat, in which the parts are missing that each
// processor counts, if one of the other files that were read has it.
func (p *Proc) setExactRSS(st *procfs.Status) {
	anon, known := st.Anon.Get()
	switch memory := p.Memory.Ref(); {
	case memory != nil:
		p.RSS = memory.RSS
	case known:
		p.RSS = anon + st.File.Or(0) + st.Shmem.Or(0)
	}
}

func decodeMemory(b []byte, pageSize uint64) (ProcMemory, error) {
	m, err := procfs.DecodeStatm(b)
	if err != nil {
		return ProcMemory{}, err
	}
	return ProcMemory{
		VMS: m.Size * pageSize, RSS: m.Resident * pageSize, Shared: m.Shared * pageSize,
		Text: m.Text * pageSize, Data: m.Data * pageSize,
	}, nil
}

func decodeIO(b []byte) (ProcIO, error) {
	io, err := procfs.DecodeIO(b)
	return ProcIO(io), err
}
