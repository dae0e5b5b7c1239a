package sysprobe

import (
	"context"
	"os"
	"runtime"
	"strings"
	"time"
)

// Process is one process, for facts that the process table does not have. It
// stays with that process: once the process is gone, every method reports so, also
// if another process has its PID by then. It is safe for concurrent use.
//
// It stays open when the [Procs] that opened it is closed. Only what looks into
// the table then fails, with an error that wraps fs.ErrClosed: Children and
// Descendants, and Parent, where the process has one.
//
// Every method that reads takes a context, and returns the error of that as soon
// as it is done, even while the kernel does not answer: another process can hold
// the lock on the memory that Cmdline, Environ, Footprint and MemoryMaps read. The
// read itself ends when the kernel returns from it.
//
// A method that finds no answer returns an error that says why. The state of the
// process decides before the errno: the error wraps [ErrZombieProcess] if the
// process is dead and the kernel no longer has the fact, for any user;
// [ErrNoSuchProcess] if it is gone; [ErrAccessDenied] if the fact is for the owner
// of the process or needs CAP_SYS_PTRACE; [ErrMalformed]; and [ErrNotSupported] if
// the kernel lacks it or, for a fact that only a system call returns,
// Config.ProcRoot is not of the own PID namespace. Where the first thread of a
// process alone is dead, the facts are those of a thread that lives.
type Process struct {
	client *processClient
	table  *Procs // to be closed with the process; nil if the caller has it
	waits  processWaits
}

// OpenPID opens whichever process has the PID. It needs no privilege. It returns
// an error that wraps [ErrNoSuchProcess] if no process has it, also if a thread
// has, and one that wraps fs.ErrInvalid if it is negative. An open file keeps the
// process apart from later ones with its PID until Close.
func (p *Procs) OpenPID(ctx context.Context, pid int32) (*Process, error) {
	return newProcess(p.client.openPID(ctx, pid))
}

// OpenProcess opens the process with that identity, which a row of the process
// table has. It is as OpenPID, but returns an error that wraps [ErrNoSuchProcess]
// if another process has the PID.
func (p *Procs) OpenProcess(ctx context.Context, id ProcID) (*Process, error) {
	return newProcess(p.client.openProcess(ctx, id))
}

func newProcess(client *processClient, err error) (*Process, error) {
	if err != nil {
		return nil, err
	}
	return &Process{client: client}, nil
}

// Close releases the handle; the process is not affected. Methods called
// afterwards return an error that wraps fs.ErrClosed, as do a second Close and a Wait
// that is under way.
func (p *Process) Close() error {
	p.waits.end()
	if err := p.client.close(); err != nil || p.table == nil {
		return err
	}
	return p.table.Close()
}

// ID identifies the process.
func (p *Process) ID() ProcID { return p.client.id }

// State is the state of the process now; that of another thread if the first
// one is dead and others live. It needs no privilege.
func (p *Process) State(ctx context.Context) (State, error) { return p.client.state(ctx) }

// IsRunning reports whether the process still exists, if only as a zombie. It is
// false after Close and once ctx is done.
func (p *Process) IsRunning(ctx context.Context) bool { return p.client.isRunning(ctx) }

// Cmdline is the command line, or the title that the program wrote over it. It
// is split as psutil splits it: at blanks if it does not end in NUL, or if it is
// a single argument. It is empty for kernel threads, and [ErrZombieProcess] for a
// zombie. It needs no privilege.
func (p *Process) Cmdline(ctx context.Context) ([]string, error) { return p.client.cmdline(ctx) }

// Exe is the file that the process executes; no path for a kernel thread, and
// [ErrZombieProcess] for a zombie. It is for the owner of the process.
func (p *Process) Exe(ctx context.Context) (ProcPath, error) { return p.client.exe(ctx) }

// Cwd is the working directory; [ErrZombieProcess] for a zombie. It is for the
// owner of the process. On FreeBSD it is empty if the kernel has no path for it, and
// NetBSD has it since version 9.
func (p *Process) Cwd(ctx context.Context) (ProcPath, error) { return p.client.cwd(ctx) }

// ProcPath is a file as the kernel names it: from the caller's root directory
// and in the caller's mount namespace, if it is there.
type ProcPath struct {
	// Path is without the " (deleted)" that the kernel appends.
	Path string
	// Deleted says that the name was removed; another file can have it by now.
	Deleted bool
}

// Environ is the environment with which the process was started, in its order: each
// entry as it is, as os.Environ has those of this program, also an entry that is empty
// or has no name. Where the process wrote over the memory, it is what is there.
// [ParseEnviron] makes variables of the entries. It is empty for kernel threads, and
// [ErrZombieProcess] for a zombie. It is for the owner of the process.
func (p *Process) Environ(ctx context.Context) ([]string, error) { return p.client.environ(ctx) }

