// Package procfixture plays a recorded machine to the process plugins.
package procfixture

import (
	"cmp"
	"errors"
	"slices"
	"strconv"
	"testing"

	"telegraf-sysprobe/plugins/internal/plugintest"
	"telegraf-sysprobe/plugins/internal/proctable"
	"telegraf-sysprobe/sysprobe"
)

// Answer is one input.json: what the machine answers during one gather.
type Answer struct {
	// Snapshot has all facts. A gather shows those it wants, a look-up the rest. A
	// row without a Name has its Comm as name.
	Snapshot sysprobe.AccountingSnapshot
	// Accounting says that Snapshot has the accounts of exited processes.
	Accounting bool
	// Quoted replaces the Comm and Name of a PID by text in Go's quoting, for
	// bytes that JSON cannot hold.
	Quoted map[int32]string
	// Gone, Reused, Broken and Undecodable are the PIDs that a look-up finds no
	// more, finds to be another process, cannot read, and cannot decode.
	Gone, Reused, Broken, Undecodable []int32
	// Details are the facts of processes that are opened, by PID. The facts of a
	// process without an entry are denied.
	Details map[int32]Details
	Host    sysprobe.Host
	// Origins says where processes belong, by the ID of the cgroup.
	Origins map[uint64]*sysprobe.Origin
	// HostError is the error of reading the host.
	HostError string
	Users     map[uint32]string
	// CgroupPIDs are the limits of the cgroups of processes, by PID.
	CgroupPIDs map[int32]sysprobe.PIDUse
	// Processors is the number of processors.
	Processors int
	// Exits are the exits since the gather before; ExitsError is the error of
	// reading them.
	Exits      sysprobe.ExitLog
	ExitsError string
}

// New returns the machine whose answers are the inputs of the case dir.
func New(t *testing.T, dir string) *Machine {
	m := &Machine{t: t, replay: plugintest.Replay[Answer](t, dir)}
	m.Exits.machine = m
	return m
}

// Machine is a recorded proctable.Machine.
type Machine struct {
	t      *testing.T
	replay func(*Answer) error
	now    Answer
	// Lookups counts the look-ups of each PID, Closed the calls of Close.
	Lookups map[int32]int
	Closed  int
	// Opened counts the opened processes with each PID that are not closed.
	Opened map[int32]int
	// Asked counts how often a fact was asked for: "cmdline 1" of process 1.
	Asked map[string]int
	// Exits is the source of exits.
	Exits Exits
}

// Exits is the source of exits of a Machine. Closed counts the calls of Close.
type Exits struct {
	machine *Machine
	Closed  int
}

// Read answers from the last snapshot.
func (e *Exits) Read(dst *sysprobe.ExitLog) error {
	if e.machine.now.ExitsError != "" {
		return errors.New(e.machine.now.ExitsError)
	}
	*dst = e.machine.now.Exits
	return nil
}

// Close counts.
func (e *Exits) Close() error { e.Closed++; return nil }

var _ proctable.Machine = (*Machine)(nil)

// Snapshot plays the next input.
func (m *Machine) Snapshot(dst *sysprobe.ProcSnapshot, want sysprobe.Fields) error {
	m.t.Helper()
	*dst = sysprobe.ProcSnapshot{}
	s, err := m.Account(want)
	if err == nil {
		*dst = s.ProcSnapshot
	}
	return err
}

// Account plays the next input.
func (m *Machine) Account(want sysprobe.Fields) (*sysprobe.AccountingSnapshot, error) {
	m.t.Helper()
	if err := m.replay(&m.now); err != nil {
		return nil, err
	}
	for i := range m.now.Snapshot.Procs {
		p := &m.now.Snapshot.Procs[i]
		if quoted, ok := m.now.Quoted[p.ID.PID]; ok {
			text, err := strconv.Unquote(`"` + quoted + `"`)
			if err != nil {
				m.t.Fatalf("Quoted %d: %v", p.ID.PID, err)
			}
			p.Comm, p.Name = text, text
		}
		if p.Name == "" {
			p.Name = p.Comm
		}
	}
	s := m.now.Snapshot
	s.Procs = slices.Clone(s.Procs)
	for i := range s.Procs {
		hide(&s.Procs[i], want)
	}
	if !m.now.Accounting {
		s.ExitedErr = sysprobe.ErrNotSupported
	}
	return &s, nil
}

