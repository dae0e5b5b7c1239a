package sysprobe

import "time"

// Procs reads the process table. Open it once and take a snapshot at each
// gather. It is safe for concurrent use.
type Procs struct {
	client *procsClient
}

// OpenProcs opens the process table of the machine whose proc(5) is mounted at
// c.ProcRoot. A nil c means defaults. It needs no privilege to list processes,
// unless the mount hides them (hidepid). It returns an error that answers to
// [ErrNotSupported] on a system without a backend, to fs.ErrNotExist or
// [ErrAccessDenied] where c.ProcRoot cannot be read. With c.Backend it returns
// those too where that backend cannot be had: without the privileges, on a
// kernel that lacks something, in other namespaces than the machine's.
func OpenProcs(c *Config) (*Procs, error) {
	client, err := newProcsClient(c.withDefaults())
	if err != nil {
		return nil, err
	}
	return &Procs{client: client}, nil
}

// Snapshot sweeps the process table once into dst, whose memory it reuses, so
// that a process that did not change costs no allocation. Of the optional
// facts it reads those of want. Processes that end meanwhile are dropped; what
// this user may not see is absent and counted. It returns an error only where
// there is no table at all; dst is then empty.
//
// Rows of the previous snapshot in the same dst are overwritten: copy what
// must outlive it. Strings are never overwritten.
func (p *Procs) Snapshot(dst *ProcSnapshot, want Fields) error { return p.client.snapshot(dst, want) }

// Lookup reads one process. It returns an error that answers to
// [ErrNoSuchProcess] where pid is not that of a process (a thread has an ID
// too, but is none).
func (p *Procs) Lookup(pid int32, want Fields) (Proc, error) { return p.client.lookup(pid, want) }

// Backend returns how the last sweep was done, before the first how it will be,
// and why not by BPF: an error where [BackendAuto] would have preferred that,
// nil otherwise. It answers to [ErrAccessDenied] where privileges are missing.
func (p *Procs) Backend() (Backend, error) { return p.client.backend() }

// OriginOf returns the Origin of the cgroup with that ID ([ProcTask].CgroupID),
// for what is known by no more than that. It gives the cgroups that snapshots
// with [WantOrigin] by BPF met, and of others those that exist, where this user
// may open them by ID (CAP_DAC_READ_SEARCH). It returns nil where none is
// known, and of the root of the unified hierarchy where controllers are in
// others.
func (p *Procs) OriginOf(cgroupID uint64) *Origin { return p.client.originOf(cgroupID) }

// Close releases the table. A snapshot under way ends at the next process with
// an error that answers to fs.ErrClosed, as do further ones; Close waits for it.
func (p *Procs) Close() error { return p.client.close() }

// Fields says which optional facts a snapshot reads. From proc(5) each costs a
// system call or three a process; with BPF none does, unless the kernel is one
// of 6.2 or 6.3 or the machine has more than 128 processors: then WantMemory
// does.
type Fields uint32

// The optional facts.
const (
	// WantName extends names that the kernel cut at 15 bytes from the command
	// line, as psutil does. Read once per process and name.
	WantName Fields = 1 << iota
	// WantStatus is Proc.Status, from /proc/PID/status.
	WantStatus
	// WantMemory is Proc.Memory, from /proc/PID/statm and, for its parts, what
	// WantStatus reads.
	WantMemory
	// WantIO is Proc.IO, from /proc/PID/io: own processes, or CAP_SYS_PTRACE
	// and CAP_DAC_READ_SEARCH; with BPF all.
	WantIO
	// WantFDs is Proc.FDs, from /proc/PID/fd. Before Linux 6.2: own processes,
	// or CAP_SYS_PTRACE and CAP_DAC_READ_SEARCH; with BPF all.
	WantFDs
	// WantOrigin is Proc.Origin, from /proc/PID/cgroup.
	WantOrigin
	// WantEnded is ProcSnapshot.Ended. Only with BPF, and in the PID namespace of
	// the machine. It is to be asked for in all sweeps or in none, and by one
	// snapshot of a Procs.
	WantEnded
)

// ProcID identifies a process for as long as the machine runs: PIDs are used
// again, but not with the same start. Two processes that get one PID within
// one tick (10 ms) cannot be told apart.
type ProcID struct {
	PID int32
	// Start is when the process started, in ticks of 10 ms since boot. Steps
	// of the wall clock do not move it.
	Start uint64
}

