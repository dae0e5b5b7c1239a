package taskiter

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"io"

	"github.com/cilium/ebpf"
	"github.com/cilium/ebpf/link"
	"golang.org/x/sync/semaphore"
	"golang.org/x/sys/unix"
)

// bufferSize is twice what the kernel returns at once, where pages have 4 KiB:
// larger buffers only cost cache.
const bufferSize = 64 << 10

// maxFruitless is how many reads of a pass can meet a million threads or files each,
// none of which has a record: then the kernel ends a read with EAGAIN, and goes on
// from there in the next (bpf_seq_read in kernel/bpf/bpf_iter.c). It has at most 4
// million threads; of files, a machine with this many has a terabyte for them alone.
const maxFruitless = 4096

// passes are what makes passes by a program: one at a time.
type passes struct {
	collection *ebpf.Collection
	link       *link.Iter

	busy *semaphore.Weighted // the turn; it guards what follows
	buf  []byte
}

// records are what a pass reads.
type records interface {
	Add(b []byte, order binary.ByteOrder) (int, error)
	Ended() bool
	Finish() error
}

// attach attaches the program of a collection, which it closes where that fails.
func attach(collection *ebpf.Collection, program string) (passes, error) {
	attached, err := link.AttachIter(link.IterOptions{Program: collection.Programs[program]})
	if err != nil {
		collection.Close()
		return passes{}, fmt.Errorf("attach BPF program %s: %w", program, err)
	}
	return passes{collection: collection, link: attached, buf: make([]byte, bufferSize), busy: semaphore.NewWeighted(1)}, nil
}

// pass makes a pass in its turn, after prepare has set the variables of the program.
// It adds what each read returns to the records, which are empty, and then calls
// each. It returns what Iterator.Read does.
func (p *passes) pass(ctx context.Context, to records, prepare, each func() error) error {
	if err := p.busy.Acquire(ctx, 1); err != nil {
		return err
	}
	defer p.busy.Release(1)
	if err := prepare(); err != nil {
		return fmt.Errorf("set variables of BPF program: %w", err)
	}
	pass, err := p.link.Open()
	if err != nil {
		return err
	}
	defer pass.Close() //nolint:errcheck // nothing was written
	rest := 0          // of a record that the last read ended within
	fruitless := 0
	// Not until the end of the file: further reads would return what has begun since.
	for !to.Ended() {
		if err := ctx.Err(); err != nil {
			return err
		}
		n, err := pass.Read(p.buf[rest:])
		if errors.Is(err, unix.EAGAIN) && fruitless < maxFruitless {
			fruitless++
			continue
		}
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return err
		}
		read := p.buf[:rest+n]
		used, err := to.Add(read, binary.NativeEndian)
		if err != nil {
			return err
		}
		rest = copy(p.buf, read[used:])
		if err := each(); err != nil {
			return err
		}
	}
	return to.Finish()
}

// close unloads the program. It returns the error of closing the link.
func (p *passes) close() error {
	p.collection.Close()
	return p.link.Close()
}
