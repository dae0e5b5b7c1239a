package main

import (
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
		var snapshot sysprobe.ProcSnapshot
		return func() (int, error) {
			err := procs.Snapshot(&snapshot, want)
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
		err := procs.Snapshot(&snapshot, 0)
		tracker.Update(&snapshot)
		return len(snapshot.Procs), err
	}, nil
}

// addressSource is a handle that knows addresses.
type addressSource interface {
	Snapshot(*sysprobe.AddrSnapshot) error
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
	watch, err := sysprobe.OpenNICWatch(nil)
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
		if err := source.Snapshot(&snapshot); err != nil {
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
		stats, err := sysprobe.OpenNICStats(&sysprobe.Config{LinkFacts: want})
		if err != nil {
			return nil, err
		}
		var snapshot sysprobe.LinkSnapshot
		return func() (int, error) {
			err := stats.Snapshot(&snapshot)
			return len(snapshot.Links), err
		}, nil
	}
}
