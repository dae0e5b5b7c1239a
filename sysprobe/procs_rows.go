package sysprobe

import (
	"errors"
	"io/fs"
	"slices"
	"syscall"
	"time"

	"telegraf-sysprobe/sysprobe/internal/decode/procfs"
)

// sweep is one pass over the process table. It fills the spare rows of a
// snapshot while the rows of the pass before can still be looked up, so that
// their strings are used again.
type sweep struct {
	want     Fields
	rows     []Proc
	old      []Proc // by PID; those before next are done with
	next     int
	oldNamed bool // old rows have the names that WantName asks for
	// second is when it began, seconds how long after the pass before; very
	// long where there was none, or the clock was set back.
	second, seconds uint32

	denied, malformed, vanished int

	ended     []EndedProcs
	endedErr  error
	endedLost uint64
}

// begin empties s and returns a sweep that will fill it.
func (s *ProcSnapshot) begin(taken time.Time, want Fields) sweep {
	sw := sweep{want: want, rows: s.spare[:0], old: s.Procs, oldNamed: s.named, ended: s.Ended[:0]}
	sw.second, sw.seconds = uint32(taken.Unix()), uint32(taken.Unix()-s.Taken.Unix())
	*s = ProcSnapshot{Procs: s.Procs[:0], Ended: s.Ended[:0], spare: s.spare, Taken: taken}
	return sw
}

// commit makes the rows of sw those of s.
func (s *ProcSnapshot) commit(sw *sweep) {
	s.Procs, s.spare = sw.rows, sw.old
	s.named = sw.want&WantName != 0
	s.Denied, s.Malformed, s.Vanished = sw.denied, sw.malformed, sw.vanished
	s.Ended, s.EndedErr, s.EndedLost = sw.ended, sw.endedErr, sw.endedLost
	s.EndedKnown = sw.want&WantEnded != 0 && sw.endedErr == nil
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
	sw.rows = sw.rows[:len(sw.rows)-1]
	if isGone(err) {
		sw.vanished++
		return
	}
	sw.missed(err)
}

// join appends the rows of part, which reads those after the last one, and
// counts what it counted.
func (sw *sweep) join(part *sweep) {
	sw.rows = append(sw.rows, part.rows...)
	sw.denied += part.denied
	sw.malformed += part.malformed
	sw.vanished += part.vanished
}

// missed counts a fact that is absent because of err. A file that is gone
// counts as nothing: a process can be there without it.
func (sw *sweep) missed(err error) {
	switch {
	case errors.Is(err, ErrAccessDenied):
		sw.denied++
	case !isGone(err):
		sw.malformed++
	}
}

// before returns the row that the pass before had for pid, or nil. It finds it at
// once where it is asked in the order of the PIDs.
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

// isGone reports that err is what the kernel answers for a process or a file
// of it that is not there any more. ENOTDIR comes from a file that has a PID
// for a name.
func isGone(err error) bool {
	return errors.Is(err, fs.ErrNotExist) || errors.Is(err, syscall.ESRCH) || errors.Is(err, syscall.ENOTDIR)
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
	p.ChildUserTime, p.ChildSystemTime = ticks(st.ChildUserTime), ticks(st.ChildSystemTime)
	p.IOWait = ticks(st.IOWait)
	p.MinorFaults, p.MajorFaults = st.MinorFaults, st.MajorFaults
	p.RSS, p.VMS = st.Resident*pageSize, st.VirtualSize
	p.Nice, p.Policy, p.RTPriority = st.Nice, SchedPolicy(st.Policy), st.RTPriority
	p.CPU = st.CPU
}

// optNumber returns n as the package shows it.
func optNumber(n procfs.Number) Opt[uint64] { return Opt[uint64]{value: n.Value, known: n.Known} }

// statusOf returns st as the package shows it.
func statusOf(st *procfs.Status) ProcStatus {
	return ProcStatus{
		UID: st.UID[0], EUID: st.UID[1], SUID: st.UID[2],
		GID: st.GID[0], EGID: st.GID[1], SGID: st.GID[2],
		OwnPID:              Opt[int32]{value: int32(st.OwnPID.Value), known: st.OwnPID.Known},
		VoluntarySwitches:   optNumber(st.VoluntarySwitches),
		InvoluntarySwitches: optNumber(st.InvoluntarySwitches),
		Swap:                optNumber(st.Swap),
	}
}

// addParts adds the parts of resident memory that st of the same process has.
func (m *ProcMemory) addParts(st *procfs.Status) {
	m.Anon, m.File, m.Shmem = optNumber(st.Anon), optNumber(st.File), optNumber(st.Shmem)
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
	if err != nil {
		return ProcIO{}, err
	}
	return ProcIO{
		ReadChars: optNumber(io.ReadChars), WriteChars: optNumber(io.WriteChars),
		ReadCalls: optNumber(io.ReadCalls), WriteCalls: optNumber(io.WriteCalls),
		ReadBytes: optNumber(io.ReadBytes), WriteBytes: optNumber(io.WriteBytes),
		CancelledWriteBytes: optNumber(io.CancelledWriteBytes),
	}, nil
}