// Lookup answers from the last snapshot.
func (m *Machine) Lookup(pid int32, want sysprobe.Fields) (sysprobe.Proc, error) {
	if m.Lookups == nil {
		m.Lookups = map[int32]int{}
	}
	m.Lookups[pid]++
	row := m.now.Snapshot.Find(pid)
	fail := func(err error) (sysprobe.Proc, error) {
		return sysprobe.Proc{}, &sysprobe.OpError{Op: "read process", Target: strconv.Itoa(int(pid)), Err: err}
	}
	switch {
	case row == nil, slices.Contains(m.now.Gone, pid):
		return fail(sysprobe.ErrNoSuchProcess)
	case slices.Contains(m.now.Broken, pid):
		return fail(errors.New("input/output error"))
	case slices.Contains(m.now.Undecodable, pid):
		return fail(sysprobe.ErrMalformed)
	}
	p := *row
	if slices.Contains(m.now.Reused, pid) {
		p.ID.Start += 1000
	}
	hide(&p, want)
	return p, nil
}

// Backend is that of the last snapshot.
func (m *Machine) Backend() sysprobe.BackendStatus {
	return sysprobe.BackendStatus{Used: cmp.Or(m.now.Snapshot.Backend, sysprobe.BackendProcFS)}
}

// OriginOf answers from the last snapshot.
func (m *Machine) OriginOf(cgroupID uint64) *sysprobe.Origin { return m.now.Origins[cgroupID] }

// Close counts.
func (m *Machine) Close() error { m.Closed++; return nil }

// Host answers from the last snapshot.
func (m *Machine) Host() (sysprobe.Host, error) {
	if m.now.HostError != "" {
		return sysprobe.Host{}, errors.New(m.now.HostError)
	}
	return m.now.Host, nil
}

// UserName answers from the last snapshot.
func (m *Machine) UserName(uid uint32) string {
	if name, ok := m.now.Users[uid]; ok {
		return name
	}
	return strconv.FormatUint(uint64(uid), 10)
}

// HasUser answers from the last snapshot.
func (m *Machine) HasUser(name string) bool {
	for _, known := range m.now.Users {
		if known == name {
			return true
		}
	}
	return false
}

// CgroupPIDs answers from the last snapshot.
func (m *Machine) CgroupPIDs(pid int32) sysprobe.Opt[sysprobe.PIDUse] {
	use, limited := m.now.CgroupPIDs[pid]
	if !limited {
		return sysprobe.Opt[sysprobe.PIDUse]{}
	}
	return sysprobe.Some(use)
}

// Processors answers from the last snapshot.
func (m *Machine) Processors() int { return m.now.Processors }

// hide removes the facts that are not wanted. How a zombie died can be seen only
// together with its owner, as by a user without privileges.
func hide(p *sysprobe.Proc, want sysprobe.Fields) {
	if want&sysprobe.WantName == 0 {
		p.Name = p.Comm
	}
	if st, known := p.Status.Get(); known && !p.Switches.Known() && st.VoluntarySwitches.Known() { // of its only thread
		p.Switches = sysprobe.Some(sysprobe.ProcSwitches{Voluntary: st.VoluntarySwitches.Or(0), Involuntary: st.InvoluntarySwitches.Or(0)})
	}
	if want&(sysprobe.WantStatus|sysprobe.WantSwitches) == 0 {
		p.Switches = sysprobe.Opt[sysprobe.ProcSwitches]{}
	}
	if want&sysprobe.WantStatus == 0 {
		p.Status, p.Exit = sysprobe.Opt[sysprobe.ProcStatus]{}, sysprobe.Opt[sysprobe.ExitStatus]{}
	}
	if want&sysprobe.WantMemory == 0 {
		p.Memory = sysprobe.Opt[sysprobe.ProcMemory]{}
	}
	if want&sysprobe.WantIO == 0 {
		p.IO = sysprobe.Opt[sysprobe.ProcIO]{}
	}
	if want&sysprobe.WantOrigin == 0 {
		p.Origin = nil
	}
	if want&sysprobe.WantFDs == 0 {
		p.FDs = sysprobe.Opt[uint32]{}
	}
	if want&sysprobe.WantFDLimit == 0 {
		p.FDLimit = sysprobe.Opt[uint64]{}
	}
}