// Proc is one process. What is not optional is in /proc/PID/stat
// (proc_pid_stat(5)), which everybody may read. Times are multiples of 10 ms
// there; BPF has nanoseconds.
type Proc struct {
	ID   ProcID
	PPID int32
	// Group and Session are IDs of process group and session.
	Group, Session int32
	// Comm is the kernel's name of the process: at most 15 bytes (63 for some
	// kernel threads), any but NUL, possibly none, not always UTF-8. It can
	// change. Of a kworker proc(5) adds what it works on, BPF does not.
	Comm string
	// Name is Comm or, with [WantName], the longer name psutil would give.
	Name string
	// State is the state of the first thread or, where that is dead while
	// others live on, of another one.
	State State
	// LeaderDead says that the first thread is dead while others live on: such
	// a process looks like a zombie but cannot be reaped.
	LeaderDead bool
	// KernelThread says that there is no user space (PF_KTHREAD).
	KernelThread bool
	// Threads is their number; 0 or 1 of a zombie.
	Threads uint32
	// UserTime and SystemTime are the CPU time of all threads, dead ones
	// included. ChildUserTime and ChildSystemTime are those of reaped
	// children.
	UserTime, SystemTime           time.Duration
	ChildUserTime, ChildSystemTime time.Duration
	// IOWait is the time spent waiting for block devices; 0 where the kernel
	// does not account for it.
	IOWait time.Duration
	// MinorFaults and MajorFaults are page faults without and with I/O.
	MinorFaults, MajorFaults uint64
	// RSS and VMS are resident and virtual memory in bytes. Since Linux 6.2 RSS
	// can be off by some pages for each processor; that of Memory is exact.
	RSS, VMS uint64
	// Nice is -20 (greedy) to 19.
	Nice int8
	// Policy and RTPriority are how the process is scheduled.
	Policy     SchedPolicy
	RTPriority uint32
	// CPU is the processor it last ran on.
	CPU int32
	// Exit is how a zombie died; absent while the process lives, and where
	// this user may not see it (another user's, without CAP_SYS_PTRACE).
	Exit Opt[ExitStatus]

	Status Opt[ProcStatus]
	Memory Opt[ProcMemory]
	IO     Opt[ProcIO]
	FDs    Opt[uint32] // open file descriptors
	Task   Opt[ProcTask]
	// Origin is where it belongs; nil where that was not asked for or is not
	// known.
	Origin *Origin
}

// ProcTask is what the kernel has in struct task_struct and proc(5) does not
// show like that. BPF gives it unasked.
type ProcTask struct {
	// Start is when the process started, since boot.
	Start time.Duration
	// ExecID changes when the process executes another program.
	ExecID uint64
	// CgroupID is the inode number of the directory of its cgroup in the
	// unified hierarchy (cgroups(7)).
	CgroupID uint64
	// VoluntarySwitches and InvoluntarySwitches are context switches of all
	// threads, dead ones included.
	VoluntarySwitches, InvoluntarySwitches uint64
	// PIDNamespace is the inode number of the PID namespace that the process is
	// in (pid_namespaces(7)), as in the name that /proc/PID/ns/pid links to.
	PIDNamespace uint32
}

// ExitStatus is a wait status as wait(2) gives it.
type ExitStatus uint32

// Code is the exit code of a process that exited.
func (e ExitStatus) Code() int { return int(e>>8) & 0xff }

// Signal is the number of the signal that ended the process; 0 where it
// exited.
func (e ExitStatus) Signal() int { return int(e & 0x7f) }

// CoreDumped says that the signal left a core dump.
func (e ExitStatus) CoreDumped() bool { return e&0x80 != 0 }

// ProcStatus is what /proc/PID/status has beyond stat (proc_pid_status(5)).
type ProcStatus struct {
	// UID and GID are the real, EUID and EGID the effective, SUID and SGID the
	// saved IDs.
	UID, EUID, SUID uint32
	GID, EGID, SGID uint32
	// Tracer is the PID of the process that traces it (ptrace(2)), 0 where
	// none does or that is in a PID namespace above. A dead process is its
	// tracer's to reap before it is its parent's.
	Tracer Opt[int32]
	// OwnPID is the PID that the process has to itself: in its own PID
	// namespace. Absent before Linux 4.1.
	OwnPID Opt[int32]
	// VoluntarySwitches and InvoluntarySwitches are context switches of the
	// first thread; absent before Linux 2.6.23.
	VoluntarySwitches   Opt[uint64]
	InvoluntarySwitches Opt[uint64]
	// Swap is swapped-out memory in bytes; absent of kernel threads and
	// zombies. By BPF it is as exact as RSS without [WantMemory].
	Swap Opt[uint64]
}

