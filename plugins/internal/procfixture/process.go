package procfixture

import (
	"errors"
	"fmt"
	"slices"
	"strconv"

	"telegraf-sysprobe/plugins/internal/proctable"
	"telegraf-sysprobe/sysprobe"
)

// Details are the facts of a process that is opened.
type Details struct {
	Cmdline     []string
	Exe, Cwd    sysprobe.ProcPath
	Environ     []sysprobe.EnvVar
	Limits      sysprobe.Limits
	Footprint   sysprobe.Footprint
	Threads     []sysprobe.Thread
	Affinity    []int
	IOPriority  sysprobe.IOPriority
	OpenFiles   []sysprobe.OpenFile
	Connections sysprobe.Connections
	MemoryMaps  []sysprobe.MemoryRegion
	// Errors are of the facts with that name: "denied", "zombie", "gone",
	// "malformed", "unsupported", or another text.
	Errors map[string]string
}

// OpenProcess implements proctable.Machine.
func (m *Machine) OpenProcess(id sysprobe.ProcID) (proctable.Process, error) {
	p, err := m.process(id)
	if err != nil {
		return nil, err
	}
	if m.Opened == nil {
		m.Opened = map[int32]int{}
	}
	m.Opened[id.PID]++
	return p, nil
}

// ConnectionsOf implements proctable.Machine. It counts itself as asked for the
// fact "connections".
func (m *Machine) ConnectionsOf(ids []sysprobe.ProcID) []sysprobe.ProcConnections {
	if m.Asked == nil {
		m.Asked = map[string]int{}
	}
	m.Asked["connections"]++
	answers := make([]sysprobe.ProcConnections, len(ids))
	for i, id := range ids {
		p, err := m.process(id)
		if err == nil {
			answers[i].Connections, err = fact(p, "connections", p.details.Connections)
		}
		answers[i].Err = err
	}
	return answers
}

// Cmdline implements proctable.Machine.
func (m *Machine) Cmdline(p *sysprobe.Proc) ([]string, error) {
	asked, err := m.process(p.ID)
	if err != nil {
		return nil, err
	}
	return fact(asked, "cmdline", asked.details.Cmdline)
}

// Exe implements proctable.Machine.
func (m *Machine) Exe(p *sysprobe.Proc) (sysprobe.ProcPath, error) {
	asked, err := m.process(p.ID)
	if err != nil {
		return sysprobe.ProcPath{}, err
	}
	return fact(asked, "exe", asked.details.Exe)
}

// process returns the process id of the last snapshot.
func (m *Machine) process(id sysprobe.ProcID) (*process, error) {
	row := m.now.Snapshot.Find(id.PID)
	if row == nil || row.ID != id || slices.Contains(m.now.Gone, id.PID) || slices.Contains(m.now.Reused, id.PID) {
		return nil, &sysprobe.OpError{Op: "open process", Target: strconv.Itoa(int(id.PID)), Err: sysprobe.ErrNoSuchProcess}
	}
	details, known := m.now.Details[id.PID]
	return &process{machine: m, pid: id.PID, details: details, known: known}, nil
}

// process is a process that can be asked.
type process struct {
	machine *Machine
	pid     int32
	details Details
	known   bool
}

// fact returns value, or the error of the fact with that name.
func fact[T any](p *process, name string, value T) (T, error) {
	if p.machine.Asked == nil {
		p.machine.Asked = map[string]int{}
	}
	p.machine.Asked[fmt.Sprintf("%s %d", name, p.pid)]++
	text, failed := p.details.Errors[name]
	if !p.known {
		text, failed = "denied", true
	}
	if !failed {
		return value, nil
	}
	err, known := map[string]error{
		"denied": sysprobe.ErrAccessDenied, "zombie": sysprobe.ErrZombieProcess, "gone": sysprobe.ErrNoSuchProcess,
		"malformed": sysprobe.ErrMalformed, "unsupported": sysprobe.ErrNotSupported,
	}[text]
	if !known {
		err = errors.New(text)
	}
	return *new(T), &sysprobe.OpError{Op: "read " + name, Target: strconv.Itoa(int(p.pid)), Err: err}
}

// OpenFiles implements proctable.Process.
func (p *process) OpenFiles() ([]sysprobe.OpenFile, error) {
	return fact(p, "open_files", p.details.OpenFiles)
}

// MemoryMaps implements proctable.Process.
func (p *process) MemoryMaps() ([]sysprobe.MemoryRegion, error) {
	return fact(p, "maps", p.details.MemoryMaps)
}

// Cwd implements proctable.Process.
func (p *process) Cwd() (sysprobe.ProcPath, error) { return fact(p, "cwd", p.details.Cwd) }

// Environ implements proctable.Process.
func (p *process) Environ() ([]sysprobe.EnvVar, error) { return fact(p, "environ", p.details.Environ) }

// Limits implements proctable.Process.
func (p *process) Limits() (sysprobe.Limits, error) { return fact(p, "limits", p.details.Limits) }

// Footprint implements proctable.Process.
func (p *process) Footprint() (sysprobe.Footprint, error) {
	return fact(p, "footprint", p.details.Footprint)
}

// Threads implements proctable.Process.
func (p *process) Threads() ([]sysprobe.Thread, error) { return fact(p, "threads", p.details.Threads) }

// Affinity implements proctable.Process.
func (p *process) Affinity() ([]int, error) { return fact(p, "affinity", p.details.Affinity) }

// IOPriority implements proctable.Process.
func (p *process) IOPriority() (sysprobe.IOPriority, error) {
	return fact(p, "ionice", p.details.IOPriority)
}

// Close implements proctable.Process.
func (p *process) Close() error { p.machine.Opened[p.pid]--; return nil }
