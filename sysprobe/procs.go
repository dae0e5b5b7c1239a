package sysprobe

import (
	"context"
	"iter"
	"sort"
	"time"
)

// Procs reads the process table. Open it once and take a snapshot at each
// gather. It is safe for concurrent use.
type Procs struct {
	client *procsClient
}

// OpenProcs opens the process table of the machine whose proc(5) is mounted at
// c.ProcRoot. A nil c means defaults. It needs no privilege to list processes,
// unless the mount hides them (hidepid). It loads no BPF program: the first
// Snapshot does, or [Procs.Load].
//
// It returns an error that wraps [ErrNotSupported] on a system without a backend,
// fs.ErrNotExist or [ErrAccessDenied] where c.ProcRoot cannot be read, and
// fs.ErrInvalid where that is a directory within a proc(5), as /proc/1.
func OpenProcs(c *Config) (*Procs, error) {
	client, err := configured(c, newProcsClient)
	if err != nil {
		return nil, err
	}
	return &Procs{client: client}, nil
}

// Load makes the preferred backend ready, which otherwise the first Snapshot
// does: to load a BPF program takes some 70 ms of CPU time. Further calls cost
// nothing. Lookup and the methods of a [Process] never load one.
//
// It returns an error where Config.Backend requires BPF and that cannot be had:
// one that wraps [ErrAccessDenied] without the privileges, [ErrNotSupported] on a
// kernel that lacks something, or in other namespaces than the machine's. With
// [BackendAuto] it returns nil then, and Backend has the reason. It returns the
// error of ctx where that ends first, and EMFILE or ENFILE where descriptors run
// out; both can be tried again.
func (p *Procs) Load(ctx context.Context) error { return p.client.load(ctx) }

// Snapshot reads the process table once into dst, whose memory it reuses, so
// that a process that did not change costs no allocation. Of the optional
// facts it reads those of want. Processes that exit meanwhile are left out; a
// fact that this user must not see is absent and counted.
//
// It returns an error only where there is no table at all, where ctx ends first, or
// where descriptors or memory run out (EMFILE, ENFILE, ENOMEM), which would cost
// rows and facts of any process; dst is then empty. Where Config.Backend requires BPF, that is the error
// of Load.
//
// Rows of the previous snapshot in the same dst are overwritten: copy what
// must outlive it. Strings are never overwritten.
func (p *Procs) Snapshot(ctx context.Context, dst *ProcSnapshot, want Fields) error {
	return p.client.snapshot(ctx, dst, want)
}

// Lookup reads one process from proc(5). It returns an error that wraps
// [ErrNoSuchProcess] where pid is not that of a process (a thread has an ID
// too, but is none), fs.ErrInvalid where it is negative, and the error of ctx where
// that ends first.
func (p *Procs) Lookup(ctx context.Context, pid int32, want Fields) (Proc, error) {
	return p.client.lookup(ctx, pid, want)
}

// Backend returns the backend of the last snapshot, and before the first one
// that of Load.
func (p *Procs) Backend() BackendStatus { return p.client.backend() }

// BackendStatus is the backend that a [Procs] uses.
type BackendStatus struct {
	// Used is BackendAuto before the first Snapshot and Load.
	Used Backend
	// Reason is why Used is not BPF where [BackendAuto] prefers that; nil
	// otherwise. It wraps [ErrAccessDenied] where privileges are missing.
	Reason error
}

// OriginOf returns the Origin of the cgroup with that ID ([ProcTask].CgroupID),
// for callers that know nothing else of a process. It knows the cgroups that
// snapshots with [WantOrigin] by BPF met, and others that exist, where this user
// has the privilege to open them by ID (CAP_DAC_READ_SEARCH). It returns nil for
// unknown ones, and for the root of the unified hierarchy where controllers are
// in other hierarchies.
func (p *Procs) OriginOf(cgroupID uint64) *Origin { return p.client.originOf(cgroupID) }

// Close releases the table. A snapshot under way ends before the next process
// with an error that wraps fs.ErrClosed, as do further calls and a second Close.
// Close waits for that snapshot, but not for a call whose context ended while the
// kernel held it up: what that call holds is released when the kernel is through.
// A [Process] that the table opened stays open: see there for what it can still do.
func (p *Procs) Close() error { return p.client.close() }