// ProcMemory is /proc/PID/statm in bytes (proc_pid_statm(5)).
type ProcMemory struct {
	VMS, RSS, Shared, Text, Data uint64
	// Anon, File and Shmem are the parts of RSS: anonymous memory, mapped files
	// and shared memory. From proc(5) they need [WantStatus] too. Absent before
	// Linux 4.5, and of kernel threads and zombies.
	Anon, File, Shmem Opt[uint64]
}

// ProcIO is /proc/PID/io (proc_pid_io(5)). A kernel may lack a line.
type ProcIO struct {
	// ReadChars and WriteChars are bytes passed through read and write calls,
	// ReadCalls and WriteCalls those calls.
	ReadChars, WriteChars Opt[uint64]
	ReadCalls, WriteCalls Opt[uint64]
	// ReadBytes and WriteBytes reached a block device.
	ReadBytes, WriteBytes Opt[uint64]
	// CancelledWriteBytes are of WriteBytes those that were removed before they
	// reached it.
	CancelledWriteBytes Opt[uint64]
}

// ProcSnapshot is one sweep of the process table.
type ProcSnapshot struct {
	// Procs is sorted by PID; no PID is there twice.
	Procs []Proc
	// Taken is when the sweep began, with a monotonic reading.
	Taken time.Time
	// BootTime is when the machine started by the wall clock of now: it moves
	// when that clock is stepped. It serves to show start times, not to
	// identify. It is zero where proc(5) is mounted without it (subset=pid).
	BootTime time.Time
	// Backend names where the rows come from: "bpf" or "procfs".
	Backend string
	// Denied counts the optional facts this user may not see, Malformed the
	// rows and facts left out because they could not be decoded, and Vanished
	// the processes that ended while they were read.
	Denied, Malformed, Vanished int
	// Ended is, with [WantEnded], what was done by processes that ended since
	// the sweep before, and that neither its rows nor these show: added to what
	// the counters of rows grew by, it is all that was done. A process is told
	// of when the kernel frees it, some 10 ms after it was reaped; that can be in
	// the next sweep. EndedKnown says that this is so, EndedErr otherwise why
	// not: it answers to [ErrNotSupported] or [ErrAccessDenied] where the kernel
	// or the privileges are not enough. EndedLost counts processes that are
	// missing in Ended because it had no room.
	Ended      []EndedProcs
	EndedKnown bool
	EndedErr   error
	EndedLost  uint64

	spare []Proc // the rows of the sweep before, memory of the next
	named bool   // Procs have the names that WantName asks for
}

// Find returns the process with that PID, or nil. The pointer is valid until
// the next sweep into s.
func (s *ProcSnapshot) Find(pid int32) *Proc { return findPID(s.Procs, pid) }

// findPID looks in rows sorted by PID.
func findPID(rows []Proc, pid int32) *Proc {
	lo, hi := 0, len(rows)
	for lo < hi {
		mid := int(uint(lo+hi) >> 1)
		if rows[mid].ID.PID < pid {
			lo = mid + 1
		} else {
			hi = mid
		}
	}
	if lo < len(rows) && rows[lo].ID.PID == pid {
		return &rows[lo]
	}
	return nil
}

// Created is the start of p by the wall clock, from s.BootTime; zero where
// that is.
func (s *ProcSnapshot) Created(p *Proc) time.Time {
	if s.BootTime.IsZero() {
		return time.Time{}
	}
	return s.BootTime.Add(ticks(p.ID.Start))
}

// userHZ is USER_HZ, the unit of the times in /proc/PID/stat: 100 on every
// architecture Go runs on (include/asm-generic/param.h).
const userHZ = 100

// ticks converts clock ticks of /proc to a duration.
func ticks(n uint64) time.Duration { return time.Duration(n) * (time.Second / userHZ) }
