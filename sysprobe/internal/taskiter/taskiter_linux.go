// Package taskiter reads the process table through a BPF iterator over tasks
// (bpf(2), Linux 5.8): one read returns what some dozens of files of proc(5)
// have of every process.
//
// The program is bpf/taskiter.bpf.c; "make bpf" compiles it. Package taskrec
// decodes the records that it writes.
package taskiter

import (
	"bytes"
	_ "embed" // the program
	"encoding/binary"
	"errors"
	"fmt"
	"io"

	"github.com/cilium/ebpf"
	"github.com/cilium/ebpf/link"
	"github.com/cilium/ebpf/rlimit"

	"telegraf-sysprobe/sysprobe/internal/decode/taskrec"
)

//go:embed taskiter.o
var object []byte

// The programs of the object.
const (
	// SumInKernel sums up the threads of each process; since Linux 6.7.
	SumInKernel = "processes"
	// SumHere writes a record for every thread; since Linux 5.8.
	SumHere = "threads"
)

// bufferSize is twice what the kernel returns at once, where pages have 4 KiB:
// larger buffers only cost cache.
const bufferSize = 64 << 10

// Iterator is a loaded program. It is not safe for concurrent use.
type Iterator struct {
	collection *ebpf.Collection
	link       *link.Iter
	buf        []byte
	wantFiles  bool
}

// Open loads the best program that the kernel takes. It needs CAP_BPF and
// CAP_PERFMON, or CAP_SYS_ADMIN, and a kernel that describes itself in
// /sys/kernel/btf/vmlinux. It returns an error that joins what went wrong with
// each program, and leaves nothing open then.
func Open() (*Iterator, error) {
	// Before Linux 5.11 maps count as locked memory. Without CAP_SYS_RESOURCE
	// the limit stays, but the one page of this object fits below it.
	rlimit.RemoveMemlock() //nolint:errcheck // see above
	it, inKernel := OpenProgram(SumInKernel)
	if inKernel == nil {
		return it, nil
	}
	it, here := OpenProgram(SumHere)
	if here == nil {
		return it, nil
	}
	return nil, errors.Join(inKernel, here)
}

// OpenProgram loads the program of that name. It returns the error of the
// loader or of the kernel.
func OpenProgram(name string) (*Iterator, error) {
	spec, err := ebpf.LoadCollectionSpecFromReader(bytes.NewReader(object))
	if err != nil {
		return nil, fmt.Errorf("read BPF object: %w", err)
	}
	// One program that the kernel does not take fails the whole collection.
	for other := range spec.Programs {
		if other != name {
			delete(spec.Programs, other)
		}
	}
	collection, err := ebpf.NewCollection(spec)
	if err != nil {
		return nil, fmt.Errorf("load BPF program %s: %w", name, err)
	}
	attached, err := link.AttachIter(link.IterOptions{Program: collection.Programs[name]})
	if err != nil {
		collection.Close()
		return nil, fmt.Errorf("attach BPF program %s: %w", name, err)
	}
	return &Iterator{collection: collection, link: attached, buf: make([]byte, bufferSize)}, nil
}

// Read fills table with one pass over all processes of the caller's PID
// namespace; files says to count what each has open. It returns an error where
// the pass is not complete: what a read(2) of the iterator returns, and what
// answers to decode.ErrMalformed.
func (it *Iterator) Read(table *taskrec.Table, files bool) error {
	table.Reset()
	if files != it.wantFiles {
		if err := it.countFiles(files); err != nil {
			return fmt.Errorf("ask for open files: %w", err)
		}
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

// countFiles sets the variable of the program.
func (it *Iterator) countFiles(files bool) error {
	var value uint32
	if files {
		value = 1
	}
	if err := it.collection.Variables["want_files"].Set(value); err != nil {
		return err
	}
	it.wantFiles = files
	return nil
}

// Close unloads the program. It returns the error of closing the link.
func (it *Iterator) Close() error {
	it.collection.Close()
	return it.link.Close()
}
