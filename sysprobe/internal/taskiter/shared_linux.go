package taskiter

import "sync"

// shared is the program of all that Open returned: to load it takes as long as
// to read 50,000 processes.
var shared sharing //nolint:gochecknoglobals // no result tells that it is there

// sharing has a program as long as somebody uses it.
type sharing struct {
	mu      sync.Mutex
	users   int
	program *program
}

// join returns the program, which it loads for the first user.
func (s *sharing) join() (*program, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.users == 0 {
		p, err := open(SumInKernel, SumHere)
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
	s.mu.Lock()
	defer s.mu.Unlock()
	s.users--
	if s.users > 0 {
		return nil
	}
	p := s.program
	s.program = nil
	return p.close()
}
