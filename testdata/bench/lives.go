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
	var s sysprobe.ProcSnapshot
	if err := procs.Snapshot(&s, sysprobe.WantEnded); err != nil {
		return err
	}
	if !s.EndedKnown {
		return s.EndedErr
	}
	wait, err := startStorm(ctx, program, 0, lives, 0, shortLife)
	if err != nil {
		return err
	}
	storm, err := wait()
	if err != nil {
		return err
	}
	told := time.Duration(0)
	for range 2 { // the kernel frees the last a moment after their ends
		time.Sleep(100 * time.Millisecond)
		if err := procs.Snapshot(&s, sysprobe.WantEnded); err != nil {
			return joinErrors(err, storm.release())
		}
		told += e.countEnded(&s, filepath.Base(program))
	}
	for i := range s.Procs {
		if s.Procs[i].Comm == filepath.Base(program) { // the parent
			told += s.Procs[i].UserTime + s.Procs[i].SystemTime
		}
	}
	e.LivesOff = 1 - told.Seconds()/storm.cpu.Seconds()
	return storm.release()
}

// countEnded counts what ended under a name and returns its CPU time.
func (e *exits) countEnded(s *sysprobe.ProcSnapshot, name string) time.Duration {
	told := time.Duration(0)
	for i := range s.Ended {
		if s.Ended[i].Comm == name {
			e.Lives += s.Ended[i].Count
			told += s.Ended[i].UserTime + s.Ended[i].SystemTime
		}
	}
	return told
}