// EnvVar is a variable of an environment.
type EnvVar struct {
	Name, Value string
}

// ParseEnviron returns the variables among the entries of an environment, in their
// order, as psutil sees them: it leaves out entries without a name or "=", and ends at
// an empty one, behind which are remains where a program wrote its title over the
// environment. Of two variables with one name psutil keeps the last.
func ParseEnviron(entries []string) []EnvVar {
	variables := make([]EnvVar, 0, len(entries))
	for _, entry := range entries {
		if entry == "" {
			break
		}
		if name, value, ok := strings.Cut(entry, "="); ok && name != "" {
			variables = append(variables, EnvVar{Name: name, Value: value})
		}
	}
	return variables
}

// Limits are the resource limits, also those of a zombie, but for FreeBSD, where the
// kernel has none for it. It needs no privilege.
func (p *Process) Limits(ctx context.Context) (Limits, error) { return p.client.limits(ctx) }

// Limits are resource limits by [Resource].
type Limits [resources]Limit

// Limit is a resource limit in the unit of the resource; absent means
// unlimited, as is a resource that the system does not limit.
type Limit struct {
	// Soft is in force. The process can raise it to Hard.
	Soft, Hard Opt[uint64]
}

// Footprint is how much memory the process takes, counted page by page: the
// kernel walks its page tables, which takes the longer the more memory there is.
// It is 0 for kernel threads and zombies. It is for the owner of the process.
func (p *Process) Footprint(ctx context.Context) (Footprint, error) { return p.client.footprint(ctx) }

// Footprint is memory in bytes.
type Footprint struct {
	// PSS is resident memory, of which each page counts as 1/n if n processes
	// share it.
	PSS uint64
	// USS is memory that the process shares with no other: what would be free
	// without it.
	USS uint64
	// Swap is swapped-out memory, shared or not.
	Swap uint64
}

// Threads are the threads by ID, also those of a zombie. It needs no privilege.
func (p *Process) Threads(ctx context.Context) ([]Thread, error) { return p.client.threads(ctx) }

// Thread is a thread of a process. Times are multiples of 10 ms.
type Thread struct {
	TID int32
	// Name is any bytes, as Proc.Comm.
	Name  string
	State State
	// UserTime and SystemTime are CPU time.
	UserTime, SystemTime time.Duration
}

// Affinity are the numbers of the processors that the process, to be exact its
// first thread, may run on, in order (sched_getaffinity(2)); also of a zombie, except on
// FreeBSD, where they are those of all threads (cpuset_getaffinity(2)).
// It needs no privilege.
func (p *Process) Affinity(ctx context.Context) ([]int, error) { return p.client.affinity(ctx) }

// IOPriority is the I/O priority of the process, to be exact of its first thread
// (ioprio_get(2)); also of a zombie. It needs no privilege.
func (p *Process) IOPriority(ctx context.Context) (IOPriority, error) {
	return p.client.ioPriority(ctx)
}

// IOPriority says when an I/O scheduler serves a process.
type IOPriority struct {
	Class IOPrioClass
	// Level is 0 (first) to 7, in the classes rt and be.
	Level uint8
	// Hint is what Windows has instead of both (ProcessIoPriority).
	Hint Opt[IOHint] `json:",omitzero"`
}

// OpenFiles are the regular files that the process has open under a path that
// still exists, by descriptor, as psutil shows them; other open files are only
// counted, in Proc.FDs. A zombie has none. It is for the owner of the process.
func (p *Process) OpenFiles(ctx context.Context) ([]OpenFile, error) { return p.client.openFiles(ctx) }

// OpenFile is an open regular file.
type OpenFile struct {
	FD int32
	// Path is as that of [ProcPath].
	Path     string
	Position uint64
	// Mode is "r", "w", "r+", "a" or "a+", as fopen(3) and psutil have it, and
	// empty for a file that can be neither read nor written (O_PATH, or access
	// mode 3).
	Mode string
	// Flags are those of open(2): the constants syscall.O_* of a program for the
	// same architecture, O_LARGEFILE (0o100000 on most) included.
	Flags uint32
}

// MemoryMaps are the regions of memory by address. There are none for kernel
// threads; [ErrZombieProcess] for a zombie. It takes long: the kernel walks the
// page tables. It is for the owner of the process.
func (p *Process) MemoryMaps(ctx context.Context) ([]MemoryRegion, error) {
	return p.client.memoryMaps(ctx)
}

