package taskiter

import (
	"context"
	"errors"
	"fmt"

	"github.com/cilium/ebpf"
	"github.com/cilium/ebpf/asm"
	"github.com/cilium/ebpf/features"
	"golang.org/x/sys/unix"

	"telegraf-sysprobe/sysprobe/internal/decode/taskrec"
)

// Wants says what a pass looks up in addition to what every record has. Fields
// that are not wanted are 0. Each costs cache misses for every process, which
// dominate a pass.
type Wants struct {
	Status bool // the owner
	Memory bool // parts of VM
	IO     bool // the last seven of taskrec.Sums
	Files  bool // the number of open files
	Limits bool // taskrec.Process.FilesLimit

	// Kept is for an Iterator of OpenDead; nil means all processes.
	Kept *Kept
}

// Kept are processes that a pass by an Iterator of OpenDead shows although they
// live. It shows some others too, as it is told the rest of their PIDs alone.
type Kept [1 << 13]byte

// Add adds the process with that PID.
func (k *Kept) Add(pid int32) {
	rest := uint32(pid) % (8 * uint32(len(k)))
	k[rest/8] |= 1 << (rest % 8)
}

// Iterator reads the process table. It is not safe for concurrent use, but
// several Iterators are.
type Iterator struct {
	program *program
	release func() error
}

// Open returns an Iterator with the best program that the kernel takes. It
// needs CAP_BPF and CAP_PERFMON, or CAP_SYS_ADMIN, and a kernel that describes
// itself in /sys/kernel/btf/vmlinux; or another Iterator of Open in this process,
// whose program it then uses. It returns an error that says in one line what
// went wrong with each program, or the error of ctx where that ends first, and
// leaves nothing open then.
func Open(ctx context.Context) (*Iterator, error) { return newIterator(ctx, shared) }

// OpenDead is Open, with a program that can pass over processes that live, unless
// they are of Wants.Kept or the parent of a dead one: a zombie, or a process whose
// first thread is dead. A parent that is not of Kept has a record for each dead child.
func OpenDead(ctx context.Context) (*Iterator, error) { return newIterator(ctx, sharedDead) }

// newIterator returns an Iterator of a program that others use too.
func newIterator(ctx context.Context, from *sharing[*program]) (*Iterator, error) {
	p, err := from.join(ctx)
	if err != nil {
		return nil, err
	}
	return &Iterator{p, from.leave}, nil
}

// OpenProgram loads the program of that name. It returns the error of the
// loader, of the kernel or of ctx.
func OpenProgram(ctx context.Context, name string) (*Iterator, error) {
	p, err := open(ctx, name)
	if err != nil {
		return nil, err
	}
	return &Iterator{p, p.close}, nil
}

// Read makes one pass over all processes of the caller's PID namespace, and
// calls each with their records, in parts that are valid until each returns: all
// of them need not fit into a cache. They come in the order of the PIDs, unless a
// thread that is not the first one executed a program: then a process can be
// there twice, and the later record is right. Table is the memory that Read works
// in.
//
// It returns an error where the pass is not complete: that of each, of ctx, which
// it looks at between two reads, of a read(2) of the iterator, or one that wraps
// decode.ErrMalformed.
func (it *Iterator) Read(ctx context.Context, table *taskrec.Table, wants Wants, each func([]taskrec.Process) error) error {
	return it.program.read(ctx, table, wants, each)
}

// Nested reports that the last pass was made in a PID namespace below that of
// the machine. It returns the error of reading a variable of the program.
func (it *Iterator) Nested() (bool, error) {
	var level uint32
	err := it.program.collection.Variables["level"].Get(&level)
	return level > 0, err
}

// Close unloads the program after the last Iterator that uses it. It returns
// the error of closing the link, and must be called once.
func (it *Iterator) Close() error { return it.release() }

// program is a loaded program.
type program struct {
	passes
	whole bool // records of processes have the sums of their threads

	// The variables of the program, which its turn guards too.
	wants Wants // but for Kept
	kept  Kept
}

