package procs

import (
	"slices"
	"strings"

	"telegraf-sysprobe/plugins/internal/proctable"
	"telegraf-sysprobe/sysprobe"
)

// programs asks what processes execute, once a gather for each, and keeps what
// is made of it until another gather gets another answer.
type programs struct {
	machine proctable.Machine
	account *account
	known   map[int32]*program // by PID
	gather  int                // counts gathers
}

// program is what a process executes.
type program struct {
	args, exe asked
	arguments []string
	line      string               // of arguments, joined by blanks
	text      sysprobe.Opt[string] // of arguments, without secrets
	path      sysprobe.ProcPath
}

// asked says in which gather something was asked for last, and whether it was
// told.
type asked struct {
	gather int
	told   bool
}

// begin starts a gather, and forgets whom the last one did not ask for.
func (s *programs) begin(machine proctable.Machine, account *account) {
	if s.known == nil {
		s.known = map[int32]*program{}
	}
	for pid, known := range s.known {
		if known.args.gather != s.gather && known.exe.gather != s.gather {
			delete(s.known, pid)
		}
	}
	s.machine, s.account = machine, account
	s.gather++
}

// of returns the program of p.
func (s *programs) of(p *sysprobe.Proc) *program {
	known := s.known[p.ID.PID]
	if known == nil {
		known = &program{}
		s.known[p.ID.PID] = known
	}
	return known
}

// cmdline returns the program of p, with its arguments; false where they cannot
// be had.
func (s *programs) cmdline(p *sysprobe.Proc) (*program, bool) {
	known := s.of(p)
	if known.args.gather == s.gather {
		return known, known.args.told
	}
	arguments, err := s.machine.Cmdline(p)
	s.account.missed(err)
	known.args = asked{s.gather, err == nil}
	if err == nil && (known.arguments == nil || !slices.Equal(known.arguments, arguments)) {
		known.arguments, known.line = arguments, strings.Join(arguments, " ")
		known.text = sysprobe.Opt[string]{}
	}
	return known, err == nil
}

// text returns the command line of p as c shows it; false where it cannot be
// had.
func (s *programs) text(p *sysprobe.Proc, c *proctable.Cmdlines) (string, bool) {
	known, ok := s.cmdline(p)
	if !ok {
		return "", false
	}
	if !known.text.Known() {
		known.text = sysprobe.Some(c.Text(known.arguments))
	}
	return known.text.Get()
}

// exe returns the file that p executes; false where it cannot be had, and where
// there is none.
func (s *programs) exe(p *sysprobe.Proc) (sysprobe.ProcPath, bool) {
	if p.KernelThread {
		return sysprobe.ProcPath{}, false
	}
	known := s.of(p)
	if known.exe.gather != s.gather {
		path, err := s.machine.Exe(p)
		s.account.missed(err)
		known.path, known.exe = path, asked{s.gather, err == nil}
	}
	return known.path, known.exe.told && known.path.Path != ""
}
