package sysprobe

import (
	"errors"
	"fmt"
	"time"

	"golang.org/x/sys/unix"

	"telegraf-sysprobe/sysprobe/internal/taskiter"
)

// endedTable follows processes to their end, beside the BPF backend.
type endedTable struct {
	tried    bool
	ends     *taskiter.Ends // nil where it cannot be had
	err      error          // why
	drained  taskiter.Ended
	departed departed
}

func (t *endedTable) close() error {
	if t.ends == nil {
		return nil
	}
	err := t.ends.Close()
	t.ends = nil
	return err
}

// beginEnded has to precede a sweep.
func (c *procsClient) beginEnded(sw *sweep) {
	t := &c.ended
	if sw.want&WantEnded == 0 {
		return
	}
	if !t.tried {
		t.tried = true
		t.err = opError("follow processes to their end", "", c.openEnded())
	}
	if t.ends != nil {
		t.err = opError("follow processes to their end", "", t.ends.BeginPass())
	}
	sw.endedErr = t.err
}

// openEnded attaches the program, where the identities that it has are those of
// the rows.
func (c *procsClient) openEnded() error {
	if c.tasks.iterator == nil {
		return fmt.Errorf("takes the backend bpf: %w", errors.Join(c.tasks.err, ErrNotSupported))
	}
	nested, err := c.tasks.iterator.Nested()
	if err != nil {
		return err
	}
	if nested {
		return fmt.Errorf("in a PID namespace of its own: %w", ErrNotSupported)
	}
	ends, err := taskiter.OpenEnds()
	if err != nil {
		return err
	}
	c.ended.ends = ends
	c.ended.departed = departed{seen: map[ProcID]departedProc{}, told: map[ProcID]bool{}}
	return nil
}

// finishEnded has to follow the sweep that beginEnded preceded. Where that
// failed, nothing is drained, and what its snapshot showed before is remembered.
func (c *procsClient) finishEnded(sw *sweep, failed bool) {
	t := &c.ended
	if sw.endedErr != nil || sw.want&WantEnded == 0 {
		return
	}
	if failed {
		t.departed.update(nil, sw.old, time.Now())
		return
	}
	sw.endedErr = opError("follow processes to their end", "", c.drainEnded(sw))
}

// drainEnded fills sw with what ended.
func (c *procsClient) drainEnded(sw *sweep) error {
	t := &c.ended
	var now unix.Timespec
	if err := unix.ClockGettime(unix.CLOCK_BOOTTIME, &now); err != nil {
		return err
	}
	// Of this time namespace, as all that a process is told.
	if err := t.ends.EndPass(uint64(now.Nano() - c.tasks.offset)); err != nil {
		return err
	}
	if err := t.ends.Drain(&t.drained); err != nil {
		return err
	}
	for i := range t.drained.Finals {
		f := &t.drained.Finals[i]
		id := ProcID{PID: f.PID, Start: uint64(c.tasks.start(f.Start) / ticks(1))}
		sw.ended = append(sw.ended, endedProc(f, id, t.departed.match(id, sw.rows, sw.old)))
	}
	for i := range t.drained.Totals {
		sw.ended = append(sw.ended, endedKind(&t.drained.Totals[i]))
	}
	t.departed.update(sw.rows, sw.old, time.Now())
	sw.endedLost = t.drained.Lost
	return nil
}
