package sysprobe

import (
	"context"
	"os"
)

func (unsupportedProcs) openPID(context.Context, int32) (*processClient, error) {
	return nil, opError("open process", "", ErrNotSupported)
}

func (unsupportedProcs) openProcess(context.Context, ProcID) (*processClient, error) {
	return nil, opError("open process", "", ErrNotSupported)
}

// unsupportedProcess is the client of a system that answers no question about
// one process. The client of a system that answers some embeds it.
type unsupportedProcess struct{}

func (unsupportedProcess) close() error { return ErrNotSupported }

func (unsupportedProcess) state(context.Context) (State, error) { return StateUnknown, ErrNotSupported }

func (unsupportedProcess) isRunning(context.Context) bool { return false }

func (unsupportedProcess) cmdline(context.Context) ([]string, error) { return nil, ErrNotSupported }

func (unsupportedProcess) exe(context.Context) (ProcPath, error) { return ProcPath{}, ErrNotSupported }

func (unsupportedProcess) cwd(context.Context) (ProcPath, error) { return ProcPath{}, ErrNotSupported }

func (unsupportedProcess) environ(context.Context) ([]string, error) { return nil, ErrNotSupported }

func (unsupportedProcess) read(context.Context, *ProcessInfo, Fields, ProcessFacts) error {
	return ErrNotSupported
}

func (unsupportedProcess) cpuTimes(context.Context) (ProcessCPUTimes, error) {
	return ProcessCPUTimes{}, ErrNotSupported
}

func (unsupportedProcess) limits(context.Context) (Limits, error) { return Limits{}, ErrNotSupported }

func (unsupportedProcess) memory(context.Context) (ProcessMemory, error) {
	return ProcessMemory{}, ErrNotSupported
}

func (unsupportedProcess) footprint(context.Context) (Footprint, error) {
	return Footprint{}, ErrNotSupported
}

func (unsupportedProcess) threads(context.Context) ([]Thread, error) { return nil, ErrNotSupported }

func (unsupportedProcess) affinity(context.Context) ([]int, error) { return nil, ErrNotSupported }

func (unsupportedProcess) priority(context.Context) (PriorityClass, error) {
	return 0, ErrNotSupported
}

func (unsupportedProcess) ioPriority(context.Context) (IOPriority, error) {
	return IOPriority{}, ErrNotSupported
}

func (unsupportedProcess) openFiles(context.Context) ([]OpenFile, error) { return nil, ErrNotSupported }

func (unsupportedProcess) memoryMaps(context.Context) ([]MemoryRegion, error) {
	return nil, ErrNotSupported
}

func (unsupportedProcess) terminal(context.Context) (string, error) { return "", ErrNotSupported }

func (unsupportedProcess) parent(context.Context) (Opt[ProcID], error) {
	return Opt[ProcID]{}, ErrNotSupported
}

func (unsupportedProcess) children(_ context.Context, _ bool) ([]ProcID, error) {
	return nil, ErrNotSupported
}

func (unsupportedProcess) signal(os.Signal) error { return ErrNotSupported }

func (unsupportedProcess) suspend() error { return ErrNotSupported }

func (unsupportedProcess) resume() error { return ErrNotSupported }

func (unsupportedProcess) setNice(int, error) error { return ErrNotSupported }

func (unsupportedProcess) setPriority(PriorityClass, error) error { return ErrNotSupported }

func (unsupportedProcess) setIOPriority(IOPriority, error) error { return ErrNotSupported }

func (unsupportedProcess) setLimit(Resource, Limit, error) error { return ErrNotSupported }

func (unsupportedProcess) setAffinity([]int, error) error { return ErrNotSupported }

func (unsupportedProcess) wait(context.Context) (Opt[ExitStatus], error) {
	return Opt[ExitStatus]{}, ErrNotSupported
}

func (unsupportedProcess) awaitEnd(context.Context) error { return ErrNotSupported }
