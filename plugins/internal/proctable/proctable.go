// Package proctable is what the process plugins share: the machine they ask,
// the choice of processes by name and user, and the text of tags.
package proctable

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/influxdata/telegraf"

	"telegraf-sysprobe/plugins/internal/message"
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
	// Account is the Snapshot of sysprobe.Accounting. Where that cannot be had,
	// the result has the process table and, as ExitedErr, the reason.
	Account(want sysprobe.Fields) (*sysprobe.AccountingSnapshot, error)
	Backend() sysprobe.BackendStatus
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
	// UserName and HasUser are those of sysprobe.UserNames.
	UserName(uid uint32) string
	HasUser(name string) bool
	// CgroupPIDs is sysprobe.ReadCgroupPIDs; absent where nothing limits a process.
	CgroupPIDs(pid int32) sysprobe.Opt[sysprobe.PIDUse]
	// Processors is the number of processors of the machine; 0 if it is unknown.
	Processors() int
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
// they are empty, asked as the Backend and OnlyDead of how say. What it says goes to
// log, which can be nil. It returns the error of sysprobe.OpenProcs or of Procs.Load,
// and says what to do.
func Open(how sysprobe.Config, log telegraf.Logger) (Machine, error) {
	config := sysprobe.ConfigFromEnv()
	config.Backend, config.OnlyDead = how.Backend, how.OnlyDead
	procs, err := sysprobe.OpenProcs(config)
	if err != nil {
		return nil, fmt.Errorf("%w; %s", err, openRemedy(err, config.ProcRoot))
	}
	if err := procs.Load(context.Background()); err != nil {
		procs.Close() //nolint:errcheck // another error is on its way
		return nil, fmt.Errorf("%w; %s", err, loadRemedy(err, config.ProcRoot))
	}
	m := &machine{
		Procs: procs, DetailCache: sysprobe.NewDetailCache(procs, maxDetails),
		config: config, users: sysprobe.OpenUserNames(config), log: log,
	}
	m.life, m.end = context.WithCancel(context.Background())
	return m, nil
}

// openRemedy says what helps against an error of sysprobe.OpenProcs.
func openRemedy(err error, root string) string {
	if remedy := message.FilesRemedy(err); remedy != "" {
		return remedy
	}
	return fmt.Sprintf("set HOST_PROC (now %q) to where the proc file system to watch is mounted, readable for this user", root)
}

// loadRemedy says what helps against an error of Procs.Load.
func loadRemedy(err error, root string) string {
	remedy := message.FilesRemedy(err)
	switch {
	case remedy != "":
		return remedy
	case errors.Is(err, sysprobe.ErrAccessDenied):
		return `grant CAP_BPF and CAP_PERFMON, or set backend to "auto"`
	case root != "":
		return fmt.Sprintf(`leave HOST_PROC (now %q) unset, or set backend to "auto"`, root)
	default:
		return `set backend to "auto"`
	}
}

// maxDetails limits how many processes the cache knows the command lines and
// executables of.
const maxDetails = 100_000

// machine is the real one.
type machine struct {
	*sysprobe.Procs
	*sysprobe.DetailCache

	config *sysprobe.Config
	users  *sysprobe.UserNames
	log    telegraf.Logger
	once   Once
	life   context.Context    // ends with Close
	end    context.CancelFunc // of life

	accounting    *sysprobe.Accounting // nil before the first Account, and where it cannot be had
	accountingErr error                // why it cannot be had
	plain         sysprobe.AccountingSnapshot
}

// Lookup implements Machine.
func (m *machine) Lookup(pid int32, want sysprobe.Fields) (sysprobe.Proc, error) {
	return m.Procs.Lookup(m.life, pid, want)
}

// Close implements Machine. It ends the calls that are under way.
func (m *machine) Close() error {
	m.end()
	var err error
	if m.accounting != nil {
		err = m.accounting.Close()
	}
	return errors.Join(err, m.Procs.Close())
}

// ConnectionsOf implements Machine.
func (m *machine) ConnectionsOf(ids []sysprobe.ProcID) []sysprobe.ProcConnections {
	return m.Procs.ConnectionsOf(m.life, ids)
}

// Cmdline implements Machine.
func (m *machine) Cmdline(p *sysprobe.Proc) ([]string, error) {
	return m.DetailCache.Cmdline(m.life, p)
}

// Exe implements Machine.
func (m *machine) Exe(p *sysprobe.Proc) (sysprobe.ProcPath, error) {
	return m.DetailCache.Exe(m.life, p)
}

// OpenProcess implements Machine.
func (m *machine) OpenProcess(id sysprobe.ProcID) (Process, error) {
	opened, err := m.Procs.OpenProcess(m.life, id)
	if err != nil {
		return nil, err
	}
	return &process{Process: opened, life: m.life}, nil
}

// UserName implements Machine.
func (m *machine) UserName(uid uint32) string { return m.users.Name(m.life, uid) }

// HasUser implements Machine.
func (m *machine) HasUser(name string) bool { return m.users.Has(m.life, name) }

// CgroupPIDs implements Machine.
func (m *machine) CgroupPIDs(pid int32) sysprobe.Opt[sysprobe.PIDUse] {
	use, _ := sysprobe.ReadCgroupPIDs(m.config, pid) //nolint:errcheck // it is absent then
	return use
}

// Processors implements Machine.
func (m *machine) Processors() int {
	cpus, err := sysprobe.ReadCPUs(m.config)
	if err != nil {
		return 0
	}
	return cpus.Logical.Or(0)
}

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
func (empty) Backend() sysprobe.BackendStatus { return sysprobe.BackendStatus{} }

// Account implements Machine.
func (empty) Account(sysprobe.Fields) (*sysprobe.AccountingSnapshot, error) {
	return &sysprobe.AccountingSnapshot{ProcSnapshot: sysprobe.ProcSnapshot{Taken: time.Now()}, ExitedErr: sysprobe.ErrNotSupported}, nil
}

// OriginOf implements Machine.
func (empty) OriginOf(uint64) *sysprobe.Origin { return nil }

// Host implements Machine.
func (empty) Host() (sysprobe.Host, error) { return sysprobe.Host{}, nil }

// UserName implements Machine.
func (empty) UserName(uint32) string { return UnknownUser }

// HasUser implements Machine.
func (empty) HasUser(string) bool { return false }

// CgroupPIDs implements Machine.
func (empty) CgroupPIDs(int32) sysprobe.Opt[sysprobe.PIDUse] {
	return sysprobe.Opt[sysprobe.PIDUse]{}
}

// Processors implements Machine.
func (empty) Processors() int { return 0 }

// Close implements Machine.
func (empty) Close() error { return nil }
