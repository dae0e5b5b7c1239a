package sysprobe

import (
	"cmp"
	"context"
	"iter"
	"runtime"
)

// Interfaces returns every interface of the caller's network namespace with its
// addresses, in the order of the index: psutil's net_if_addrs(). It needs no
// privilege. Its error wraps [ErrNotSupported] on a system without a backend, or is
// an error of [NICAddrs.Snapshot]. A program that asks again and again keeps a
// [NICAddrs], or a [NICWatch].
func Interfaces(ctx context.Context) ([]InterfaceAddrs, error) {
	h, err := OpenNICAddrs(nil)
	if err != nil {
		return nil, err
	}
	var s AddrSnapshot
	err = h.Snapshot(ctx, &s)
	return s.Interfaces, cmp.Or(err, h.Close())
}

// Links returns the state, speed and counters of every interface of the caller's
// network namespace, in the order of the index: psutil's net_if_stats() and
// net_io_counters(). Optional facts are left out. It needs no privilege. Its error
// wraps [ErrNotSupported] on a system without a backend, or is an error of
// [NICStats.Snapshot]. A program that asks again and again keeps a [NICStats].
func Links(ctx context.Context) ([]LinkStats, error) {
	h, err := OpenNICStats(nil)
	if err != nil {
		return nil, err
	}
	var s LinkSnapshot
	err = h.Snapshot(ctx, &s, 0)
	return s.Links, cmp.Or(err, h.Close())
}

// NetConnections returns the sockets of the caller's network namespace that match the
// filter, with their owners: psutil's net_connections(). It sees the owners of sockets
// of other users with CAP_SYS_PTRACE. Its error wraps [ErrNotSupported] on a system
// without a backend, or is an error of [Procs.Connections]. A program that asks again
// and again keeps a [Procs].
func NetConnections(ctx context.Context, filter ConnectionFilter) ([]Connection, error) {
	procs, err := OpenProcs(onceConfig())
	if err != nil {
		return nil, err
	}
	defer procs.Close() //nolint:errcheck // it was read only
	found, err := procs.Connections(ctx, filter)
	return found.Sockets, err
}

// Processes yields the processes of this machine by PID, with the optional facts
// of want, from one snapshot that is made when the iteration begins. An error is
// yielded once, with a nil Proc, where there is no table, or ctx ends before the last
// process was yielded. The Proc is the caller's to keep. [ProcID.Created] is its start by
// the clock.
//
// It reads proc(5), because to load a BPF program costs as much as to read some
// thousand processes. Callers that need more than one snapshot keep a [Procs].
func Processes(ctx context.Context, want Fields) iter.Seq2[*Proc, error] {
	return func(yield func(*Proc, error) bool) {
		procs, err := OpenProcs(onceConfig())
		if err != nil {
			yield(nil, err)
			return
		}
		defer procs.Close() //nolint:errcheck // it was read only
		procs.All(ctx, want)(yield)
	}
}

// onceConfig is for a table that answers one question: without BPF, which costs much
// to load, where there is a choice.
func onceConfig() *Config {
	if runtime.GOOS != "linux" {
		return nil
	}
	return &Config{Backend: BackendProcFS}
}

// All yields the processes of the table by PID, with the optional facts of want,
// from one snapshot that is made when the iteration begins. An error is yielded
// once, with a nil Proc: that of [Procs.Snapshot], or of ctx if it ends before the last
// process was yielded. The Proc is the caller's to keep.
func (p *Procs) All(ctx context.Context, want Fields) iter.Seq2[*Proc, error] {
	return func(yield func(*Proc, error) bool) {
		var s ProcSnapshot
		if err := p.Snapshot(ctx, &s, want); err != nil {
			yield(nil, err)
			return
		}
		for i := range s.Procs {
			if err := ctx.Err(); err != nil {
				yield(nil, opError("iterate over processes", "", err))
				return
			}
			if !yield(&s.Procs[i], nil) {
				return
			}
		}
	}
}

// FindProcess opens whichever process of this machine has the PID, as
// [Procs.OpenPID] does with a table of its own: psutil's Process(pid). The caller
// closes the Process. It needs no privilege. Its error wraps [ErrNotSupported] on
// a system without a backend, or is an error of [Procs.OpenPID]. A program that
// opens several processes keeps a [Procs].
func FindProcess(ctx context.Context, pid int32) (*Process, error) {
	procs, err := OpenProcs(onceConfig())
	if err != nil {
		return nil, err
	}
	p, err := procs.OpenPID(ctx, pid)
	if err != nil {
		procs.Close() //nolint:errcheck // another error is on its way
		return nil, err
	}
	p.table = procs
	return p, nil
}