// Fields says which optional facts a snapshot reads. From proc(5) each costs a
// system call or three a process; with BPF none does, except for WantMemory on a
// kernel of 6.2 or 6.3 or a machine with more than 128 processors.
type Fields uint32

// The optional facts.
const (
	// WantName extends names that the kernel cut at 15 bytes from the command
	// line, as psutil does, but never to a whole command line that a program keeps
	// in its first argument. Read once for each program that a process executes.
	WantName Fields = 1 << iota
	// WantStatus is Proc.Status, from /proc/PID/status.
	WantStatus
	// WantMemory is Proc.Memory, from /proc/PID/statm and, for its parts, what
	// WantStatus reads.
	WantMemory
	// WantIO is Proc.IO, from /proc/PID/io: own processes, or CAP_SYS_PTRACE
	// and CAP_DAC_READ_SEARCH; with BPF all. Absent on macOS.
	WantIO
	// WantFDs is Proc.FDs, from /proc/PID/fd. Before Linux 6.2: own processes,
	// or CAP_SYS_PTRACE and CAP_DAC_READ_SEARCH; with BPF all.
	WantFDs
	// WantOrigin is Proc.Origin, from /proc/PID/cgroup. A zombie in hierarchies of
	// controllers (cgroups v1) has what a snapshot saw while it lived, or none.
	WantOrigin
	// WantSwitches is Proc.Switches of processes with several threads, from
	// /proc/PID/task/TID/status of each thread, which costs as much as WantStatus
	// for each; with BPF every row has it.
	WantSwitches
	// WantFDLimit is Proc.FDLimit, from /proc/PID/limits, which every user can
	// read.
	WantFDLimit
)

// ProcID identifies a process for as long as the machine runs: PIDs are used
// again, but not with the same start. Two processes that get one PID within
// one tick (10 ms) cannot be told apart.
type ProcID struct {
	PID int32
	// Start is when the process started, in ticks of 10 ms since boot. Steps
	// of the wall clock do not move it. On NetBSD and macOS, whose kernels keep
	// the time of the clock at that moment and never change it, it counts from
	// 1970. It is StartUnknown if the kernel does not say it, as of zombies of
	// OpenBSD and NetBSD that no snapshot met alive.
	Start uint64
}

// Proc is one process. What is not optional is in /proc/PID/stat
// (proc_pid_stat(5)), which every user can read. Times are multiples of 10 ms
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
	// a process looks like a zombie but cannot be reaped. Memory, descriptors and
	// cgroup are then those of a thread that lives, and absent, or 0, where this
	// user must not see it.
	LeaderDead bool
	// KernelThread says that there is no user space (PF_KTHREAD).
	KernelThread bool
	// Threads is their number; 0 or 1 of a zombie.
	Threads uint32
	// UsageHidden says that it is not known what the process uses: this user must
	// not see it (macOS: a process of another user, without root), or a number of it
	// is out of range, as damaged counters are. Threads, RSS, VMS, UserTime,
	// SystemTime, IOWait and faults mean nothing then.
	UsageHidden bool
	// UserTime and SystemTime are the CPU time of all threads, dead ones
	// included. ChildUserTime and ChildSystemTime are those of reaped
	// children; absent if their numbers in proc(5) are out of range, and on Windows.
	// On the BSDs and macOS ChildUserTime has the sum, and ChildSystemTime is absent.
	UserTime, SystemTime           time.Duration
	ChildUserTime, ChildSystemTime Opt[time.Duration]
	// IOWait is the time spent waiting for block devices; 0 where the kernel
	// does not account for it.
	IOWait time.Duration
	// MinorFaults and MajorFaults are page faults without and with I/O.
	MinorFaults, MajorFaults uint64
	// RSS and VMS are resident and virtual memory in bytes. Since Linux 6.2 each
	// processor counts a part of RSS for itself, at least 32 pages for each kind of
	// memory. RSS has these parts by BPF since Linux 6.4, on up to 128 processors,
	// and from proc(5) with [WantStatus] or [WantMemory], whose files have them
	// since Linux 6.16 and late releases of 6.12; without them it is too low or too
	// high.
	RSS, VMS uint64
	// Nice is -20 (greedy) to 19; 0 on Windows, which has Priority instead.
	Nice int8
	// Priority is the priority class, which only Windows has. Nice, Policy,
	// RTPriority and IOWait mean nothing there.
	Priority Opt[PriorityClass]
	// Owner is the user that the process runs as, DOMAIN\name, with [WantStatus];
	// only Windows has it, and no Status.
	Owner string `json:",omitempty"`
	// Policy and RTPriority are how the process is scheduled.
	Policy     SchedPolicy
	RTPriority uint32
	// CPU is the processor it last ran on; absent where the system does not say it.
	CPU Opt[int32]
	// Exit is how a zombie exited; absent while the process lives, and where
	// this user must not see it (another user's, without CAP_SYS_PTRACE).
	Exit Opt[ExitStatus]

	Status Opt[ProcStatus]
	Memory Opt[ProcMemory]
	IO     Opt[ProcIO]
	// Switches are context switches of all threads. By BPF all rows have them, and
	// threads that ended are included. Proc(5) does not have what ended threads did,
	// but for those that the snapshots saw: from there rows have them with
	// [WantSwitches], and those of a single thread with [WantStatus] too. They never
	// run backwards as long as the snapshots into one ProcSnapshot want them.
	Switches Opt[ProcSwitches]
	FDs      Opt[uint32] // open file descriptors
	// FDLimit is how many descriptors there can be: the soft limit of
	// RLIMIT_NOFILE (getrlimit(2)). It is absent where there is none.
	FDLimit Opt[uint64]
	Task    Opt[ProcTask]
	// Origin is where it belongs; nil where that is not wanted or not known.
	Origin *Origin

	threads *threadSwitches // behind Switches from proc(5); nil where there is one thread
	named   bool            // Name is as WantName wants it, from a command line
}

