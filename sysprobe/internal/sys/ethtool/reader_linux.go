package ethtool

import (
	"context"
	"io/fs"
	"slices"
	"time"
)

// keptReads is the number of Reads that return the last answers of a driver
// again while a pass waits for that driver, or for one that is asked before it.
const keptReads = 3

// slowPart is the part of the timeout that a driver may take before it is asked
// after all others.
const slowPart = 10

// Reader reads the facts of all interfaces of a network namespace. Only one of
// its methods may run at a time.
type Reader struct {
	timeout time.Duration
	idle    chan *asker // holds the asker unless a pass has it
	closed  bool

	results   <-chan result // of the pass that runs; nil: none does
	links     []Link        // that the pass asks about, those with slow drivers last
	oneByOne  bool          // the pass makes no dump
	overdue   int           // Reads that have returned while the pass ran
	last, now table         // of the pass before, and of the one that runs or has just ended
}

// NewReader returns a Reader whose Reads wait for drivers for that long. It
// opens nothing.
func NewReader(kernel Kernel, timeout time.Duration) *Reader {
	r := &Reader{timeout: timeout, idle: make(chan *asker, 1)}
	r.idle <- newAsker(kernel, timeout/slowPart)
	return r
}

// Close closes the sockets: at once, or when the pass that uses them ends, which
// waits in a system call that nothing interrupts. A second call returns
// fs.ErrClosed.
func (r *Reader) Close() error {
	if r.closed {
		return fs.ErrClosed
	}
	r.closed = true
	select {
	case a := <-r.idle:
		return a.close()
	default:
		go func() { _ = (<-r.idle).close() }() //nolint:errcheck // this Close has returned
		return nil
	}
}

// Read asks the drivers of links and waits for their answers, but not longer
// than the timeout. It returns fs.ErrClosed after Close, and the error of ctx
// when ctx ends first; what the drivers answer later is for the next Read.
func (r *Reader) Read(ctx context.Context, links []Link, want Want) (*View, error) {
	if r.closed {
		return nil, fs.ErrClosed
	}
	timer := time.NewTimer(r.timeout)
	defer timer.Stop()
	ended, err := r.collect(ctx, timer.C)
	if ended && err == nil {
		r.start(links, want)
		ended, err = r.collect(ctx, timer.C)
	}
	if err != nil {
		return nil, err
	}
	if !ended {
		r.overdue++
	}
	return &View{r}, nil
}

// collect takes the results of the pass until it ends, which collect reports,
// or until the timeout.
func (r *Reader) collect(ctx context.Context, timeout <-chan time.Time) (ended bool, err error) {
	for r.results != nil {
		select {
		case found, more := <-r.results:
			r.take(found, more)
			continue
		default:
		}
		select {
		case found, more := <-r.results:
			r.take(found, more)
		case <-timeout:
			return false, nil
		case <-ctx.Done():
			return false, ctx.Err()
		}
	}
	return true, ctx.Err()
}

// take takes a result, or the end of the results.
func (r *Reader) take(found result, more bool) {
	if more {
		r.now.add(&found)
	} else {
		r.results = nil
	}
}

// start begins a pass over links, with the memory of the pass before the last.
func (r *Reader) start(links []Link, want Want) {
	memory := r.last.facts
	r.last, r.now = r.now, r.last
	r.plan(links)
	r.now.reset(memory, r.links)
	results := make(chan result, r.steps())
	p := pass{links: r.links, facts: r.now.facts, want: want, oneByOne: r.oneByOne, results: results}
	r.results, r.overdue = results, 0
	a := <-r.idle
	go func() {
		defer close(results)
		a.run(&p)
		r.idle <- a
	}()
}

// plan chooses how the next pass asks. After one that was overdue it asks one
// driver by one, so that only those behind a slow one wait for it, and the slow
// ones last. Where it is not known which one is slow, the order stays.
func (r *Reader) plan(links []Link) {
	r.oneByOne = r.overdue > 0
	r.links = append(r.links[:0], links...)
	if !r.oneByOne {
		return
	}
	slow := func(l Link) int {
		if f := r.last.rows[l.Index]; f != nil && f.slow {
			return 1
		}
		return 0
	}
	slices.SortStableFunc(r.links, func(a, b Link) int { return slow(a) - slow(b) })
}

// steps is the number of results of the next pass, for which its channel has
// room: a pass never waits for a Read.
func (r *Reader) steps() int {
	if r.oneByOne {
		return len(r.links) + 1
	}
	return 1
}

// table is what a pass has found so far.
type table struct {
	facts  []Facts        // the memory of the pass, which writes an element until it is in rows
	rows   map[int]*Facts // by interface
	denied int
	failed int
	err    error
}

// reset empties t and makes room for the facts of links in memory.
func (t *table) reset(memory []Facts, links []Link) {
	rows := t.rows
	if rows == nil {
		rows = make(map[int]*Facts, len(links))
	}
	clear(rows)
	memory = slices.Grow(memory[:0], len(links))[:len(links)]
	for i := range links {
		memory[i].reset(links[i].Index)
	}
	*t = table{facts: memory, rows: rows}
}

// add adds a result.
func (t *table) add(found *result) {
	for i := range found.facts {
		t.rows[found.facts[i].Index] = &found.facts[i]
	}
	t.denied += found.denied
	t.failed += found.failed
	t.err = found.err
}

// View is what a Read found. It is valid until the next Read.
type View struct{ r *Reader }

// Denied counts the facts that this user must not see, Failed those for which a
// driver returned any other error than EOPNOTSUPP.
func (v *View) Denied() int { return v.r.now.denied }

// Failed is described at Denied.
func (v *View) Failed() int { return v.r.now.failed }

// Err is the reason why no driver could be asked, or nil. It wraps
// errors.ErrUnsupported where the kernel has no ethtool netlink.
func (v *View) Err() error { return v.r.now.err }

// Facts returns the facts of an interface, nil where there are none. They are
// late where its driver has not answered yet: then they are of the pass before,
// for a limited number of Reads.
func (v *View) Facts(index int) (f *Facts, late bool) {
	if f = v.r.now.rows[index]; f != nil {
		return f, false
	}
	late = v.r.results != nil
	if late && v.r.overdue <= keptReads {
		f = v.r.last.rows[index]
	}
	return f, late
}
