// Package doctor says what this program sees of this machine as this user, what
// each thing that is missing costs, and how it is granted: as rows for people and
// for other programs, and as a metric.
package doctor

import (
	"context"
	"errors"
	"os"
	"runtime"
	"slices"
	"time"

	"telegraf-sysprobe/sysprobe"
)

// Facts are what the rows are made of.
type Facts struct {
	Version string
	System  string // GOOS
	UID     int    // -1 on Windows

	Sandbox    sysprobe.Sandbox
	SandboxErr error // why there is no Sandbox

	Privileges sysprobe.Privileges // that the file of the program grants, and something withholds

	Backend    sysprobe.BackendStatus
	BackendErr error // why no process can be read

	HidesInit bool  // process 1 is not to be seen
	Ethtool   error // of ethtool netlink
	Links     error // of reading links at all
	Exits     error // of the source of exits
	NetNS     error // of entering other network namespaces

	Config string // which configuration
	Inputs []Input
	Broken []string // what is wrong with the configuration
}

// Input is what one gather of an input took.
type Input struct {
	Name   string
	Series int
	Took   time.Duration
	Err    error
}

// Examine asks for all facts but those of the configuration. The end of ctx ends
// what waits.
func Examine(ctx context.Context, version string) *Facts {
	f := &Facts{Version: version, System: runtime.GOOS, UID: os.Geteuid()}
	c := sysprobe.ConfigFromEnv()
	f.Sandbox, f.SandboxErr = sysprobe.ReadSandbox(c)
	f.examineProcesses(ctx, c)
	f.Ethtool, f.Links = examineLinks(ctx, c)
	f.Exits = examineExits(c)
	f.NetNS = sysprobe.MayEnterNetNS()
	return f
}

func (f *Facts) examineProcesses(ctx context.Context, c *sysprobe.Config) {
	procs, err := sysprobe.OpenProcs(c)
	if err != nil {
		f.BackendErr = err
		return
	}
	defer procs.Close() //nolint:errcheck // it was only read
	f.BackendErr = procs.Load(ctx)
	f.Backend = procs.Backend()
	_, err = procs.Lookup(ctx, 1, 0)
	f.HidesInit = f.System == "linux" && errors.Is(err, sysprobe.ErrNoSuchProcess)
}

func examineLinks(ctx context.Context, c *sysprobe.Config) (ethtool, links error) {
	nics, err := sysprobe.OpenNICStats(c)
	if err != nil {
		return nil, err
	}
	defer nics.Close() //nolint:errcheck // it was only read
	var s sysprobe.LinkSnapshot
	if err := nics.Snapshot(ctx, &s, 0); err != nil {
		return nil, err
	}
	return s.Ethtool, nil
}

func examineExits(c *sysprobe.Config) error {
	exits, err := sysprobe.OpenExits(c)
	if err != nil {
		return err
	}
	return exits.Close()
}

// The capabilities that buy facts.
const (
	capBPF      = "CAP_BPF"
	capPerfmon  = "CAP_PERFMON"
	capPtrace   = "CAP_SYS_PTRACE"
	capNetAdmin = "CAP_NET_ADMIN"
	capSysAdmin = "CAP_SYS_ADMIN"
)

// MissingCapabilities are those that would let this program see more of this
// machine. Backend is how processes are read, and exits the error of their source.
func MissingCapabilities(s *sysprobe.Sandbox, backend sysprobe.BackendStatus, exits error) []string {
	var missing []string
	add := func(names ...string) {
		for _, name := range names {
			if !slices.Contains(s.Effective, name) {
				missing = append(missing, name)
			}
		}
	}
	if errors.Is(backend.Reason, sysprobe.ErrAccessDenied) && !slices.Contains(s.Effective, capSysAdmin) {
		add(capBPF, capPerfmon)
	}
	add(capPtrace)
	if errors.Is(exits, sysprobe.ErrAccessDenied) {
		add(capNetAdmin)
	}
	return missing
}
