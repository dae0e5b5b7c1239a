// Package proctable is what the process plugins share: the machine they ask,
// the choice of processes by name and user, and the text of tags.
package proctable

import (
	"fmt"
	"time"

	"github.com/influxdata/telegraf"

	"telegraf-sysprobe/sysprobe"
)

// Machine is what the process plugins ask. Tests put a recorded one in its
// place.
type Machine interface {
	// Snapshot, Lookup, ConnectionsOf, Backend, OriginOf and Close are those of
	// sysprobe.Procs.
	Snapshot(dst *sysprobe.ProcSnapshot, want sysprobe.Fields) error
	Lookup(pid int32, want sysprobe.Fields) (sysprobe.Proc, error)
	ConnectionsOf(ids []sysprobe.ProcID) []sysprobe.ProcConnections
	Backend() (sysprobe.Backend, error)
	OriginOf(cgroupID uint64) *sysprobe.Origin
	Close() error
	// OpenProcess is that of sysprobe.Procs.
	OpenProcess(id sysprobe.ProcID) (Process, error)
	// Cmdline and Exe are those of sysprobe.DetailCache, for rows of the last
	// snapshot.
	Cmdline(p *sysprobe.Proc) ([]string, error)
	Exe(p *sysprobe.Proc) (sysprobe.ProcPath, error)
	// Host is sysprobe.ReadHost.
	Host() (sysprobe.Host, error)
	// UserName is that of sysprobe.Users.
	UserName(uid uint32) string
}

// Process is what a Machine opens: a sysprobe.Process.
type Process interface {
	Cwd() (sysprobe.ProcPath, error)
	Environ() ([]sysprobe.EnvVar, error)
	Limits() (sysprobe.Limits, error)
	Footprint() (sysprobe.Footprint, error)
	Threads() ([]sysprobe.Thread, error)
	Affinity() ([]int, error)
	IOPriority() (sysprobe.IOPriority, error)
	OpenFiles() ([]sysprobe.OpenFile, error)
	MemoryMaps() ([]sysprobe.MemoryRegion, error)
	Close() error
}

// Open returns the machine that HOST_PROC and HOST_ETC name, the own one where
// they are empty, asked through that backend. What it says goes to log, which
// can be nil. It returns the error of sysprobe.OpenProcs and says what to do.
func Open(backend sysprobe.Backend, log telegraf.Logger) (Machine, error) {
	config := sysprobe.ConfigFromEnv()
	config.Backend = backend
	procs, err := sysprobe.OpenProcs(config)
	if err != nil && backend == sysprobe.BackendBPF {
		return nil, fmt.Errorf("%w; grant CAP_BPF and CAP_PERFMON, leave HOST_PROC (now %q) unset, or set backend to \"auto\"", err, config.ProcRoot)
	}
	if err != nil {
		return nil, fmt.Errorf("%w; set HOST_PROC (now %q) to where the proc file system to watch is mounted, readable for this user",
			err, config.ProcRoot)
	}
	return &machine{
		Procs: procs, DetailCache: sysprobe.NewDetailCache(procs, maxDetails),
		config: config, users: sysprobe.OpenUsers(config), log: log,
	}, nil
}

// maxDetails is of how many processes it is kept what they execute.
const maxDetails = 100_000

// machine is the real one.
type machine struct {
	*sysprobe.Procs
	*sysprobe.DetailCache

	config *sysprobe.Config
	users  *sysprobe.Users
	log    telegraf.Logger
	once   Once
}

// Host implements Machine.
func (m *machine) Host() (sysprobe.Host, error) { return sysprobe.ReadHost(m.config) }

// OpenProcess implements Machine.
func (m *machine) OpenProcess(id sysprobe.ProcID) (Process, error) {
	process, err := m.Procs.OpenProcess(id)
	if err != nil {
		return nil, err
	}
	return process, nil
}

// UserName implements Machine.
func (m *machine) UserName(uid uint32) string { return m.users.Name(uid) }

// OpenEmpty returns a machine without any process.
func OpenEmpty() (Machine, error) { return empty{}, nil }

// empty is the process table of a system that has nothing to show.
type empty struct{}

// Snapshot implements Machine.
func (empty) Snapshot(dst *sysprobe.ProcSnapshot, _ sysprobe.Fields) error {
	*dst = sysprobe.ProcSnapshot{Taken: time.Now()}
	return nil
}

// Lookup implements Machine.
func (empty) Lookup(int32, sysprobe.Fields) (sysprobe.Proc, error) {
	return sysprobe.Proc{}, sysprobe.ErrNoSuchProcess
}

// ConnectionsOf implements Machine.
func (empty) ConnectionsOf(ids []sysprobe.ProcID) []sysprobe.ProcConnections {
	answers := make([]sysprobe.ProcConnections, len(ids))
	for i := range answers {
		answers[i].Err = sysprobe.ErrNoSuchProcess
	}
	return answers
}

// OpenProcess implements Machine.
func (empty) OpenProcess(sysprobe.ProcID) (Process, error) { return nil, sysprobe.ErrNoSuchProcess }

// Cmdline implements Machine.
func (empty) Cmdline(*sysprobe.Proc) ([]string, error) { return nil, sysprobe.ErrNoSuchProcess }

// Exe implements Machine.
func (empty) Exe(*sysprobe.Proc) (sysprobe.ProcPath, error) {
	return sysprobe.ProcPath{}, sysprobe.ErrNoSuchProcess
}

// Backend implements Machine.
func (empty) Backend() (sysprobe.Backend, error) { return sysprobe.BackendAuto, nil }

// OriginOf implements Machine.
func (empty) OriginOf(uint64) *sysprobe.Origin { return nil }

// Host implements Machine.
func (empty) Host() (sysprobe.Host, error) { return sysprobe.Host{}, nil }

// UserName implements Machine.
func (empty) UserName(uint32) string { return UnknownUser }

// Close implements Machine.
func (empty) Close() error { return nil }