// Terminal is the path of the controlling terminal, also that of a zombie, and
// empty if there is none. It is a name in the /dev of the process. It needs no
// privilege, except on FreeBSD, which says it to the owner of the process. FreeBSD,
// NetBSD, OpenBSD and macOS do not say that of a zombie; where no name in /dev has the
// number of the device, the error wraps fs.ErrNotExist.
func (p *Process) Terminal(ctx context.Context) (string, error) { return p.client.terminal(ctx) }

// Parent identifies the parent, also that of a zombie. It is absent if the
// process has none, if this user must not see it, or if the process with that PID
// is younger and so cannot be it.
func (p *Process) Parent(ctx context.Context) (Opt[ProcID], error) { return p.client.parent(ctx) }

// Children identifies the children, zombies included, by PID. A process that is
// older than its alleged parent is left out. It reads the stat of every process, or on
// Linux where and when [Procs.Connections] uses BPF a table of all in the kernel, in a
// twentieth of the time: that can lack a process of which another thread than the first
// one executes a program meanwhile. If you have a [ProcSnapshot], its Children method
// is cheaper.
func (p *Process) Children(ctx context.Context) ([]ProcID, error) {
	return p.client.children(ctx, false)
}

// Descendants is Children with the children of the children, and so on: each
// once, even if the table has loops, generation by generation, so that each is behind
// its parent, also where PIDs have wrapped.
func (p *Process) Descendants(ctx context.Context) ([]ProcID, error) {
	return p.client.children(ctx, true)
}

// Signal sends a signal, or with syscall.Signal(0) only checks that this is
// possible. It never reaches another process that has the PID by now; only before
// Linux 5.1 there is a moment in which it could. A zombie takes any signal, to no
// effect. It does not wait. It needs the same user or CAP_KILL (kill(2)), and
// returns an error that wraps [ErrAccessDenied] without, and one that wraps
// [ErrNotSupported] if sig is no syscall.Signal, or on Windows none that ends a process.
// Elsewhere the error wraps fs.ErrInvalid and has the range if the system has no signal
// of that number, whatever became of the process.
func (p *Process) Signal(sig os.Signal) error {
	if err := p.argument(checkSignal(sig, runtime.GOOS, runtime.GOARCH)); err != nil {
		return pidError(opSignal, p.ID().PID, err)
	}
	return p.client.signal(sig)
}

// MemoryRegion is a region of memory.
type MemoryRegion struct {
	// Start and End are addresses; End is the first one behind.
	Start, End uint64
	// Permissions are four letters: r, w, x, each - if it is not permitted, and p
	// for private or s for shared. FreeBSD has p for what is copied when it is written
	// to, and does not say of the rest whether it is shared: -.
	Permissions string
	// Path is the file, at whose Offset the region begins; a name in brackets;
	// or "[anon]" if the kernel has none. A newline in a path is "\012", as the
	// kernel writes it.
	ProcPath
	Offset uint64
	Memory RegionMemory
}

// RegionMemory is how the memory of a region is used, in bytes
// (proc_pid_smaps(5)). A kernel may lack a line.
type RegionMemory struct {
	Size, RSS, PSS             Opt[uint64]
	SharedClean, SharedDirty   Opt[uint64]
	PrivateClean, PrivateDirty Opt[uint64]
	Referenced, Anonymous      Opt[uint64]
	Swap                       Opt[uint64]
}

// MappedFile is the memory of all regions with one path.
type MappedFile struct {
	Path    string
	Regions int
	Memory  RegionMemory
}

// GroupMemoryMaps adds up regions by path, in the order of the first region of
// each. A sum is known if one of its parts is.
func GroupMemoryMaps(regions []MemoryRegion) []MappedFile {
	var files []MappedFile
	index := make(map[string]int)
	for i := range regions {
		r := &regions[i]
		at, ok := index[r.Path]
		if !ok {
			at = len(files)
			index[r.Path] = at
			files = append(files, MappedFile{Path: r.Path})
		}
		files[at].Regions++
		files[at].Memory.add(&r.Memory)
	}
	return files
}

// add adds b to m.
func (m *RegionMemory) add(b *RegionMemory) {
	for _, sum := range [...]struct{ to, from *Opt[uint64] }{
		{&m.Size, &b.Size},
		{&m.RSS, &b.RSS},
		{&m.PSS, &b.PSS},
		{&m.SharedClean, &b.SharedClean},
		{&m.SharedDirty, &b.SharedDirty},
		{&m.PrivateClean, &b.PrivateClean},
		{&m.PrivateDirty, &b.PrivateDirty},
		{&m.Referenced, &b.Referenced},
		{&m.Anonymous, &b.Anonymous},
		{&m.Swap, &b.Swap},
	} {
		if more, known := sum.from.Get(); known {
			*sum.to = Some(sum.to.Or(0) + more)
		}
	}
}
