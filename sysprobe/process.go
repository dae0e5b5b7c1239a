package sysprobe

import "time"

// Process is one process, to ask about what the process table does not have.
// It stays with that process: once that is gone, every method says so, also
// where another process has its PID by then. It is safe for concurrent use.
//
// A method that cannot answer returns an error that says why, the state of the
// process being looked at before the errno: [ErrZombieProcess] where the
// process is dead and the kernel no longer has the fact, whoever asks;
// [ErrNoSuchProcess] where it is gone; [ErrAccessDenied] where the fact is for
// its owner or needs CAP_SYS_PTRACE; [ErrMalformed]; and [ErrNotSupported] where
// the kernel lacks it or, for what only a system call tells, Config.ProcRoot is
// not of the own PID namespace. Of a zombie whose first thread alone is dead
// the others are asked.
type Process struct {
	client *processClient
}

// OpenProcess opens a process. With an id.Start of 0 it is whoever has that
// PID. It needs no privilege. It returns an error that answers to
// [ErrNoSuchProcess] where there is no such process: none with that PID, a
// thread that is not a process, or another process than id says. It answers to
// fs.ErrInvalid where the PID is negative. The process is held by an open
// file until Close.
func (p *Procs) OpenProcess(id ProcID) (*Process, error) {
	client, err := p.client.openProcess(id)
	if err != nil {
		return nil, err
	}
	return &Process{client: client}, nil
}

// Close releases the process, to which nothing happens. Methods called
// afterwards return an error that answers to fs.ErrClosed, as does a second
// Close.
func (p *Process) Close() error { return p.client.close() }

// ID identifies the process.
func (p *Process) ID() ProcID { return p.client.id }

// State is the state of the process now; that of another thread where the
// first one is dead and others live. Everybody may see it.
func (p *Process) State() (State, error) { return p.client.state() }

// IsRunning reports whether the process still exists, be it as a zombie. It is
// false, too, after Close.
func (p *Process) IsRunning() bool { return p.client.isRunning() }

// Cmdline is the command line, or the title that the program wrote over it. It
// is split as psutil splits it: at blanks where it does not end in NUL, and
// where it is a single argument. It is empty of kernel threads. Everybody may
// see it. [ErrZombieProcess] of a zombie.
func (p *Process) Cmdline() ([]string, error) { return p.client.cmdline() }

// Exe is the file that the process executes; no path of a kernel thread. For
// its owner; [ErrZombieProcess] of a zombie.
func (p *Process) Exe() (ProcPath, error) { return p.client.exe() }

// Cwd is the working directory. For its owner; [ErrZombieProcess] of a zombie.
func (p *Process) Cwd() (ProcPath, error) { return p.client.cwd() }

// ProcPath is a file as the kernel names it: from the caller's root directory
// and in the caller's mount namespace, if it is there.
type ProcPath struct {
	// Path is without the " (deleted)" that the kernel appends.
	Path string
	// Deleted says that the name was removed; another file can have it by now.
	Deleted bool
}

// Environ is the environment with which the process was started, in its order.
// It is empty of kernel threads. For its owner; [ErrZombieProcess] of a zombie.
func (p *Process) Environ() ([]EnvVar, error) { return p.client.environ() }

// EnvVar is a variable of an environment.
type EnvVar struct {
	Name, Value string
}

// Limits are the resource limits, also those of a zombie. Everybody may see
// them.
func (p *Process) Limits() (Limits, error) { return p.client.limits() }

// Limits are resource limits by [Resource].
type Limits [resources]Limit

// Limit is a resource limit in the unit of the resource; absent means
// unlimited.
type Limit struct {
	// Soft is in force. The process may raise it to Hard.
	Soft, Hard Opt[uint64]
}

// Footprint is how much memory the process takes, counted page by page: the
// kernel walks its page tables, which takes the longer the more memory there is.
// It is 0 of kernel threads and zombies. For its owner.
func (p *Process) Footprint() (Footprint, error) { return p.client.footprint() }

// Footprint is memory in bytes.
type Footprint struct {
	// PSS is resident memory, of which each page counts as 1/n if n processes
	// share it.
	PSS uint64
	// USS is what the process shares with nobody: what would be free without it.
	USS uint64
	// Swap is swapped-out memory, shared or not.
	Swap uint64
}

// Threads are the threads by ID, also that of a zombie. Everybody may see them.
func (p *Process) Threads() ([]Thread, error) { return p.client.threads() }

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
// first thread, may run on, in order (sched_getaffinity(2)); also of a zombie.
// Everybody may see them.
func (p *Process) Affinity() ([]int, error) { return p.client.affinity() }

// IOPriority is the I/O priority of the process, to be exact its first thread
// (ioprio_get(2)); also of a zombie. Everybody may see it.
func (p *Process) IOPriority() (IOPriority, error) { return p.client.ioPriority() }

// IOPriority says when an I/O scheduler serves a process.
type IOPriority struct {
	Class IOPrioClass
	// Level is 0 (first) to 7, of the classes rt and be.
	Level uint8
}

// OpenFiles are the regular files that the process has open under a path that
// still exists, by descriptor, as psutil shows them; what else is open is only
// counted, in Proc.FDs. A zombie has none. For the owner.
func (p *Process) OpenFiles() ([]OpenFile, error) { return p.client.openFiles() }

// OpenFile is an open regular file.
type OpenFile struct {
	FD int32
	// Path is as that of [ProcPath].
	Path     string
	Position uint64
	// Mode is "r", "w", "r+", "a" or "a+", as fopen(3) has it, and empty where
	// the file can be neither read nor written (O_PATH, or access mode 3).
	Mode string
	// Flags are those of open(2), in the numbers of the architecture.
	Flags uint32
}

// MemoryMaps are the regions of memory by address. They are none of kernel
// threads; [ErrZombieProcess] of a zombie. Takes long: the kernel walks the page
// tables. For the owner.
func (p *Process) MemoryMaps() ([]MemoryRegion, error) { return p.client.memoryMaps() }

// MemoryRegion is a region of memory.
type MemoryRegion struct {
	// Start and End are addresses; End is the first one behind.
	Start, End uint64
	// Permissions are four letters: r, w, x and p for private or s for shared,
	// or - for what is not.
	Permissions string
	// Path is the file, of which the region begins at Offset; a name in
	// brackets; "[anon]" where the kernel has none. A newline in a path is
	// "\012", as the kernel writes it.
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
// each. A sum is known where one of its parts is.
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
		if sum.from.known {
			*sum.to = Some(sum.to.value + sum.from.value)
		}
	}
}
