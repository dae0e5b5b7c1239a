package sysprobetest

import (
	"strconv"
	"strings"
	"sync"
	"syscall"
)

// Sysctl replays recorded answers of sysctl(3). It is safe for concurrent use.
type Sysctl struct {
	// Answers are by name, as SysctlName writes it. A name without an answer
	// is an error: EINVAL, or the one of Errors.
	Answers map[string][]byte
	Errors  map[string]error
	// Record is the size of the records of which a buffer that is too small gets
	// whole ones only; 0 stands for 1.
	Record int

	mu    sync.Mutex
	names []string
}

// SysctlName writes a name as numbers separated by dots.
func SysctlName(mib ...int32) string {
	var b strings.Builder
	for i, n := range mib {
		if i > 0 {
			b.WriteByte('.')
		}
		b.WriteString(strconv.Itoa(int(n)))
	}
	return b.String()
}

// Call answers as the system call does.
func (s *Sysctl) Call(mib []int32, old []byte) (int, error) {
	name := SysctlName(mib...)
	s.mu.Lock()
	defer s.mu.Unlock()
	s.names = append(s.names, name)
	if err := s.Errors[name]; err != nil {
		return 0, err
	}
	answer, ok := s.Answers[name]
	switch {
	case !ok:
		return 0, syscall.EINVAL
	case len(old) == 0:
		return len(answer), nil
	case len(old) < len(answer):
		whole := len(old) - len(old)%max(s.Record, 1)
		return copy(old, answer[:whole]), syscall.ENOMEM
	default:
		return copy(old, answer), nil
	}
}

// Answer sets the answer of a name from now on.
func (s *Sysctl) Answer(name string, b []byte) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.Answers[name] = b
}

// Names are those that were asked for, in their order.
func (s *Sysctl) Names() []string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return append([]string(nil), s.names...)
}
