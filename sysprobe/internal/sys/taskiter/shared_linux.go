package taskiter

import (
	"context"

	"golang.org/x/sync/semaphore"
)

// shared and sharedDead are the programs of all Iterators that Open and OpenDead
// returned: to load one takes as long as to read 50,000 processes.
var (
	shared     = share(SumInKernel, SumHere) //nolint:gochecknoglobals // no result shows that it is there
	sharedDead = share(SumHere)              //nolint:gochecknoglobals // as above
)

// sharing keeps a program loaded as long as it has users.
type sharing struct {
	names   []string            // of programs, in the order of preference
	busy    *semaphore.Weighted // guards what follows
	users   int
	program *program
}

func share(names ...string) *sharing {
	return &sharing{names: names, busy: semaphore.NewWeighted(1)}
}

// open returns an Iterator of the program.
func (s *sharing) open(ctx context.Context) (*Iterator, error) {
	p, err := s.join(ctx)
	if err != nil {
		return nil, err
	}
	return &Iterator{p, s.leave}, nil
}

// join returns the program, which it loads for the first user.
func (s *sharing) join(ctx context.Context) (*program, error) {
	if err := s.busy.Acquire(ctx, 1); err != nil {
		return nil, err
	}
	defer s.busy.Release(1)
	if s.users == 0 {
		p, err := open(ctx, s.names...)
		if err != nil {
			return nil, err
		}
		s.program = p
	}
	s.users++
	return s.program, nil
}

// leave unloads the program after the last user. It returns the error of that.
func (s *sharing) leave() error {
	_ = s.busy.Acquire(context.Background(), 1) //nolint:errcheck // this context never ends
	defer s.busy.Release(1)
	s.users--
	if s.users > 0 {
		return nil
	}
	p := s.program
	s.program = nil
	return p.close()
}
