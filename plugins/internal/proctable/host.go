package proctable

import (
	"strings"

	"telegraf-sysprobe/sysprobe"
)

// Host implements Machine. It says once which facts are missing.
func (m *machine) Host() (sysprobe.Host, error) {
	host, err := sysprobe.ReadHost(m.config)
	if err == nil && m.log != nil {
		m.sayHost(&host)
	}
	return host, err
}

// sayHost says once which facts are missing and why, and that a limit is no limit of
// what there is.
func (m *machine) sayHost(host *sysprobe.Host) {
	if host.Missing != nil && m.once.First("host") {
		reasons := host.Missing.Error() // a line each
		m.log.Warnf("Fields of the memory and the limits of this machine are left out, as proc(5) hides their files (mount option subset=pid, "+
			"ProcSubset= of systemd) or lacks them: %s", strings.ReplaceAll(reasons, "\n", "; "))
	}
	if host.LimitedAbove && m.once.First("limited above") {
		m.log.Info("This program is in a PID namespace, and the limits of those above it cannot be read: how many processes there can be " +
			"is left out, unless a cgroup limits them")
	}
}
