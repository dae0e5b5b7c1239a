package taskiter

import (
	"cmp"
	"context"

	"github.com/cilium/ebpf"
	"golang.org/x/sync/semaphore"
)

// shared, sharedDead, sharedSockets and sharedKin are the programs of all that Open,
// OpenDead, OpenSockets and OpenKin returned: to load one takes as long as to read 50,000 processes.
var (
	shared        = share(programs(SumInKernel, SumHere)) //nolint:gochecknoglobals // no result shows that it is there
	sharedDead    = share(programs(SumHere))              //nolint:gochecknoglobals // as above
	sharedSockets = share(only(socketsObject, "sockets")) //nolint:gochecknoglobals // as above
	sharedKin     = share(only(kinObject, "kin"))         //nolint:gochecknoglobals // as above
)

// sharing keeps a program loaded as long as it has users.
type sharing[P interface{ close() error }] struct {
	load    func(context.Context) (P, error)
	busy    *semaphore.Weighted // guards what follows
	users   int
	program P
}

func share[P interface{ close() error }](load func(context.Context) (P, error)) *sharing[P] {
	return &sharing[P]{load: load, busy: semaphore.NewWeighted(1)}
}

// only returns what loads the one program of an object.
func only(object []byte, program string) func(context.Context) (*passes, error) {
	return func(ctx context.Context) (*passes, error) {
		l, err := newLoader(object)
		if err != nil {
			return nil, err
		}
		collection, err := l.load(ctx, program, func(*ebpf.CollectionSpec) error { return nil })
		if err != nil {
			return nil, cmp.Or(ctx.Err(), lockedDown(reason(nil, err)))
		}
		p, err := attach(collection, program)
		return &p, err
	}
}

// programs returns what loads the first of the programs of these names that the
// kernel takes.
func programs(names ...string) func(context.Context) (*program, error) {
	return func(ctx context.Context) (*program, error) { return open(ctx, names...) }
}

// join returns the program, which it loads for the first user.
func (s *sharing[P]) join(ctx context.Context) (P, error) {
	var none P
	if err := s.busy.Acquire(ctx, 1); err != nil {
		return none, err
	}
	defer s.busy.Release(1)
	if s.users == 0 {
		p, err := s.load(ctx)
		if err != nil {
			return none, err
		}
		s.program = p
	}
	s.users++
	return s.program, nil
}

// leave unloads the program after the last user. It returns the error of that.
func (s *sharing[P]) leave() error {
	_ = s.busy.Acquire(context.Background(), 1) //nolint:errcheck // this context never ends
	defer s.busy.Release(1)
	s.users--
	if s.users > 0 {
		return nil
	}
	var none P
	p := s.program
	s.program = none
	return p.close()
}
