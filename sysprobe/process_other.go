//go:build !linux

package sysprobe

import (
	"context"
	"syscall"
)

// processClient is the backend of a system that has none yet.
type processClient struct{ id ProcID }

func (*procsClient) openProcess(ProcID) (*processClient, error) {
	return nil, opError("open process", "", ErrNotSupported)
}

func (*processClient) close() error                        { return ErrNotSupported }
func (*processClient) state() (State, error)               { return StateUnknown, ErrNotSupported }
func (*processClient) isRunning() bool                     { return false }
func (*processClient) cmdline() ([]string, error)          { return nil, ErrNotSupported }
func (*processClient) exe() (ProcPath, error)              { return ProcPath{}, ErrNotSupported }
func (*processClient) cwd() (ProcPath, error)              { return ProcPath{}, ErrNotSupported }
func (*processClient) environ() ([]EnvVar, error)          { return nil, ErrNotSupported }
func (*processClient) limits() (Limits, error)             { return Limits{}, ErrNotSupported }
func (*processClient) footprint() (Footprint, error)       { return Footprint{}, ErrNotSupported }
func (*processClient) threads() ([]Thread, error)          { return nil, ErrNotSupported }
func (*processClient) affinity() ([]int, error)            { return nil, ErrNotSupported }
func (*processClient) ioPriority() (IOPriority, error)     { return IOPriority{}, ErrNotSupported }
func (*processClient) openFiles() ([]OpenFile, error)      { return nil, ErrNotSupported }
func (*processClient) memoryMaps() ([]MemoryRegion, error) { return nil, ErrNotSupported }
func (*processClient) terminal() (string, error)           { return "", ErrNotSupported }
func (*processClient) parent() (Opt[ProcID], error)        { return Opt[ProcID]{}, ErrNotSupported }
func (*processClient) children(bool) ([]ProcID, error)     { return nil, ErrNotSupported }
func (*processClient) signal(syscall.Signal) error         { return ErrNotSupported }
func (*processClient) wait(context.Context) (Opt[ExitStatus], error) {
	return Opt[ExitStatus]{}, ErrNotSupported
}

func (*processClient) connections() (Connections, error) { return Connections{}, ErrNotSupported }
func (*procsClient) connections() (Connections, error)   { return Connections{}, ErrNotSupported }

func (*procsClient) connectionsOf(ids []ProcID) []ProcConnections {
	answers := make([]ProcConnections, len(ids))
	for i := range answers {
		answers[i].Err = ErrNotSupported
	}
	return answers
}
