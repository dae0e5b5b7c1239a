package sysprobe

import (
	"context"
	"errors"

	"telegraf-sysprobe/sysprobe/internal/decode/taskrec"
	"telegraf-sysprobe/sysprobe/internal/sys/procdir"
)

func (c *processClient) children(ctx context.Context, recursive bool) ([]ProcID, error) {
	return ask(ctx, c, "list children of process", func(ctx context.Context, t target) ([]ProcID, bool, error) {
		if _, err := t.stat(); err != nil {
			return nil, false, err
		}
		// Not by Procs.Snapshot, which waits for one that is under way.
		kin, err := c.table.readKin(ctx, t.buf)
		if err != nil {
			return nil, false, err
		}
		st, err := t.stat()
		if err == nil && st.Start != c.id.Start {
			err = ErrInterrupted // unless the process is gone
		}
		if err != nil {
			return nil, false, err
		}
		var ids []ProcID
		for _, child := range childrenOf(kin, c.id, recursive) {
			ids = append(ids, child.id)
		}
		return ids, true, nil
	})
}

// readKin reads which processes there are and which are their parents: by BPF where
// that is worth it, and else in the files of proc(5).
func (c *procsClient) readKin(ctx context.Context, buf *procdir.Buffer) (kin []kinship, err error) {
	err = c.kin.read(ctx, func(table *taskrec.KinTable) {
		kin = make([]kinship, len(table.Kin), len(table.Kin)+1)
		for i := range table.Kin {
			k := &table.Kin[i]
			kin[i] = kinship{id: c.kin.id(k.PID, k.Start), ppid: k.PPID}
		}
	})
	switch {
	case err == nil:
		return c.addUnmetParents(ctx, buf, kin)
	case !errors.Is(err, errFallback):
		return nil, err
	}
	pids, err := c.root.PIDs(buf, nil)
	if err != nil {
		return nil, err
	}
	kin = make([]kinship, 0, len(pids))
	return c.appendKin(ctx, buf, kin, pids)
}

// addUnmetParents adds the parents that the kernel does not show by BPF: process 1 of
// some, and those of which a thread that is not the first one executes a program.
func (c *procsClient) addUnmetParents(ctx context.Context, buf *procdir.Buffer, kin []kinship) ([]kinship, error) {
	met := make(map[int32]bool, len(kin))
	for i := range kin {
		met[kin[i].id.PID] = true
	}
	for i := 0; i < len(kin); i++ { // with those that it adds
		ppid := kin[i].ppid
		if ppid == 0 || met[ppid] {
			continue
		}
		met[ppid] = true
		var err error
		if kin, err = c.appendKin(ctx, buf, kin, []int32{ppid}); err != nil {
			return nil, err
		}
	}
	return kin, nil
}

// appendKin appends those of the processes that are there.
func (c *procsClient) appendKin(ctx context.Context, buf *procdir.Buffer, kin []kinship, pids []int32) ([]kinship, error) {
	for _, pid := range pids {
		st, err := c.root.Dir(pid).Stat(buf)
		switch {
		case ctx.Err() != nil:
			return nil, ctx.Err()
		case isExhausted(err):
			return nil, err
		case err == nil: // it has ended otherwise
			kin = append(kin, kinship{id: ProcID{PID: pid, Start: st.Start}, ppid: st.PPID})
		}
	}
	return kin, nil
}
