package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os/exec"
	"slices"
	"time"

	"telegraf-sysprobe/sysprobe"
)

// waitTrials is how many processes end one by one while something waits for them.
const waitTrials = 200

// waits is how long a wait takes to return: from just before the signal that ends the
// process.
type waits struct {
	MedianNS int64  `json:"median_ns"`
	WorstNS  int64  `json:"worst_ns"`
	Error    string `json:"error,omitempty"`
}

// measureWaits waits for processes of its own.
func measureWaits(ctx context.Context) *waits {
	w := &waits{}
	if err := w.measure(ctx); err != nil {
		w.Error = err.Error()
	}
	return w
}

func (w *waits) measure(ctx context.Context) (err error) {
	procs, err := sysprobe.OpenProcs(nil)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, procs.Close()) }()
	took := make([]int64, waitTrials)
	for i := range took {
		d, err := timeWait(ctx, procs)
		if err != nil {
			return err
		}
		took[i] = d.Nanoseconds()
	}
	slices.Sort(took)
	w.MedianNS, w.WorstNS = took[len(took)/2], took[len(took)-1]
	return nil
}

// timeWait ends one process for which something waits.
func timeWait(ctx context.Context, procs *sysprobe.Procs) (time.Duration, error) {
	cmd := exec.CommandContext(ctx, "sleep", "600")
	if err := cmd.Start(); err != nil {
		return 0, err
	}
	defer cmd.Wait() //nolint:errcheck // it was killed
	p, err := procs.OpenPID(ctx, int32(cmd.Process.Pid))
	if err != nil {
		return 0, errors.Join(err, cmd.Process.Kill())
	}
	defer p.Close() //nolint:errcheck // it is open
	var waitErr error
	returned := make(chan time.Time)
	go func() {
		_, waitErr = p.Wait(ctx)
		returned <- time.Now()
	}()
	time.Sleep(2 * time.Millisecond) // the wait is under way then
	begun := time.Now()
	if err := cmd.Process.Kill(); err != nil {
		return 0, err
	}
	return (<-returned).Sub(begun), waitErr
}

// print writes what was measured.
func (w *waits) print(out io.Writer) {
	if w.Error != "" {
		fmt.Fprintf(out, "waits: %s\n", w.Error)
		return
	}
	fmt.Fprintf(out, "%d waits returned %s after the process ended at the median, %s at worst\n\n",
		waitTrials, milliseconds(w.MedianNS), milliseconds(w.WorstNS))
}

// requirements are the limits of waits.
func (w *waits) requirements() []requirement {
	return []requirement{{
		Name: "wait, ms from the end of the process, median", Value: float64(w.MedianNS) / 1e6, Limit: 1, Measured: w.Error == "",
	}}
}
