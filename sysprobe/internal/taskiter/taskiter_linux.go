// Package taskiter reads the process table through a BPF iterator over tasks
// (bpf(2), Linux 5.8): one read returns what some dozens of files of proc(5)
// have of every process.
//
// The program is bpf/taskiter.bpf.c; "make bpf" compiles it. Package taskrec
// decodes the records that it writes.
package taskiter

import (
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"sync"

	"github.com/cilium/ebpf"
	"github.com/cilium/ebpf/asm"
	"github.com/cilium/ebpf/features"
	"github.com/cilium/ebpf/link"
	"golang.org/x/sys/unix"

	"telegraf-sysprobe/sysprobe/internal/decode/taskrec"
)

// bufferSize is twice what the kernel returns at once, where pages have 4 KiB:
// larger buffers only cost cache.
const bufferSize = 64 << 10

// Wants says what a pass looks up beside what every record has; what is not
// looked up is 0. Each costs cache lines of a process, of which a pass is made.
type Wants struct {
	Status bool // the owner and swapped memory
	Memory bool // parts of VM and, exactly, of RSS; see taskrec.Process.ExactMemory
	IO     bool // the last seven of taskrec.Sums
	Files  bool // how many each process has open
}

// Iterator reads the process table. It is not safe for concurrent use, but
// several of them are.
type Iterator struct {
	program *program
	release func() error
}

// Open returns an Iterator with the best program that the kernel takes. It
// needs CAP_BPF and CAP_PERFMON, or CAP_SYS_ADMIN, and a kernel that describes
// itself in /sys/kernel/btf/vmlinux; or another Iterator of Open in this process,
// whose program it uses then. It returns an error that says in one line what
// went wrong with each program, and leaves nothing open then.
func Open() (*Iterator, error) {
	p, err := shared.join()
	if err != nil {
		return nil, err
	}
	return &Iterator{p, shared.leave}, nil
}

// OpenProgram loads the program of that name. It returns the error of the
// loader or of the kernel.
func OpenProgram(name string) (*Iterator, error) {
	p, err := open(name)
	if err != nil {
		return nil, err
	}
	return &Iterator{p, p.close}, nil
}

// Read makes one pass over all processes of the caller's PID namespace, and gives
// them to each in parts, which are only valid there: the whole of them need not
// fit into a cache. They come in the order of the PIDs, unless a thread that is
// not the first one executed a program: then a process can be there twice, of
// which the later one is right. Table is the memory that Read works in.
//
// It returns an error where the pass is not complete: what a read(2) of the
// iterator returns, and what answers to decode.ErrMalformed.
func (it *Iterator) Read(table *taskrec.Table, wants Wants, each func([]taskrec.Process)) error {
	return it.program.read(table, wants, each)
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
	collection *ebpf.Collection
	link       *link.Iter
	whole      bool // records of processes have the sums of their threads

	mu    sync.Mutex // guards what follows, and the variables of the program
	buf   []byte
	wants Wants
}

// open loads the first of the programs of these names that the kernel takes.
func open(names ...string) (*program, error) {
	l, err := newLoader()
	if err != nil {
		return nil, err
	}
	offsets, _ := l.cpuOffsets() //nolint:errcheck // without them records do not claim to be exact
	var failed error
	for _, name := range names {
		p, err := l.iterator(name, offsets)
		if err == nil {
			return p, nil
		}
		failed = reason(failed, err)
	}
	return nil, lockedDown(failed)
}

// lockedDown says what the verifier does not: that the kernel is locked down,
// which takes the function away that all programs read its memory with. Kernels
// that have iterators have that function otherwise.
func lockedDown(failed error) error {
	const kind = ebpf.RawTracepoint
	if features.HaveProgramType(kind) != nil || !errors.Is(features.HaveProgramHelper(kind, asm.FnProbeReadKernel), ebpf.ErrNotSupported) {
		return failed
	}
	return fmt.Errorf("load BPF program: kernel is locked down (lockdown=confidentiality), which keeps its memory from BPF: %w", errors.ErrUnsupported)
}

// reason adds err to what went wrong before, in one line. Where privileges are
// missing that is all there is to say: the loader guesses at memory limits then.
// What it knows of a kernel that lacks something answers to
// errors.ErrUnsupported.
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
func (l *loader) iterator(name string, offsets []uint64) (*program, error) {
	collection, err := l.load(name, func(spec *ebpf.CollectionSpec) error {
		var all [maxCPUs]uint64
		n := copy(all[:], offsets)
		return errors.Join(spec.Variables["cpus"].Set(uint32(n)), spec.Variables["cpu_offset"].Set(all))
	})
	if err != nil {
		return nil, err
	}
	attached, err := link.AttachIter(link.IterOptions{Program: collection.Programs[name]})
	if err != nil {
		collection.Close()
		return nil, fmt.Errorf("attach BPF program %s: %w", name, err)
	}
	return &program{collection: collection, link: attached, whole: name == SumInKernel, buf: make([]byte, bufferSize)}, nil
}

// read implements Iterator.Read.
func (p *program) read(table *taskrec.Table, wants Wants, each func([]taskrec.Process)) error {
	p.mu.Lock()
	defer p.mu.Unlock()
	table.Reset()
	if err := p.ask(wants); err != nil {
		return fmt.Errorf("say what is wanted: %w", err)
	}
	pass, err := p.link.Open()
	if err != nil {
		return err
	}
	defer pass.Close() //nolint:errcheck // nothing was written
	rest := 0          // of a record that the last read ended within
	// Not until the end of the file: who reads on gets what was started since.
	for !table.Ended() {
		n, err := pass.Read(p.buf[rest:])
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return err
		}
		read := p.buf[:rest+n]
		used, err := table.Add(read, binary.NativeEndian)
		if err != nil {
			return err
		}
		rest = copy(p.buf, read[used:])
		if p.whole {
			each(table.Take())
		}
	}
	if err := table.Finish(); err != nil {
		return err
	}
	each(table.Take())
	return nil
}

// ask sets the variables of the program.
func (p *program) ask(wants Wants) error {
	if wants == p.wants {
		return nil
	}
	variables := p.collection.Variables
	err := errors.Join(
		setFlag(variables["want_status"], wants.Status), setFlag(variables["want_memory"], wants.Memory),
		setFlag(variables["want_io"], wants.IO), setFlag(variables["want_files"], wants.Files))
	if err == nil {
		p.wants = wants
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

func (p *program) close() error {
	p.collection.Close()
	return p.link.Close()
}
