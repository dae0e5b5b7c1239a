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

// Wants says what a pass looks up beside what every record has.
type Wants struct {
	Files  bool // count what each process has open
	Memory bool // exactly; see taskrec.Process.ExactMemory
}

// Iterator is a loaded program. It is not safe for concurrent use.
type Iterator struct {
	collection *ebpf.Collection
	link       *link.Iter
	buf        []byte
	wants      Wants
}

// Open loads the best program that the kernel takes. It needs CAP_BPF and
// CAP_PERFMON, or CAP_SYS_ADMIN, and a kernel that describes itself in
// /sys/kernel/btf/vmlinux. It returns an error that says in one line what went
// wrong with each program, and leaves nothing open then.
func Open() (*Iterator, error) { return open(SumInKernel, SumHere) }

// OpenProgram loads the program of that name. It returns the error of the
// loader or of the kernel.
func OpenProgram(name string) (*Iterator, error) { return open(name) }

// open loads the first of programs that the kernel takes.
func open(programs ...string) (*Iterator, error) {
	l, err := newLoader()
	if err != nil {
		return nil, err
	}
	offsets, _ := l.cpuOffsets() //nolint:errcheck // without them records do not claim to be exact
	var failed error
	for _, name := range programs {
		it, err := l.iterator(name, offsets)
		if err == nil {
			return it, nil
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
func (l *loader) iterator(name string, offsets []uint64) (*Iterator, error) {
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
	return &Iterator{collection: collection, link: attached, buf: make([]byte, bufferSize)}, nil
}

// Read fills table with one pass over all processes of the caller's PID
// namespace. It returns an error where the pass is not complete: what a read(2)
// of the iterator returns, and what answers to decode.ErrMalformed.
func (it *Iterator) Read(table *taskrec.Table, wants Wants) error {
	table.Reset()
	if err := it.ask(wants); err != nil {
		return fmt.Errorf("ask for open files and memory: %w", err)
	}
	pass, err := it.link.Open()
	if err != nil {
		return err
	}
	defer pass.Close() //nolint:errcheck // nothing was written
	rest := 0          // of a record that the last read ended within
	// Not until the end of the file: who reads on gets what was started since.
	for !table.Ended() {
		n, err := pass.Read(it.buf[rest:])
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return err
		}
		read := it.buf[:rest+n]
		used, err := table.Add(read, binary.NativeEndian)
		if err != nil {
			return err
		}
		rest = copy(it.buf, read[used:])
	}
	return table.Finish()
}

// ask sets the variables of the program.
func (it *Iterator) ask(wants Wants) error {
	if wants == it.wants {
		return nil
	}
	variables := it.collection.Variables
	err := errors.Join(setFlag(variables["want_files"], wants.Files), setFlag(variables["want_memory"], wants.Memory))
	if err == nil {
		it.wants = wants
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

// Nested reports that the last pass was made in a PID namespace below that of
// the machine. It returns the error of reading a variable of the program.
func (it *Iterator) Nested() (bool, error) {
	var level uint32
	err := it.collection.Variables["level"].Get(&level)
	return level > 0, err
}

// Close unloads the program. It returns the error of closing the link.
func (it *Iterator) Close() error {
	it.collection.Close()
	return it.link.Close()
}
