package sysprobe

import (
	"context"
	"runtime"
	"slices"
	"sync"

	"telegraf-sysprobe/sysprobe/internal/sys/procdir"
)

// procWorkers read ranges of the process table at once.
type procWorkers struct {
	most int // 0 means what is good for the machine
	all  []*procWorker
	busy sync.WaitGroup
}

// procWorker reads one range. It keeps what it needs for that, so that a snapshot
// costs no memory.
type procWorker struct {
	client *procsClient
	ctx    context.Context // of the snapshot under way
	reader procReader
	buf    procdir.Buffer
	pids   []int32
	sweep  sweep
	err    error
	run    func()
}

// Below so many processes a second thread is not worth waking.
const processesPerWorker = 256

// maxWorkers bounds the default: the kernel serialises a part of the work.
const maxWorkers = 4

// count returns how many workers read n processes.
func (w *procWorkers) count(n int) int {
	if w.most > 0 {
		return max(1, min(w.most, n))
	}
	return max(1, min(runtime.GOMAXPROCS(0), maxWorkers, n/processesPerWorker))
}

// readAll reads the processes of c.pids. Each worker gets a range of them, and
// of the rows the part that these may need.
func (c *procsClient) readAll(ctx context.Context, sw *sweep) error {
	n := c.workers.count(len(c.pids))
	if n == 1 {
		return c.readRange(ctx, &c.procReader, c.pids, sw)
	}
	rows := slices.Grow(sw.rows, len(c.pids))
	for i, w := range c.hire(n) {
		from, to := len(c.pids)*i/n, len(c.pids)*(i+1)/n
		w.pids = c.pids[from:to]
		w.sweep = *sw
		w.sweep.rows = rows[from:from:to]
		w.sweep.next = searchPID(sw.old, w.pids[0])
		w.ctx = ctx
		c.workers.busy.Add(1)
		go w.run()
	}
	c.workers.busy.Wait()
	sw.rows = rows[:0]
	var err error
	for _, w := range c.workers.all[:n] {
		sw.join(&w.sweep)
		if err == nil {
			err = w.err
		}
		w.sweep, w.ctx = sweep{}, nil // the rows are the snapshot's
	}
	return err
}

// hire returns n workers that see what c sees.
func (c *procsClient) hire(n int) []*procWorker {
	for len(c.workers.all) < n {
		w := &procWorker{client: c}
		w.run = func() {
			defer w.client.workers.busy.Done()
			w.err = w.client.readRange(w.ctx, &w.reader, w.pids, &w.sweep)
		}
		c.workers.all = append(c.workers.all, w)
	}
	for _, w := range c.workers.all[:n] {
		w.reader = c.procReader
		w.reader.buf = &w.buf
	}
	return c.workers.all[:n]
}

// readRange adds the rows of pids to sw.
func (c *procsClient) readRange(ctx context.Context, r *procReader, pids []int32, sw *sweep) error {
	for _, pid := range pids {
		if err := c.interrupted(ctx); err != nil {
			return pidError("read process", pid, err)
		}
		row, old := sw.add(), sw.before(pid)
		st, err := r.fillStat(row, pid, sw)
		if err != nil {
			sw.drop(err)
		} else {
			sw.threads += row.ids()
			if sw.passesOver(row) {
				sw.rows = sw.rows[:len(sw.rows)-1]
			} else {
				r.fillRest(row, old, &st, sw)
			}
		}
		if sw.exhausted != nil {
			return pidError("read process", pid, sw.exhausted)
		}
	}
	return nil
}
