package sysprobe

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"testing"

	"golang.org/x/sys/unix"

	"telegraf-sysprobe/sysprobe/internal/decode"
)

// helpLastFile: takes snapshots by BPF and limits its files to one more than are
// open, which the iterator takes. It prints whether a snapshot that then has to
// read a process from proc(5) is told so, and whether one is whole that needs none.
func helpLastFile([]string) error {
	procs, err := OpenProcs(&Config{Backend: BackendBPF})
	if err != nil {
		return err
	}
	child := exec.Command("sleep", "600")
	if err := child.Start(); err != nil {
		return err
	}
	var s ProcSnapshot
	if err := procs.Snapshot(context.Background(), &s, 0); err != nil {
		return err
	}
	child.Process.Kill() //nolint:errcheck // it lives
	child.Wait()         //nolint:errcheck // it was killed
	limit := unix.Rlimit{}
	if err := unix.Getrlimit(unix.RLIMIT_NOFILE, &limit); err != nil {
		return err
	}
	free, err := unix.Dup(0)
	if err != nil {
		return err
	}
	if err := errors.Join(unix.Close(free), unix.Setrlimit(unix.RLIMIT_NOFILE, &unix.Rlimit{Cur: uint64(free) + 1, Max: limit.Max})); err != nil {
		return err
	}
	told := procs.Snapshot(context.Background(), &s, 0)
	rows := len(s.Procs)
	if err := unix.Setrlimit(unix.RLIMIT_NOFILE, &limit); err != nil {
		return err
	}
	after := procs.Snapshot(context.Background(), &s, 0)
	well := after == nil && s.Backend == BackendBPF && s.Find(int32(os.Getpid())) != nil
	return errors.Join(ready(), say([]bool{errors.Is(told, unix.EMFILE) && rows == 0, well}))
}

// TestLastFile wants an error of a snapshot by BPF that cannot read what has no
// record, instead of a row less.
func TestLastFile(t *testing.T) {
	needBPF(t)
	var got []bool
	startHelper(t, nil, "last-file").answer(t, &got)
	if len(got) != 2 || !got[0] || !got[1] {
		t.Errorf("told and well again: %v, want both", got)
	}
}

// helpNoRoom: opens a process table with few descriptors left, and prints whether
// it is told so, and whether BPF is used once there are more.
func helpNoRoom([]string) error {
	procs, err := OpenProcs(nil)
	if err != nil {
		return err
	}
	var limit unix.Rlimit
	if err := unix.Getrlimit(unix.RLIMIT_NOFILE, &limit); err != nil {
		return err
	}
	free, err := unix.Dup(0)
	if err != nil {
		return err
	}
	if err := unix.Close(free); err != nil {
		return err
	}
	told := true
	for room := range uint64(8) {
		if err := unix.Setrlimit(unix.RLIMIT_NOFILE, &unix.Rlimit{Cur: uint64(free) + room, Max: limit.Max}); err != nil {
			return err
		}
		var s ProcSnapshot
		told = told && errors.Is(procs.Snapshot(context.Background(), &s, 0), unix.EMFILE) && len(s.Procs) == 0
	}
	if err := unix.Setrlimit(unix.RLIMIT_NOFILE, &limit); err != nil {
		return err
	}
	var s ProcSnapshot
	after := procs.Snapshot(context.Background(), &s, 0)
	return errors.Join(ready(), say([]bool{told, after == nil && s.Backend == BackendBPF}))
}

// TestNoRoomForBPF wants an error that names the lack of descriptors, and not the
// other backend for good: the loader would take it for features that the kernel
// lacks.
func TestNoRoomForBPF(t *testing.T) {
	needBPF(t)
	var got []bool
	startHelper(t, nil, "no-room").answer(t, &got)
	if len(got) != 2 || !got[0] || !got[1] {
		t.Errorf("told and BPF later: %v, want both", got)
	}
}

// TestExhaustedSweep is about which errors of a fact are those of the snapshot.
func TestExhaustedSweep(t *testing.T) {
	for err, want := range map[error]bool{
		unix.EMFILE: true, unix.ENFILE: true, fmt.Errorf("x: %w", unix.ENOMEM): true,
		unix.EACCES: false, unix.ESRCH: false, fs.ErrNotExist: false, decode.ErrMalformed: false, unix.EIO: false,
	} {
		var whole, part sweep
		part.add()
		part.missed(err)
		whole.join(&part)
		if got := whole.exhausted != nil; got != want {
			t.Errorf("%v: exhausted %t, want %t", err, got, want)
		}
		if whole.restart(); whole.exhausted != nil {
			t.Errorf("%v: the next source fails too", err)
		}
	}
}
