package taskiter

import (
	"context"

	"telegraf-sysprobe/sysprobe/internal/decode/taskrec"
)

// Sockets reads which processes have which sockets, by an iterator over open files
// (Linux 5.8). It is not safe for concurrent use, but several Sockets are.
type Sockets struct {
	passes  *passes
	release func() error
}

// OpenSockets loads the program. It needs what Open does and returns such errors.
func OpenSockets(ctx context.Context) (*Sockets, error) {
	p, err := sharedSockets.join(ctx)
	if err != nil {
		return nil, err
	}
	return &Sockets{p, sharedSockets.leave}, nil
}

// Read makes one pass over all open files of the processes of the caller's PID
// namespace, and fills table with the sockets. It misses those of a process of which
// a thread that is not the first one executes a program at that moment. It returns
// an error where the pass is not complete, as Iterator.Read does.
func (s *Sockets) Read(ctx context.Context, table *taskrec.SocketTable) error {
	table.Reset()
	nothing := func() error { return nil }
	return s.passes.pass(ctx, table, nothing, nothing)
}

// Close is Iterator.Close.
func (s *Sockets) Close() error { return s.release() }
