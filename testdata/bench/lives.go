package main

import (
	"context"
	"errors"
	"path/filepath"
	"time"

	"telegraf-sysprobe/sysprobe"
)

// Processes that no sweep sees.
const (
	lives     = 2000
	shortLife = 500 * time.Microsecond
)

// shortLives compares the CPU time of processes that come and go between two
// sweeps with what wait4(2) says of them and their parent.
func (e *exits) shortLives(ctx context.Context, program string) (err error) {
	procs, err := sysprobe.OpenProcs(nil)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, procs.Close()) }()
	accounting, err := procs.OpenAccounting(ctx)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, accounting.Close()) }()
	s, err := accounting.Snapshot(ctx, 0)
	if err != nil {
		return err
	}
	wait, err := startStorm(ctx, program, 0, lives, 0, shortLife)
	if err != nil {
		return err
	}
	storm, err := wait()
	if err != nil {
		return err
	}
	used := time.Duration(0)
	for range 2 { // the kernel frees the last ones a moment after their exit
		time.Sleep(100 * time.Millisecond)
		if s, err = accounting.Snapshot(ctx, 0); err != nil {
			return joinErrors(err, storm.release())
		}
		used += e.countExited(s, filepath.Base(program))
	}
	for i := range s.Procs {
		if s.Procs[i].Comm == filepath.Base(program) { // the parent
			used += s.Procs[i].UserTime + s.Procs[i].SystemTime
		}
	}
	e.LivesOff = 1 - used.Seconds()/storm.cpu.Seconds()
	return storm.release()
}

// countExited counts the processes that exited under a name and returns their CPU
// time.
func (e *exits) countExited(s *sysprobe.AccountingSnapshot, name string) time.Duration {
	used := time.Duration(0)
	for i := range s.Exited {
		if s.Exited[i].Comm == name {
			e.Lives += s.Exited[i].Count
			used += s.Exited[i].UserTime + s.Exited[i].SystemTime
		}
	}
	return used
}
