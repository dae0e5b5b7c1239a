package procs

import (
	"slices"
	"strings"

	"telegraf-sysprobe/plugins/internal/proctable"
	"telegraf-sysprobe/sysprobe"
)

// programs keeps, from one gather to the next, what is made of command lines:
// to join one and to hide its secrets costs more than to read it.
type programs struct {
	byPID  map[int32]*program
	gather int // counts gathers
}

// program is what a process executes.
type program struct {
	gather    int // the last one that asked
	arguments []string
	line      string               // of arguments, joined by blanks
	text      sysprobe.Opt[string] // of arguments, without secrets
	exe       sysprobe.ProcPath
}

// begin starts a gather. It forgets the programs that the gather before did not
// ask for.
func (s *programs) begin() {
	if s.byPID == nil {
		s.byPID = map[int32]*program{}
	}
	for pid, known := range s.byPID {
		if known.gather != s.gather {
			delete(s.byPID, pid)
		}
	}
	s.gather++
}

// of returns the program of the process pid.
func (s *programs) of(pid int32) *program {
	known := s.byPID[pid]
	if known == nil {
		known = &program{}
		s.byPID[pid] = known
	}
	known.gather = s.gather
	return known
}

// setArguments makes the texts of a command line anew if it is another one.
func (p *program) setArguments(arguments []string) {
	if p.arguments == nil || !slices.Equal(p.arguments, arguments) {
		p.arguments, p.line = arguments, strings.Join(arguments, " ")
		p.text = sysprobe.Opt[string]{}
	}
}

// shown is the command line as c shows it.
func (p *program) shown(c *proctable.Cmdlines) string {
	if !p.text.Known() {
		p.text = sysprobe.Some(c.Text(p.arguments))
	}
	return p.text.Or("")
}

// cmdline returns the program of the process, with its arguments; false where
// they cannot be read.
func (r *row) cmdline() (*program, bool) {
	if r.cmdlineRead == unread {
		arguments, err := r.gather.machine.Cmdline(r.Proc)
		r.gather.account.missed(err)
		r.cmdlineRead = done(err)
		if err == nil {
			r.ownProgram().setArguments(arguments)
		}
	}
	return r.program, r.cmdlineRead == readKnown
}

// exe returns the file that the process executes; false where it cannot be
// read, and where there is none.
func (r *row) exe() (sysprobe.ProcPath, bool) {
	if r.KernelThread {
		return sysprobe.ProcPath{}, false
	}
	if r.exeRead == unread {
		path, err := r.gather.machine.Exe(r.Proc)
		r.gather.account.missed(err)
		r.exeRead = done(err)
		r.ownProgram().exe = path
	}
	return r.program.exe, r.exeRead == readKnown && r.program.exe.Path != ""
}

// ownProgram returns the program of the process.
func (r *row) ownProgram() *program {
	if r.program == nil {
		r.program = r.gather.state.programs.of(r.ID.PID)
	}
	return r.program
}
