package proctable

import (
	"github.com/influxdata/telegraf"

	"telegraf-sysprobe/plugins/internal/message"
	"telegraf-sysprobe/plugins/internal/options"
	"telegraf-sysprobe/sysprobe"
)

// Backend returns the backend that the option of that name asks for. It
// returns an error that names the option and the value.
func Backend(option string) (sysprobe.Backend, error) {
	backends := []sysprobe.Backend{sysprobe.BackendAuto, sysprobe.BackendBPF, sysprobe.BackendProcFS, sysprobe.BackendSysctl}
	names := make([]string, len(backends))
	for i, b := range backends {
		if names[i] = b.String(); names[i] == option {
			return b, nil
		}
	}
	return sysprobe.BackendAuto, options.Words("backend", []string{option}, names)
}

// Used returns how processes are read through m; the zero value where m is not open.
func Used(m Machine) sysprobe.BackendStatus {
	if m == nil {
		return sysprobe.BackendStatus{}
	}
	return m.Backend()
}

// sayBackend says how the processes are read, and why not by BPF, once for each
// way.
func (m *machine) sayBackend() {
	status := m.Backend()
	if m.log == nil || !m.once.First(status.Used.String()) {
		return
	}
	if status.Reason != nil {
		m.log.Infof("Reading processes through %s, which costs more CPU time: %s", status.Used, status.Reason)
		return
	}
	m.log.Debugf("Reading processes through %s", status.Used)
}

// Snapshot implements Machine.
func (m *machine) Snapshot(dst *sysprobe.ProcSnapshot, want sysprobe.Fields) error {
	err := m.Procs.Snapshot(m.life, dst, want)
	m.Begin(dst)
	m.sayBackend()
	return message.WithFilesRemedy(err)
}

// Account implements Machine.
func (m *machine) Account(want sysprobe.Fields) (*sysprobe.AccountingSnapshot, error) {
	ctx := m.life
	if m.accounting == nil && (m.accountingErr == nil || message.LacksFiles(m.accountingErr)) {
		m.accounting, m.accountingErr = m.OpenAccounting(ctx)
	}
	if m.accounting == nil {
		m.plain.ExitedErr = message.WithFilesRemedy(m.accountingErr)
		return &m.plain, m.Snapshot(&m.plain.ProcSnapshot, want)
	}
	s, err := m.accounting.Snapshot(ctx, want)
	if err != nil {
		return nil, message.WithFilesRemedy(err)
	}
	m.Begin(&s.ProcSnapshot)
	m.sayBackend()
	return s, nil
}

// Opener returns Open with the arguments.
func Opener(how sysprobe.Config, log telegraf.Logger) func() (Machine, error) {
	return func() (Machine, error) { return Open(how, log) }
}
