package taskiter

import (
	"bytes"
	"context"
	_ "embed" // the programs
	"encoding/binary"
	"errors"
	"fmt"

	"github.com/cilium/ebpf"
	"github.com/cilium/ebpf/btf"
	"github.com/cilium/ebpf/rlimit"
	"golang.org/x/sys/unix"
)

// The objects: of the programs that know most of a process, of that over files, and of
// that over families.
var (
	//go:embed taskiter.o
	object []byte
	//go:embed sockets.o
	socketsObject []byte
	//go:embed kin.o
	kinObject []byte
)

// The programs of the object.
const (
	// SumInKernel sums up the threads of each process; since Linux 6.7.
	SumInKernel = "processes"
	// SumHere writes a record for every thread, and can pass over processes; since
	// Linux 5.8.
	SumHere = "threads"

	cpuOffsetsProgram = "cpu_offsets"
)

// maxCPUs is MAX_CPUS of the program. On machines with more processors the
// sums over all would cost as much as reading a file.
const maxCPUs = 128

// loader loads parts of an object.
type loader struct {
	spec  *ebpf.CollectionSpec
	cache *btf.Cache // of the types of the kernel
}

// roomNeeded is how many descriptors can be open at once while a program is
// loaded.
const roomNeeded = 12

// haveRoom returns the errno with which the kernel refuses n more descriptors,
// or nil.
func haveRoom(n int) error {
	var fds []int
	defer func() {
		for _, fd := range fds {
			unix.Close(fd) //nolint:errcheck // nothing was written
		}
	}()
	for range n {
		fd, err := unix.Eventfd(0, unix.EFD_CLOEXEC)
		if err != nil {
			return err
		}
		fds = append(fds, fd)
	}
	return nil
}

// newLoader returns an error that wraps errors.ErrUnsupported on a machine for
// which the object was not compiled, and EMFILE or ENFILE where descriptors run
// out: package ebpf would take that for a feature which the kernel lacks, and not
// ask for it again.
func newLoader(object []byte) (*loader, error) {
	if err := checkOrder(binary.NativeEndian); err != nil {
		return nil, err
	}
	if err := haveRoom(roomNeeded); err != nil {
		return nil, fmt.Errorf("load BPF program: %w", err)
	}
	// Before Linux 5.11 maps count as locked memory. Without CAP_SYS_RESOURCE
	// the limit stays, but what the iterator needs fits below it.
	rlimit.RemoveMemlock() //nolint:errcheck // see above
	spec, err := ebpf.LoadCollectionSpecFromReader(bytes.NewReader(object))
	if err != nil {
		return nil, fmt.Errorf("read BPF object: %w", err)
	}
	return &loader{spec: spec, cache: btf.NewCache()}, nil
}

// checkOrder returns an error unless a machine of that byte order is one that the
// object was compiled for: .ci/bpf.sh has it made for bpfel.
func checkOrder(order binary.ByteOrder) error {
	if order.Uint16([]byte{1, 0}) == 1 {
		return nil
	}
	return fmt.Errorf("load BPF program, which is for little-endian machines: %w", errors.ErrUnsupported)
}

// load loads one program with the maps that it needs, after set has changed it:
// a map or program that the kernel rejects fails a whole collection. It returns
// the error of ctx where that has ended; a program that the kernel is verifying
// is not interrupted.
func (l *loader) load(ctx context.Context, program string, set func(*ebpf.CollectionSpec) error) (*ebpf.Collection, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	spec := l.spec.Copy()
	needed := map[string]bool{}
	for name, p := range spec.Programs {
		if name != program {
			delete(spec.Programs, name)
			continue
		}
		for i := range p.Instructions {
			needed[p.Instructions[i].Reference()] = true
		}
	}
	for name := range spec.Maps {
		if !needed[name] {
			delete(spec.Maps, name)
		}
	}
	for name, v := range spec.Variables {
		if spec.Maps[v.SectionName] == nil {
			delete(spec.Variables, name)
		}
	}
	if err := set(spec); err != nil {
		return nil, fmt.Errorf("prepare BPF program %s: %w", program, err)
	}
	collection, err := ebpf.NewCollectionWithOptions(spec, ebpf.CollectionOptions{Cache: l.cache})
	if err != nil {
		return nil, fmt.Errorf("load BPF program %s: %w", program, err)
	}
	return collection, nil
}

// cpuOffsets returns where the memory of each CPU lies, relative to a pointer
// to that of all. It returns an error where the kernel does not show that (before
// Linux 5.19) or has too many CPUs.
func (l *loader) cpuOffsets(ctx context.Context) ([]uint64, error) {
	collection, err := l.load(ctx, cpuOffsetsProgram, func(*ebpf.CollectionSpec) error { return nil })
	if err != nil {
		return nil, err
	}
	defer collection.Close()
	if _, err := collection.Programs[cpuOffsetsProgram].Run(&ebpf.RunOptions{}); err != nil {
		return nil, fmt.Errorf("run BPF program %s: %w", cpuOffsetsProgram, err)
	}
	var (
		found   uint32
		offsets [maxCPUs]uint64
	)
	if err := errors.Join(collection.Variables["found"].Get(&found), collection.Variables["found_offset"].Get(&offsets)); err != nil {
		return nil, err
	}
	if cpus, err := ebpf.PossibleCPU(); err != nil || cpus > int(found) {
		return nil, fmt.Errorf("%d of %d processors: %w", found, cpus, errors.Join(err, ebpf.ErrNotSupported))
	}
	return offsets[:found], nil
}
