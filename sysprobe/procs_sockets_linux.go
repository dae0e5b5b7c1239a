package sysprobe

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"sync"
	"time"

	"telegraf-sysprobe/sysprobe/internal/decode/taskrec"
	"telegraf-sysprobe/sysprobe/internal/sys/nlconn"
	"telegraf-sysprobe/sysprobe/internal/sys/procdir"
	"telegraf-sysprobe/sysprobe/internal/sys/taskiter"
)

// socketSource finds the processes that have sockets by BPF. Calls take turns. The
// zero value loads nothing before that is worth it.
type socketSource struct {
	client *procsClient

	mu       sync.Mutex // guards what follows
	asked    bool
	tried    bool              // the iterator was loaded, or cannot be
	iterator *taskiter.Sockets // nil where it cannot be had
	err      error             // why
	table    taskrec.SocketTable
	offset   time.Duration // of the time since boot, in this time namespace
	closed   bool
}

// close unloads the iterator, after the call that has its turn.
func (s *socketSource) close() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.closed = true
	if s.iterator == nil {
		return nil
	}
	return s.iterator.Close()
}

// find calls add with each descriptor of a socket, by its inode number, that is
// wanted. It returns an error that is errFallback where the files of proc(5) have to be
// read.
func (s *socketSource) find(ctx context.Context, wanted func(inode uint64) bool, add func(inode uint64, id ProcID, fd int32)) error {
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
		err = s.read(ctx)
	}
	switch {
	case ctx.Err() != nil:
		return ctx.Err()
	case err != nil && (isExhausted(err) || s.client.requiresBPF()):
		return err
	case err != nil:
		return fallbackError{err}
	}
	for i := range s.table.Sockets {
		held := &s.table.Sockets[i]
		if wanted(held.Inode) {
			add(held.Inode, s.id(held), held.FD)
		}
	}
	return nil
}

// isWorthIt reports whether to use BPF. To load the program takes as long as to look
// into a thousand processes: a caller that asks once is answered sooner without.
func (s *socketSource) isWorthIt() bool {
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
func (s *socketSource) load(ctx context.Context) error {
	if s.tried {
		return s.err
	}
	err := s.open(ctx)
	if ctx.Err() == nil && !isExhausted(err) {
		s.tried, s.err = true, err
	}
	return err
}

func (s *socketSource) open(ctx context.Context) error {
	const op = "open descriptors through BPF"
	if root := s.client.path; filepath.Clean(root) != "/proc" {
		return opError(op, root, fmt.Errorf("only /proc is of the running kernel: %w", ErrNotSupported))
	}
	iterator, err := taskiter.OpenSockets(ctx)
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

// check looks for a socket of this process. Where proc(5) was mounted in another PID
// namespace, identities would not be those of the iterator.
func (s *socketSource) check(ctx context.Context) error {
	buf := new(procdir.Buffer)
	var err error
	if s.offset, err = s.client.bootOffset(buf); err != nil {
		return err
	}
	sock, err := nlconn.DialDiag("")
	if err != nil {
		return err
	}
	defer sock.Close() //nolint:errcheck // it was not used
	if err := s.read(ctx); err != nil {
		return err
	}
	own := int32(os.Getpid())
	st, err := s.client.root.Dir(own).Stat(buf)
	if err != nil {
		return err
	}
	at := slices.IndexFunc(s.table.Sockets, func(held taskrec.Socket) bool { return held.PID == own })
	if want := (ProcID{PID: own, Start: st.Start}); at < 0 || s.id(&s.table.Sockets[at]) != want {
		return fmt.Errorf("proc(5) is of another PID or time namespace: %w", ErrNotSupported)
	}
	return nil
}

// read reads all descriptors of sockets.
func (s *socketSource) read(ctx context.Context) error {
	return opError("read descriptors through BPF", "", s.iterator.Read(ctx, &s.table))
}

// id returns the identity of the process that has a descriptor.
func (s *socketSource) id(held *taskrec.Socket) ProcID {
	return identity(held.PID, time.Duration(held.Start)+s.offset)
}