// open loads the first of the programs of these names that the kernel takes.
func open(ctx context.Context, names ...string) (*program, error) {
	l, err := newLoader(object)
	if err != nil {
		return nil, err
	}
	offsets, _ := l.cpuOffsets(ctx) //nolint:errcheck // without them records do not claim to be exact
	var failed error
	for _, name := range names {
		p, err := l.iterator(ctx, name, offsets)
		if err == nil {
			return p, nil
		}
		if ctx.Err() != nil {
			return nil, ctx.Err()
		}
		failed = reason(failed, err)
	}
	return nil, lockedDown(failed)
}

// lockedDown replaces the error of the verifier where the kernel is locked down:
// lockdown removes the function with which all programs read kernel memory.
// Every other kernel with iterators has that function.
func lockedDown(failed error) error {
	const kind = ebpf.RawTracepoint
	if features.HaveProgramType(kind) != nil || !errors.Is(features.HaveProgramHelper(kind, asm.FnProbeReadKernel), ebpf.ErrNotSupported) {
		return failed
	}
	return fmt.Errorf("load BPF program: kernel is locked down (lockdown=confidentiality), which keeps its memory from BPF: %w", errors.ErrUnsupported)
}

// reason adds err to the error of the program before, in one line. Where
// privileges are missing it says no more than that, because the loader then
// guesses at memory limits. An ebpf.ErrNotSupported becomes an
// errors.ErrUnsupported too.
func reason(before, err error) error {
	switch {
	case errors.Is(err, unix.EPERM):
		return fmt.Errorf("load BPF program, which takes CAP_BPF and CAP_PERFMON: %w", unix.EPERM)
	case errors.Is(err, ebpf.ErrNotSupported):
		err = unsupportedError{err}
	}
	if before == nil {
		return err
	}
	return fmt.Errorf("%w; %w", before, err)
}

// unsupportedError is an error that is errors.ErrUnsupported.
type unsupportedError struct{ error }

// Is implements errors.Is.
func (unsupportedError) Is(target error) bool { return target == errors.ErrUnsupported }

// Unwrap returns the cause.
func (e unsupportedError) Unwrap() error { return e.error }

// iterator loads and attaches one program.
func (l *loader) iterator(ctx context.Context, name string, offsets []uint64) (*program, error) {
	collection, err := l.load(ctx, name, func(spec *ebpf.CollectionSpec) error {
		var all [maxCPUs]uint64
		n := copy(all[:], offsets)
		return errors.Join(spec.Variables["cpus"].Set(uint32(n)), spec.Variables["cpu_offset"].Set(all))
	})
	if err != nil {
		return nil, err
	}
	attached, err := attach(collection, name)
	if err != nil {
		return nil, err
	}
	return &program{passes: attached, whole: name == SumInKernel}, nil
}

// read implements Iterator.Read.
func (p *program) read(ctx context.Context, table *taskrec.Table, wants Wants, each func([]taskrec.Process) error) error {
	table.Reset()
	err := p.pass(ctx, table, func() error { return p.want(wants) }, func() error {
		if !p.whole {
			return nil
		}
		return each(table.Take())
	})
	if err != nil {
		return err
	}
	return each(table.Take())
}

// want sets the variables of the program.
func (p *program) want(wants Wants) error {
	if err := p.keep(wants.Kept); err != nil {
		return err
	}
	if wants.Kept = nil; wants == p.wants {
		return nil
	}
	variables := p.collection.Variables
	err := errors.Join(
		setFlag(variables["want_status"], wants.Status), setFlag(variables["want_memory"], wants.Memory),
		setFlag(variables["want_io"], wants.IO), setFlag(variables["want_files"], wants.Files),
		setFlag(variables["want_limits"], wants.Limits))
	if err == nil {
		p.wants = wants
	}
	return err
}

// keep sets the processes that the program shows although they live, if it passes
// over any.
func (p *program) keep(kept *Kept) error {
	if p.whole {
		return nil
	}
	var want Kept
	if kept != nil {
		want = *kept
	} else {
		for i := range want {
			want[i] = 0xff
		}
	}
	before := p.kept
	if want == before {
		return nil
	}
	p.kept = want
	err := p.collection.Variables["kept"].Set(p.kept[:])
	if err != nil {
		p.kept = before
	}
	return err
}

func setFlag(v *ebpf.Variable, flag bool) error {
	var value uint32
	if flag {
		value = 1
	}
	return v.Set(value)
}
