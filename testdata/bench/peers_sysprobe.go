package main

import (
	"context"
	"errors"
	"runtime"

	"telegraf-sysprobe/sysprobe"
)

// sweepProcs takes snapshots of the process table with the optional facts of
// want.
func sweepProcs(backend sysprobe.Backend, want sysprobe.Fields) func() (pass, error) {
	return func() (pass, error) {
		procs, err := sysprobe.OpenProcs(&sysprobe.Config{Backend: backend})
		if err != nil {
			return nil, err
		}
		if err := procs.Load(context.Background()); err != nil {
			return nil, err
		}
		var snapshot sysprobe.ProcSnapshot
		return func() (int, error) {
			err := procs.Snapshot(context.Background(), &snapshot, want)
			return len(snapshot.Procs), err
		}, nil
	}
}

// onTwoThreads gives a task two threads, and so sysprobe two workers.
func onTwoThreads(open func() (pass, error)) func() (pass, error) {
	return func() (pass, error) {
		runtime.GOMAXPROCS(2)
		return open()
	}
}

// openFor opens a process table, asks it for one thing and closes it.
func openFor(ask func(context.Context, *sysprobe.Procs) error) func() (pass, error) {
	return func() (pass, error) {
		return func() (int, error) {
			procs, err := sysprobe.OpenProcs(nil)
			if err != nil {
				return 0, err
			}
			return 1, errors.Join(ask(context.Background(), procs), procs.Close())
		}, nil
	}
}

// lookUpOne is what a program does that asks for one process.
func lookUpOne(ctx context.Context, procs *sysprobe.Procs) error {
	_, err := procs.Lookup(ctx, 1, 0)
	return err
}

// loadBPF is what the first snapshot of a handle does once.
func loadBPF(ctx context.Context, procs *sysprobe.Procs) error { return procs.Load(ctx) }

// trackZombies looks for zombies and counts processes.
func trackZombies() (pass, error) {
	procs, err := sysprobe.OpenProcs(&sysprobe.Config{Backend: sysprobe.BackendProcFS})
	if err != nil {
		return nil, err
	}
	var (
		snapshot sysprobe.ProcSnapshot
		tracker  sysprobe.ZombieTracker
	)
	return func() (int, error) {
		err := procs.Snapshot(context.Background(), &snapshot, 0)
		tracker.Update(&snapshot)
		return len(snapshot.Procs), err
	}, nil
}

// readConnections counts the sockets of the network namespace and looks for the
// processes that have them.
func readConnections(backend sysprobe.Backend) func() (pass, error) {
	return func() (pass, error) {
		procs, err := sysprobe.OpenProcs(&sysprobe.Config{Backend: backend})
		if err != nil {
			return nil, err
		}
		return func() (int, error) {
			found, err := procs.Connections(context.Background(), sysprobe.ConnectionFilter{})
			return len(found.Sockets), err
		}, nil
	}
}

// addressSource is a handle that knows addresses.
type addressSource interface {
	Snapshot(context.Context, *sysprobe.AddrSnapshot) error
}

// readAddresses counts addresses.
func readAddresses(config *sysprobe.Config) func() (pass, error) {
	return func() (pass, error) {
		addrs, err := sysprobe.OpenNICAddrs(config)
		if err != nil {
			return nil, err
		}
		return countAddresses(addrs), nil
	}
}

// watchAddresses counts the addresses of a table that is kept up to date.
func watchAddresses() (pass, error) {
	watch, err := sysprobe.OpenNICWatch(context.Background(), nil)
	if err != nil {
		return nil, err
	}
	go func() {
		for range watch.Events() { // the table stands still while nobody reads them
		}
	}()
	return countAddresses(watch), nil
}

// countAddresses counts those of source.
func countAddresses(source addressSource) pass {
	var snapshot sysprobe.AddrSnapshot
	return func() (int, error) {
		if err := source.Snapshot(context.Background(), &snapshot); err != nil {
			return 0, err
		}
		rows := 0
		for i := range snapshot.Interfaces {
			rows += len(snapshot.Interfaces[i].Addrs)
		}
		return rows, nil
	}
}

// readLinks counts interfaces, read with the optional facts of want.
func readLinks(want sysprobe.LinkFacts) func() (pass, error) {
	return func() (pass, error) {
		stats, err := sysprobe.OpenNICStats(nil)
		if err != nil {
			return nil, err
		}
		var snapshot sysprobe.LinkSnapshot
		return func() (int, error) {
			err := stats.Snapshot(context.Background(), &snapshot, want)
			return len(snapshot.Links), err
		}, nil
	}
}