// ProcSwitches are how often threads of a process left a processor: because they
// had to wait, and because others were to run.
type ProcSwitches struct{ Voluntary, Involuntary uint64 }

// ProcTask is what the kernel has in struct task_struct and proc(5) does not
// show in that form. Every row by BPF has it.
type ProcTask struct {
	// Start is when the process started, since boot.
	Start time.Duration
	// ExecID changes when the process executes another program.
	ExecID uint64
	// CgroupID is the inode number of the directory of its cgroup in the
	// unified hierarchy (cgroups(7)).
	CgroupID uint64
	// PIDNamespace is the inode number of the PID namespace that the process is
	// in (pid_namespaces(7)), as in the name that /proc/PID/ns/pid links to.
	PIDNamespace uint32
}

// ProcStatus is what /proc/PID/status has beyond stat (proc_pid_status(5)).
type ProcStatus struct {
	// UID and GID are the real, EUID and EGID the effective, SUID and SGID the
	// saved IDs.
	UID, EUID, SUID uint32
	GID, EGID, SGID uint32
	// Tracer is the PID of the process that traces it (ptrace(2)); 0 where no
	// process does, or where the tracer is in a PID namespace above, in which it has
	// no PID here. A dead process is its
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
	// zombies. It is as exact as RSS.
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
	// ReadCalls and WriteCalls those calls. FreeBSD, NetBSD and OpenBSD have the latter
	// two alone, as how often the file system had to read and write (ru_inblock and
	// ru_oublock of getrusage(2)), which psutil shows there too.
	ReadChars, WriteChars Opt[uint64]
	ReadCalls, WriteCalls Opt[uint64]
	// ReadBytes and WriteBytes reached a block device.
	ReadBytes, WriteBytes Opt[uint64]
	// CancelledWriteBytes are of WriteBytes those that were removed before they
	// reached it.
	CancelledWriteBytes Opt[uint64]
}

// all returns the counters.
func (io *ProcIO) all() [7]*Opt[uint64] {
	return [...]*Opt[uint64]{
		&io.ReadChars, &io.WriteChars, &io.ReadCalls, &io.WriteCalls,
		&io.ReadBytes, &io.WriteBytes, &io.CancelledWriteBytes,
	}
}

