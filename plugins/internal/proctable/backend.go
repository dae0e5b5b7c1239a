package proctable

import (
	"github.com/influxdata/telegraf"

	"telegraf-sysprobe/plugins/internal/options"
	"telegraf-sysprobe/sysprobe"
)

// Backend returns the backend that the option of that name asks for. It
// returns an error that names the option and the value.
func Backend(option string) (sysprobe.Backend, error) {
	backends := []sysprobe.Backend{sysprobe.BackendAuto, sysprobe.BackendBPF, sysprobe.BackendProcFS}
	names := make([]string, len(backends))
	for i, b := range backends {
		if names[i] = b.String(); names[i] == option {
			return b, nil
		}
	}
	return sysprobe.BackendAuto, options.Words("backend", []string{option}, names)
}

// sayBackend says how the processes are read, and why not by BPF, once for each
// way.
func (m *machine) sayBackend() {
	used, why := m.Backend()
	if m.log == nil || !m.once.First(used.String()) {
		return
	}
	if why != nil {
		m.log.Infof("Reading processes through %s, which costs more CPU time: %s", used, why)
		return
	}
	m.log.Debugf("Reading processes through %s", used)
}

// Snapshot implements Machine.
func (m *machine) Snapshot(dst *sysprobe.ProcSnapshot, want sysprobe.Fields) error {
	err := m.Procs.Snapshot(dst, want)
	m.Begin(dst)
	m.sayBackend()
	return err
}

// Opener returns Open with the arguments.
func Opener(backend sysprobe.Backend, log telegraf.Logger) func() (Machine, error) {
	return func() (Machine, error) { return Open(backend, log) }
}
