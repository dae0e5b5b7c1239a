package procs

import (
	"slices"
	"strings"

	"telegraf-sysprobe/plugins/internal/proctable"
	"telegraf-sysprobe/sysprobe"
)

// programs remembers command lines and executables for as long as a process
// executes the same program, as far as the sweep tells: without that they are
// read again in each gather.
type programs struct {
	machine proctable.Machine
	account *account
	known   map[int32]*program // by PID
	gather  int                // counts gathers
}

// program is what a process executes. Nil is what was not asked for yet.
type program struct {
	id   sysprobe.ProcID
	task sysprobe.Opt[uint64] // exec ID
	used int                  // the last gather that asked

	args []string
	line *string // of args
	text *string // of args, without secrets
	exe  *sysprobe.ProcPath

	// before is what was known of the same PID in the gather before.
	before *program
}

// begin starts a gather, and forgets what the last one did not ask for.
func (s *programs) begin(machine proctable.Machine, account *account) {
	if s.known == nil {
		s.known = map[int32]*program{}
	}
	for pid, known := range s.known {
		if known.used != s.gather {
			delete(s.known, pid)
		}
	}
	s.machine, s.account = machine, account
	s.gather++
}

// of returns the program of p.
func (s *programs) of(p *sysprobe.Proc) *program {
	var execID sysprobe.Opt[uint64]
	if task, known := p.Task.Get(); known {
		execID = sysprobe.Some(task.ExecID)
	}
	known := s.known[p.ID.PID]
	if known == nil || known.id != p.ID || known.used != s.gather && (!execID.Known() || execID != known.task) {
		if known != nil {
			known.before = nil
		}
		known = &program{id: p.ID, task: execID, before: known}
		s.known[p.ID.PID] = known
	}
	known.used = s.gather
	return known
}

// cmdline returns the arguments of p, and these joined by blanks; false where
// they cannot be had.
func (s *programs) cmdline(p *sysprobe.Proc) ([]string, string, bool) {
	known := s.of(p)
	if known.line == nil {
		args, err := ask(s.machine, p.ID, proctable.Process.Cmdline)
		if err != nil {
			s.account.missed(err)
			return nil, "", false
		}
		line := strings.Join(args, " ")
		known.args, known.line = args, &line
	}
	return known.args, *known.line, true
}

// text returns the command line of p as c shows it; false where it cannot be
// had. It is looked for secrets once, unless it changes.
func (s *programs) text(p *sysprobe.Proc, c *cmdlines) (string, bool) {
	args, _, ok := s.cmdline(p)
	if !ok {
		return "", false
	}
	known := s.of(p)
	if before := known.before; known.text == nil && before != nil && before.text != nil && slices.Equal(before.args, args) {
		known.text = before.text
	}
	if known.text == nil {
		text := c.text(args)
		known.text = &text
	}
	return *known.text, true
}

// exe returns the file that p executes; false where it cannot be had, and where
// there is none.
func (s *programs) exe(p *sysprobe.Proc) (sysprobe.ProcPath, bool) {
	if p.KernelThread {
		return sysprobe.ProcPath{}, false
	}
	known := s.of(p)
	if known.exe == nil {
		exe, err := ask(s.machine, p.ID, proctable.Process.Exe)
		if err != nil {
			s.account.missed(err)
			return sysprobe.ProcPath{}, false
		}
		known.exe = &exe
	}
	return *known.exe, known.exe.Path != ""
}

// ask opens the process id for one question. It returns the error of opening
// it, or that of the question.
func ask[T any](machine proctable.Machine, id sysprobe.ProcID, question func(proctable.Process) (T, error)) (T, error) {
	process, err := machine.OpenProcess(id)
	if err != nil {
		return *new(T), err
	}
	defer process.Close() //nolint:errcheck // it was only read
	return question(process)
}