// ProcSnapshot is the process table at one moment.
type ProcSnapshot struct {
	// Procs is sorted by PID; no PID is there twice.
	Procs []Proc
	// Taken is when the snapshot began, with a monotonic reading.
	Taken time.Time
	// BootTime is when the machine started by the wall clock of now: it moves
	// when that clock is stepped. It serves to show start times, not to
	// identify. It is zero where a copy of proc(5) lacks it.
	BootTime time.Time
	// Backend is where the rows come from.
	Backend Backend
	// Denied counts the optional facts this user must not see, Malformed the
	// rows and facts left out because they could not be decoded, or their numbers
	// are out of range (PPID, Group, Session and how it is scheduled are 0 then),
	// and Vanished the processes that exited while they were read.
	Denied, Malformed, Vanished int
	// FirstDenied is one of the processes behind Denied, and why it keeps facts from
	// this user; absent if Denied is 0, or the process exited meanwhile.
	FirstDenied Opt[Denial]

	// epoch is when the starts of the rows count from, if that is not BootTime.
	epoch time.Time
	spare []Proc // the rows of the snapshot before, memory of the next
	// threads is what Threads returns, if not all of them are in rows.
	threads uint64
}

// Find returns the process with that PID, or nil. The pointer is valid until
// the next snapshot into s.
func (s *ProcSnapshot) Find(pid int32) *Proc { return findPID(s.Procs, pid) }

// searchPID returns the index of the first of rows, which are sorted by PID, with
// that PID or a larger one. It is not slices.BinarySearchFunc, which passes rows
// by value, 640 bytes at each step.
func searchPID(rows []Proc, pid int32) int {
	return sort.Search(len(rows), func(i int) bool { return rows[i].ID.PID >= pid })
}

// findPID returns the one of rows, which are sorted by PID, with that PID; nil
// where there is none.
func findPID(rows []Proc, pid int32) *Proc {
	if i := searchPID(rows, pid); i < len(rows) && rows[i].ID.PID == pid {
		return &rows[i]
	}
	return nil
}

// findProc returns the one of rows, which are sorted by PID, that is that
// process; nil where there is none.
func findProc(rows []Proc, id ProcID) *Proc {
	if p := findPID(rows, id.PID); p != nil && p.ID == id {
		return p
	}
	return nil
}

// MatchByID pairs the rows of two lists that are sorted by PID, such as those of
// two snapshots: it yields each process of either list once, in the order of the
// PIDs, with nil for the list that does not have it. OldID and NewID return the
// identity of a row.
func MatchByID[Old, New any](old []Old, now []New, oldID func(*Old) ProcID, newID func(*New) ProcID) iter.Seq2[*Old, *New] {
	return func(yield func(*Old, *New) bool) {
		at := 0
		for i := range now {
			id := newID(&now[i])
			for ; at < len(old) && oldID(&old[at]).PID < id.PID; at++ {
				if !yield(&old[at], nil) {
					return
				}
			}
			var before *Old
			if at < len(old) && oldID(&old[at]) == id {
				before = &old[at]
				at++
			}
			if !yield(before, &now[i]) {
				return
			}
		}
		for ; at < len(old); at++ {
			if !yield(&old[at], nil) {
				return
			}
		}
	}
}

// identity is the identity of a row of a snapshot.
func (p *Proc) identity() ProcID { return p.ID }

// procsBackend is what the client of each system implements.
type procsBackend interface {
	load(ctx context.Context) error
	snapshot(ctx context.Context, dst *ProcSnapshot, want Fields) error
	lookup(ctx context.Context, pid int32, want Fields) (Proc, error)
	backend() BackendStatus
	originOf(cgroupID uint64) *Origin
	close() error
}

// unsupportedProcs is the client of a system without a process table.
type unsupportedProcs struct{}

var _ procsBackend = unsupportedProcs{}

func (unsupportedProcs) load(context.Context) error {
	return opError("load process table", "", ErrNotSupported)
}

func (unsupportedProcs) snapshot(_ context.Context, dst *ProcSnapshot, _ Fields) error {
	*dst = ProcSnapshot{}
	return opError("snapshot processes", "", ErrNotSupported)
}

func (unsupportedProcs) lookup(context.Context, int32, Fields) (Proc, error) {
	return Proc{}, opError("look up process", "", ErrNotSupported)
}

func (unsupportedProcs) backend() BackendStatus { return BackendStatus{} }

func (unsupportedProcs) originOf(uint64) *Origin { return nil }

func (unsupportedProcs) close() error { return opError("close process table", "", ErrNotSupported) }
