package sysprobe

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"sync"
	"time"

	"telegraf-sysprobe/sysprobe/internal/decode/taskrec"
	"telegraf-sysprobe/sysprobe/internal/sys/nlconn"
	"telegraf-sysprobe/sysprobe/internal/sys/procdir"
	"telegraf-sysprobe/sysprobe/internal/sys/taskiter"
)

// lateSource reads a table of all processes by a BPF iterator of its own, which it
// loads late: to load a program takes as long as to look into a thousand processes, so
// that a caller that asks once is answered sooner without. Calls take turns.
type lateSource[T any] struct {
	lateTable[T]

	client *procsClient

	mu       sync.Mutex // guards what follows
	asked    bool
	tried    bool            // the iterator was loaded, or cannot be
	iterator lateIterator[T] // nil where it cannot be had
	err      error           // why
	table    T
	offset   time.Duration // of the time since boot, in this time namespace
	closed   bool
}

// lateTable says what table that is.
type lateTable[T any] struct {
	what string
	open func(context.Context) (lateIterator[T], error)
	// appear does what makes a process appear in the table; nil where all do.
	appear func() (io.Closer, error)
	// startOf returns when a process in the table started, in nanoseconds.
	startOf func(table *T, pid int32) (start uint64, found bool)
}

// lateIterator is a BPF iterator that fills a table.
type lateIterator[T any] interface {
	Read(ctx context.Context, table *T) error
	Close() error
}

// descriptorTable is that of descriptors of sockets.
func descriptorTable() lateTable[taskrec.SocketTable] {
	return lateTable[taskrec.SocketTable]{
		what:   "descriptors",
		open:   func(ctx context.Context) (lateIterator[taskrec.SocketTable], error) { return taskiter.OpenSockets(ctx) },
		appear: func() (io.Closer, error) { return nlconn.DialDiag(nil) },
		startOf: func(table *taskrec.SocketTable, pid int32) (uint64, bool) {
			for i := range table.Sockets {
				if table.Sockets[i].PID == pid {
					return table.Sockets[i].Start, true
				}
			}
			return 0, false
		},
	}
}

// kinTable is that of processes and their parents.
func kinTable() lateTable[taskrec.KinTable] {
	return lateTable[taskrec.KinTable]{
		what: "families",
		open: func(ctx context.Context) (lateIterator[taskrec.KinTable], error) { return taskiter.OpenKin(ctx) },
		startOf: func(table *taskrec.KinTable, pid int32) (uint64, bool) {
			for i := range table.Kin {
				if table.Kin[i].PID == pid {
					return table.Kin[i].Start, true
				}
			}
			return 0, false
		},
	}
}

// close unloads the iterator, after the call that has its turn.
func (s *lateSource[T]) close() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.closed = true
	if s.iterator == nil {
		return nil
	}
	return s.iterator.Close()
}

// read calls use with the table. It returns an error that is errFallback where the
// files of proc(5) have to be read.
func (s *lateSource[T]) read(ctx context.Context, use func(*T)) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closed {
		return fs.ErrClosed
	}
	if !s.isWorthIt() {
		return errFallback
	}
	err := s.load(ctx)
	if err == nil {
		err = s.fill(ctx)
	}
	switch {
	case ctx.Err() != nil:
		return ctx.Err()
	case err != nil && (isExhausted(err) || s.client.requiresBPF()):
		return err
	case err != nil:
		return fallbackError{err}
	}
	use(&s.table)
	return nil
}

// isWorthIt reports whether to use BPF.
func (s *lateSource[T]) isWorthIt() bool {
	again := s.asked
	s.asked = true
	return s.client.requiresBPF() || s.client.prefersBPF() && again
}

// prefersBPF reports that the configuration leaves BPF the first choice.
func (c *procsClient) prefersBPF() bool { return c.sources[0].backend == BackendBPF }

// requiresBPF reports that there is no other choice.
func (c *procsClient) requiresBPF() bool { return c.prefersBPF() && len(c.sources) == 1 }

// load makes the iterator ready, once. A ctx that ends first, and a lack of
// descriptors, are no reason not to try again.
func (s *lateSource[T]) load(ctx context.Context) error {
	if s.tried {
		return s.err
	}
	err := s.begin(ctx)
	if ctx.Err() == nil && !isExhausted(err) {
		s.tried, s.err = true, err
	}
	return err
}

// begin is load without a memory.
func (s *lateSource[T]) begin(ctx context.Context) error {
	op := "open table of " + s.what + " through BPF"
	if root := s.client.path; filepath.Clean(root) != "/proc" {
		return opError(op, root, fmt.Errorf("only /proc is of the running kernel: %w", ErrNotSupported))
	}
	iterator, err := s.open(ctx)
	if err != nil {
		return opError(op, "", err)
	}
	s.iterator = iterator
	if err := s.check(ctx); err != nil {
		s.iterator = nil
		return opError(op, "", errors.Join(err, iterator.Close()))
	}
	return nil
}

// check looks for this process. Where proc(5) was mounted in another PID namespace,
// identities would not be those of the iterator.
func (s *lateSource[T]) check(ctx context.Context) error {
	buf := new(procdir.Buffer)
	var err error
	if s.offset, err = s.client.bootOffset(buf); err != nil {
		return err
	}
	if s.appear != nil {
		held, err := s.appear()
		if err != nil {
			return err
		}
		defer held.Close() //nolint:errcheck // it was not used
	}
	if err := s.fill(ctx); err != nil {
		return err
	}
	own := int32(os.Getpid())
	st, err := s.client.root.Dir(own).Stat(buf)
	if err != nil {
		return err
	}
	start, found := s.startOf(&s.table, own)
	if want := (ProcID{PID: own, Start: st.Start}); !found || s.id(own, start) != want {
		return fmt.Errorf("proc(5) is of another PID or time namespace: %w", ErrNotSupported)
	}
	return nil
}

// fill fills the table.
func (s *lateSource[T]) fill(ctx context.Context) error {
	return opError("read table of "+s.what+" through BPF", "", s.iterator.Read(ctx, &s.table))
}

// id returns the identity of a process that started at ns.
func (s *lateSource[T]) id(pid int32, ns uint64) ProcID {
	return identity(pid, time.Duration(ns)+s.offset)
}
