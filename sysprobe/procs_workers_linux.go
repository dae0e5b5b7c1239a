//go:build linux

package sysprobe

import (
	"io/fs"
	"runtime"
	"slices"
	"strconv"
	"sync"
)

// procWorkers read ranges of the process table at once.
type procWorkers struct {
	most int // 0 means what is good for the machine
	all  []*procWorker
	busy sync.WaitGroup
}

// procWorker reads one range. What it needs for that it keeps, so that a sweep
// costs no memory.
type procWorker struct {
	client *procsClient
	reader procReader
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
func (c *procsClient) readAll(sw *sweep) error {
	n := c.workers.count(len(c.pids))
	if n == 1 {
		return c.readRange(&c.procReader, c.pids, sw)
	}
	rows := slices.Grow(sw.rows, len(c.pids))
	for i, w := range c.hire(n) {
		from, to := len(c.pids)*i/n, len(c.pids)*(i+1)/n
		w.pids = c.pids[from:to]
		w.sweep = *sw
		w.sweep.rows = rows[from:from:to]
		w.sweep.next, _ = slices.BinarySearchFunc(sw.old, w.pids[0], func(p Proc, pid int32) int { return int(p.ID.PID) - int(pid) })
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
		w.sweep = sweep{} // the rows are the snapshot's
	}
	return err
}

// hire returns n workers that see what c sees.
func (c *procsClient) hire(n int) []*procWorker {
	for len(c.workers.all) < n {
		w := &procWorker{client: c}
		w.run = func() {
			defer w.client.workers.busy.Done()
			w.err = w.client.readRange(&w.reader, w.pids, &w.sweep)
		}
		c.workers.all = append(c.workers.all, w)
	}
	for _, w := range c.workers.all[:n] {
		dir, tids := w.reader.dir, w.reader.tids
		if dir == nil {
			dir = c.dir.clone()
		}
		w.reader = c.procReader
		w.reader.dir, w.reader.tids = dir, tids
	}
	return c.workers.all[:n]
}

// readRange adds the rows of pids to sw.
func (c *procsClient) readRange(r *procReader, pids []int32, sw *sweep) error {
	for _, pid := range pids {
		if c.closing.Load() {
			return opError("read process", strconv.Itoa(int(pid)), fs.ErrClosed)
		}
		row := sw.add()
		if err := r.fill(row, pid, sw.before(pid), sw); err != nil {
			sw.drop(err)
			if isExhausted(err) {
				return opError("read process", strconv.Itoa(int(pid)), err)
			}
		}
	}
	return nil
}
