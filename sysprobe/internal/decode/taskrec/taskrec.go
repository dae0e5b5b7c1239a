// Package taskrec decodes the records of the BPF program of package taskiter.
// Program and decoder are one version: a record has exactly one size.
package taskrec

import "telegraf-sysprobe/sysprobe/internal/decode"

// Sizes of the records in bpf/taskiter.bpf.c; each record has another one.
const (
	EndSize     = 8
	ThreadSize  = 128
	ProcessSize = 392
)

// Numbers of the kernel: include/linux/sched.h, include/linux/sched/prio.h.
const (
	FlagKernelThread = 0x00200000 // PF_KTHREAD
	defaultPriority  = 120        // DEFAULT_PRIO, the static priority of nice 0
)

// FilesResource is RLIMIT_NOFILE of include/uapi/asm-generic/resource.h, by which
// the program reads FilesLimit. MIPS and SPARC have another number.
const FilesResource = 7

// Sums are what the threads of a process have together, dead ones included.
// Times are in nanoseconds.
type Sums struct {
	// UserTime and SystemTime were counted by the tick or at each switch, as
	// the kernel is configured; RunTime by the scheduler.
	UserTime, SystemTime, RunTime          uint64
	MinorFaults, MajorFaults               uint64
	VoluntarySwitches, InvoluntarySwitches uint64
	ReadChars, WriteChars                  uint64
	ReadCalls, WriteCalls                  uint64
	ReadBytes, WriteBytes                  uint64
	CancelledWriteBytes                    uint64
}

// Thread is a thread that is not the first of its process.
type Thread struct {
	PID, TID int32
	State    State
	Sums     Sums
}

// Memory is counted in pages. A single number can be below 0.
type Memory struct{ File, Anon, Swap, Shmem int64 }

// Resident is how many pages of each kind but Swap there are.
func (m Memory) Resident() uint64 { return Pages(m.File) + Pages(m.Anon) + Pages(m.Shmem) }

// Pages returns a counter of pages as the kernel shows it: at least 0.
func Pages(n int64) uint64 { return uint64(max(n, 0)) }

// Process is a process as its first thread and signal_struct describe it.
type Process struct {
	Thread
	// LeaderVoluntarySwitches and LeaderInvoluntarySwitches are those of the
	// first thread.
	LeaderVoluntarySwitches, LeaderInvoluntarySwitches uint64
	// Start is in nanoseconds since boot, suspension included.
	Start uint64
	// ExecID changes with each execve.
	ExecID uint64
	// Cgroup is the ID in the unified hierarchy.
	Cgroup uint64
	// IOWait is of the first thread.
	IOWait uint64
	// ShownUserTime and ShownSystemTime are what the kernel showed somebody
	// last, and will not go below.
	ShownUserTime, ShownSystemTime uint64
	ChildUserTime, ChildSystemTime uint64
	// TotalVM, DataVM and StackVM are in pages, StartCode and EndCode
	// addresses. All are 0 without an address space.
	TotalVM, DataVM, StackVM, StartCode, EndCode uint64
	// FilesLimit is how many files the process can open (RLIMIT_NOFILE of
	// getrlimit(2), where that is [FilesResource]).
	FilesLimit uint64
	// Memory is what the process has where ExactMemory is set. Elsewhere it is what
	// the kernel shows in /proc/PID/stat: each CPU might hold a part of it back.
	Memory                           Memory
	PPID, Group, Session             int32
	Flags, Threads                   uint32
	CPU                              int32
	Nice                             int8
	RTPriority, Policy, ExitCode     uint32
	UID, EUID, SUID, GID, EGID, SGID uint32
	Files                            uint32
	// LiveState is the state of a thread that lives; see Live.
	LiveState State
	// OwnPID is the PID of the process in its own PID namespace, and
	// PIDNamespace the inode number of that.
	OwnPID       int32
	PIDNamespace uint32
	// Tracer is the process that traces this one, 0 where none does.
	Tracer int32
	// Torn says that a thread ended while the sums were taken, which may be
	// too high. Live says that a thread beside the first one lives. FilesKnown
	// and UserMemory say that Files was counted and that there is an address
	// space. ExactMemory says that Memory has what CPUs hold back, too. Alone says
	// that the process has other threads, which the pass has no records of, so
	// that Sums lack theirs.
	Torn, Live, FilesKnown, UserMemory, ExactMemory, Alone bool

	comm [16]byte
}

// Comm is the name: what precedes the first NUL. What follows may be anything.
func (p *Process) Comm() []byte { return decode.BeforeNUL(p.comm[:]) }

// decode reads the part that records of threads and processes have in common.
func (t *Thread) decode(c *decode.Cursor) {
	t.PID, t.TID = int32(c.Uint32()), int32(c.Uint32())
	t.State = State(c.Uint32())
	t.Sums.decode(c)
}

// Bits of the notes of a process.
const (
	noteTorn = 1 << iota
	noteLive
	noteFiles
	noteUserMemory
	noteExactMemory
	noteAlone
)

// decode reads what follows the size.
func (p *Process) decode(c *decode.Cursor) {
	p.Thread.decode(c)
	p.decodeLong(c)
	p.decodeShort(c)
	copy(p.comm[:], c.Bytes(len(p.comm)))
}

// decodeLong reads the numbers of 64 bits.
func (p *Process) decodeLong(c *decode.Cursor) {
	var n [20]uint64
	c.Uint64s(n[:])
	p.LeaderVoluntarySwitches, p.LeaderInvoluntarySwitches = n[0], n[1]
	p.Start, p.ExecID, p.Cgroup, p.IOWait = n[2], n[3], n[4], n[5]
	p.ShownUserTime, p.ShownSystemTime = n[6], n[7]
	p.ChildUserTime, p.ChildSystemTime = n[8], n[9]
	p.TotalVM, p.DataVM, p.StackVM = n[10], n[11], n[12]
	p.StartCode, p.EndCode = n[13], n[14]
	p.FilesLimit = n[15]
	p.Memory = Memory{int64(n[16]), int64(n[17]), int64(n[18]), int64(n[19])}
}

// decodeShort reads those of 32 bits.
func (p *Process) decodeShort(c *decode.Cursor) {
	var n [22]uint32
	c.Uint32s(n[:])
	p.PPID, p.Group, p.Session = int32(n[0]), int32(n[1]), int32(n[2])
	p.Flags, p.Threads, p.CPU = n[3], n[4], int32(n[5])
	p.Nice = int8(int32(n[6]) - defaultPriority)
	p.RTPriority, p.Policy, p.ExitCode = n[7], n[8], n[9]
	p.UID, p.EUID, p.SUID = n[10], n[11], n[12]
	p.GID, p.EGID, p.SGID = n[13], n[14], n[15]
	p.Files, p.LiveState = n[16], State(n[17])
	notes := n[18]
	p.Torn, p.Live = notes&noteTorn != 0, notes&noteLive != 0
	p.FilesKnown, p.UserMemory = notes&noteFiles != 0, notes&noteUserMemory != 0
	p.ExactMemory, p.Alone = notes&noteExactMemory != 0, notes&noteAlone != 0
	p.OwnPID, p.PIDNamespace, p.Tracer = int32(n[19]), n[20], int32(n[21])
}
